"""Faults. Each strikes at moments drawn beforehand, counted in acknowledged messages."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from redis.asyncio import Redis

from benchmarks.chaos.traffic import Ledger
from benchmarks.chaos.world import World
from benchmarks.hub import command_line, descendants

RECOVER_WITHIN_S = 90.0
END_WITHIN_S = 20.0
LAST_WORDS_S = 0.2  # PostgreSQL may still run a dead process's last statement; no successor starts that soon
OPEN_ATTEMPTS = """
    SELECT attempt_message::text FROM hub.lanes WHERE attempt_message IS NOT NULL AND attempt_at <= to_timestamp($1)"""


@dataclass
class Struck:
    """Effects of the faults. `in_flight`: messages whose provider call was under way when its process died; only those
    may end with an unknown outcome. `silent`: faults during which nothing moved."""

    recoveries_s: list[float] = field(default_factory=list)
    in_flight: set[str] = field(default_factory=set)
    silent: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Scene:
    world: World
    ledger: Ledger
    chance: random.Random
    struck: Struck

    async def recovered(self, since: float) -> None:
        """Wait for the first webhook and the first send accepted after `since`; record how long it took."""
        deadline = time.time() + RECOVER_WITHIN_S
        while time.time() < deadline and not self.ledger.is_complete:
            if _last(self.ledger.ingest_at) > since and _last(self.ledger.accepted_at) > since:
                break
            await asyncio.sleep(0.02)
        self.struck.recoveries_s.append(time.time() - since)

    async def note_in_flight(self, died_at: float) -> None:
        """Read the open attempts as soon as the database answers: a lease outlives any restart."""
        rows = await self.world.rows(OPEN_ATTEMPTS, died_at + LAST_WORDS_S)
        self.struck.in_flight |= {row["attempt_message"] for row in rows}


Fault = Callable[[Scene], Awaitable[None]]


async def kill_everything(scene: Scene) -> None:
    """kill -9 of the supervisor and of all below it, databases included; then a start by hand."""
    await asyncio.sleep(scene.chance.uniform(0, 0.2))
    at = time.time()
    await scene.world.hub.kill()
    died_at = time.time()
    await scene.world.hub.start()
    await scene.note_in_flight(died_at)
    await scene.recovered(at)


async def kill_a_role(scene: Scene) -> None:
    """kill -9 of the API or of the worker; the supervisor starts it again."""
    role = scene.chance.choice(("api", "worker"))
    at = _kill(scene.world, role)
    if role == "worker":
        await scene.note_in_flight(at)
    await scene.recovered(at)


async def kill_supervisor(scene: Scene) -> None:
    """kill -9 of the supervisor alone: its children must end by themselves, or the next start would fail."""
    hub, at = scene.world.hub, time.time()
    below = descendants(hub.pid)
    os.kill(hub.pid, signal.SIGKILL)
    await hub.stop()
    async with asyncio.timeout(END_WITHIN_S):
        while any(command_line(pid) for pid in below):
            await asyncio.sleep(0.01)
    died_at = time.time()
    await hub.start()
    await scene.note_in_flight(died_at)
    await scene.recovered(at)


async def kill_postgres(scene: Scene) -> None:
    at = _kill(scene.world, "postgres")
    await scene.note_in_flight(at)
    await scene.recovered(at)


async def flush_then_restart(scene: Scene) -> None:
    """FLUSHALL, and a little later a kill -9 of the Valkey, which the supervisor starts again."""
    client = Redis(unix_socket_path=str(scene.world.hub.valkey_socket))
    at = time.time()
    await client.flushall()
    await client.aclose()
    await scene.recovered(at)
    await asyncio.sleep(scene.chance.uniform(0.2, 1))
    at = _kill(scene.world, "valkey-server")
    await scene.recovered(at)


def stop_valkey(for_s: float) -> Fault:
    """The Valkey does not answer for a while (SIGSTOP: worse than gone, since connections hang)."""

    async def stopped(scene: Scene) -> None:
        pid = scene.world.hub.child("valkey-server")
        assert pid is not None, "there is no Valkey"
        at = time.time()
        os.kill(pid, signal.SIGSTOP)
        try:
            await scene.recovered(at)
            await asyncio.sleep(max(0.0, for_s - (time.time() - at)))
            await _expect_movement(scene, at)
        finally:
            os.kill(pid, signal.SIGCONT)
        await scene.recovered(time.time())

    return stopped


async def _expect_movement(scene: Scene, since: float) -> None:
    """Check that ingest and sending go on, which need no Valkey."""
    if _last(scene.ledger.ingest_at) < since:
        scene.struck.silent.append("ingest")
    sends = await scene.world.graph.sends()
    if not any(send.arrived_at > since + 2 for send in sends):
        scene.struck.silent.append("sending")


def _kill(world: World, role: str) -> float:
    pid = world.hub.child(role)
    if pid is None:
        raise RuntimeError(f"there is no {role} to kill: it has not come back from the last fault")
    os.kill(pid, signal.SIGKILL)
    return time.time()


def _last(times: Sequence[float]) -> float:
    return times[-1] if times else 0.0


async def strike(scene: Scene, fault: Fault, moments: Sequence[int]) -> None:
    """Strike each time so many messages are acknowledged."""
    for moment in sorted(moments):
        while scene.ledger.acknowledged < moment and not scene.ledger.is_complete:
            await asyncio.sleep(0.005)
        await fault(scene)
