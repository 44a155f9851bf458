"""What providers are still to be told of blocks, in `hub.provider_blocks`: leased until `leased_until`, before which no
row is due (`next_at`), whatever was asked since."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from whatsapp_hub.application.ports.queues.blocks import ProviderBlock
from whatsapp_hub.domain.ids import ContactId

_COLUMNS = "session_id, contact_id, blocked, asked_at, tries, error, next_at IS NULL AS is_given_up, claims"
# Conversations are found through sessions: there is no index on the contact alone.
_ASK = """
    INSERT INTO hub.provider_blocks AS p (tenant_id, session_id, contact_id, blocked, asked_at, next_at)
    SELECT hub.tenant(), s.id, $1, $2, $3, (SELECT now FROM hub.time) FROM hub.sessions s
    WHERE s.tenant_id = hub.tenant() AND s.provider = ANY ($4::text[])
      AND EXISTS (SELECT FROM conversations c WHERE c.session_id = s.id AND c.contact_id = $1)
    ON CONFLICT (session_id, contact_id) DO UPDATE SET
      blocked = excluded.blocked, asked_at = excluded.asked_at, next_at = greatest(excluded.next_at, p.leased_until),
      tries = 0, error = NULL
    RETURNING true"""
_CLAIM = f"""
    UPDATE hub.provider_blocks SET tries = tries + 1, claims = claims + 1,
      next_at = (SELECT now FROM hub.time) + make_interval(secs => $2),
      leased_until = (SELECT now FROM hub.time) + make_interval(secs => $2)
    WHERE (session_id, contact_id) IN (
      SELECT session_id, contact_id FROM hub.provider_blocks
      WHERE tenant_id = hub.tenant() AND next_at <= (SELECT now FROM hub.time)
      ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING {_COLUMNS}"""
_IS_OURS = "session_id = $1 AND contact_id = $2 AND claims = $3"
_DONE = f"""
    WITH gone AS (DELETE FROM hub.provider_blocks WHERE {_IS_OURS} AND asked_at = $4)
    UPDATE hub.provider_blocks SET leased_until = NULL, next_at = (SELECT now FROM hub.time)
    WHERE {_IS_OURS} AND asked_at <> $4"""
_FAILED = f"""
    WITH ended AS (
      SELECT session_id, contact_id, asked_at = $4 AS is_wanted, CASE WHEN $7 THEN NULL ELSE leased_until END AS leased
      FROM hub.provider_blocks WHERE {_IS_OURS} FOR UPDATE)
    UPDATE hub.provider_blocks p SET leased_until = leased, error = CASE WHEN is_wanted THEN $5 END,
      next_at = CASE WHEN is_wanted AND $6::float8 IS NULL THEN NULL ELSE greatest(leased,
        (SELECT now FROM hub.time) + make_interval(secs => CASE WHEN is_wanted THEN $6::float8 ELSE 0 END)) END
    FROM ended WHERE p.session_id = ended.session_id AND p.contact_id = ended.contact_id"""
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
        """Delete the row, or make what was asked meanwhile due, if the claim is still ours."""
        await self._connection.execute(_DONE, *_fence(block))

    async def failed(self, block: ProviderBlock, error: str, again_in_s: float | None, *, is_certain: bool) -> None:
        """Store the error and the time of the next try, if the claim is still ours."""
        await self._connection.execute(_FAILED, *_fence(block), error, again_in_s, is_certain)

    async def of(self, contact_id: ContactId) -> list[ProviderBlock]:
        """Read those of a contact."""
        return [_block(row) for row in await self._connection.fetch(_OF, contact_id)]


def _fence(block: ProviderBlock) -> tuple[object, ...]:
    return block.session_id, block.contact_id, block.claims, block.asked_at


def _block(row: Any) -> ProviderBlock:
    return ProviderBlock(**dict(row))
