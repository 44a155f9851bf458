"""A WAHA server that posts nothing is asked for what it should have posted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.fakes import waha as fake
from tests.fakes.http import Reply, Request, Server, reply_json
from tests.integration.http.conftest import Company
from tests.integration.hub.world import WahaNumber, World, a_phone, menu, now_s
from whatsapp_hub.adapters.providers.waha import polling
from whatsapp_hub.adapters.providers.waha.client import WahaClient
from whatsapp_hub.application.ports.provider.events import RawUpdate
from whatsapp_hub.application.receiving import poll_silent
from whatsapp_hub.application.receiving.poll_silent import PollSilent
from whatsapp_hub.domain.errors import Scope, Transient
from whatsapp_hub.main.wiring.infrastructure import Part


def remembers(world: World, waha: WahaNumber, chat: str, *texts: str, at: int | None = None) -> list[dict[str, Any]]:
    """The server has these, and has posted none of them."""
    payloads = [fake.text_from(chat, uuid4().hex.upper(), text, (at or now_s()) + n) for n, text in enumerate(texts)]
    world.waha.stored.setdefault((waha.name, chat), []).extend(payloads)
    return payloads


async def poll(world: World, waha: WahaNumber) -> None:
    """As if the session had brought nothing for the whole interval."""
    ask = await world.parts[Part.WORKER].get(PollSilent)
    await world.owner.execute(
        """INSERT INTO hub.polls SELECT id, clock_timestamp() - interval '1 hour' FROM hub.sessions
           WHERE id = $1 ON CONFLICT (session_id) DO UPDATE SET until = excluded.until""",
        UUID(waha.session["id"]),
    )
    await world.owner.execute(
        "UPDATE hub.inbox SET received_at = received_at - interval '1 day' WHERE source = $1", waha.session["id"]
    )
    await ask()


async def texts(world: World, waha: WahaNumber) -> list[str]:
    rows = await world.rows(
        "SELECT content FROM pooled.messages WHERE session_id = $1 AND direction = 'INBOUND' ORDER BY timestamp, id",
        UUID(waha.session["id"]),
    )
    return [row["content"] for row in rows]


async def test_what_was_never_posted_is_a_message_once_and_is_answered(
    world: World, company: Company, waha: WahaNumber
) -> None:
    await company.department("Recepção", isRoot=True)
    chat = f"{a_phone()}@c.us"
    [told, _] = remembers(world, waha, chat, "Oi", "Alguém aí?")
    await poll(world, waha)
    await waha.post(fake.webhook("message", told, waha.name))  # late, but it came
    await poll(world, waha)
    await world.settled(company)
    assert await texts(world, waha) == ["Oi", "Alguém aí?"]
    assert waha.sent(chat)[0] == menu("Recepção")


async def test_every_chat_and_every_page_is_asked_for(
    world: World, company: Company, waha: WahaNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "PAGE", 2)
    chats = [f"{a_phone()}@c.us" for _ in range(5)]
    for chat in chats:
        remembers(world, waha, chat, "1", "2", "3")
    remembers(world, waha, f"{a_phone()}@c.us", "long ago", at=now_s() - 86_400)
    await poll(world, waha)
    await world.settled(company)
    assert sorted(await texts(world, waha)) == sorted(["1", "2", "3"] * 5)


async def test_a_poll_that_broke_off_is_made_up_for(
    world: World, company: Company, waha: WahaNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it did bring must not count as hearing from the session: the rest would be asked for by nobody."""
    earlier, latest = f"{a_phone()}@c.us", f"{a_phone()}@c.us"
    remembers(world, waha, earlier, "1", at=now_s() - 60)
    remembers(world, waha, latest, "2")
    real = WahaClient._written

    async def breaks_off(self: WahaClient, settings: Any, chat: str, *more: Any) -> AsyncIterator[list[RawUpdate]]:
        if chat == earlier:
            raise Transient("http_500", "restarting", retry_after_s=1, scope=Scope.SESSION)
        async for page in real(self, settings, chat, *more):
            yield page

    with monkeypatch.context() as patched:
        patched.setattr(WahaClient, "_written", breaks_off)
        await poll(world, waha)
    await world.settled(company)
    assert await texts(world, waha) == ["2"]
    ask = await world.parts[Part.WORKER].get(PollSilent)
    await ask()
    await world.settled(company)
    assert await texts(world, waha) == ["1", "2"]
    remembers(world, waha, f"{a_phone()}@c.us", "not asked for")
    await ask()
    await world.settled(company)
    assert await texts(world, waha) == ["1", "2"]


