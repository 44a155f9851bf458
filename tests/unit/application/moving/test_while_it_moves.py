"""While a session moves: the pause, what is changed meanwhile, what the new provider says early."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.contracts.storage.world import a_phone
from tests.unit.application.moving.test_move_session import (
    FREE,
    META,
    answers,
    drains,
    message,
    moves,
    stored,
    texts,
)
from tests.unit.application.office import LINE, Office, text
from whatsapp_hub.application.moving import pause
from whatsapp_hub.application.moving.pause import HOLD_S
from whatsapp_hub.application.ports.provider.events import SessionSeen, ThreadSeen
from whatsapp_hub.application.sending.drain_lanes import DrainLanes
from whatsapp_hub.application.sending.send_message import SendMessage
from whatsapp_hub.application.sessions.run_sessions import InitSession, StopSession
from whatsapp_hub.domain.errors import Conflict
from whatsapp_hub.domain.messaging.capabilities import Feature
from whatsapp_hub.domain.messaging.message import MessageStatus
from whatsapp_hub.domain.sessions.session import SessionStatus


async def test_the_pause_lasts_until_the_new_provider_has_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pause, "RENEW_EVERY_S", 0.0)
    office = await Office.opened()
    await drains(office)
    _, [one] = await answers(office, "um")

    async def slow(_: object) -> SessionSeen:
        for _ in range(4):
            office.clock.pass_(seconds=HOLD_S - 1)
            await asyncio.sleep(0.02)
            assert await office.use(DrainLanes, pacing=FREE)(office.id) == 0, "nothing is claimed meanwhile"
        return SessionSeen(SessionStatus.CONNECTED, office.clock())

    monkeypatch.setattr(office.plugins[META].line, "start", slow)
    assert (await moves(office)).under_way == 0
    await drains(office)
    assert ("um" in texts(office, LINE), texts(office, META)) == (False, ["um"])
    assert (await message(office, one)).status is MessageStatus.SENT


async def test_a_call_that_was_begun_all_the_same_ends_before_the_change(monkeypatch: pytest.MonkeyPatch) -> None:
    office = await Office.opened()
    await drains(office)
    await answers(office, "um")
    drain, gate, original = office.use(DrainLanes, pacing=FREE), asyncio.Event(), office.line.send

    async def gated(*given: Any) -> Any:
        await gate.wait()
        return await original(*given)

    async def start(_: object) -> SessionSeen:
        office.clock.pass_(seconds=HOLD_S + 1)  # the hold could not be renewed
        await drain(office.id)
        return SessionSeen(SessionStatus.CONNECTED, office.clock())

    monkeypatch.setattr(pause, "RENEW_EVERY_S", 60.0)
    monkeypatch.setattr(office.line, "send", gated)
    monkeypatch.setattr(office.plugins[META].line, "start", start)
    moving = asyncio.create_task(moves(office))
    await asyncio.sleep(0.2)
    assert (await stored(office)).provider == LINE
    gate.set()
    assert (await moving).under_way == 0
    await drain.aclose()
    assert "um" in texts(office, LINE)


async def test_a_session_that_is_stopped_meanwhile_stays_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    office = await Office.opened()

    async def start(_: object) -> SessionSeen:
        await office.use(StopSession)(office.admin, office.session.id)
        return SessionSeen(SessionStatus.CONNECTED, office.clock())

    monkeypatch.setattr(office.plugins[META].line, "start", start)
    moved = await moves(office)
    assert (moved.session.provider, moved.session.is_active, moved.is_sending) == (META, False, False)
    assert ("stop", office.session.key) in office.plugins[META].line.shown


async def test_a_session_that_is_started_meanwhile_is_not_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    office = await Office.opened()
    await office.use(StopSession)(office.admin, office.session.id)
    original = pause.Pause.settle

    async def settle(self: pause.Pause) -> None:
        await original(self)
        await office.use(InitSession)(office.admin, office.session.id)

    monkeypatch.setattr(pause.Pause, "settle", settle)
    with pytest.raises(Conflict) as refused:
        await moves(office)
    assert refused.value.code == "session_changed"
    assert (await stored(office)).provider == LINE


async def test_what_was_started_is_stopped_where_the_move_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    office = await Office.opened()

    async def start(_: object) -> SessionSeen:
        async with office.world.uow() as uow:
            session = await uow.sessions.get(office.session.id)
            session.settings = {"phone": "another"}
            await uow.sessions.save(session)
            await uow.commit()
        return SessionSeen(SessionStatus.CONNECTED, office.clock())

    monkeypatch.setattr(office.plugins[META].line, "start", start)
    with pytest.raises(Conflict):
        await moves(office, phone="4900")
    assert ("stop", office.session.key) in office.plugins[META].line.shown
    assert (await office.storage.directory.targets(META, ["phone:4900"]))["phone:4900"] == []


async def test_what_the_new_provider_posts_before_it_has_answered_is_the_sessions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office, found, phone = await Office.opened(), [], a_phone()

    async def start(_: object) -> SessionSeen:
        found.extend((await office.storage.directory.targets(META, ["phone:4900"]))["phone:4900"])
        await office.writes(phone, "Oi, sou o primeiro", session=replace(office.session, provider=META))
        return SessionSeen(SessionStatus.CONNECTED, office.clock())

    monkeypatch.setattr(office.plugins[META].line, "start", start)
    await moves(office, phone="4900")
    [target] = found
    assert (target.session_id, target.provider, target.settings) == (office.session.id, META, {"phone": "4900"})
    [present] = (await office.storage.directory.targets(META, ["phone:4900"]))["phone:4900"]
    assert present.session_id == office.session.id
    assert await office.round(phone)


async def test_a_conversation_that_another_program_had_is_ours_where_there_are_no_threads() -> None:
    office, phone = await Office.opened(), a_phone()
    await office.writes(phone, "Oi", thread=ThreadSeen("ai_agent"))
    there = office.plugins[META]
    features = there.capabilities.features - {Feature.THREADS}
    there.capabilities = replace(there.capabilities, features=features)
    await moves(office)
    round_ = await office.round(phone)
    assert round_.thread_holder is None
    assert "conversation.updated" in office.told(round_)
    await office.use(SendMessage)(office.admin, round_.id, text("agora nós"))
    await drains(office)
    assert "agora nós" in texts(office, META)
