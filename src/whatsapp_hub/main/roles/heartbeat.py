"""Announce a running process and its gauges, for `/api/system` and `/metrics`; store its counts and histories."""

import asyncio
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

from dishka import AsyncContainer

from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.security.sealed import HAS, USES
from whatsapp_hub.application.measuring import TALLY
from whatsapp_hub.application.operations.hub_time import HubTime
from whatsapp_hub.application.ports.connections.processes import Process, Processes
from whatsapp_hub.application.ports.edge.security import KeyRing
from whatsapp_hub.application.ports.operations.counters import Counters
from whatsapp_hub.application.pulse import PULSE
from whatsapp_hub.application.sessions.session_history import WriteHistory
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.main.wiring.secret_keys import follow_key

log = logging.getLogger(__name__)

ANNOUNCE_EVERY_S = 10.0
SLOW_LOOP_S = 40.0
"""A loop counts as stuck when its last iteration is so long ago; the watchdog ends the process soon after."""
LEAVE_WITHIN_S = 2.0

Probes = dict[str, Callable[[], float]]
"""Gauges that only this process can measure, by the names of `adapters/http/prometheus.py`."""


@asynccontextmanager
async def announced(container: AsyncContainer, role: str, probes: Probes) -> AsyncIterator[None]:
    """Announce the process while the block runs. An unreachable database stops nothing."""
    processes, counters = await container.get(Processes), await container.get(Counters)
    database, started_at = await container.get(Database), time.time()
    ring, write_history = await container.get(KeyRing), await container.get(WriteHistory)

    def measures() -> Mapping[str, float]:
        own = {name: float(probe()) for name, probe in probes.items()}
        stalled = {f"stands:{loop}": age for loop, age in PULSE.ages().items() if age > SLOW_LOOP_S}
        keys = dict.fromkeys((*(HAS + id for id in ring.ids), USES + ring.in_force), 1.0)
        clock, resources = dict(_clock(database.time)), dict(_resources())
        return {"started": started_at, **resources, **database.connections, **clock, **own, **stalled, **keys}

    process = Process(uuid4(), role, f"{socket.gethostname()}:{os.getpid()}", version("whatsapp-hub"))

    async def say() -> None:
        await follow_key(ring, database.system)
        await processes.announce(process, measures())
        await _store_counts(counters)
        await write_history()

    saying = asyncio.create_task(_keep_saying(say), name="announce")
    try:
        yield
    finally:
        saying.cancel()
        await asyncio.wait([saying])
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(LEAVE_WITHIN_S):
                await _store_counts(counters)
                await write_history()
                await processes.leave(process)


async def _keep_saying(say: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await say()
        except Unavailable:
            pass
        except Exception:
            log.exception("announce.failed")
        await asyncio.sleep(ANNOUNCE_EVERY_S)


async def _store_counts(counters: Counters) -> None:
    """Add this process's counts to the hub's; unsaved counts wait for the next time."""
    counts = TALLY.take()
    try:
        await counters.add(counts)
    except BaseException:
        TALLY.give_back(counts)
        raise


def _clock(time: HubTime) -> Iterator[tuple[str, float]]:
    if time.mark is not None:
        yield from (("clock_ahead", time.mark.ahead_s), ("clock_lag", time.mark.lag_s))


def _resources() -> Iterator[tuple[str, float]]:
    yield "cpu", time.process_time()
    with suppress(OSError):
        yield "memory", int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        yield "files", sum(1 for _ in Path("/proc/self/fd").iterdir())
