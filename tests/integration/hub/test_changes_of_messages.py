"""Reactions, edits, deletions and votes over real PostgreSQL: whichever comes first, and many at once; ours too."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from tests.fakes import waha as fake
from tests.integration.hub.world import WahaNumber, World, a_phone, now_s, until


def change(event: str, phone: str, id: str, **payload: Any) -> tuple[str, dict[str, Any]]:
    chat = f"{phone}@c.us"
    return event, {"id": f"false_{chat}_{id}", "from": chat, "fromMe": False, "timestamp": now_s(), **payload}


def reaction(phone: str, id: str, target: str, emoji: str, at: float) -> tuple[str, dict[str, Any]]:
    said = {"text": emoji, "messageId": f"false_{phone}@c.us_{target}"}
    return change("message.reaction", phone, id, reaction=said, timestamp=at)


def edit(phone: str, id: str, target: str, text: str, at: float) -> tuple[str, dict[str, Any]]:
    return change("message.edited", phone, id, editedMessageId=target, body=text, timestamp=at)


def deletion(phone: str, id: str, target: str) -> tuple[str, dict[str, Any]]:
    after = change("", phone, id)[1]
    return "message.revoked", {"after": after, "revokedMessageId": target, "before": None}


async def posted(waha: WahaNumber, *events: tuple[str, dict[str, Any]]) -> None:
    for event, payload in events:
        answer = await waha.post(fake.webhook(event, payload, waha.name))
        assert answer.status_code == 200, answer.text


async def shown(waha: WahaNumber, phone: str) -> list[dict[str, Any]]:
    found = (await waha.company.admin.get("/api/conversations", sessionId=waha.session["id"], search=phone)).json()
    if not found:
        return []
    page = await waha.company.admin.get(f"/api/conversations/{found[0]['id']}/messages")
    return [m for m in page.json()["messages"] if not m["isBot"]]


async def one(waha: WahaNumber, phone: str, **like: object) -> dict[str, Any]:
    """The customer's only message, as soon as it looks like this."""

    async def looks() -> dict[str, Any] | None:
        found = await shown(waha, phone)
        return found[0] if found and like.items() <= found[0].items() else None

    message = await until(looks)
    assert message
    assert len(await shown(waha, phone)) == 1
    return message


async def test_what_comes_before_its_message_waits_for_it(waha: WahaNumber) -> None:
    phone, at = a_phone(), now_s()
    await posted(waha, reaction(phone, "R1", "M1", "👍", at + 1), edit(phone, "E1", "M1", "Bom dia", at + 2))
    await posted(waha, deletion(phone, "D1", "M1"))
    await waha.writes(f"{phone}@c.us", "Bom dai", "M1", at)
    message = await one(waha, phone, content="Bom dia")
    assert [one["emoji"] for one in message["reactions"]] == ["👍"]
    assert message["editedAt"]
    assert message["revokedAt"]


async def test_a_reaction_is_taken_back(waha: WahaNumber) -> None:
    phone, at = a_phone(), now_s()
    await waha.writes(f"{phone}@c.us", "Oi", "M2", at)
    await posted(waha, reaction(phone, "R2", "M2", "👍", at + 1))
    message = await one(waha, phone)
    await until(lambda: _reacts(waha, phone, ["👍"]))
    await posted(waha, reaction(phone, "R3", "M2", "", at + 2))
    await until(lambda: _reacts(waha, phone, []))
    assert message["type"] == "TEXT"


async def _reacts(waha: WahaNumber, phone: str, emoji: list[str]) -> bool:
    [message] = await shown(waha, phone)
    return [one["emoji"] for one in message["reactions"]] == emoji


async def test_many_edits_at_once_leave_the_newest(waha: WahaNumber) -> None:
    phone, at, numbers = a_phone(), now_s(), list(range(30))
    random.Random(1).shuffle(numbers)
    edits = [edit(phone, f"E{n}", "M3", f"text {n}", at + n) for n in numbers]
    message = ("message", fake.text_from(f"{phone}@c.us", "M3", "first", at))
    await asyncio.gather(*(posted(waha, event) for event in (*edits[:15], message, *edits[15:])))
    await one(waha, phone, content="text 29")


