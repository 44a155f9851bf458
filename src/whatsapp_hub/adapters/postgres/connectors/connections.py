"""Connections of sessions that hold a socket (table `hub.lines`), in a tenant's unit of work."""

from typing import Any

from whatsapp_hub.application.ports.connections.connections import ConnectionRecord
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.connection import ConnectionState
from whatsapp_hub.domain.sessions.session import Session

_KEPT = (
    *("fence", "attempts", "has_paired", "is_up", "must_forget"),
    *("dial_at", "deadline_at", "pairing_until", "code_until"),
)
# A fence is never given twice, also where the session comes back from another provider: the first is the time in
# microseconds. What was still to be forgotten of an earlier life is forgotten before the first dial.
_MAKE = """
    WITH forgotten AS (
      DELETE FROM hub.commands WHERE session_id = $1 AND provider = $3 AND kind = 'forget' AND answered_at IS NULL
      RETURNING id)
    INSERT INTO hub.lines (session_id, tenant_id, provider, fence, must_forget)
    SELECT $1, $2, $3, extract(epoch FROM now) * 1000000, EXISTS (SELECT FROM forgotten) FROM hub.time"""
_OF = f"""
    SELECT connector_id, losses, {", ".join(_KEPT)} FROM hub.lines WHERE session_id = $1 FOR NO KEY UPDATE"""
_SETS = ", ".join(f"{name} = ${n}" for n, name in enumerate(_KEPT, start=6))
_SAVE = f"""
    UPDATE hub.lines SET is_wanted = $2, losses = $3, {_SETS},
      paired_at = CASE WHEN $8 THEN coalesce(paired_at, (SELECT now FROM hub.time)) END,
      connected_at = CASE WHEN $9 AND NOT is_up THEN (SELECT now FROM hub.time) ELSE connected_at END,
      disconnected_at = CASE WHEN is_up AND NOT $9 THEN (SELECT now FROM hub.time) ELSE disconnected_at END,
      disconnect_reason = CASE WHEN $4 THEN $5 ELSE disconnect_reason END
    WHERE session_id = $1"""
LATE = """(deadline_at <= (SELECT now FROM hub.time) OR connector_id IS NULL AND is_wanted AND EXISTS (
      SELECT FROM hub.sessions s WHERE s.id = session_id AND s.status = 'CONNECTED'))"""
_LATE = f"SELECT session_id FROM hub.lines WHERE tenant_id = $2 AND {LATE} LIMIT $1"

_FORGET = """
    INSERT INTO hub.commands (id, tenant_id, session_id, provider, kind, for_connector, expires_at)
    SELECT gen_random_uuid(), $2, $1, $3, 'forget', connector_id, 'infinity' FROM hub.lines WHERE session_id = $1"""


class PostgresConnections:
    """Implements `Connections`."""

    def __init__(self, connection: Any, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self.changed = False
        """Whether connectors may have something to do, so that the commit wakes them."""

    async def of(self, session: Session) -> ConnectionRecord:
        row = await self._connection.fetchrow(_OF, session.id)
        if row is None:
            await self._connection.execute(_MAKE, session.id, session.tenant_id, session.provider)
            row = await self._connection.fetchrow(_OF, session.id)
        state = ConnectionState(
            status=session.status,
            reason=session.status_reason,
            is_on=session.is_active,
            code=session.qr_code,
            losses=tuple(row["losses"]),
            **{name: row[name] for name in _KEPT},
        )
        return ConnectionRecord(session.id, state, row["connector_id"])

    async def save(self, record: ConnectionRecord, session: Session) -> None:
        state = record.state
        self.changed = True
        kept = (getattr(state, name) for name in _KEPT)
        tells_why = not state.is_up and state.reason is not None
        await self._connection.execute(
            _SAVE, record.session_id, state.is_wanted, list(state.losses), tells_why, state.reason, *kept
        )

    async def forget_deleted(self, session: Session) -> None:
        self.changed = True
        await self._connection.execute(_FORGET, session.id, session.tenant_id, session.provider)

    async def late(self, limit: int) -> list[SessionId]:
        rows = await self._connection.fetch(_LATE, limit, self._tenant_id)
        return [row["session_id"] for row in rows]
