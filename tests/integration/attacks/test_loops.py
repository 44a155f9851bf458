"""A worker's loop under tenants that never run out of work, and when it is told to stop."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Collection
from uuid import uuid4

import pytest

from whatsapp_hub.adapters.worker import loops
from whatsapp_hub.adapters.worker.loops import TENANTS_AT_ONCE, TenantLoop
from whatsapp_hub.domain.ids import TenantId


class Bell:
    def __init__(self, named: Collection[TenantId] | None = None) -> None:
        self._named = named

    async def wait(self) -> Collection[TenantId] | None:
        await asyncio.sleep(0.01)
        return self._named


async def run_for(loop: TenantLoop, seconds: float) -> None:
    task = asyncio.create_task(loop.run())
    await asyncio.sleep(seconds)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait_for(asyncio.shield(task), 5)


async def test_tenants_that_never_run_out_of_work_starve_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "TURN_S", 0.02)
    tenants = [TenantId(uuid4()) for _ in range(3 * TENANTS_AT_ONCE)]
    worked: Counter[TenantId] = Counter()

    async def work(tenant_id: TenantId) -> bool:
        worked[tenant_id] += 1
        await asyncio.sleep(0.002)
        return True

    async def find() -> list[TenantId]:
        return tenants

    await run_for(TenantLoop("t", Bell(), find, work), 0.6)
    assert min(worked[tenant] for tenant in tenants) > 0
    assert max(worked.values()) < 8 * min(worked.values())


async def test_a_loop_that_gathers_when_it_is_told_to_stop_begins_nothing() -> None:
    tenant = TenantId(uuid4())

    async def work(tenant_id: TenantId) -> bool:
        raise AssertionError("it was told to stop")

    async def find() -> list[TenantId]:
        return [tenant]

    await run_for(TenantLoop("t", Bell(), find, work, gather_s=0.3), 0.1)


async def test_a_loop_that_is_told_to_stop_finishes_its_piece_and_begins_no_other() -> None:
    begun, ended = 0, 0

    async def work(tenant_id: TenantId) -> bool:
        nonlocal begun, ended
        begun += 1
        await asyncio.sleep(0.05)
        ended += 1
        return True

    async def find() -> list[TenantId]:
        return [tenant]

    tenant = TenantId(uuid4())
    await run_for(TenantLoop("t", Bell(), find, work), 0.2)
    assert begun == ended
    await asyncio.sleep(0.15)
    assert begun == ended <= 6


async def test_who_is_named_is_worked_for_and_nobody_is_looked_for() -> None:
    worked: Counter[TenantId] = Counter()
    named = [TenantId(uuid4()) for _ in range(2)]

    async def work(tenant_id: TenantId) -> bool:
        worked[tenant_id] += 1
        return False

    async def find() -> list[TenantId]:
        raise AssertionError("the bell said whose work it is")

    await run_for(TenantLoop("t", Bell(named), find, work), 0.1)
    assert set(worked) == set(named)


async def test_what_becomes_due_within_a_moment_is_begun_together() -> None:
    tenant, runs = TenantId(uuid4()), 0

    async def work(tenant_id: TenantId) -> bool:
        nonlocal runs
        runs += 1
        return False

    async def find() -> list[TenantId]:
        return []

    await run_for(TenantLoop("t", Bell([tenant]), find, work, gather_s=0.15), 0.5)  # it rings all the time
    assert 2 <= runs <= 5
