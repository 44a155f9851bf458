"""The worker's loops: wait for a hint or a second, find tenants with work, run the use case.

Each loop is thin and never dies: it waits for a database that is away.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from whatsapp_hub.application.background import BackgroundTasks
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.pulse import PULSE
from whatsapp_hub.domain.errors import Contention, Unavailable
from whatsapp_hub.domain.ids import TenantId

log = logging.getLogger(__name__)

TENANTS_AT_ONCE = 8
TURN_S = 0.5
AWAY_S = 0.5
JOB_S = 3600.0
"""The longest that timed work over all tenants may take."""
LOOK_APART_S = 0.01


class Waiter(Protocol):
    """What a loop waits for."""

    async def wait(self) -> Collection[TenantId] | None:
        """Wait until there may be work; return the tenants, or None for any."""
        ...


@dataclass(frozen=True, slots=True)
class Ticker:
    """Implements `Waiter`, by time alone."""

    every_s: float

    async def wait(self) -> None:
        """Wait for the next look."""
        await asyncio.sleep(self.every_s)


@dataclass(slots=True)
class TenantLoop:
    """A loop that drains each tenant that has work: `work(tenant)` until it returns that there is no more. Work due
    within `gather_s` of a signal is begun together. While more tenants wait than run at once, each has `TURN_S`
    seconds, then goes to the end of the waiting line."""

    name: str
    signal: Waiter
    find: Callable[[], Awaitable[Sequence[TenantId]]]
    work: Callable[[TenantId], Awaitable[bool]]
    gather_s: float = 0.0
    _busy: set[TenantId] = field(default_factory=set)
    _again: set[TenantId] = field(default_factory=set)
    _tasks: BackgroundTasks = field(default_factory=BackgroundTasks)
    _waiting: dict[TenantId, None] = field(default_factory=dict)
    _is_stopping: bool = False

    async def run(self) -> None:
        """Run until cancelled; then finish what was begun (half a claim would count as an attempt that was never
        made), and begin nothing more."""
        try:
            await self._run()
        finally:
            self._is_stopping = True
            await self._tasks.drain()

    async def _run(self) -> None:
        while True:
            PULSE.beat(self.name)
            named = await self.signal.wait()
            try:
                for tenant_id in await self._all() if named is None else named:
                    self._start(tenant_id)
            except Unavailable:
                await asyncio.sleep(AWAY_S)
            except Exception:
                log.exception("loop.failed", extra={"loop": self.name})
                await asyncio.sleep(AWAY_S)

    async def _all(self) -> Sequence[TenantId]:
        self._again.update(self._busy)
        if self._busy:  # running drains check once more anyway; other tenants can wait that long
            await asyncio.sleep(LOOK_APART_S)
        return await self.find()

    def _start(self, tenant_id: TenantId) -> None:
        """Start a drain of this tenant; one that runs checks once more before it ends."""
        self._again.add(tenant_id)
        if tenant_id in self._busy:
            return
        if len(self._busy) >= TENANTS_AT_ONCE:
            self._waiting[tenant_id] = None
            return
        self._waiting.pop(tenant_id, None)
        self._busy.add(tenant_id)
        self._tasks.start(self._drain(tenant_id), self._start_next)

    def _start_next(self) -> None:
        """Start the tenant that waits longest."""
        if self._waiting and not self._is_stopping:
            tenant_id = next(iter(self._waiting))
            del self._waiting[tenant_id]
            self._start(tenant_id)

    async def _work_once(self, tenant_id: TenantId) -> bool:
        with PULSE.working(f"{self.name} of {tenant_id}"):
            return await self.work(tenant_id)

    def _may_continue(self, until: float) -> bool:
        return not self._is_stopping and (not self._waiting or time.monotonic() < until)

    async def _drain(self, tenant_id: TenantId) -> None:
        until = time.monotonic() + TURN_S
        try:
            while tenant_id in self._again:
                if self.gather_s:
                    await asyncio.sleep(self.gather_s)
                if self._is_stopping:
                    return
                self._again.discard(tenant_id)
                while await self._work_once(tenant_id):
                    if not self._may_continue(until):
                        self._waiting[tenant_id] = None
                        return
        except Unavailable:
            await asyncio.sleep(AWAY_S)
        except Exception:
            log.exception("loop.work_failed", extra={"loop": self.name, "tenant_id": str(tenant_id)})
            await asyncio.sleep(AWAY_S)
        finally:
            self._busy.discard(tenant_id)


@dataclass(frozen=True, slots=True)
class Job:
    """A task every `every_s` seconds, run once however many schedulers there are."""

    name: str
    every_s: float
    act: Callable[[], Awaitable[object]]


async def keep_schedule(directory: Directory, jobs: Sequence[Job], look_every_s: float = 1.0) -> None:
    """Run jobs until cancelled: the process that claims a job's tick runs it, one run of a job at a time in a process;
    jobs do not wait for each other. Ticks are rows in PostgreSQL, claimed in one query."""
    running: dict[str, asyncio.Task[None]] = {}
    async with asyncio.TaskGroup() as tasks:
        while True:
            PULSE.beat("schedule")
            await asyncio.sleep(look_every_s)
            idle = {job.name: job for job in jobs if job.name not in running or running[job.name].done()}
            for name in await _ticks(directory, idle):
                running[name] = tasks.create_task(_do(idle[name]), name=f"schedule.{name}")


async def _ticks(directory: Directory, jobs: Mapping[str, Job]) -> Sequence[str]:
    try:
        return await directory.ticks({name: job.every_s for name, job in jobs.items()}) if jobs else []
    except Unavailable:
        await asyncio.sleep(AWAY_S)
    except Exception:
        log.exception("schedule.ticks_failed")
    return []


async def _do(job: Job) -> None:
    try:
        with PULSE.working(f"job {job.name}", within_s=JOB_S):
            await job.act()
    except Unavailable:
        await asyncio.sleep(AWAY_S)
    except Exception:
        log.exception("schedule.job_failed", extra={"job": job.name})


async def for_all_tenants(directory: Directory, act: Callable[[TenantId], Awaitable[object]]) -> None:
    """Call `act` for each tenant in turn; a failure or a lock conflict of one does not stop the others. Raises
    Unavailable when the database is away."""
    await for_each([tenant.id for tenant in await directory.tenants()], act)


async def for_those(
    find: Callable[[], Awaitable[Sequence[TenantId]]], act: Callable[[TenantId], Awaitable[object]]
) -> None:
    """Call `act` for each tenant that `find` names, as `for_all_tenants` does."""
    await for_each(await find(), act)


async def for_each(tenants: Sequence[TenantId], act: Callable[[TenantId], Awaitable[object]]) -> None:
    """Call `act` for each of these tenants in turn, as `for_all_tenants` does."""
    for tenant_id in tenants:
        try:
            await act(tenant_id)
        except Contention:
            log.info("schedule.tenant_skipped", extra={"tenant_id": str(tenant_id)})
        except Unavailable:
            raise
        except Exception:
            log.exception("schedule.tenant_failed", extra={"tenant_id": str(tenant_id)})
