"""A WAHA server that posts nothing is asked for what it should have posted."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.fakes import waha as fake
from tests.integration.http.conftest import Company
from tests.integration.hub.world import WahaNumber, World, a_phone, menu, now_s
from whatsapp_hub.adapters.providers.waha import polling
from whatsapp_hub.application.receiving.poll_silent import PollSilent
from whatsapp_hub.main.container import Part


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