async def test_a_session_that_is_heard_is_left_alone(world: World, company: Company, waha: WahaNumber) -> None:
    ask = await world.parts[Part.WORKER].get(PollSilent)
    await waha.writes(f"{a_phone()}@c.us", "Oi")
    remembers(world, waha, f"{a_phone()}@c.us", "not asked for")
    await ask()
    await world.settled(company)
    assert await texts(world, waha) == ["Oi"]


async def test_a_session_that_went_down_in_silence_is_seen(world: World, company: Company, waha: WahaNumber) -> None:
    world.waha.sessions[waha.name] = "FAILED"
    remembers(world, waha, f"{a_phone()}@c.us", "out of reach")
    await poll(world, waha)
    await world.settled(company)
    shown = await company.admin.get(f"/api/sessions/{waha.session['id']}")
    assert shown.json()["status"] == "FAILED"
    before = len(await world.inbox(waha.session["id"]))
    await poll(world, waha)
    assert len(await world.inbox(waha.session["id"])) == before, "a state that is known is no news"


async def test_one_server_that_does_not_answer_holds_nobody_up(
    world: World, company: Company, waha: WahaNumber
) -> None:
    broken = await company.admin.post(
        "/api/sessions",
        {
            "name": f"a{uuid4().hex[:8]}",
            "provider": "WAHA",
            "settings": {"url": "http://127.0.0.1:9", "apiKey": "k", "session": "x"},
        },
    )
    await world.owner.execute("UPDATE hub.sessions SET is_active = true WHERE id = $1", UUID(broken.json()["id"]))
    remembers(world, waha, f"{a_phone()}@c.us", "Oi")
    await poll(world, waha)
    await world.settled(company)
    assert await texts(world, waha) == ["Oi"]


class EndlessWaha(Server):
    """Every page is full, every chat was written in just now, and nothing is ever the last."""

    def __init__(self, name: str) -> None:
        super().__init__(0)
        self.name = name
        self.asked = 0

    async def handle(self, request: Request) -> Reply:
        self.asked += 1
        await asyncio.sleep(0.005)
        if request.path == f"/api/sessions/{self.name}":
            return reply_json({"name": self.name, "status": "WORKING"})
        if "/chats/overview" in request.path:
            last = {"timestamp": now_s()}
            return reply_json([{"id": f"{a_phone()}@c.us", "lastMessage": last} for _ in range(polling.PAGE)])
        return reply_json([fake.text_from(f"{a_phone()}@c.us", uuid4().hex, "", now_s()) for _ in range(polling.PAGE)])


async def test_an_endless_server_holds_up_no_other_tenant_and_not_the_tenants_own(
    world: World, company: Company, waha: WahaNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "PAGE", 2)
    monkeypatch.setattr(poll_silent, "SESSION_S", 3.0)
    other = await world.hub.company()
    endless = [EndlessWaha(f"endless{n}") for n in range(3)]
    async with AsyncExitStack() as stack:
        for server in endless:
            await stack.enter_async_context(server)
            settings = {"url": server.url, "apiKey": "k", "session": server.name}
            made = await other.admin.post(
                "/api/sessions", {"name": f"a{uuid4().hex[:8]}", "provider": "WAHA", "settings": settings}
            )
            id = UUID(made.json()["id"])
            await world.owner.execute("UPDATE hub.sessions SET is_active = true WHERE id = $1", id)
            stack.push_async_callback(
                world.owner.execute, "UPDATE hub.sessions SET is_active = false WHERE id = $1", id
            )
        remembers(world, waha, f"{a_phone()}@c.us", "Oi")
        async with asyncio.timeout(30):
            await poll(world, waha)
        assert all(server.asked > 5 for server in endless)
    await world.settled(company)
    assert await texts(world, waha) == ["Oi"]
    kept = await world.owner.fetchval("SELECT count(*) FROM hub.inbox WHERE tenant_id = $1", UUID(other.id))
    assert kept > 5, "what came before time was up is stored"
