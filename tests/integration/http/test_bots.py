"""A session's bot over a whole hub: it hears its customers signed, answers with an API key, gives way to people."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest_asyncio

from tests.fakes.receiver import FakeReceiver, status
from tests.integration.http.conftest import Company, Person, eventually

PHONE = "5511999990000"


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[FakeReceiver]:
    async with FakeReceiver() as receiver:
        yield receiver


async def bound(company: Company, receiver: FakeReceiver, **more: Any) -> dict[str, Any]:
    """A sandbox session with this bot."""
    session = await company.session()
    answer = await company.admin.http.put(
        f"/api/sessions/{session['id']}/bot", json={"url": receiver.url, **more}, headers=company.admin.headers
    )
    assert answer.status_code == 200, answer.text
    receiver.secret = receiver.secret or answer.json()["bot"]["secret"]
    return dict(answer.json())


async def program(company: Company, *scopes: str) -> Person:
    """The bot's own way in."""
    given = list(scopes) or ["work-conversations", "hand-over-conversations", "read-all-conversations"]
    made = await company.admin.post("/api/api-keys", {"name": "bot", "scopes": given})
    assert made.status_code == 201, made.text
    return Person(company.admin.http, {}, made.json()["key"])


async def heard(receiver: FakeReceiver, *types: str) -> list[dict[str, Any]]:
    """What the bot was told, as soon as it is exactly that, in this order."""

    def told() -> list[str]:
        return [posted.json()["type"] for posted in receiver.taken]

    async def there() -> bool:
        return len(told()) >= len(types)

    await eventually(there)
    assert (told(), receiver.refused_signatures) == (list(types), 0)
    return [posted.json() for posted in receiver.taken]


OPENING = ("conversation.opened", "message.received")


async def test_a_bot_talks_and_hands_over_and_has_the_next_round(company: Company, receiver: FakeReceiver) -> None:
    department = await company.department("Financeiro")
    session = await bound(company, receiver)
    assert session["routing"] == "none"
    bot = await program(company)
    await company.customer_writes(session, PHONE, "oi")
    opened, received = await heard(receiver, *OPENING)
    assert opened["data"]["conversation"]["bot"] == "talking"
    assert (received["data"]["message"]["content"], received["data"]["from"]) == ("oi", PHONE)
    body = {"conversationId": received["data"]["message"]["conversationId"], "content": "Sou um robô"}
    sent = await bot.post("/api/messages/send", body)
    assert (sent.status_code, sent.json()["isBot"]) == (202, True)
    path = f"/api/conversations/{body['conversationId']}"
    assert (await company.admin.get(path)).json()["timeoutAt"] is None
    agent = await company.agent(department, "ONLINE")

    moved = await bot.post(f"{path}/handover", {"departmentId": department["id"], "note": "quer o boleto"})
    assert moved.status_code == 200, moved.text
    shown = moved.json()
    assert (shown["status"], shown["assignedUserId"], shown["bot"]) == ("ASSIGNED", agent.id, "handed_over")
    assert "handed over by the bot: to Financeiro" in shown["routingReason"]
    assert shown["timeoutAt"] is not None
    [note] = (await agent.get(f"{path}/notes")).json()
    assert (note["content"], note["userId"]) == ("quer o boleto", None)
    told = await heard(receiver, *OPENING, "conversation.handed_over", "conversation.assigned")
    assert told[2]["data"]["note"] == "quer o boleto"

    refused = [await bot.post("/api/messages/send", body), await bot.post(f"{path}/handover", {})]
    refused.append(await bot.post(f"/whatsapp/{session['id']}/send-message", {"to": PHONE, "message": "ainda aqui"}))
    assert [answer.status_code for answer in refused] == [409, 409, 403]  # the key may start no conversations
    await company.customer_writes(session, PHONE, "cadê?")

    async def is_in() -> bool:
        return (await company.admin.get(path)).json()["unreadCount"] == 2

    await eventually(is_in)  # or it might be the next round's
    assert (await agent.post("/api/messages/send", {**body, "content": "Aqui"})).status_code == 202
    assert (await agent.post(f"{path}/resolve")).status_code == 200
    await company.customer_writes(session, PHONE, "de novo")
    told = await heard(
        receiver, *OPENING, "conversation.handed_over", "conversation.assigned", "conversation.resolved", *OPENING
    )
    assert told[-1]["data"]["message"]["content"] == "de novo"
    assert await company.phone(session, PHONE) == ["Sou um robô", "Aqui"]  # and never a menu


