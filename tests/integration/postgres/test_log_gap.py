"""A restored backup leaves a gap in the log's positions: what the lost hub gave after the backup."""

from __future__ import annotations

from typing import Any

import pytest

from whatsapp_hub.adapters.postgres.queues.log import PostgresEventLog
from whatsapp_hub.adapters.postgres.queues.webhook_queue import PostgresWebhookQueue
from whatsapp_hub.domain.errors import Expired

from .conftest import NOW, World

TELL = "SELECT hub.tell($1::text[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::bytea[])"
GAP = 3_000_000_000


async def happen(world: World, count: int) -> int:
    """So many events; the position of the last."""
    async with world.hub.owner.transaction():
        await world.hub.owner.execute("SELECT set_config('app.tenant_id', $1, true)", str(world.tenant.id))
        none: list[Any] = [None] * count
        assert await world.hub.owner.fetchval(
            TELL, ["user.presence"] * count, none, none, [NOW] * count, [b"{}"] * count
        )
    head: int = await world.hub.owner.fetchval("SELECT position FROM hub.sequencer")
    return head


async def restored(world: World) -> int:
    await world.hub.owner.execute("DELETE FROM hub.outbox")
    return int(
        await world.hub.owner.fetchval("UPDATE hub.sequencer SET position = position + $1 RETURNING position", GAP)
    )


async def test_a_cursor_of_the_lost_hub_is_refused_and_every_other_goes_on(world: World) -> None:
    log = PostgresEventLog(world.hub.database)
    before = await happen(world, 3)
    begins = await restored(world)
    for tenant_id in (None, world.tenant.id):
        assert await log.read(begins, 10, tenant_id) == []
        for lost in (before + 1, before + 2, begins - 1):
            with pytest.raises(Expired):
                await log.read(lost, 10, tenant_id)
    after = await happen(world, 2)
    for tenant_id in (None, world.tenant.id):
        assert [e.position for e in await log.read(before - 1, 10, tenant_id)] == [before, begins + 1, after]
        assert [e.position for e in await log.read(before, 10, tenant_id)] == [begins + 1, after]
        assert [e.position for e in await log.read(begins, 10, tenant_id)] == [begins + 1, after]
        assert await log.read(after, 10, tenant_id) == []
        with pytest.raises(Expired):
            await log.read(begins - 1, 10, tenant_id)


async def test_webhooks_are_planned_over_the_gap_at_once(world: World) -> None:
    owner = world.hub.owner
    await happen(world, 2)
    await restored(world)
    after = await happen(world, 1)
    queue = PostgresWebhookQueue(world.hub.database, world.hub.vault.box)
    columns = "id, tenant_id, url, events, secrets, format, cursor, is_active, created_at, updated_at"
    values = "gen_random_uuid(), $1, 'https://receiver.example', '{*}', '', 'standard', 0, true, now(), now()"
    await owner.execute(f"INSERT INTO hub.webhooks ({columns}) VALUES ({values})", world.tenant.id)
    for _ in range(3):
        await queue.plan(2_000)
    assert await owner.fetchval("SELECT position FROM hub.webhook_planner") == after
