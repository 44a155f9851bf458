"""A hundred sessions of the real library on two connectors, held dialling by a proxy that never answers."""

from __future__ import annotations

import asyncio
import ctypes.util
import importlib.util
import signal
import time
from collections import Counter
from contextlib import AsyncExitStack

import pytest

from tests.integration.connectors.conftest import Stage
from whatsapp_hub.application.sessions.manage_sessions import CreateSession, NewSession
from whatsapp_hub.application.sessions.run_sessions import InitSession

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("neonize") is None, reason="neonize is not installed"),
    pytest.mark.skipif(ctypes.util.find_library("magic") is None, reason="libmagic1 is not installed"),
]
SESSIONS = 100


async def test_killed_its_sessions_are_with_the_other_within_ten_seconds(stage: Stage) -> None:
    stage.variables = {
        "STAGGERED_BOOT_DELAY_MS": "50",
        "MAX_INSTANCES": "120",
        "WEBHOOK_ALLOW_PRIVATE": "true",
        "WHATSAPP_RECONNECT_ATTEMPTS": "0",
    }

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with AsyncExitStack() as stack:
        hole = await stack.enter_async_context(await asyncio.start_server(swallow, "127.0.0.1", 0))
        port = hole.sockets[0].getsockname()[1]
        connectors = [await stack.enter_async_context(stage.role("connector")) for _ in range(2)]

        async def both() -> bool:
            return len(await stage.rows("SELECT FROM hub.connectors WHERE until > clock_timestamp()")) == 2

        await stage.until(both, 40)
        create, start = await stage.use(CreateSession), await stage.use(InitSession)
        for n in range(SESSIONS):
            new = NewSession(f"w{n}", "NEONIZE", {"proxy": f"http://127.0.0.1:{port}"}, agent_id=f"w{n}")
            await start(stage.caller, (await create(stage.caller, new)).id)

        async def holders() -> Counter[int]:
            rows = await stage.rows(
                """SELECT c.name FROM hub.lines l JOIN hub.connectors c ON c.id = l.connector_id
                   WHERE c.until > clock_timestamp()"""
            )
            return Counter(int(row["name"].rpartition(":")[2]) for row in rows)

        async def all_held() -> bool:
            return sum((await holders()).values()) == SESSIONS

        await stage.until(all_held, 60)
        spread = await holders()
        first, second = connectors
        assert min(spread[first.pid], spread[second.pid]) >= 30, spread
        await asyncio.sleep(3)  # some are dialling
        died_at = time.monotonic()
        first.send(signal.SIGKILL)

        async def with_second() -> bool:
            return await holders() == {second.pid: SESSIONS}

        await stage.until(with_second)
        took_s = time.monotonic() - died_at
        assert took_s < 10
        await asyncio.sleep(10)
        assert await holders() == {second.pid: SESSIONS}, "and it keeps them while it dials them"
        assert second.process.returncode is None, second.log.read_text()[-2000:]
