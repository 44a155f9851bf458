"""What providers are still to be told of blocks, in `hub.provider_blocks`: leased by a time in the row."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from whatsapp_hub.application.ports.queues.blocks import ProviderBlock
from whatsapp_hub.domain.ids import ContactId

_COLUMNS = "session_id, contact_id, blocked, asked_at, tries, error, next_at IS NULL AS is_given_up"
# Conversations are found through sessions: there is no index on the contact alone.
_ASK = """
    INSERT INTO hub.provider_blocks (tenant_id, session_id, contact_id, blocked, asked_at, next_at)
    SELECT hub.tenant(), s.id, $1, $2, $3, (SELECT now FROM hub.time) FROM hub.sessions s
    WHERE s.tenant_id = hub.tenant() AND s.provider = ANY ($4::text[])
      AND EXISTS (SELECT FROM conversations c WHERE c.session_id = s.id AND c.contact_id = $1)
    ON CONFLICT (session_id, contact_id) DO UPDATE SET
      blocked = excluded.blocked, asked_at = excluded.asked_at, next_at = excluded.next_at, tries = 0, error = NULL
    RETURNING true"""
_CLAIM = f"""
    UPDATE hub.provider_blocks SET tries = tries + 1, next_at = (SELECT now FROM hub.time) + make_interval(secs => $2)
    WHERE (session_id, contact_id) IN (
      SELECT session_id, contact_id FROM hub.provider_blocks
      WHERE tenant_id = hub.tenant() AND next_at <= (SELECT now FROM hub.time)
      ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING {_COLUMNS}"""
_IS_OURS = "session_id = $1 AND contact_id = $2 AND asked_at = $3 AND tries = $4"
_DONE = f"DELETE FROM hub.provider_blocks WHERE {_IS_OURS}"
_FAILED = f"""
    UPDATE hub.provider_blocks SET error = $5, next_at = (SELECT now FROM hub.time) + make_interval(secs => $6)
    WHERE {_IS_OURS}"""
_OF = f"""
    SELECT {_COLUMNS} FROM hub.provider_blocks WHERE tenant_id = hub.tenant() AND contact_id = $1
    ORDER BY session_id"""


class PostgresProviderBlocks:
    """Implements `ProviderBlocks`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def ask(self, contact_id: ContactId, kinds: Collection[str], at: datetime, *, blocked: bool) -> int:
        """Insert a row a session, or take over the one that is there."""
        return len(await self._connection.fetch(_ASK, contact_id, blocked, at, list(kinds)))

    async def claim(self, limit: int, lease_s: float) -> list[ProviderBlock]:
        """Lease due rows that nobody else is claiming."""
        return [_block(row) for row in await self._connection.fetch(_CLAIM, limit, float(lease_s))]

    async def done(self, block: ProviderBlock) -> None:
        """Delete the row, if it is still ours."""
        await self._connection.execute(_DONE, *_fence(block))

    async def failed(self, block: ProviderBlock, error: str, again_in_s: float | None) -> None:
        """Store the error and the time of the next try, if the row is still ours."""
        await self._connection.execute(_FAILED, *_fence(block), error, again_in_s)

    async def of(self, contact_id: ContactId) -> list[ProviderBlock]:
        """Read those of a contact."""
        return [_block(row) for row in await self._connection.fetch(_OF, contact_id)]


def _fence(block: ProviderBlock) -> tuple[object, ...]:
    return block.session_id, block.contact_id, block.asked_at, block.tries


def _block(row: Any) -> ProviderBlock:
    return ProviderBlock(**dict(row))
