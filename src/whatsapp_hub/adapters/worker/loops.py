"""The worker's loops: wait for a hint or a second, find who has work, let the use case do it.

Each loop is thin and never dies: a database that is away is waited for.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.pulse import PULSE
from whatsapp_hub.domain.errors import InTheWay, Unavailable
from whatsapp_hub.domain.ids import TenantId

log = logging.getLogger(__name__)

TENANTS_AT_ONCE = 8
TURN_S = 0.5
AWAY_S = 0.5
JOB_S = 3600.0
"""The longest that timed work over all tenants may take."""
LOOK_APART_S = 0.01


class Waits(Protocol):
    async def wait(self) -> Collection[TenantId] | None:
        """Until there may be work: of these tenants, or (None) of any."""
        ...


@dataclass(slots=True)
class TenantLoop:
    """Drains each tenant that has work: `work(tenant)` as long as it says that there may be more. What becomes due
    within `gather_s` of a ring is begun together. While more tenants wait than are worked for at once, each has
    `TURN_S` seconds, then goes to the end of the line."""

    name: str
    bell: Waits
    find: Callable[[], Awaitable[Sequence[TenantId]]]
    work: Callable[[TenantId], Awaitable[bool]]
    gather_s: float = 0.0
    _busy: set[TenantId] = field(default_factory=set)
    _again: set[TenantId] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _line: dict[TenantId, None] = field(default_factory=dict)
    _ends: bool = False

    async def run(self) -> None:
        """Until cancelled; what was begun is then finished (half a claim would be an attempt nobody made), and
        nothing more is begun."""
        try:
            await self._run()
        finally:
            self._ends = True
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def _run(self) -> None:
        while True:
            PULSE.beat(self.name)
            named = await self.bell.wait()
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
        if self._busy:  # they look once more anyway; who else has work can wait that long
            await asyncio.sleep(LOOK_APART_S)
        return await self.find()

    def _start(self, tenant_id: TenantId) -> None:
        """A drain of this tenant; one that runs looks once more before it ends."""
        self._again.add(tenant_id)
        if tenant_id in self._busy:
            return
        if len(self._busy) >= TENANTS_AT_ONCE:
            self._line[tenant_id] = None
            return
        self._line.pop(tenant_id, None)
        self._busy.add(tenant_id)
        task = asyncio.create_task(self._drain(tenant_id))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Whoever waits longest is next."""
        self._tasks.discard(task)
        if self._line and not self._ends:
            tenant_id = next(iter(self._line))
            del self._line[tenant_id]
            self._start(tenant_id)

    async def _work_once(self, tenant_id: TenantId) -> bool:
        with PULSE.working(f"{self.name} of {tenant_id}"):
            return await self.work(tenant_id)

    def _goes_on(self, until: float) -> bool:
        return not self._ends and (not self._line or time.monotonic() < until)

    async def _drain(self, tenant_id: TenantId) -> None:
        until = time.monotonic() + TURN_S
        try:
            while tenant_id in self._again:
                if self.gather_s:
                    await asyncio.sleep(self.gather_s)
                if self._ends:
                    return
                self._again.discard(tenant_id)
                while await self._work_once(tenant_id):
                    if not self._goes_on(until):
                        self._line[tenant_id] = None
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
    """Something to do every `every_s` seconds, once however many schedulers run."""

    name: str
    every_s: float
    act: Callable[[], Awaitable[object]]


async def keep_schedule(directory: Directory, jobs: Sequence[Job], look_every_s: float = 1.0) -> None:
    """Until cancelled: whoever gets a job's tick does it, one run of a job at a time in a process; jobs do not wait
    for each other. The ticks are rows in PostgreSQL, all asked for at once."""
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
    """One tenant after the other; one that fails, or is in somebody's way just now, does not stop the others. Raises
    Unavailable when the database is away."""
    for tenant in await directory.tenants():
        try:
            await act(tenant.id)
        except InTheWay:
            log.info("schedule.tenant_skipped", extra={"tenant_id": str(tenant.id)})
        except Unavailable:
            raise
        except Exception:
            log.exception("schedule.tenant_failed", extra={"tenant_id": str(tenant.id)})
