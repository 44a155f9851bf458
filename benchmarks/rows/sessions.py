"""What one connector needs for WhatsApp Web sessions that dial: memory and threads at 0, 1, 80 and 300 of them.

A proxy that never answers keeps them dialling, each for a minute, and a connector begins some eight dials a second:
more than about 450 are never under way at once. What a connected session needs cannot be measured without WhatsApp.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.blackhole import Blackhole
from benchmarks.hub import Api, Hub
from benchmarks.report import Row
from benchmarks.rows import Size
from benchmarks.stack import Stack

AT_ONCE = 16
SETTLED_S = 3.0
PATIENCE_S = 55.0
DIALLING = {
    "MAX_INSTANCES": "5000",
    "STAGGERED_BOOT_DELAY_MS": "5",
    "WHATSAPP_RECONNECT_ATTEMPTS": "1000",
    "WHATSAPP_PROVIDER": "NEONIZE",
}


@dataclass(frozen=True)
class Weight:
    """Of the connector and what it started (numbers pair in a process beside it): memory of their own in MB (shared
    pages by their share), threads, descriptors."""

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
    """Of all its threads: a child belongs to the one that started it."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for found in lists for child in found.read_text().split()]


async def rows(stack: Stack, size: Size) -> list[Row]:
    environment = {**stack.environment, **DIALLING}
    weights: dict[int, Weight] = {}
    async with Blackhole() as blackhole, Hub(stack.folder, "api", **environment) as hub, Api(hub) as api:
        settings = {"proxy": blackhole.address}
        made = [
            await api.post("/api/sessions", name=f"dials-{number}", provider="NEONIZE", settings=settings)
            for number in range(max(size.dialling_sessions))
        ]
        sessions = [session["id"] for session in made]
        for wanted in (0, *size.dialling_sessions):
            await _all(api, sessions[:wanted], "start")
            async with Hub(stack.folder, "connector", **environment) as connector:
                await _until_held(blackhole, wanted)
                await asyncio.sleep(SETTLED_S)
                weights[wanted] = Weight.of(connector.pid)
            await _all(api, sessions[:wanted], "stop")
    return [*_rows(weights), *_slope(weights)]


async def _all(api: Api, sessions: list[str], verb: str) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(session: str) -> None:
        async with gate:
            await api.post(f"/api/sessions/{session}/{verb}")

    await asyncio.gather(*(one(session) for session in sessions))


async def _until_held(blackhole: Blackhole, wanted: int) -> None:
    """One dial is given up after a minute; all of them are to be under way at once before that."""
    deadline = time.monotonic() + PATIENCE_S
    while blackhole.held < wanted:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{blackhole.held} of {wanted} sessions dial after {PATIENCE_S:.0f} s")
        await asyncio.sleep(0.1)


def _rows(weights: dict[int, Weight]) -> list[Row]:
    found = []
    for number, weight in weights.items():
        found.append(Row.of(f"connector_memory_at_{number}", [weight.megabytes], "MB", less_is_better=True))
        found.append(Row.of(f"connector_threads_at_{number}", [weight.threads], "", less_is_better=True))
    return found


def _slope(weights: dict[int, Weight]) -> list[Row]:
    """One more session, between the two largest numbers."""
    few, many = sorted(weights)[-2:]
    more = (weights[many].megabytes - weights[few].megabytes) / (many - few)
    return [Row.of("dialling_session_memory", [more], "MB", reach=0.5, stretch=0.3, less_is_better=True)]
