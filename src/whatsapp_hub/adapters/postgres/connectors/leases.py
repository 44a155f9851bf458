"""Connectors' leases, as hub_system.

Any process deletes connectors whose lease has ended (`reap_expired`): the delete waits for a renewal under way and then
sees it, so a lease is either renewed or ended, never both. Its connections are freed by the reference's ON DELETE.
"""

from collections.abc import Sequence

from asyncpg import ForeignKeyViolationError

from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.application.ports.connections.connections import (
    ClaimedConnection,
    Connector,
    ConnectorId,
    ConnectorLoad,
    DesiredConnection,
)
from whatsapp_hub.domain.ids import SessionId

_UNTIL = "(SELECT now FROM hub.time) + $2 * interval '1 second'"
_ENTER = f"""
    INSERT INTO hub.connectors (id, name, kinds, room, until) VALUES ($1, $3, $4, $5, {_UNTIL})"""
_RENEW = f"UPDATE hub.connectors SET until = {_UNTIL} WHERE id = $1 AND until > (SELECT now FROM hub.time) RETURNING id"
_FREE_ALL = "UPDATE hub.lines SET connector_id = NULL, is_clean = true WHERE connector_id = $1"
_LEAVE = "DELETE FROM hub.connectors WHERE id = $1"
_REAP = "DELETE FROM hub.connectors WHERE until <= (SELECT now FROM hub.time) RETURNING id"
_LOADS = """
    SELECT c.id, c.room, (SELECT count(*) FROM hub.lines l WHERE l.connector_id = c.id) AS held
    FROM hub.connectors c WHERE c.kinds && $1::text[] AND c.until > (SELECT now FROM hub.time)"""
_FREE = "SELECT count(*) FROM hub.lines WHERE connector_id IS NULL AND is_wanted AND provider = ANY($1::text[])"
_CAPACITY = """
    SELECT (SELECT coalesce(sum(room), 0) FROM hub.connectors
            WHERE $1 = ANY(kinds) AND until > (SELECT now FROM hub.time)) AS room,
      (SELECT count(*) FROM hub.lines WHERE is_wanted AND provider = $1) AS wanted"""
_TAKE = """
    WITH free AS (
      SELECT session_id, is_clean FROM hub.lines
      WHERE connector_id IS NULL AND is_wanted AND provider = ANY($2::text[])
        AND EXISTS (SELECT FROM hub.connectors WHERE id = $1 AND until > (SELECT now FROM hub.time))
      ORDER BY dial_at NULLS FIRST, session_id LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)
    UPDATE hub.lines l SET connector_id = $1, held_since = (SELECT now FROM hub.time), fence = l.fence + 1,
      is_clean = false, is_up = false
    FROM free WHERE l.session_id = free.session_id
    RETURNING l.session_id, l.tenant_id, NOT free.is_clean AS unclean"""
_END_STORES = "SELECT hub.end_stores($1::uuid[])"
_HELD = """
    SELECT l.session_id, l.tenant_id, l.provider, l.fence, l.must_forget, l.is_wanted,
      s.is_active AND (l.dial_at IS NULL OR l.dial_at <= (SELECT now FROM hub.time)) AS is_due
    FROM hub.lines l JOIN hub.sessions s ON s.id = l.session_id
    JOIN hub.connectors c ON c.id = l.connector_id AND c.until > (SELECT now FROM hub.time)
    WHERE l.connector_id = $1 ORDER BY l.held_since, l.session_id"""
_LET_GO = """
    UPDATE hub.lines SET connector_id = NULL, is_clean = true
    WHERE connector_id = $1 AND session_id = ANY($2::uuid[])"""
_STORE_CONNECTIONS = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
      AND application_name = ANY (SELECT 'whatsapp-hub session ' || s FROM unnest($1::uuid[]) AS s)"""


class PostgresLeases:
    """Implements `Leases`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def enter(self, connector: Connector, lease_s: float) -> None:
        """Insert the connector's row, due to expire in `lease_s` of the database's clock."""
        c = connector
        await self._database.system(lambda db: db.execute(_ENTER, c.id, lease_s, c.name, list(c.kinds), c.room))

    async def renew(self, connector_id: ConnectorId, lease_s: float) -> bool:
        """Move the lease's end; no row to update means that it was reaped."""
        return bool(await self._database.system(lambda db: db.fetchval(_RENEW, connector_id, lease_s)))

    async def leave(self, connector_id: ConnectorId, *, clean: bool) -> None:
        """Delete the row. `clean`: mark its connections as closed, so that the next holder need not end them."""
        if clean:
            await self._database.system(lambda db: db.execute(_FREE_ALL, connector_id))
        await self._database.system(lambda db: db.execute(_LEAVE, connector_id))

    async def reap_expired(self) -> int:
        """Delete expired rows; a renewal under way is waited for, and wins."""
        return len(await self._database.system(lambda db: db.fetch(_REAP)))

    async def loads(self, kinds: Sequence[str]) -> tuple[list[ConnectorLoad], int]:
        """Count what each connector holds, and how many wanted sessions of these kinds nobody holds."""
        rows = await self._database.system(lambda db: db.fetch(_LOADS, list(kinds)))
        free: int = await self._database.system(lambda db: db.fetchval(_FREE, list(kinds)))
        return [ConnectorLoad(row["id"], row["room"], row["held"]) for row in rows], free

    async def capacity(self, kind: str) -> tuple[int, int]:
        """Sum the places of all connectors of a kind, and the sessions that want one."""
        row = await self._database.system(lambda db: db.fetchrow(_CAPACITY, kind))
        return row["room"], row["wanted"]

    async def take(self, connector: Connector, limit: int) -> list[ClaimedConnection]:
        """Take unheld sessions under new fences; end what their former holders left open at the stores."""
        try:
            rows = await self._database.system(
                lambda db: db.fetch(_TAKE, connector.id, list(connector.kinds), limit),
            )
        except ForeignKeyViolationError:
            return []  # another process reaped our lease meanwhile
        taken = [ClaimedConnection(row["session_id"], row["tenant_id"], row["unclean"]) for row in rows]
        if left := [one.session_id for one in taken if one.unclean]:
            await self._database.system(lambda db: db.fetchval(_END_STORES, left))
        return taken

    async def held(self, connector_id: ConnectorId) -> list[DesiredConnection]:
        """Read the rows that name this connector."""
        rows = await self._database.system(lambda db: db.fetch(_HELD, connector_id))
        return [DesiredConnection(**dict(row)) for row in rows]

    async def let_go(self, connector_id: ConnectorId, session_ids: Sequence[SessionId]) -> None:
        """Clear the holder of these rows, where it is still this connector, and mark them as closed."""
        await self._database.system(lambda db: db.execute(_LET_GO, connector_id, list(session_ids)))

    async def store_connections(self, session_ids: Sequence[SessionId]) -> int:
        """Count open connections to these sessions' stores, from `pg_stat_activity`."""
        found: int = await self._database.system(lambda db: db.fetchval(_STORE_CONNECTIONS, list(session_ids)))
        return found