async def test_the_log_tells_the_message_and_the_change(waha: WahaNumber) -> None:
    phone, at = a_phone(), now_s()
    await waha.writes(f"{phone}@c.us", "Oi", "M4", at)
    await one(waha, phone)
    await posted(waha, edit(phone, "E4", "M4", "Olá", at + 1))
    await one(waha, phone, content="Olá")
    log = (await waha.company.admin.get("/api/events", limit=200)).json()
    [told] = [event["data"] for event in log if event["type"] == "message.edited"]
    assert (told["message"]["content"], told["change"]["content"]) == ("Olá", "Olá")
    assert (told["message"]["whatsappMessageId"], told["change"]["whatsappMessageId"]) == ("M4", "E4")
    assert [e["type"] for e in log].count("message.received") == 1


async def test_ours_are_sent_and_stand_with_the_message(world: World, waha: WahaNumber) -> None:
    phone = a_phone()
    chat, admin = f"{phone}@c.us", waha.company.admin
    await waha.writes(chat, "Oi", "M5")
    theirs = await one(waha, phone)
    here = {"conversationId": theirs["conversationId"]}
    said = await admin.post("/api/messages", {**here, "content": {"kind": "text", "text": "Bom dai"}})
    assert said.status_code == 202, said.text
    ours = said.json()

    async def is_sent() -> bool:
        return next(m for m in await _all(waha, phone) if m["id"] == ours["id"])["status"] != "PENDING"

    await until(is_sent)
    for content in (
        {"kind": "reaction", "messageId": theirs["id"], "emoji": "❤"},
        {"kind": "edit", "messageId": ours["id"], "text": "Bom dia"},
        {"kind": "revoke", "messageId": ours["id"]},
    ):
        answer = await admin.post("/api/messages", {**here, "content": content})
        assert answer.status_code == 202, answer.text

    async def all_hold() -> bool:
        known = {m["id"]: m for m in await _all(waha, phone)}
        mine, other = known[ours["id"]], known[theirs["id"]]
        return bool(mine["revokedAt"]) and mine["content"] == "Bom dia" and len(other["reactions"]) == 1

    await until(all_hold)
    [mark] = next(m for m in await _all(waha, phone) if m["id"] == theirs["id"])["reactions"]
    assert (mark["emoji"], mark["by"]) == ("❤", None)
    paths = [s.path.partition(" ")[0] for s in world.waha.sent if s.to == chat and s.path != "/api/sendText"]
    assert paths == ["PUT", "DELETE"]
    [reacted] = [s.body for s in world.waha.sent if s.path == "/api/reaction" and s.session == waha.name]
    assert (reacted["messageId"], reacted["reaction"]) == (f"false_{chat}_M5", "❤")


async def _all(waha: WahaNumber, phone: str) -> list[dict[str, Any]]:
    found = (await waha.company.admin.get("/api/conversations", sessionId=waha.session["id"], search=phone)).json()
    page = await waha.company.admin.get(f"/api/conversations/{found[0]['id']}/messages")
    return list(page.json()["messages"])


async def test_what_a_provider_cannot_send_is_refused_with_its_reason(waha: WahaNumber) -> None:
    phone = a_phone()
    await waha.writes(f"{phone}@c.us", "Oi", "M6")
    theirs = await one(waha, phone)
    here = {"conversationId": theirs["conversationId"]}
    menu = {"kind": "buttons", "text": "Which?", "buttons": [{"id": "1", "title": "Sales"}]}
    refused = await waha.company.admin.post("/api/messages", {**here, "content": menu})
    assert (refused.status_code, "WAHA" in refused.text) == (422, True)
    mine = {"kind": "edit", "messageId": theirs["id"], "text": "x"}
    refused = await waha.company.admin.post("/api/messages", {**here, "content": mine})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/content/messageId")
    hologram = await waha.company.admin.post("/api/messages", {**here, "content": {"kind": "hologram"}})
    [flaw] = hologram.json()["errors"]
    assert (hologram.status_code, flaw["pointer"], "location" in flaw["detail"]) == (400, "/content/kind", True)
    poll = {"kind": "poll", "question": "When?", "options": ["Now"]}
    assert (await waha.company.admin.post("/api/messages", {**here, "content": poll})).status_code == 400
