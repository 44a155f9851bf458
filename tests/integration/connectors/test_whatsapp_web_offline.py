"""The real library in a real connector, on a machine that reaches no WhatsApp."""

from __future__ import annotations

import asyncio
import ctypes.util
import importlib.util
from pathlib import Path

import pytest

from tests.integration.connectors.conftest import Stage
from whatsapp_hub.adapters.providers.neonize.native.store import SHARED
from whatsapp_hub.application.sessions.manage_sessions import CreateSession, NewSession
from whatsapp_hub.application.sessions.run_sessions import InitSession
from whatsapp_hub.domain.sessions.session import Session

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("neonize") is None, reason="neonize is not installed"),
    pytest.mark.skipif(ctypes.util.find_library("magic") is None, reason="libmagic1 is not installed"),
]
NOWHERE = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}


async def begun(stage: Stage, name: str) -> Session:
    new = NewSession(name, "NEONIZE", {}, agent_id=name)
    session: Session = await (await stage.use(CreateSession))(stage.caller, new)
    return await (await stage.use(InitSession))(stage.caller, session.id)  # type: ignore[no-any-return]


async def failed(stage: Stage, session: Session) -> None:
    async def has() -> bool:
        line = await stage.line(session)
        return bool(line["status"] == "FAILED" and line["status_reason"].startswith("no_network"))

    await stage.until(has, 90)


async def test_offline_it_reconnects_then_fails_and_leaves_nothing_behind(stage: Stage) -> None:
    stage.variables = {"STAGGERED_BOOT_DELAY_MS": "50", **NOWHERE}
    async with stage.role("worker"), stage.role("connector") as connector:
        session = await begun(stage, "first")
        await failed(stage, session)
        await asyncio.sleep(2)
        events = await stage.events(session)
        assert events == ["session.created", "session.started", "session.disconnected", "session.error"]

        def used() -> tuple[int, int]:
            folder = Path(f"/proc/{connector.pid}")
            return len(list((folder / "task").iterdir())), len(list((folder / "fd").iterdir()))

        async def stores() -> int:
            found = "SELECT FROM pg_stat_activity WHERE application_name LIKE 'whatsapp-hub session %'"
            return len(await stage.rows(found))

        before = used()
        for n in range(4):
            several = [await begun(stage, f"s{n}-{m}") for m in range(5)]
            for one in several:
                await failed(stage, one)
        await asyncio.sleep(3)
        threads, descriptors = used()
        assert threads <= before[0] + 8, (before, used())
        assert descriptors <= before[1] + 8, (before, used())
        assert await stores() <= SHARED, "a shared connection keeps the name of the number that used it last"
        assert connector.process.returncode is None
