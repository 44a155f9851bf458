"""Idempotency keys: the message of each caller's key."""

from typing import Any

from whatsapp_hub.domain.errors import KeyReused
from whatsapp_hub.domain.ids import MessageId, TenantId

# Waits for a concurrent claim of the same key. A key older than a day is new again.
_CLAIM = """
    INSERT INTO hub.idempotency_keys AS k (tenant_id, caller, key, request_hash, message_id) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, caller, key) DO UPDATE
      SET request_hash = excluded.request_hash, message_id = excluded.message_id,
        created_at = (SELECT now FROM hub.time)
      WHERE k.created_at < (SELECT long_past FROM hub.time) - interval '24 hours'
    RETURNING true"""
_CLAIMED = """
    SELECT request_hash, message_id FROM hub.idempotency_keys WHERE tenant_id = $1 AND caller = $2 AND key = $3"""


class PostgresIdempotencyKeys:
    """Implements `IdempotencyKeys`."""

    def __init__(self, connection: Any, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def claim(self, caller: str, key: str, request_hash: bytes, message_id: MessageId) -> MessageId | None:
        """Insert the key, or read what it was claimed for. Raises KeyReused."""
        name = (self._tenant_id, caller, key)
        if await self._connection.fetchval(_CLAIM, *name, request_hash, message_id):
            return None
        row = await self._connection.fetchrow(_CLAIMED, *name)
        if row["request_hash"] != request_hash:
            raise KeyReused(f"the key {key!r} came with another request")
        stood_for: MessageId = row["message_id"]
        return stood_for
