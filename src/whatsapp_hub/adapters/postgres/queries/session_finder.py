"""The SessionFinder port: sessions by the names that gateways' clients use, each call a transaction of its own."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from whatsapp_hub.adapters.contracts.events.bodies import reason_in
from whatsapp_hub.adapters.postgres.engine.pages import cut, ending_early
from whatsapp_hub.adapters.postgres.repositories.sessions import SELECT, session_of
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.reading.queries import Page
from whatsapp_hub.application.reading.sessions import Connection, HolderLease, SessionHistoryEntry
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.session import Session

_CLIENT_ID = "SELECT slug FROM hub.tenants WHERE id = hub.tenant()"
_NAMED = f"{SELECT} WHERE id = $1 OR key = $2 ORDER BY id <> $1 LIMIT 1"
_KEYED = f"{SELECT} WHERE key = $1"
_OF_AGENT = f"{SELECT} WHERE agent_id = $1 ORDER BY id"
_KEYS = "SELECT id, key FROM hub.sessions WHERE tenant_id = hub.tenant()"
_PAGE = ending_early(
    f"""
    {SELECT} WHERE tenant_id = hub.tenant() AND ($1::uuid IS NULL OR id > $1) AND (is_active OR NOT $2::bool)
    ORDER BY id LIMIT $3""",
    "id",
)

_CONNECT = [EventType.SESSION_CONNECTED.value]
_DISCONNECT = [EventType.SESSION_DISCONNECTED.value, EventType.SESSION_DELETED.value]
_ERROR = [EventType.SESSION_ERROR.value, EventType.SESSION_AUTH_CORRUPTED.value]
_NO_STATES = (EventType.SESSION_ALERT, EventType.SESSION_MOVED)
_STATES = [t.value for t in EventType if t.value.startswith("session.") and t not in _NO_STATES]
_ANY = [*_STATES, EventType.MESSAGE_RECEIVED.value]
# The newest of each kind, one probe of events_of_session a kind.
_LAST = """
    SELECT s.id AS session_id, e.* FROM unnest($1::uuid[]) AS s(id) CROSS JOIN unnest($2::text[]) AS kind
    CROSS JOIN LATERAL (
      SELECT type, position, occurred_at, body FROM hub.events
      WHERE session_id = s.id AND type = kind AND (type LIKE 'session.%' OR type = 'message.received')
      ORDER BY position DESC LIMIT 1) AS e"""
_LEASES = """
    SELECT l.session_id, c.name AS owner, l.attempts AS retries, l.code_until, l.connected_at, l.disconnected_at,
      l.disconnect_reason,
      CASE WHEN c.id IS NOT NULL THEN extract(epoch FROM (SELECT now FROM hub.time) - l.held_since)::float8 END AS age_s
    FROM hub.lines l LEFT JOIN hub.connectors c ON c.id = l.connector_id AND c.until > (SELECT now FROM hub.time)
    WHERE l.session_id = ANY($1::uuid[])"""
_CODE_UNTIL = """
    SELECT code_until FROM hub.lines WHERE session_id = $1
    UNION ALL SELECT code_until FROM hub.pairings WHERE session_id = $1 ORDER BY 1 DESC NULLS LAST LIMIT 1"""
_DEPTHS = """
    SELECT session_id, sum(queued)::bigint AS waiting FROM hub.lanes WHERE session_id = ANY($1::uuid[])
    GROUP BY session_id"""


class PostgresSessionFinder:
    """Implements `SessionFinder`."""

    def __init__(self, storage: PostgresStorage) -> None:
        self._storage = storage

    async def client_id(self, tenant_id: TenantId) -> str:
        """Read the tenant's slug."""
        async with self._storage.reading(tenant_id) as connection:
            return str(await connection.fetchval(_CLIENT_ID))

    async def named(self, tenant_id: TenantId, name: str) -> Session | None:
        """Find by id where the name is one, else by key."""
        id = _uuid(name)
        async with self._storage.reading(tenant_id) as connection:
            found = await (connection.fetchrow(_NAMED, id, name) if id else connection.fetchrow(_KEYED, name))
        return self._session(found) if found else None

    async def of_agent(self, tenant_id: TenantId, agent_id: str) -> list[Session]:
        """Read the sessions of an agent id."""
        async with self._storage.reading(tenant_id) as connection:
            return [self._session(row) for row in await connection.fetch(_OF_AGENT, agent_id)]

    async def keys(self, tenant_id: TenantId) -> dict[SessionId, str]:
        """Read all keys by id."""
        async with self._storage.reading(tenant_id) as connection:
            return {row["id"]: row["key"] for row in await connection.fetch(_KEYS)}

    async def page(self, tenant_id: TenantId, limit: int, cursor: str | None, *, active: bool) -> Page[Session]:
        """Read a page by id. Raises Invalid for a cursor that is none."""
        after = _uuid(cursor) if cursor is not None else None
        if cursor is not None and after is None:
            raise Invalid.field("cursor", "is not a cursor of this list")
        async with self._storage.reading(tenant_id) as connection:
            rows = await connection.fetch(_PAGE, after, active, limit + 1)
        shown, goes_on = cut(rows, limit)
        page = [self._session(row) for row in shown]
        return Page(page, str(page[-1].id) if goes_on else None)

    async def lease(self, tenant_id: TenantId, session_id: SessionId) -> HolderLease | None:
        """Read who holds the session's connection, and since when; None: nobody."""
        async with self._storage.reading(tenant_id) as connection:
            return (await _leases(connection, [session_id])).get(session_id)

    async def code_until(self, tenant_id: TenantId, session_id: SessionId) -> datetime | None:
        """Read when the shown code expires; None: none is shown."""
        async with self._storage.reading(tenant_id) as connection:
            until: datetime | None = await connection.fetchval(_CODE_UNTIL, session_id)
            return until

    async def connections(self, tenant_id: TenantId, agent_id: str) -> list[Connection]:
        """Read sessions, their last events, waiting messages and leases in one transaction."""
        async with self._storage.reading(tenant_id) as connection:
            sessions = [self._session(row) for row in await connection.fetch(_OF_AGENT, agent_id)]
            ids = [session.id for session in sessions]
            last = await connection.fetch(_LAST, ids, _ANY)
            depths = {row["session_id"]: row["waiting"] for row in await connection.fetch(_DEPTHS, ids)}
            leases = await _leases(connection, ids)
        return [
            replace(
                _connection(session, [row for row in last if row["session_id"] == session.id]),
                lane_depth=depths.get(session.id, 0),
                lease=leases.get(session.id),
            )
            for session in sessions
        ]

    def _session(self, row: Any) -> Session:
        return session_of(row, self._storage.kit.vault)


async def _leases(connection: Any, ids: list[SessionId]) -> dict[SessionId, HolderLease]:
    rows = [dict(row) for row in await connection.fetch(_LEASES, ids)]
    return {row.pop("session_id"): HolderLease(**row) for row in rows}


def _connection(session: Session, last: list[Any]) -> Connection:
    event = _newest(last, _ANY)
    return Connection(
        session,
        last_seen_at=event.at if event else None,
        last_connect=_newest(last, _CONNECT),
        last_disconnect=_newest(last, _DISCONNECT),
        last_event=event,
        last_error=_newest(last, _ERROR),
    )


def _newest(rows: list[Any], kinds: list[str]) -> SessionHistoryEntry | None:
    row = max((row for row in rows if row["type"] in kinds), key=lambda row: int(row["position"]), default=None)
    if row is None:
        return None
    return SessionHistoryEntry(row["type"], row["position"], row["occurred_at"], reason_in(row["body"]))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
