"""The recorded walk: it passes every route and every socket event, and says the same at each playing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.policy import PROVIDERS, ROUTES, SOCKETS
from tests.walk.compare import compare, told
from tests.walk.walk import record

Recorded = list[dict[str, Any]]
NEEDS_A_PHONE = {"POST /api/sessions/{id}/pairing-code"}
"""What no number of the story can do: only WhatsApp Web gives such codes."""
RUNS = {f"POST /api/campaigns/{{id}}/{verb}" for verb in ("start", "pause", "resume")}
"""A campaign that runs is another one a moment later: tests/integration/hub/test_campaigns.py runs some."""


@pytest_asyncio.fixture(scope="module")
async def walks() -> AsyncIterator[tuple[Recorded, Recorded]]:
    """Two walks through hubs of the present code."""
    checkout = Path(__file__).parents[3]
    first, second = await asyncio.gather(record(checkout), record(checkout))
    yield json.loads(first), json.loads(second)


def test_every_route_answers_well_on_the_walk(walks: tuple[Recorded, Recorded]) -> None:
    passed = {step["row"] for step in walks[0] if 200 <= step.get("status", 0) < 400}
    assert (set(ROUTES) | PROVIDERS) - passed == NEEDS_A_PHONE | RUNS


def test_every_route_that_is_not_open_refuses_on_the_walk(walks: tuple[Recorded, Recorded]) -> None:
    refused = {step["row"] for step in walks[0] if step.get("status") == 401}
    assert {row for row, need in ROUTES.items() if not need.is_open} - refused == set()


@pytest.mark.parametrize("namespace", SOCKETS)
def test_every_event_of_a_namespace_is_acknowledged_on_the_walk(
    walks: tuple[Recorded, Recorded], namespace: str
) -> None:
    passed = {step["row"] for step in walks[0] if '"ok":true' in step.get("ack", "")}
    assert {f"socket {namespace} {event}" for event in SOCKETS[namespace]} - passed == set()


def test_the_walk_waits_for_nothing_in_vain_and_breaks_nothing(walks: tuple[Recorded, Recorded]) -> None:
    assert [step["step"] for step in walks[0] if step["step"].startswith("waited")] == []
    assert [step["step"] for step in walks[0] if step.get("status", 0) >= 500] == []


def test_two_walks_are_the_same(walks: tuple[Recorded, Recorded]) -> None:
    assert list(told(compare(*walks))) == ["0 additions, 0 differences"]
