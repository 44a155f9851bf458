"""Resources of connectors for WhatsApp Web sessions that dial: memory, threads, descriptors and database connections
for 0, 1, 80, 300 and 1000 of them in one connector, and for 1000 in four.

A SOCKS5 proxy that never answers keeps them dialling while they are measured, in connectors without deadlines for that.
A connected session cannot be measured without WhatsApp.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.blackhole import Blackhole
from benchmarks.hub import Api, Hub
from benchmarks.report import Row
from benchmarks.rows import Size
from benchmarks.stack import Stack

AT_ONCE = 16
SETTLED_S = 3.0
PATIENCE_S = 300.0
DIALLING = {
    "MAX_INSTANCES": "5000",
    "STAGGERED_BOOT_DELAY_MS": "5",
    "WHATSAPP_RECONNECT_ATTEMPTS": "1000",
    "WHATSAPP_PROVIDER": "NEONIZE",
}


_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'whatsapp-hub session %'"


@dataclass(frozen=True)
class Weight:
    """Resources of the connector and its children (numbers pair in a process beside it): memory of their own in MB
    (shared pages by their share), threads, descriptors."""

    megabytes: float
    threads: int
    descriptors: int

    @classmethod
    def of(cls, pid: int) -> Weight:
        process = Path(f"/proc/{pid}")
        lines = (process / "smaps_rollup").read_text().splitlines()
        kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        weight = cls(kilobytes / 1024, *(sum(1 for _ in (process / what).iterdir()) for what in ("task", "fd")))
        for child in _children(pid):
            with suppress(FileNotFoundError, ProcessLookupError):  # it may have ended just now
                more = cls.of(child)
                weight = cls(
                    weight.megabytes + more.megabytes,
                    weight.threads + more.threads,
                    weight.descriptors + more.descriptors,
                )
        return weight


def _children(pid: int) -> list[int]:
    """Return the children of all threads: a child belongs to the thread that started it."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for found in lists for child in found.read_text().split()]


@dataclass(frozen=True)
class Stage:
    """The resources measured for a number of sessions and connectors."""

    connectors: list[Weight]
    dialling: int
    connections: int

    def rows(self, name: str) -> list[Row]:
        figures = {
            "memory": (sum(one.megabytes for one in self.connectors), "MB"),
            "threads": (sum(one.threads for one in self.connectors), ""),
            "descriptors": (sum(one.descriptors for one in self.connectors), ""),
            "connections": (self.connections, ""),
        }
        return [
            Row.of(f"connector_{what}_at_{name}", [value], unit, less_is_better=True)
            for what, (value, unit) in figures.items()
        ]


async def rows(stack: Stack, size: Size) -> list[Row]:
    environment = {**stack.environment, **DIALLING}
    most = max(size.dialling_sessions)
    async with Blackhole() as blackhole, Hub(stack.folder, "api", **environment) as hub, Api(hub) as api:
        settings = {"proxy": blackhole.address}
        made = [
            await api.post("/api/sessions", name=f"dials-{number}", provider="NEONIZE", settings=settings)
            for number in range(most)
        ]
        sessions = [session["id"] for session in made]

        async def stage(wanted: int, connectors: int = 1) -> Stage:
            await _all(api, sessions[:wanted], "start")
            try:
                return await _weigh(stack, blackhole, environment, wanted, connectors)
            finally:
                await _all(api, sessions[:wanted], "stop")

        alone = {wanted: await stage(wanted) for wanted in (0, *size.dialling_sessions)}
        shared = await stage(most, size.connectors)
    found = [row for wanted, one in alone.items() for row in one.rows(str(wanted))]
    return [*found, *shared.rows(f"{most}_in_{size.connectors}"), _slope(alone)]


async def _weigh(
    stack: Stack, blackhole: Blackhole, environment: dict[str, str], wanted: int, connectors: int
) -> Stage:
    """Limit each of several connectors to its even share: the first to enter would take all."""
    if connectors > 1:
        environment = {**environment, "MAX_INSTANCES": str(-(-wanted // connectors))}
    async with AsyncExitStack() as exits:
        running = [
            await exits.enter_async_context(Hub(stack.folder, "connector", program="benchmarks.patient", **environment))
            for _ in range(connectors)
        ]
        await _until_held(blackhole, wanted)
        await asyncio.sleep(SETTLED_S)
        weights = [Weight.of(connector.pid) for connector in running]
        return Stage(weights, blackhole.held, await stack.value(_CONNECTIONS))


async def _all(api: Api, sessions: list[str], verb: str) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(session: str) -> None:
        async with gate:
            await api.post(f"/api/sessions/{session}/{verb}")

    await asyncio.gather(*(one(session) for session in sessions))


async def _until_held(blackhole: Blackhole, wanted: int) -> None:
    """Wait until all dial at once; a connector begins some eight dials a second."""
    deadline = time.monotonic() + PATIENCE_S
    while blackhole.held < wanted:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{blackhole.held} of {wanted} sessions dial after {PATIENCE_S:.0f} s")
        await asyncio.sleep(0.1)


def _slope(alone: dict[int, Stage]) -> Row:
    """Return the cost of one more session, between the two largest numbers."""
    few, many = (alone[wanted] for wanted in sorted(alone)[-2:])
    more = (many.connectors[0].megabytes - few.connectors[0].megabytes) / (many.dialling - few.dialling)
    return Row.of("dialling_session_memory", [more], "MB", reach=0.5, stretch=0.3, less_is_better=True)
