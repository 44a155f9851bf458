"""Reads say which position of the log they reflect, so that a page knows which events it has seen already."""

from __future__ import annotations

import pytest

from tests.integration.http.conftest import Company
from tests.integration.http.test_service import routed, url


@pytest.mark.parametrize("one", [False, True], ids=["a list", "one conversation"])
async def test_a_read_reflects_every_event_up_to_its_position(company: Company, one: bool) -> None:
    conversation = await routed(company, await company.department("Vendas"))
    answer = await company.admin.get(url(conversation, "") if one else "/api/conversations")
    position = int(answer.headers["X-Position"])
    events = (await company.admin.get("/api/events", after=0, limit=200)).json()
    own = [event for event in events if event["type"].startswith("conversation.") and event["position"] <= position]
    shown = answer.json() if one else answer.json()[0]
    assert own
    assert shown["updatedAt"] >= own[-1]["data"]["conversation"]["updatedAt"]
