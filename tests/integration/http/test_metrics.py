"""Figures for dashboards (contract E)."""

from typing import Any

import pytest

from tests.integration.http.conftest import Company
from tests.integration.http.test_service import ANA, routed, url

RESPONSES = {
    "avgFirstResponseTime", "medianFirstResponseTime", "avgFirstResponseTimeOpenHours",
    "medianFirstResponseTimeOpenHours",
}  # fmt: skip


NONE_KEPT = {"within": 0, "breached": 0, "share": None}


async def test_a_new_company_has_nothing_to_show(company: Company) -> None:
    shown = (await company.admin.get("/api/metrics/dashboard")).json()
    assert shown == {
        "conversations": {"open": 0, "assigned": 0, "resolved": 0, "archived": 0},
        "messages": {"today": 0, "total": 0, "inbound": 0, "outbound": 0},
        **dict.fromkeys(RESPONSES),
        "targets": {"firstResponse": NONE_KEPT, "resolution": NONE_KEPT},
        "ratings": {"average": None, "count": 0},
        "resolutions": [],
    }
    sessions = (await company.admin.get("/api/metrics/sessions")).json()
    assert sessions == {"active": 0, "authSuccessRate": None, "messagesPerSecond": 0}


async def test_conversations_messages_and_first_answers_are_counted(company: Company, hub_owner: Any) -> None:
    sales = await company.department()
    agent = await company.agent(sales, "ONLINE")
    conversation = await routed(company, sales)
    second = await routed(company, sales, "5511987654322")
    for one, minutes in ((conversation, 10), (second, 20)):
        await hub_owner.execute(
            "UPDATE pooled.conversations SET first_customer_at = now() - $2::int * interval '1 min' "
            "WHERE id = $1::text::uuid",
            one["id"],
            minutes,
        )
        body = {"conversationId": one["id"], "content": "Bom dia!"}
        assert (await agent.post("/api/messages/send", body)).status_code == 202
    assert (await agent.post(url(conversation, "resolve"))).status_code == 200
    await routed(company, await company.department("Outro"), ANA[:-1] + "3")
    shown = (await company.admin.get("/api/metrics/dashboard", period="24h")).json()
    assert shown["conversations"] == {"open": 1, "assigned": 1, "resolved": 1, "archived": 0}
    messages = shown["messages"]
    assert messages["inbound"] == 6
    assert messages["total"] == messages["inbound"] + messages["outbound"] == messages["today"]
    assert shown["avgFirstResponseTime"] == pytest.approx(15 * 60, abs=30)
    assert shown["medianFirstResponseTime"] == pytest.approx(15 * 60, abs=30)
    [mine] = [a for a in (await agent.get("/api/metrics/agents")).json() if a["userId"] == agent.id]
    assert (mine["assigned"], mine["resolved"], mine["messagesSent"], mine["onlineStatus"]) == (1, 1, 2, "ONLINE")
    assert mine["avgFirstResponseTime"] == pytest.approx(15 * 60, abs=30)


async def test_open_hours_count_only_what_was_open(company: Company, hub_owner: Any) -> None:
    never = {"timezone": "UTC", "week": {}, "holidays": []}
    assert (await company.admin.patch("/api/companies/me", {"hours": never})).status_code == 200
    sales = await company.department()
    agent = await company.agent(sales, "ONLINE")
    conversation = await routed(company, sales)
    await hub_owner.execute(
        "UPDATE pooled.conversations SET first_customer_at = now() - interval '1 h' WHERE id = $1::text::uuid",
        conversation["id"],
    )
    await agent.post("/api/messages/send", {"conversationId": conversation["id"], "content": "Oi"})
    shown = (await company.admin.get("/api/metrics/dashboard")).json()
    assert shown["avgFirstResponseTime"] == pytest.approx(3600, abs=30)
    assert shown["avgFirstResponseTimeOpenHours"] == 0


async def test_sessions_that_are_connected_are_counted(company: Company) -> None:
    session = await company.session(routing="none")
    await company.session(routing="none")
    await company.admin.post(f"/api/sessions/{session['id']}/stop")
    assert (await company.admin.get("/api/metrics/sessions")).json()["active"] == 1


@pytest.mark.parametrize("period", ["7", "0d", "7w", "367d", "-1d", ""])
async def test_a_bad_period_is_refused(company: Company, period: str) -> None:
    answer = await company.admin.get("/api/metrics/dashboard", period=period)
    assert (answer.status_code, [e["pointer"] for e in answer.json()["errors"]]) == (400, ["/period"])
