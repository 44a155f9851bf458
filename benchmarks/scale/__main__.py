"""Make a company of 1,000,000 conversations and 10,000,000 messages among others, and one of 1,000.

The small one has tables of its own, and so the small indexes that 1,000 conversations have. Indexes are dropped while
rows are made and built again. Vacuumed and analysed before anything is measured. Writes build/bench-scale.json.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg

from benchmarks.report import Row, table, write
from benchmarks.scale import lists, search
from benchmarks.scale.company import Company, fill
from benchmarks.scale.lists import Place
from benchmarks.stack import Stack, stack
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.accounts.tenants import CreateTenant
from whatsapp_hub.domain.accounts.tenant import Placement
from whatsapp_hub.main.settings import Settings
from whatsapp_hub.main.wiring.container import make_container
from whatsapp_hub.main.wiring.infrastructure import Part

SMALL, LARGE, OTHERS, EACH = 1_000, 1_000_000, 4, 0.01
POOLED = "pooled"
TABLES = ("contacts", "conversations", "messages")


@asynccontextmanager
async def placed(made: Stack, size: int, number: int, placement: Placement) -> AsyncIterator[Place]:
    container = make_container(Settings.from_environment(made.environment).completed(), Part.TOOL)
    try:
        slug = f"scale_{uuid4().hex[:12]}"
        tenant = await (await container.get(CreateTenant))(slug, slug, placement)
        yield Place(Company(tenant.id, tenant.schema, size, number), await container.get(PostgresStorage))
    finally:
        await container.close()


async def without_indexes(owner: Any) -> list[str]:
    """Drop the indexes; return the statements that build them again."""
    rows = await owner.fetch(
        """SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made FROM pg_index
           WHERE indrelid = ANY(SELECT ('pooled.' || t)::regclass FROM unnest($1::text[]) AS t) AND NOT indisprimary""",
        TABLES,
    )
    for row in rows:
        await owner.execute(f"DROP INDEX {row['name']}")
    return [row["made"] for row in rows]


async def make(owner: Any, places: list[Place]) -> None:
    """Fill the tables without foreign-key checks and audit, building indexes in parallel, as a restore would."""
    await owner.execute("SET session_replication_role = replica; SET maintenance_work_mem = '1GB'")
    indexes = await without_indexes(owner)
    for place in places:
        await fill(owner, place.company)
    for made_by in indexes:
        await owner.execute(made_by, timeout=7200)
    for schema in {place.company.schema for place in places}:
        for name in TABLES:
            if schema != POOLED:  # its indexes grew with the rows: as dense as those that were just built
                await owner.execute(f"REINDEX TABLE {schema}.{name}", timeout=7200)
            await owner.execute(f"VACUUM (ANALYZE) {schema}.{name}", timeout=7200)


async def measured(made: Stack, scale: float) -> list[Row]:
    large, others = int(LARGE * scale), int(LARGE * scale * EACH)
    async with AsyncExitStack() as held:
        small = await held.enter_async_context(placed(made, SMALL, 1, Placement.DEDICATED))
        big = await held.enter_async_context(placed(made, large, 2, Placement.POOLED))
        rest = [await held.enter_async_context(placed(made, others, 3 + n, Placement.POOLED)) for n in range(OTHERS)]
        owner = await asyncpg.connect(made.postgres.dsn)
        try:
            began = time.monotonic()
            await make(owner, [small, rest[0], big, *rest[1:]])
            took = Row.of("rows made, indexes built", [time.monotonic() - began], "s")
            return [took, *await lists.measured(small, big), *await search.measured(big)]
        finally:
            await owner.close()


async def main(scale: float) -> None:
    async with stack() as made:
        rows = await measured(made, scale)
    write(rows, "bench-scale.json")
    print(table(rows))


if __name__ == "__main__":
    asyncio.run(main(float(os.environ.get("SCALE", "1"))))
