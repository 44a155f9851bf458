"""Timed work that is slow, and tenants that are in somebody's way."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from whatsapp_hub.adapters.postgres.engine.failures import TransactionConflict
from whatsapp_hub.adapters.worker.loops import Job, for_all_tenants, keep_schedule
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.ids import TenantId


class Directory:
    """Every tick is for whoever asks."""

    def __init__(self, tenants: int = 0) -> None:
        self.everybody = [SimpleNamespace(id=TenantId(uuid4())) for _ in range(tenants)]

    async def tenants(self) -> Any:
        return self.everybody

    async def ticks(self, every_s: Mapping[str, float]) -> list[str]:
        return list(every_s)


async def test_a_slow_job_delays_no_other_and_runs_once_at_a_time() -> None:
    runs: Counter[str] = Counter()

    async def slow() -> None:
        runs["slow"] += 1
        await asyncio.sleep(60)

    async def quick() -> None:
        runs["quick"] += 1

    async def broken() -> None:
        runs["broken"] += 1
        raise RuntimeError

    directory: Any = Directory()
    jobs = [Job("slow", 1, slow), Job("broken", 1, broken), Job("quick", 1, quick)]
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(keep_schedule(directory, jobs, look_every_s=0.01), 0.5)
    assert runs["slow"] == 1
    assert min(runs["quick"], runs["broken"]) > 5


async def test_a_conflict_skips_only_its_own_tenant() -> None:
    directory: Any = Directory(tenants=3)
    first, second, third = (tenant.id for tenant in directory.everybody)
    done: list[TenantId] = []

    async def act(tenant_id: TenantId) -> None:
        if tenant_id == second:
            raise TransactionConflict("a deadlock")
        done.append(tenant_id)

    await for_all_tenants(directory, act)
    assert done == [first, third]


async def test_without_a_database_the_other_tenants_are_not_tried() -> None:
    directory: Any = Directory(tenants=3)
    tried: list[TenantId] = []

    async def act(tenant_id: TenantId) -> None:
        tried.append(tenant_id)
        raise Unavailable("away")

    with pytest.raises(Unavailable):
        await for_all_tenants(directory, act)
    assert len(tried) == 1
