"""One company's providers that never answer leave places for other companies' codes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contracts.storage.world import World
from tests.unit.application.office import CODED, Office
from whatsapp_hub.application.ports.provider.events import SessionSeen
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.application.sessions.pair_sessions import AT_ONCE, OF_ONE, TendPairings
from whatsapp_hub.domain.sessions.connection import ReconnectPolicy
from whatsapp_hub.domain.sessions.pairing import Pairing
from whatsapp_hub.domain.sessions.session import Session, SessionStatus


async def shows_code(office: Office, world: World, n: int = 0) -> Session:
    """A session whose code is to be fetched; a greater `n` is due later."""
    status = SessionStatus.CONNECTING
    session = await world.add_session(CODED, status=status, is_active=True, settings={"phone": f"{n}"})
    pairing = Pairing.begun(office.clock(), ReconnectPolicy(), can_ask=True)
    due = replace(pairing, fetch_at=office.clock() - timedelta(seconds=60 - n))
    await world.done(lambda uow: uow.pairings.save(session.id, due))
    return session


async def test_companies_whose_servers_hang_leave_room_for_anothers_codes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = [await World.of(office, await office.tenant(), CODED) for _ in range(5)]
    for world in stuck:
        for n in range(OF_ONE + 2):
            await shows_code(office, world, n)
    mine = await shows_code(office, office.world, 59)
    asked: list[SessionRef] = []
    go_on = asyncio.Event()

    async def show_code(session: SessionRef) -> SessionSeen:
        asked.append(session)
        if session.tenant_id != office.id:
            await go_on.wait()
        return SessionSeen(SessionStatus.QR_PENDING, office.clock(), qr_code="2@mine")

    monkeypatch.setattr(office.plugins[CODED].line, "show_code", show_code)
    tend = office.use(TendPairings)
    begun = sum([await tend() for _ in range(3)])
    async with asyncio.timeout(5):
        while mine.id not in [session.id for session in asked]:
            await asyncio.sleep(0)
    assert begun < AT_ONCE + 1
    of_one = [sum(session.tenant_id == world.tenant.id for session in asked) for world in stuck]
    assert max(of_one) == OF_ONE
    go_on.set()
    await tend.drain()
    assert await tend() > 0  # their places are free again
    await tend.drain()
