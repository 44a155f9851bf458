"""What happened to a message since: whatever order it arrives in, the message is the same."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.domain.messaging.annotations import (
    NO_ANNOTATIONS,
    OURSELVES,
    Annotations,
    Author,
    Edit,
    Mark,
    MarkKind,
    Revocation,
)

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
ANA, BRUNO = Author("5511988887777@c.us", "Ana"), Author("123@lid", "Bruno", "5511977776666")
Change = Mark | Edit | Revocation


def at(second: int) -> datetime:
    return NOW + timedelta(seconds=second)


def reaction(emoji: str, second: int, by: Author = ANA) -> Mark:
    return Mark(MarkKind.REACTION, by, at(second), f"R{second}", (emoji,) if emoji else ())


def told(changes: list[Change], text: str = "first") -> tuple[Annotations, str]:
    """Apply changes in this order; return what stands with the message, and what it says."""
    since = NO_ANNOTATIONS
    for change in changes:
        match change:
            case Mark():
                since = since.marked(change)
            case Edit():
                since = since.edited(change, text)
                text = since.text or text
            case Revocation():
                since = since.withdrawn(change)
    return since, text


people = st.sampled_from([OURSELVES, ANA, BRUNO])
moments = st.integers(0, 5).map(at)
ids = st.sampled_from(["A", "B", "C", "D"])
changes = st.one_of(
    st.builds(
        Mark, st.sampled_from(MarkKind), people, moments, ids, st.lists(st.sampled_from("👍❤"), max_size=1).map(tuple)
    ),
    st.builds(Edit, moments, ids, st.sampled_from(["better", "best", None])),
    st.builds(Revocation, moments, ids, people),
)


def unlike(found: list[Change]) -> list[Change]:
    """Leave one change of each id, as a provider's ids do."""
    return list({(type(one), one.id): one for one in found}.values())


@given(st.lists(changes, max_size=5).map(unlike).flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_any_order_gives_the_same_message(orders: tuple[list[Change], list[Change]]) -> None:
    assert told(orders[0]) == told(orders[1])


@given(st.lists(changes, max_size=4).map(unlike))
def test_a_change_that_comes_again_changes_nothing(some: list[Change]) -> None:
    assert told([*some, *some]) == told(some)


def test_a_reaction_is_replaced_and_removed() -> None:
    for order in permutations([reaction("👍", 1), reaction("❤", 2), reaction("", 3), reaction("🙏", 1, BRUNO)]):
        since, _ = told(list(order))
        assert [(mark.by, mark.values) for mark in since.of(MarkKind.REACTION)] == [(BRUNO, ("🙏",))]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_the_newest_edit_is_what_it_says_and_the_first_text_is_kept(order: tuple[int, ...]) -> None:
    edits = [Edit(at(1), "E1", "better"), Edit(at(2), "E2", "best"), Edit(at(3), "E3")]
    since, text = told([edits[n] for n in order])
    assert (text, since.first_text, since.edited_at) == ("best", "first", at(3))
    assert [edit.text for edit in since.edits] == ["better", "best", None]
