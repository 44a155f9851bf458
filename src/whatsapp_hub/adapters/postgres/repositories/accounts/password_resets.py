"""Links that set a new password once: one a user."""

from datetime import datetime
from typing import Any

from whatsapp_hub.domain.ids import TenantId, UserId

_OFFER = """
    INSERT INTO hub.password_resets (user_id, tenant_id, digest, expires_at, made_for)
    SELECT u.id, $2, $3, $4, hub.standing(u) FROM hub.users u WHERE u.id = $1
    ON CONFLICT (user_id) DO UPDATE
      SET digest = excluded.digest, expires_at = excluded.expires_at, made_for = excluded.made_for"""
_HOLDS = "r.digest = $1 AND r.expires_at > $2 AND r.user_id = u.id AND r.made_for = hub.standing(u)"
_USE = f"DELETE FROM hub.password_resets r USING hub.users u WHERE {_HOLDS} RETURNING r.user_id"
_PENDING = f"SELECT r.user_id FROM hub.password_resets r, hub.users u WHERE {_HOLDS}"


class PostgresPasswordResets:
    """Password links of the transaction's tenant."""

    def __init__(self, connection: Any, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def offer(self, user_id: UserId, digest: bytes, expires_at: datetime) -> None:
        """Store the link's digest in place of the user's earlier one."""
        await self._connection.execute(_OFFER, user_id, self._tenant_id, digest, expires_at)

    async def use(self, digest: bytes, now: datetime) -> UserId | None:
        """Delete the link and return its user; None: unknown or expired."""
        user_id: UserId | None = await self._connection.fetchval(_USE, digest, now)
        return user_id

    async def pending(self, digest: bytes, now: datetime) -> UserId | None:
        """Return the link's user without using it up."""
        user_id: UserId | None = await self._connection.fetchval(_PENDING, digest, now)
        return user_id
