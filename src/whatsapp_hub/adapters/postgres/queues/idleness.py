"""Unused sessions: the directory's part as hub_system, messages as the tenant."""

from collections.abc import Sequence
from datetime import timedelta

from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.ports.operations.idleness import Listened
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.connection import IDLE

_HEARD = """
    INSERT INTO hub.session_uses (session_id, tenant_id, listened_at)
    SELECT id, tenant_id, (SELECT now FROM hub.time) FROM hub.sessions
    WHERE is_active AND routing = 'none' AND (id = ANY($1::uuid[]) OR tenant_id = ANY($2::uuid[])
      OR (tenant_id, agent_id) IN (SELECT * FROM unnest($3::uuid[], $4::text[])))
    ORDER BY id
    ON CONFLICT (session_id) DO UPDATE SET listened_at = excluded.listened_at"""
# The log may lag: a session started in this minute may not be in it yet.
_UNUSED = """
    SELECT s.tenant_id, s.id FROM hub.sessions s LEFT JOIN hub.session_uses u ON u.session_id = s.id
    WHERE s.is_active AND s.routing = 'none' AND s.bot IS NULL AND s.status IN ('CONNECTED', 'RECONNECTING')
      AND s.updated_at < (SELECT long_past FROM hub.time) - least($1, interval '1 minute')
      AND s.created_at < (SELECT long_past FROM hub.time) - $1::interval
      AND coalesce(u.listened_at, '-infinity') < (SELECT long_past FROM hub.time) - $1::interval
      AND NOT EXISTS (
        SELECT FROM hub.events e WHERE e.session_id = s.id AND e.type = 'session.started'
          AND (e.type LIKE 'session.%' OR e.type = 'message.received')
          AND e.occurred_at >= (SELECT long_past FROM hub.time) - $1::interval)
      AND NOT EXISTS (
        SELECT FROM hub.lanes l WHERE l.session_id = s.id AND (l.queued > 0 OR l.attempt_message IS NOT NULL))
      AND NOT EXISTS (
        SELECT FROM hub.inbox i WHERE i.tenant_id = s.tenant_id AND i.session_id = s.id AND i.state = 'pending')
      AND NOT EXISTS (
        SELECT FROM hub.webhooks w
        WHERE w.tenant_id = s.tenant_id AND w.is_active AND (w.session_id IS NULL OR w.session_id = s.id))
    ORDER BY s.id LIMIT $2"""
_OWING = """
    SELECT s.tenant_id, s.id FROM hub.sessions s
    WHERE NOT s.is_active AND s.status_reason = $1
      AND EXISTS (SELECT FROM hub.lanes l WHERE l.session_id = s.id AND l.queued > 0)
    ORDER BY s.id LIMIT $2"""
_HAS_SPOKEN = """
    SELECT created_at >= (SELECT long_past FROM hub.time) - $2::interval FROM messages
    WHERE session_id = $1 ORDER BY seq DESC LIMIT 1"""


class PostgresIdleness:
    """Implements `Idleness`."""

    def __init__(self, database: Database, storage: PostgresStorage) -> None:
        self._database = database
        self._storage = storage

    async def heard(self, listened: Listened) -> None:
        """Note the time at which sockets and streams listened, one statement for all."""
        tenants, agents = [t for t, _ in listened.agents], [a for _, a in listened.agents]
        arguments = list(listened.sessions), list(listened.tenants), tenants, agents
        await self._database.system(lambda db: db.execute(_HEARD, *arguments))

    async def unused(self, idle: timedelta, limit: int) -> Sequence[tuple[TenantId, SessionId]]:
        """Find active gateway sessions that nobody listened to for so long; messages are looked at later, by tenant."""
        rows = await self._database.system(lambda db: db.fetch(_UNUSED, idle, limit))
        return [(row["tenant_id"], row["id"]) for row in rows]

    async def owing(self, limit: int) -> Sequence[tuple[TenantId, SessionId]]:
        """Find sessions that were closed as unused although a message came to wait in a lane."""
        rows = await self._database.system(lambda db: db.fetch(_OWING, IDLE, limit))
        return [(row["tenant_id"], row["id"]) for row in rows]

    async def has_traffic(self, tenant_id: TenantId, session_id: SessionId, idle: timedelta) -> bool:
        """Whether the session sent or received anything within `idle`."""
        async with self._storage.connection(tenant_id) as connection:
            return bool(await connection.fetchval(_HAS_SPOKEN, session_id, idle))
