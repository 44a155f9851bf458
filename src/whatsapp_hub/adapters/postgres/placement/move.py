"""One move of a tenant's rows, in steps that may each be repeated after a crash.

1. `prepare`: create the target's tables, a row in `hub.placement_moves`, and triggers that record the source's changes.
2. `copy`: copy everything in one snapshot while the tenant works; then what changed meanwhile, until it is little.
3. `switch`: lock the tenant out (`hub.enter`), copy the rest and change its placement, in one transaction.
4. `clear`: empty the source.

Rows are read and written as hub_app under row-level security, so that a mistake cannot reach another tenant's. The
login's own role only makes and drops triggers and schemas. No migration runs meanwhile (the move holds its lock): it
would change tables under the copy, and block every writer while it waits for the copy.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from whatsapp_hub.adapters.postgres.engine.database import APP, CONNECT_TIMEOUT_S, SYSTEM, arguments_of
from whatsapp_hub.adapters.postgres.engine.failures import translated
from whatsapp_hub.adapters.postgres.engine.version import ONE_AT_A_TIME
from whatsapp_hub.adapters.postgres.placement.tables import (
    DROP_TRIGGERS,
    POOLED,
    Table,
    own_schema,
    raise_sequences,
    tables_of,
    trigger,
    triggers_like,
)
from whatsapp_hub.application.ports.operations.placement import PlacementMove
from whatsapp_hub.domain.accounts.tenant import Placement, Tenant
from whatsapp_hub.domain.errors import Conflict, Unavailable

DDL_WITHIN = "300ms"
"""How long creating or dropping a trigger may block writers of the shared tables before it is retried."""
DDL_TRIES = 100
ENTRY_WITHIN = "2s"
ENTRY_TRIES = 30
LOCKED_WITHIN_S = 60
FEW = 200
ROUNDS = 20

_VERSION = "SELECT version_num FROM {schema}.alembic_version"
_BEGUN = "SELECT source, target, stage FROM hub.placement_moves WHERE tenant_id = $1"
_BEGIN = """
    INSERT INTO hub.placement_moves (tenant_id, source, target, stage) VALUES ($1, $2, $3, 'copying')
    ON CONFLICT (tenant_id) DO UPDATE SET source = excluded.source, target = excluded.target, stage = 'copying',
      began_at = (SELECT now FROM hub.time)"""
_PLACED = "SELECT placement FROM hub.tenants WHERE id = $1 AND removed_at IS NULL"
_PLACE = "UPDATE hub.tenants SET placement = $2 WHERE id = $1 AND removed_at IS NULL RETURNING true"
_CLEARING = "UPDATE hub.placement_moves SET stage = 'clearing' WHERE tenant_id = $1"
_ENDED = "DELETE FROM hub.placement_moves WHERE tenant_id = $1"
_NOTED = "DELETE FROM hub.placement_changes WHERE tenant_id = hub.tenant()"
_ENTER = "SELECT pg_advisory_xact_lock(1886151012, uuid_hash($1::uuid))"


def _removed() -> Conflict:
    return Conflict("tenant_removed", "the company is being removed")


class PostgresPlacementMoves:
    """Implements `PlacementMoves`. `owner_url`: the login that owns the schemas."""

    def __init__(self, owner_url: str) -> None:
        self._url = owner_url

    @asynccontextmanager
    async def of(self, tenant: Tenant) -> AsyncIterator[PlacementMove]:
        """Open a connection of its own, which holds the move's lock until it closes."""
        try:
            connection = await asyncpg.connect(
                **arguments_of(self._url),
                timeout=CONNECT_TIMEOUT_S,
                server_settings={"client_connection_check_interval": "1s", "application_name": "whatsapp-hub move"},
            )
            try:
                yield PostgresPlacementMove(self._url, connection, tenant)
            finally:
                await connection.close(timeout=CONNECT_TIMEOUT_S)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise translated(error) or error from error


