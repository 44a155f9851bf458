"""Agents that type: the customer sees it where the provider can show it; failures show nobody anything."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes import waha as waha_fake
from tests.integration.http.conftest import Company, Listener, Person
from tests.integration.hub.world import Number, WahaNumber, World, a_phone, now_s, until, waha_number


def signs(world: World, chat: str) -> list[str]:
    return [path for path, body in world.waha.calls if "Typing" in path and body["chatId"] == chat]


async def types(listener: Listener, conversation: dict[str, Any], *states: bool) -> None:
    for state in states:
        answer = await listener.io.call("typing", {"conversationId": conversation["id"], "typing": state})
        assert answer == {"ok": True}


async def test_waha_shows_an_agent_s_typing_once_until_it_ends(
    world: World, company: Company, waha: WahaNumber
) -> None:
    chat = f"{a_phone()}@c.us"
    await waha.writes(chat, "Oi")
    await world.settled(company)
    [conversation] = (await company.admin.get("/api/conversations", sessionId=waha.session["id"])).json()
    async with world.hub.listening(company.admin) as listener:
        await types(listener, conversation, True, True, True, False, False)

    async def shown() -> bool:
        return len(signs(world, chat)) >= 2

    await until(shown)
    await world.settled(company)
    assert signs(world, chat) == ["/api/startTyping", "/api/stopTyping"]


async def test_meta_shows_it_on_the_customer_s_newest_message(world: World, company: Company, number: Number) -> None:
    phone = a_phone()
    await number.writes(phone, "Oi")
    newest = await number.writes(phone, "Tem alguém?")
    await world.settled(company)
    conversation = await number.conversation(phone)
    async with world.hub.listening(company.admin) as listener:
        await types(listener, conversation, True, True, False)

    async def shown() -> list[dict[str, Any]]:
        return [m for m in world.graph.marks if m["message_id"] == newest]

    [mark] = await until(shown)
    assert mark["typing_indicator"] == {"type": "text"}


async def test_a_session_s_bot_types_as_soon_as_it_hears_a_customer(world: World, company: Company) -> None:
    number = await waha_number(world, company, routing="none")
    bot = {"url": "https://bot.example.invalid/hook"}
    bound = await world.hub.http.put(
        f"/api/sessions/{number.session['id']}/bot", json=bot, headers=company.admin.headers
    )
    assert bound.status_code == 200, bound.text
    chat = f"{a_phone()}@c.us"
    await number.writes(chat, "Oi")

    async def shown() -> list[str]:
        return signs(world, chat)

    assert await until(shown) == ["/api/startTyping"]
    await number.writes(chat, "Quero comprar")
    await world.settled(company)
    assert signs(world, chat) == ["/api/startTyping"]


async def test_a_provider_that_shows_none_harms_nobody(
    world: World, company: Company, waha: WahaNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = f"{a_phone()}@c.us"
    await waha.writes(chat, "Oi")
    await world.settled(company)
    [conversation] = (await company.admin.get("/api/conversations", sessionId=waha.session["id"])).json()
    await world.waha.refuse()
    try:
        async with world.hub.listening(company.admin) as listener:
            await types(listener, conversation, True, False)
    finally:
        await world.waha.listen()


async def test_an_agent_s_answer_marks_what_it_answers_as_read(world: World, company: Company, number: Number) -> None:
    phone = a_phone()
    newest = await number.writes(phone, "Oi")
    await world.settled(company)
    sent = await number.answers(company.admin, phone, "Olá!")
    assert (await number.conversation(phone))["unreadCount"] == 0

    async def shown() -> bool:
        return [m["message_id"] for m in world.graph.marks if m["message_id"] == newest] == [newest]

    await until(shown)
    await number.answers(company.admin, phone, "Ainda está aí?")
    await number.message(sent["id"], status="SENT")
    assert len([m for m in world.graph.marks if m["message_id"] == newest]) == 1


async def test_a_program_s_answer_marks_nothing(world: World, company: Company, number: Number) -> None:
    phone = a_phone()
    newest = await number.writes(phone, "Oi")
    await world.settled(company)
    key = (await company.admin.post("/api/api-keys", {"name": "bot"})).json()["key"]
    program = Person(world.hub.http, {}, key)
    sent = await number.answers(program, phone, "Olá!")
    await number.message(sent["id"], status="SENT")
    assert (await number.conversation(phone))["unreadCount"] == 1
    assert [m for m in world.graph.marks if m["message_id"] == newest] == []


async def test_agents_see_that_a_customer_types_and_that_they_stopped(
    world: World, company: Company, waha: WahaNumber
) -> None:
    chat = f"{a_phone()}@c.us"
    await waha.writes(chat, "Oi")
    await world.settled(company)
    [conversation] = (await company.admin.get("/api/conversations", sessionId=waha.session["id"])).json()
    async with world.hub.listening(company.admin) as listener:
        assert await listener.io.call("join-conversation", {"conversationId": conversation["id"]})
        for state, is_typing in (("typing", True), ("paused", False)):
            who = {"id": chat, "presences": [{"participant": chat, "lastKnownPresence": state}]}
            told = waha_fake.webhook("presence.update", who | {"timestamp": now_s()}, waha.name)
            assert (await waha.post(told)).status_code == 200
            typing = await listener.hears("typing", conversationId=conversation["id"], typing=is_typing)
            assert (typing["customer"], typing["userId"]) == (True, None)
            assert set(typing) == {"conversationId", "userId", "customer", "typing"}
