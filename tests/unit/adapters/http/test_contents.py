"""What `POST /api/messages` takes is bounded, also where it has no form of our own."""

import json
import time
from typing import Any
from uuid import uuid4

import pytest

from whatsapp_hub.adapters.http.api.conversations.contents import TemplateContent, content_of
from whatsapp_hub.adapters.http.api.conversations.conversations import StartBody, Template
from whatsapp_hub.domain.errors import Invalid


def a_template(components: list[dict[str, Any]]) -> TemplateContent:
    return TemplateContent(name="n", language="en", components=components)


def nested(levels: int) -> list[dict[str, Any]]:
    inner: Any = "x"
    for _ in range(levels):
        inner = {"a": [inner]}
    return [inner]


LARGE = [
    pytest.param([{"type": "body", "parameters": [{"type": "text", "text": "x" * 900_000}]}], id="long"),
    pytest.param([{"x": {f"k{n}": n for n in range(60_000)}}], id="wide"),
    pytest.param([{}] * 300_000, id="many"),
    pytest.param(nested(400), id="deep"),
]


@pytest.mark.parametrize("components", LARGE)
def test_a_conversation_does_not_begin_with_large_ones(components: list[dict[str, Any]]) -> None:
    body = StartBody(uuid4(), "5511999990001", template=Template(name="n", language="en", components=components))
    with pytest.raises(Invalid) as refused:
        body.what()
    assert [flaw.pointer for flaw in refused.value.flaws] == ["/template/components"]


@pytest.mark.parametrize("components", LARGE)
def test_a_templates_components_are_small(components: list[dict[str, Any]]) -> None:
    """Of 900 kB each, a list of a hundred messages was 90 MB, made in the event loop; a deep one was a 500."""
    began = time.perf_counter()
    with pytest.raises(Invalid) as refused:
        content_of(a_template(components))
    assert [flaw.pointer for flaw in refused.value.flaws] == ["/content/components"]
    assert time.perf_counter() - began < 1


def test_the_largest_template_that_meta_takes_is_taken() -> None:
    card = [
        {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://example.com/" + "x" * 500}}]},
        {"type": "body", "parameters": [{"type": "text", "text": "x" * 160}] * 5},
        *(
            {"type": "button", "index": str(n), "parameters": [{"type": "payload", "payload": "x" * 256}]}
            for n in (0, 1)
        ),
    ]
    carousel = {"type": "carousel", "cards": [{"card_index": n, "components": card} for n in range(10)]}
    given = [{"type": "body", "parameters": [{"type": "text", "text": "x" * 1024}]}, carousel]
    content, _ = content_of(a_template(json.loads(json.dumps(given))))
    assert content
