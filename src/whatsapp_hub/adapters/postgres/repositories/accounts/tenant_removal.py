"""Removing a company, table by table.

Which tables there are is asked of the catalogue (every one with a `tenant_id`), children before their parents: one that
is added later is swept as well. As hub_app, under row-level security, wherever hub_app may delete; as hub_system in the
machinery's tables. Events keep their positions, which have no gaps, and lose everything else; `TrimLog` takes them.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any
from uuid import UUID

import asyncpg

from whatsapp_hub.adapters.postgres.engine.audit import AUDITED, acting
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.repositories.accounts.directory import TENANTS, tenant_of
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.ids import SessionId, TenantId, UserId

_REMOVED = AUDITED.format(
    source="gone",
    who="$3",
    whose="SELECT tenant_id FROM hub.users WHERE id = $2",
    change="'delete'",
    before="gone.was",
    after="NULL",
)
# The MASTER's row is locked, so that of two who remove each other's company one fails.
_BEGIN = f"""
    WITH master AS (SELECT id FROM hub.users WHERE id = $2 AND role = 'MASTER' AND is_active FOR UPDATE),
    gone AS (
      UPDATE hub.tenants t SET removed_at = (SELECT now FROM hub.time) FROM master
      WHERE t.id = $1 AND t.removed_at IS NULL
      RETURNING t.id, jsonb_build_object('slug', t.slug, 'name', t.name, 'placement', t.placement) AS was),
    people AS (
      UPDATE hub.users SET is_active = false, online_status = 'OFFLINE'
      WHERE tenant_id = (SELECT id FROM gone)),
    programs AS (
      UPDATE hub.api_keys SET revoked_at = (SELECT now FROM hub.time)
      WHERE tenant_id = (SELECT id FROM gone) AND revoked_at IS NULL),
    audited AS ({_REMOVED})
    SELECT FROM gone"""
_BEGUN = f"{TENANTS} WHERE removed_at IS NOT NULL ORDER BY removed_at"
_SESSIONS = "SELECT id FROM hub.sessions WHERE tenant_id = $1 ORDER BY id LIMIT $2"
_TABLES = """
    SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, n.nspname AS schema,
      has_table_privilege('hub_app', c.oid, 'DELETE') AS is_the_tenants,
      ARRAY(SELECT confrelid FROM pg_constraint f WHERE f.conrelid = c.oid AND f.contype = 'f'
        AND f.confrelid <> c.oid) AS parents
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY ($1::text[])"""
_SWEEP = """
    DELETE FROM {name} WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM {name} WHERE tenant_id = $1 {only} LIMIT $2)) AND tenant_id = $1"""
_EMPTY = """
    UPDATE hub.events
    SET tenant_id = $3, type = 'tenant.removed', session_id = NULL, conversation_id = NULL, body = '{}'
    WHERE position = ANY (ARRAY(SELECT position FROM hub.events WHERE tenant_id = $1 ORDER BY position LIMIT $2))"""
# What a connector has still to forget of a session stays until it has: it ends the credentials on the phone's side.
_ONLY = {"hub.commands": "AND NOT (kind = 'forget' AND answered_at IS NULL)"}
_CLOSED_BEFORE = frozenset({"hub.sessions"})
_EVENTS = "hub.events"
_NOBODY = UUID(int=0)
_DROP = "SELECT hub.drop_removed($1)"
_FINISH = "DELETE FROM hub.tenants WHERE id = $1 AND removed_at IS NOT NULL"
_LOOK = "SELECT count(*) FROM (SELECT FROM conversations LIMIT 1) AS any_of_them"


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    is_the_tenants: bool

    @property
    def sweep(self) -> str:
        return _SWEEP.format(name=self.name, only=_ONLY.get(self.name, ""))


class PostgresTenantRemoval:
    """Implements `TenantRemoval` and `TenantHealth`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, tenant_id: TenantId, by: UserId) -> bool:
        """Mark the company as removed, with who did it; False: it was already."""
        who = acting()
        return bool(await self._database.system(lambda c: c.fetch(_BEGIN, tenant_id, by, who)))

    async def begun(self) -> list[Tenant]:
        """Read companies that are being removed."""
        rows: list[Any] = await self._database.system(lambda c: c.fetch(_BEGUN))
        return [tenant_of(row) for row in rows]

    async def sessions(self, tenant: Tenant, limit: int) -> Sequence[SessionId]:
        """Read the company's remaining sessions."""
        rows: list[Any] = await self._database.system(lambda c: c.fetch(_SESSIONS, tenant.id, limit))
        return [row["id"] for row in rows]

    async def sweep(self, tenant: Tenant, limit: int) -> int:
        """Delete at most `limit` rows a table, children first; return how many."""
        removed = 0
        for table in await self._tables(tenant):
            removed += await self._swept(tenant, table, limit)
        return removed

    async def _swept(self, tenant: Tenant, table: _Table, limit: int) -> int:
        if table.name == _EVENTS:
            arguments = (tenant.id, limit, _NOBODY)
            return _count(await self._database.system(lambda c: c.execute(_EMPTY, *arguments)))
        if not table.is_the_tenants:
            return _count(await self._database.system(lambda c: c.execute(table.sweep, tenant.id, limit)))
        async with self._database.acting_for(tenant.id) as connection:  # tables are named with their schemas
            return _count(await connection.execute(table.sweep, tenant.id, limit))

    async def _tables(self, tenant: Tenant) -> list[_Table]:
        """Children first. A schema of its own goes as a whole; a move may have left rows among the others'."""
        rows: list[Any] = await self._database.system(lambda c: c.fetch(_TABLES, ["hub", "pooled"]))
        return [_Table(row["name"], row["is_the_tenants"]) for row in _children_first(rows)]

    async def finish(self, tenant: Tenant) -> None:
        """Drop the company's schema, then its row."""
        await self._database.system(lambda c: c.execute(_DROP, tenant.id))
        await self._database.system(lambda c: c.execute(_FINISH, tenant.id))

    async def measure(self, tenant: Tenant) -> float:
        """Time one query in the company's own transaction."""
        try:
            async with self._database.transaction(tenant) as connection:
                began = time.perf_counter()
                await connection.fetchval(_LOOK)
                return (time.perf_counter() - began) * 1000
        except asyncpg.PostgresError as error:
            raise Unavailable(f"the tables in {tenant.schema} do not answer: {type(error).__name__}") from error


def _children_first(rows: Iterable[Any]) -> list[Any]:
    by_oid = {row["oid"]: row for row in rows if row["name"] not in _CLOSED_BEFORE}
    order = TopologicalSorter({oid: set(row["parents"]) & by_oid.keys() for oid, row in by_oid.items()})
    return [by_oid[oid] for oid in reversed(list(order.static_order()))]


def _count(tag: str) -> int:
    return int(tag.rpartition(" ")[2])
