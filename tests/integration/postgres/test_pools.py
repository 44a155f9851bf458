"""What contract B says of the database: transactions logged, idle connections closed, health checked."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tests.fakes.postgres_proxy import PostgresProxy
from tests.integration.conftest import Hub
from tests.integration.hub.world import until
from whatsapp_hub.adapters.postgres.engine import database as pools
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.domain.accounts.tenant import Placement
from whatsapp_hub.domain.errors import Unavailable

OURS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'whatsapp-hub hub_app' AND datname = $1"
SEQUENTIAL = "SELECT seq_scan FROM pg_stat_user_tables WHERE relid = 'hub.events'::regclass"
FLUSH = "SELECT pg_stat_force_next_flush()"
END = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name LIKE 'whatsapp-hub hub_%' AND datname = current_database()"""


@pytest_asyncio.fixture
async def apart(new_database: Any) -> AsyncIterator[tuple[Database, Any]]:
    """Pools of a database of their own, not yet open, and its owner's connection."""
    url = await new_database()
    owner = await asyncpg.connect(url)
    database = Database(url, app_connections=6, system_connections=2)
    yield database, owner
    await database.close()
    await owner.close()


@pytest.mark.parametrize("placement", [Placement.POOLED, Placement.DEDICATED])
async def test_every_transaction_is_logged_with_duration_schema_and_outcome(
    hub: Hub, placement: Placement, caplog: pytest.LogCaptureFixture
) -> None:
    tenant = await hub.tenant(placement)
    caplog.set_level(logging.DEBUG, logger=pools.__name__)
    async with hub.storage.tenant(tenant.id) as uow:
        await uow.commit()
    async with hub.storage.tenant(tenant.id):
        pass
    with suppress(ZeroDivisionError):
        async with hub.database.transaction(tenant):
            raise ZeroDivisionError
    told: list[Any] = [r for r in caplog.records if r.msg == "transaction" and r.__dict__["schema"] == tenant.schema]
    assert [record.outcome for record in told] == ["committed", "rolled_back", "rolled_back"]
    assert all(0 < record.took_ms < 5000 for record in told)
    assert tenant.schema == ("pooled" if placement is Placement.POOLED else f"client_{tenant.slug}")


async def test_a_statement_of_the_machinery_is_logged_too(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger=pools.__name__)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await hub.database.system(lambda db: db.execute("SELECT 1 / 0"))
    told = [r.__dict__ for r in caplog.records if r.msg == "transaction"]
    assert ("hub", "failed") in [(one["schema"], one["outcome"]) for one in told]


async def test_a_slow_transaction_is_told_without_being_asked(
    hub: Hub, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "SLOW_S", 0.0)
    tenant = await hub.tenant()
    caplog.set_level(logging.WARNING, logger=pools.__name__)
    async with hub.storage.tenant(tenant.id) as uow:
        await uow.commit()
    assert [r.levelname for r in caplog.records if r.__dict__.get("schema") == "pooled"] == ["WARNING"]


async def test_idle_connections_beyond_two_are_closed_after_five_minutes(
    apart: tuple[Database, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pools.IDLE_CLOSED_AFTER_S == 300
    monkeypatch.setattr(pools, "IDLE_CLOSED_AFTER_S", 0.3)
    database, owner = apart
    await database.open()
    name = await owner.fetchval("SELECT current_database()")
    taken = [await database.take("hub_app") for _ in range(6)]
    assert await owner.fetchval(OURS, name) >= 6
    for connection in taken:
        await database.give_back("hub_app", connection, open_transaction=False)

    async def closed() -> bool:
        return bool(await owner.fetchval(OURS, name) == pools.KEPT_WARM)

    await until(closed)
    assert await database.ping() < 5


async def test_the_database_is_asked_every_thirty_seconds_and_comes_back_by_itself(
    apart: tuple[Database, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert pools.HEALTH_EVERY_S == 30
    monkeypatch.setattr(pools, "HEALTH_EVERY_S", 0.1)
    monkeypatch.setattr(pools, "HEALTHY_WITHIN_S", 0.3)
    caplog.set_level(logging.INFO, logger=pools.__name__)

    def told() -> list[str]:
        return [record.message for record in caplog.records if record.name == pools.__name__]

    async def tells(*events: str) -> None:
        async def there() -> bool:
            return told() == list(events)

        await until(there)

    async with PostgresProxy(apart[0].url) as proxy:
        database = Database(proxy.dsn, app_connections=2, system_connections=1)
        await database.open()
        try:
            proxy.hangs = True
            await tells("database.away")
            proxy.hangs = False
            await tells("database.away", "database.back")
            await apart[1].execute(END)

            async def answers() -> bool:
                with suppress(Unavailable):
                    return bool(await database.system(lambda db: db.fetchval("SELECT 7")) == 7)
                return False

            await until(answers)
        finally:
            proxy.hangs = False
            await database.close()


async def test_what_writes_is_planned_once_and_what_reads_each_time(hub: Hub) -> None:
    tenant = await hub.tenant()
    show = "SELECT current_setting('plan_cache_mode') || ' ' || current_setting('enable_seqscan')"
    async with hub.storage.tenant(tenant.id) as uow:
        assert await uow._connection.fetchval(show) == "force_generic_plan off"  # type: ignore[attr-defined]
    async with hub.storage.connection(tenant.id) as connection:
        assert await connection.fetchval(show) == "auto on"
    async with hub.storage.tenant(tenant.id) as uow:  # what the reader set ended with its transaction
        assert await uow._connection.fetchval(show) == "force_generic_plan off"  # type: ignore[attr-defined]
    assert await hub.database.system(lambda c: c.fetchval(show)) == "force_generic_plan off"


async def test_a_plan_made_for_a_tiny_table_follows_an_index_when_it_is_full(apart: tuple[Database, Any]) -> None:
    """The plan is the one of the first call, when the table was known to be one page."""
    database, owner = apart
    await database.open()
    query = "SELECT count(*) FROM hub.events WHERE position = ANY($1::bigint[])"
    fill = """INSERT INTO hub.events (position, tenant_id, type, occurred_at, body)
              SELECT n, gen_random_uuid(), 'x', now(), '' FROM generate_series($1::bigint, $2) AS n"""

    async def twice(connection: Any) -> int:
        await owner.execute(fill, 1, 2)
        await owner.execute("VACUUM ANALYZE hub.events")
        await connection.fetchval(query, [1])
        await owner.execute(fill, 3, 20_000)
        await connection.fetchval(FLUSH)
        before = await owner.fetchval(SEQUENTIAL)
        assert await connection.fetchval(query, [1, 20_000]) == 2
        await connection.fetchval(FLUSH)
        return int(await owner.fetchval(SEQUENTIAL) - before)

    assert await database.system(twice) == 0
