"""Pairings of sessions without a connector."""

from typing import Any

from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.pairing import Pairing

_KEPT = ("began_at", "until", "fetch_at", "code", "code_until", "is_used_up")
_OF = f"SELECT {', '.join(_KEPT)} FROM hub.pairings WHERE session_id = $1 FOR NO KEY UPDATE"
_SAVE = f"""
    INSERT INTO hub.pairings (session_id, tenant_id, look_at, {", ".join(_KEPT)})
    VALUES ($1, $2, $3, {", ".join(f"${n}" for n in range(4, 4 + len(_KEPT)))})
    ON CONFLICT (session_id) DO UPDATE SET (look_at, {", ".join(_KEPT)})
      = ROW(excluded.look_at, {", ".join(f"excluded.{name}" for name in _KEPT)})"""
_END = "DELETE FROM hub.pairings WHERE session_id = $1"


class PostgresPairings:
    """Implements `Pairings`."""

    def __init__(self, connection: Any, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def of(self, session_id: SessionId) -> Pairing | None:
        """Read and lock the session's pairing."""
        row = await self._connection.fetchrow(_OF, session_id)
        return Pairing(**row) if row else None

    async def save(self, session_id: SessionId, pairing: Pairing) -> None:
        """Insert or replace it, with when to look at it next."""
        kept = (getattr(pairing, name) for name in _KEPT)
        await self._connection.execute(_SAVE, session_id, self._tenant_id, pairing.look_at, *kept)

    async def end(self, session_id: SessionId) -> None:
        """Delete it."""
        await self._connection.execute(_END, session_id)
