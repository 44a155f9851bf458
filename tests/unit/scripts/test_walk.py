"""Comparing two recordings of the walk: what counts as an addition, and what as a difference."""

from __future__ import annotations

from typing import Any

import pytest

from tests.walk.compare import compare
from tests.walk.placeholders import Placeholders
from tests.walk.recording import Recording

ID = "018f5a5e-5b5e-7c5e-8c5e-5b5e7c5e8c5e"


def step(body: str, **more: Any) -> dict[str, Any]:
    return {"step": "GET /x", "status": 200, "headers": {"a": "b"}, "body": body, **more}


def test_the_same_is_the_same() -> None:
    found = compare([step('{"a":1}')], [step('{"a":1}')])
    assert (found.additions, found.differences) == ([], [])


@pytest.mark.parametrize("after", ['{"a":1,"b":2}', '{"b":2,"a":1}'])
def test_a_field_more_is_an_addition(after: str) -> None:
    found = compare([step('{"a":1}')], [step(after)])
    assert (len(found.additions), found.differences) == (1, [])


def test_a_step_and_a_header_more_are_additions() -> None:
    found = compare([step("")], [step("", headers={"a": "b", "c": "d"}), {**step(""), "step": "GET /y"}])
    assert (len(found.additions), found.differences) == (2, [])


@pytest.mark.parametrize(
    "after", ['{"a":2,"b":2}', '{"b":2,"a":1}', '{"a":1}', '{"a": 1,"b":2}', "", '{"a":1,"b":[]}', "nothing"]
)
def test_another_value_order_or_writing_and_a_field_less_are_differences(after: str) -> None:
    assert compare([step('{"a":1,"b":2}')], [step(after)]).differences


def test_another_status_and_a_step_less_are_differences() -> None:
    assert compare([step("")], [step("", status=201)]).differences
    assert compare([step("")], []).differences


def happened(*events: str) -> list[dict[str, Any]]:
    recording = Recording()
    recording.happened("heard by A of B", ((event, {"row": "emission", "heard": event}) for event in events))
    return recording.steps


def test_an_event_more_is_an_addition_wherever_it_comes() -> None:
    found = compare(happened("a", "b", "a"), happened("a", "c", "b", "c", "a"))
    assert (len(found.additions), found.differences) == (2, [])


def test_an_event_less_and_another_order_are_differences() -> None:
    assert compare(happened("a", "b", "a"), happened("a", "b")).differences
    assert compare(happened("a", "b"), happened("b", "a")).differences


def test_a_longer_list_is_a_difference() -> None:
    assert compare([step("[1]")], [step("[1,2]")]).differences


def stream(*events: str) -> dict[str, Any]:
    """Events as `name` or `name {"data":1}`, as a stream sends them."""
    parts = (event.partition(" ") for event in events)
    return step("\n\n".join(f"id: <position>\nevent: {name}\ndata: {data or '{}'}" for name, _, data in parts))


@pytest.mark.parametrize(
    "after",
    [
        stream('a {"x":1,"y":2}', "b", "c"),
        stream('a {"x":1}', "new", "b"),
        stream("new", 'a {"x":1}', "new", "b", "c"),
    ],
    ids=["a field", "an event that pushes the last one out", "events"],
)
def test_a_stream_may_have_more_fields_and_events(after: dict[str, Any]) -> None:
    found = compare([stream('a {"x":1}', "b", "c")], [after])
    assert found.additions
    assert found.differences == []


@pytest.mark.parametrize(
    "after",
    [
        stream('a {"x":2}', "b", "c"),
        stream('a {"y":1}', "b", "c"),
        stream('a {"x":1}', "b"),
        stream('a {"x":1}', "c", "new"),
        stream("b", 'a {"x":1}', "c"),
        step("nothing"),
    ],
    ids=["a value", "a field less", "an event less", "one less in the middle", "another order", "no stream"],
)
def test_a_stream_differs_where_anything_else_changed(after: dict[str, Any]) -> None:
    assert compare([stream('a {"x":1}', "b", "c")], [after]).differences


def test_a_placeholder_of_several_lines_is_read_as_json() -> None:
    found = compare([step('{"id":"<Hello\n\n>"}')], [step('{"id":"<Hello\n\n>","more":1}')])
    assert (len(found.additions), found.differences) == (1, [])


def test_what_is_new_at_each_run_has_a_placeholder() -> None:
    names = Placeholders()
    names.learn(f'{{"id":"{ID}","email":"a@b"}}')
    text = f'{{"user":"{ID}","other":"{ID[:-1]}0","at":"2026-01-02T03:04:05.6Z","position":7,"token":"x"}}'
    told = '{"user":"<user a@b>","other":"<id>","at":"<time>","position":"<number>","token":"<token>"}'
    assert names.replaced(text) == told