class PostgresPlacementMove:
    """Implements `PlacementMove`."""

    def __init__(self, url: str, connection: Any, tenant: Tenant) -> None:
        self._url = url
        self._connection = connection
        self._tenant = tenant
        self._source = self._target = ""
        self._tables: list[Table] = []

    async def placement(self) -> Placement:
        """Read where the directory says that the tenant's rows stand. Raises for a company that is being removed."""
        async with self._as(SYSTEM):
            placed = await self._connection.fetchval(_PLACED, self._tenant.id)
        if placed is None:
            raise _removed()
        return Placement(placed)

    async def is_begun(self) -> bool:
        """Whether an earlier run left a move unfinished."""
        async with self._as(SYSTEM):
            return await self._connection.fetchrow(_BEGUN, self._tenant.id) is not None

    async def prepare(self, to: Placement) -> None:
        """Create and migrate the target schema, and begin to note changed rows."""
        from whatsapp_hub.adapters.postgres.engine.migrate import migrate_tenant  # alembic: seconds to import

        self._target = self._schema(to)
        await migrate_tenant(self._url, self._target)
        await self._lock()
        self._source = self._schema(await self.placement())
        if self._source == self._target:
            raise Conflict("moved_meanwhile", "another move has brought the company there")
        await self._same_version()
        async with self._as(SYSTEM):
            await self._connection.execute(_BEGIN, self._tenant.id, self._source, self._target)
        await self._drop_triggers()
        self._tables = await tables_of(self._connection, self._source)
        await self._empty(self._target)
        await self._record_changes()

    async def copy(self) -> int:
        """Copy all rows from one snapshot, then in rounds those that changed meanwhile; return how many."""
        async with self._as(APP, "REPEATABLE READ"):
            copied = 0
            for table in self._tables:
                copied += await self._execute(table.copy(self._source, self._target))
        for _ in range(ROUNDS):
            async with self._as(APP, "REPEATABLE READ"):
                if await self._catch_up() < FEW:
                    break
        return copied

    async def switch(self) -> float:
        """Stop the tenant for the last changes, point the directory to the target, and return the seconds that it
        took."""
        for tries_left in reversed(range(ENTRY_TRIES)):
            try:
                return await self._switch()
            except asyncpg.LockNotAvailableError:
                if not tries_left:
                    raise
                await asyncio.sleep(0.5)
        raise AssertionError("unreachable")

    async def _switch(self) -> float:
        to = Placement.POOLED if self._target == POOLED else Placement.DEDICATED
        async with self._connection.transaction():
            await self._connection.execute(f"SET LOCAL lock_timeout = '{ENTRY_WITHIN}'")
            began = time.perf_counter()
            await self._connection.execute(_ENTER, self._tenant.id)
            await raise_sequences(self._connection, self._source, self._target)
            await self._set_role(APP)
            await self._catch_up()
            await self._set_role(SYSTEM)
            if not await self._connection.fetchval(_PLACE, self._tenant.id, to):
                raise _removed()
            await self._connection.execute(_CLEARING, self._tenant.id)
        return time.perf_counter() - began

    async def clear(self) -> None:
        """Delete what the move left: the rows in the old schema, and the notes of changes."""
        async with self._as(SYSTEM):
            move = await self._connection.fetchrow(_BEGUN, self._tenant.id)
        if move is None:
            return
        await self._lock()
        left = move["source"] if move["stage"] == "clearing" else move["target"]
        await self._drop_triggers()
        if left == POOLED:
            self._tables = await tables_of(self._connection, left)
            await self._empty(left)
        else:
            await self._with_retries(f'DROP SCHEMA IF EXISTS "{left}" CASCADE')
        async with self._as(APP):
            await self._connection.execute(_NOTED)
        async with self._as(SYSTEM):
            await self._connection.execute(_ENDED, self._tenant.id)

    def _schema(self, placement: Placement) -> str:
        return POOLED if placement is Placement.POOLED else own_schema(self._tenant)

    async def _lock(self) -> None:
        """Take the lock against other moves and migrations. Raises Unavailable."""
        try:
            async with asyncio.timeout(LOCKED_WITHIN_S):
                await self._connection.execute("SELECT pg_advisory_lock($1)", ONE_AT_A_TIME)
        except TimeoutError:
            raise Unavailable("another move or a migration is under way: try again when it has ended") from None

    async def _same_version(self) -> None:
        versions = {
            schema: await self._connection.fetchval(_VERSION.format(schema=schema))
            for schema in (self._source, self._target)
        }
        if len({*versions.values()}) > 1:
            raise Conflict("schema_version", f"schemas have different versions, run `whatsapp-hub migrate`: {versions}")

    async def _empty(self, schema: str) -> None:
        """Delete the tenant's rows in a schema, one transaction per table, children first."""
        for table in reversed(self._tables):
            async with self._as(APP):
                await self._connection.execute(f"DELETE FROM {schema}.{table.name} WHERE tenant_id = hub.tenant()")
        async with self._as(APP):
            await self._connection.execute(_NOTED)

    async def _record_changes(self) -> None:
        for table in self._tables:
            key = ", ".join(f"'{name}'" for name, _ in table.key)
            when = f"FOR EACH ROW WHEN ({{row}}.tenant_id = '{self._tenant.id}')"
            does = f"{when} EXECUTE FUNCTION hub.placement_changed({key})"
            for on, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
                name = trigger(self._tenant, on)
                await self._with_retries(
                    f"CREATE TRIGGER {name} AFTER {on} ON {self._source}.{table.name} {does.format(row=row)}"
                )

    async def _drop_triggers(self) -> None:
        for drop in await self._connection.fetch(DROP_TRIGGERS, triggers_like(self._tenant)):
            await self._with_retries(drop[0])

    async def _with_retries(self, change: str) -> None:
        """Change a table in use with a short lock time-out, and retry."""
        for tries_left in reversed(range(DDL_TRIES)):
            try:
                async with self._connection.transaction():
                    await self._connection.execute(f"SET LOCAL lock_timeout = '{DDL_WITHIN}'")
                    await self._connection.execute(change)
                return
            except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                if not tries_left:
                    raise
                await asyncio.sleep(0.2)

    async def _catch_up(self) -> int:
        """Copy rows that changed since they were copied; return the number of changes."""
        await self._connection.execute("SET CONSTRAINTS ALL DEFERRED")
        for table in reversed(self._tables):
            await self._execute(table.forget_changed(self._source, self._target))
        for table in self._tables:
            await self._execute(table.copy_changed(self._source, self._target))
        await self._connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        return await self._execute(_NOTED)

    async def _execute(self, statement: str) -> int:
        tag: str = await self._connection.execute(statement)
        return int(tag.rpartition(" ")[2])

    @asynccontextmanager
    async def _as(self, role: str, isolation: str = "READ COMMITTED") -> AsyncIterator[None]:
        kind = isolation.lower().replace(" ", "_")
        async with self._connection.transaction(isolation=kind):
            await self._set_role(role)
            yield

    async def _set_role(self, role: str) -> None:
        """Set the transaction's role: hub_app as this tenant, or hub_system."""
        await self._connection.execute(f"SET LOCAL ROLE {role}")
        await self._connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(self._tenant.id))
