"""Links that set a new password once: one a user."""

from datetime import datetime
from typing import Any

from whatsapp_hub.domain.ids import TenantId, UserId

_OFFER = """
    INSERT INTO hub.password_resets (user_id, tenant_id, digest, expires_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (user_id) DO UPDATE SET digest = excluded.digest, expires_at = excluded.expires_at"""
_USE = "DELETE FROM hub.password_resets WHERE digest = $1 AND expires_at > $2 RETURNING user_id"

_PENDING = "SELECT user_id FROM hub.password_resets WHERE digest = $1 AND expires_at > $2"


class PostgresPasswordResets:
    def __init__(self, connection: Any, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def offer(self, user_id: UserId, digest: bytes, expires_at: datetime) -> None:
        await self._connection.execute(_OFFER, user_id, self._tenant_id, digest, expires_at)

    async def use(self, digest: bytes, now: datetime) -> UserId | None:
        user_id: UserId | None = await self._connection.fetchval(_USE, digest, now)
        return user_id

    async def pending(self, digest: bytes, now: datetime) -> UserId | None:
        user_id: UserId | None = await self._connection.fetchval(_PENDING, digest, now)
        return user_id