async def test_a_hand_over_goes_to_the_bots_department_else_to_the_root_else_supervisors_are_told(
    company: Company, receiver: FakeReceiver
) -> None:
    own, other = await company.department("Financeiro"), await company.department("Outro")
    session = await bound(company, receiver, departmentId=own["id"])
    bot = await program(company)

    async def handed_over(phone: str, body: object = None) -> dict[str, Any]:
        await company.customer_writes(session, phone, "oi")
        found = await company.conversation(search=phone)
        answer = await bot.post(f"/api/conversations/{found['id']}/handover", body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    assert (await handed_over("5511999990001"))["departmentId"] == own["id"]
    assert (await handed_over("5511999990002", {"departmentId": other["id"]}))["departmentId"] == other["id"]
    queued = await handed_over("5511999990003")
    assert (queued["status"], queued["timeoutAt"] is not None) == ("OPEN", True)
    await company.admin.http.put(
        f"/api/sessions/{session['id']}/bot", json={"url": receiver.url}, headers=company.admin.headers
    )
    alone = await handed_over("5511999990004")
    assert (alone["status"], alone["departmentId"], alone["bot"]) == ("OPEN", None, "handed_over")
    assert "handed over by the bot: there is no root department" in alone["routingReason"]
    kinds = [n["kind"] for n in (await company.admin.get("/api/notifications")).json()]
    assert kinds.count("conversation.unrouted") == 1
    root = await company.department("Recepção", isRoot=True)
    assert (await handed_over("5511999990005"))["departmentId"] == root["id"]
    unknown = await bot.post(f"/api/conversations/{alone['id']}/handover", {"departmentId": session["id"]})
    assert unknown.status_code in (400, 409)


async def test_a_bot_that_is_gone_is_given_up_for_people_and_the_reason_says_why(
    company: Company, receiver: FakeReceiver, hub_owner: Any
) -> None:
    receiver.answer = lambda posted: status(410)
    root = await company.department("Recepção", isRoot=True)
    session = await bound(company, receiver, answerWithinMinutes=1)
    await company.customer_writes(session, PHONE, "oi")
    conversation = await company.conversation()

    async def is_off() -> bool:
        [webhook] = (await company.admin.get("/api/webhooks")).json()
        return not webhook["isActive"]

    await eventually(is_off)
    await hub_owner.execute(
        "UPDATE pooled.conversations SET timeout_at = timeout_at - $2::interval WHERE id = $1",
        UUID(conversation["id"]),
        timedelta(minutes=1),
    )

    async def is_with_people() -> bool:
        shown = (await company.admin.get(f"/api/conversations/{conversation['id']}")).json()
        return shown["departmentId"] == root["id"] and "answered 410" in shown["routingReason"]

    await eventually_swept(is_with_people)


async def eventually_swept(condition: Any) -> None:
    """The schedule looks every 15 s."""
    for _ in range(4):
        try:
            return await eventually(condition)
        except TimeoutError:
            continue
    raise AssertionError("the sweep never came")


async def test_the_bots_webhook_is_the_sessions_and_goes_with_it(company: Company, receiver: FakeReceiver) -> None:
    session = await bound(company, receiver)
    [webhook] = (await company.admin.get("/api/webhooks")).json()
    assert (webhook["id"], webhook["ofBot"]) == (session["bot"]["webhookId"], True)
    shown = (await company.admin.get(f"/api/sessions/{session['id']}")).json()
    assert shown["bot"] == {
        "webhookId": webhook["id"],
        "url": receiver.url,
        "departmentId": None,
        "answerWithinMinutes": 5,
    }
    path = f"/api/webhooks/{webhook['id']}"
    assert (await company.admin.patch(path, {"url": "https://elsewhere.example"})).status_code == 409
    assert (await company.admin.patch(path, {"isActive": True})).status_code == 200
    rotated = await company.admin.post(f"{path}/secret", {})
    assert rotated.json()["secret"] != receiver.secret
    routing = {"routing": "departments"}
    assert (await company.admin.patch(f"/api/sessions/{session['id']}", routing)).status_code == 409
    assert (await company.admin.delete(f"/api/sessions/{session['id']}/bot")).status_code == 204
    assert (await company.admin.get("/api/webhooks")).json() == []
    assert (await company.admin.get(f"/api/sessions/{session['id']}")).json()["bot"] is None
    assert (await company.admin.delete(f"/api/sessions/{session['id']}/bot")).status_code == 404
    assert (await company.admin.patch(f"/api/sessions/{session['id']}", routing)).status_code == 200


async def test_deleting_its_webhook_takes_the_bot_away(company: Company, receiver: FakeReceiver) -> None:
    session = await bound(company, receiver)
    assert (await company.admin.delete(f"/api/webhooks/{session['bot']['webhookId']}")).status_code == 204
    assert (await company.admin.get(f"/api/sessions/{session['id']}")).json()["bot"] is None


async def test_what_a_bot_cannot_be_is_refused_by_field_and_right(company: Company, receiver: FakeReceiver) -> None:
    session = await company.session()
    path = f"/api/sessions/{session['id']}/bot"
    agent = await company.agent()

    async def put(by: Person, **body: Any) -> tuple[int, list[str]]:
        answer = await by.http.put(path, json={"url": receiver.url, **body}, headers=by.headers)
        return answer.status_code, [error["pointer"] for error in answer.json().get("errors", [])]

    assert await put(company.admin, url="ftp://bot.example") == (400, ["/url"])
    assert await put(company.admin, answerWithinMinutes=0) == (400, ["/answerWithinMinutes"])
    assert await put(company.admin, departmentId=session["id"]) == (400, ["/departmentId"])
    assert (await put(agent))[0] == 403
    await company.customer_writes(session, PHONE, "oi")
    conversation = await company.conversation()
    no_bot = await company.admin.post(f"/api/conversations/{conversation['id']}/handover")
    assert no_bot.status_code == 409
    narrow = await program(company, "read-conversations")
    assert (await narrow.post(f"/api/conversations/{conversation['id']}/handover")).status_code == 403


async def test_another_companys_session_and_conversation_are_not_there(
    company: Company, receiver: FakeReceiver
) -> None:
    session = await bound(company, receiver)
    await company.customer_writes(session, PHONE, "oi")
    conversation = await company.conversation()
    other = await company.hub.company()
    body, headers = {"url": receiver.url}, other.admin.headers
    answer = await other.admin.http.put(f"/api/sessions/{session['id']}/bot", json=body, headers=headers)
    assert answer.status_code == 404
    assert (await other.admin.delete(f"/api/sessions/{session['id']}/bot")).status_code == 404
    assert (await other.admin.post(f"/api/conversations/{conversation['id']}/handover")).status_code == 404


async def test_the_hand_over_stands_in_the_audit(company: Company, receiver: FakeReceiver) -> None:
    await company.department("Recepção", isRoot=True)
    session = await bound(company, receiver)
    await company.customer_writes(session, PHONE, "oi")
    conversation = await company.conversation()
    assert (await company.admin.post(f"/api/conversations/{conversation['id']}/handover")).status_code == 200
    entries = (await company.admin.get("/api/audit")).json()
    changed = [e["after"] for e in entries if e["entityId"] == conversation["id"]]
    assert any((after or {}).get("botPart") == "handed_over" for after in changed)
    assert any("bot" in (e["after"] or {}) for e in entries if e["entityId"] == session["id"])
