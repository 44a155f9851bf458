"""Meta's conversation routing: a customer whom another program of the number answers is watched until they are ours."""

from __future__ import annotations

import json
from typing import Any

from tests.fakes import graph as meta
from tests.integration.http.conftest import Company
from tests.integration.hub.world import Number, World, a_phone, a_wamid, meta_number, now_s, until


async def watches(number: Number, phone: str) -> None:
    """The customer and another program talk."""
    asked = meta.text_from(phone, a_wamid(), "Oi, tem frete?", now_s())
    answer = {"to": phone, "type": "text", "text": {"body": "Sou o assistente"}}
    echo = {"id": a_wamid(), "timestamp": f"{now_s()}", "message": answer}
    value = {"standby": {"messages": [asked], "message_echoes": [echo]}}
    stored = await number.post(meta.webhook(number.phone_number_id, value, "standby"))
    assert stored.status_code == 200, stored.text


async def passes(number: Number, phone: str, kind: str = "control_passed") -> None:
    said = {"previous_owner_role": "ai_agent", "new_owner_role": "escalation"}
    value: dict[str, Any] = {
        "recipient": {"phone_number_id": number.phone_number_id},
        "sender": {"phone_number": phone},
        "timestamp": f"{now_s()}",
        "type": kind,
        kind: said,
    }
    entry = {"id": meta.ACCOUNT, "changes": [{"field": "messaging_handovers", "value": value}]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    stored = await number.post(body)
    assert stored.status_code == 200, stored.text


async def test_a_watched_customer_is_shown_and_answered_by_nobody_until_an_agent_takes_them(
    world: World, company: Company
) -> None:
    await company.department(isRoot=True)
    number, phone = await meta_number(world, company), a_phone()
    await watches(number, phone)
    round_ = await number.is_(phone, threadHolder="another_app")

    async def both() -> bool:
        return [m["content"] for m in await number.messages(phone)] == ["Oi, tem frete?", "Sou o assistente"]

    await until(both)
    await world.settled(company)
    assert number.sent(phone) == []
    body = {"conversationId": round_["id"], "content": "não"}
    refused = await company.admin.post("/api/messages/send", body)
    assert (refused.status_code, refused.json()["type"].rsplit(":")[-1]) == (409, "thread_held"), refused.text
    path = f"/api/conversations/{round_['id']}/take-thread"
    world.graph.is_partner = False
    refused = await company.admin.post(path)
    assert (refused.status_code, refused.json()["type"].rsplit(":")[-1]) == (409, "thread_refused"), refused.text
    world.graph.is_partner = True
    async with world.hub.listening(company.admin) as socket:
        taken = await company.admin.post(path)
        assert (taken.status_code, taken.json()["threadHolder"]) == (200, None), taken.text
        await socket.hears("conversation-changed", reason="updated")
    assert world.graph.threads[-1] == ("take", phone)
    await number.answers(company.admin, phone, "Aqui é uma pessoa")
    await number.reads(phone, "Aqui é uma pessoa")


async def test_a_customer_whom_the_other_passes_to_us_waits_for_people(world: World, company: Company) -> None:
    department = await company.department(isRoot=True)
    agent = await company.agent(department, "ONLINE")
    number, phone = await meta_number(world, company), a_phone()
    await watches(number, phone)
    await number.is_(phone, threadHolder="another_app")
    await passes(number, phone)
    round_ = await number.is_(phone, threadHolder=None, status="ASSIGNED")
    assert round_["assignedUserId"] == agent.id
    kinds = [m["type"] for m in await number.messages(phone)]
    assert kinds == ["TEXT", "TEXT", "SYSTEM"]
    await passes(number, phone, "control_taken")
    await number.is_(phone, threadHolder="escalation")
    await number.writes(phone, "voltei")
    await number.is_(phone, threadHolder=None)


async def test_a_conversation_of_a_number_that_nobody_shares_has_no_thread_to_take(
    world: World, company: Company
) -> None:
    session, phone = await company.session(), a_phone()
    await company.customer_writes(session, phone, "Oi")
    round_ = await company.conversation(sessionId=session["id"])
    assert round_["threadHolder"] is None
    refused = await company.admin.post(f"/api/conversations/{round_['id']}/take-thread")
    assert refused.status_code == 422, refused.text
