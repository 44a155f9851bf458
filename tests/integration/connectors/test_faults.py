"""A database that hangs, lines that are silent, storms, and a process that grows old."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from tests.fakes.postgres_proxy import PostgresProxy
from tests.integration.connectors.conftest import UP, Stage

QUICK = str(Path(__file__).parents[2] / "fakes" / "quick_role.py")
FAST = {"STAGGERED_BOOT_DELAY_MS": "10"}


@pytest_asyncio.fixture(autouse=True)
async def _empty(stage: Stage) -> AsyncIterator[None]:
    stage.variables = FAST
    stage.server.script[:] = [UP]
    yield
    await stage.owner.execute("DELETE FROM hub.connectors; DELETE FROM hub.lines")
    stage.server.logins.clear()


async def up(stage: Stage, count: int) -> list[str]:
    """So many sessions that are connected."""
    sessions = [await stage.session() for _ in range(count)]
    for session in sessions:
        await stage.is_(session, "CONNECTED")
    return [str(session.id) for session in sessions]


async def test_while_it_cannot_store_it_hangs_up_and_comes_back_by_itself(stage: Stage) -> None:
    async with (
        PostgresProxy(stage.database_url) as proxy,
        stage.role("worker"),
        stage.role("connector", DATABASE_URL=proxy.dsn) as connector,
    ):
        sessions = await up(stage, 5)
        await asyncio.sleep(1)
        proxy.hangs = True
        began = time.monotonic()
        stage.server.login(sessions[0]).tell(message="lost?", chat="5511955550000", key="while-it-hangs")

        async def all_closed() -> bool:
            return not stage.server.open_logins()

        await stage.until(all_closed, 5)
        assert time.monotonic() - began < 4.5, "before anybody else may take them"
        await asyncio.sleep(4)
        assert not stage.server.open_logins(), "and none is dialled meanwhile"
        assert connector.process.returncode is None, connector.log.read_text()
        proxy.hangs = False

        async def all_open() -> bool:
            return len(stage.server.open_logins()) == 5

        await stage.until(all_open)
        connector.send(signal.SIGTERM)
        assert await connector.ended() == 0


async def test_one_that_cannot_even_hang_up_is_ended_by_its_watchdog(stage: Stage) -> None:
    """The event loop stands still (here: the process hangs in a debugger's hands for longer than its lease)."""
    async with stage.role("worker"), stage.role("connector") as connector:
        await up(stage, 2)
        connector.send(signal.SIGSTOP)
        await asyncio.sleep(4.5)  # not yet the whole lease: nobody has taken anything
        connector.send(signal.SIGCONT)
        assert await connector.ended() == 70


async def test_connected_but_silent_is_found_and_dialled_anew(stage: Stage) -> None:
    async with stage.role("worker", program=QUICK), stage.role("connector", program=QUICK):
        session = await stage.session()
        await stage.is_(session, "CONNECTED")
        first = stage.server.login(str(session.id))
        await stage.was_down(session, "silent")
        await stage.is_(session, "CONNECTED")
        assert not first.is_open
        assert stage.server.login(str(session.id)).fence > first.fence


async def test_a_loss_that_does_not_heal_is_dialled_anew(stage: Stage) -> None:
    async with stage.role("worker", program=QUICK), stage.role("connector", program=QUICK):
        session = await stage.session()
        await stage.is_(session, "CONNECTED")
        first = stage.server.login(str(session.id))
        first.tell(state="RECONNECTING", reason="stream_error")
        await stage.is_(session, "RECONNECTING", "stream_error")
        await stage.is_(session, "CONNECTED")
        assert not first.is_open


async def notifications(stage: Stage, kind: str) -> int:
    rows = await stage.rows("SELECT body FROM hub.events WHERE type = 'notification.created'")
    return sum(json.loads(row["body"]).get("kind") == kind for row in rows)


async def test_a_storm_of_one_session_is_one_event_and_one_alarm(stage: Stage) -> None:
    async with stage.role("worker", program=QUICK), stage.role("connector"):
        session = await stage.session()
        await stage.is_(session, "CONNECTED")
        login = stage.server.login(str(session.id))
        for _ in range(100):
            login.tell(state="RECONNECTING", reason="stream_error")
            login.tell(**UP)
        await stage.is_(session, "RECONNECTING", "reconnect_storm")
        await stage.is_(session, "CONNECTED")
        events = await stage.events(session)
        assert events.count("session.disconnected") == 5, "four losses, then the storm"
        assert events.count("session.connected") == 6
        assert await notifications(stage, "session.reconnect_storm") == 1


async def test_many_sessions_down_at_once_are_one_alarm(stage: Stage) -> None:
    async with stage.role("worker"), stage.role("connector") as connector:
        ids = await up(stage, 12)
        await asyncio.sleep(1.5)  # the connector has felt their pulses
        for id in ids:
            stage.server.login(id).tell(state="RECONNECTING", reason="stream_error")

        async def told() -> bool:
            return bool(await notifications(stage, "sessions.reconnect_storm"))

        await stage.until(told)
        await asyncio.sleep(2)
        assert await notifications(stage, "sessions.reconnect_storm") == 1
        assert connector.log.read_text().count("connector.reconnect_storm") == 1


async def test_a_hundred_starts_in_vain_leave_nothing_behind(stage: Stage) -> None:
    async with (
        stage.role("worker", WHATSAPP_RECONNECT_ATTEMPTS="1"),
        stage.role("connector", WHATSAPP_RECONNECT_ATTEMPTS="1") as connector,
    ):
        tried: list[Any] = []

        async def round_of(count: int) -> tuple[int, int, int]:
            sessions = [await stage.session(server="127.0.0.1:9", store=stage.database_url) for _ in range(count)]
            tried.extend(session.id for session in sessions)
            for session in sessions:
                await stage.is_(session, "FAILED", "no_network")
            await asyncio.sleep(1)
            left = await stage.rows("SELECT FROM pg_stat_activity WHERE application_name LIKE 'whatsapp-hub session %'")
            process = Path(f"/proc/{connector.pid}")
            threads, descriptors = (len(list((process / what).iterdir())) for what in ("task", "fd"))
            return threads, descriptors, len(left)

        first = await round_of(20)
        last = await round_of(100)
        assert last[2] == first[2] == 0
        assert last[0] <= first[0] + 2
        assert last[1] <= first[1] + 4
        held = "SELECT FROM hub.lines WHERE connector_id IS NOT NULL AND session_id = ANY ($1)"

        async def let_go() -> bool:
            return not await stage.rows(held, tried)

        await stage.until(let_go)
