"""Tickets for streams, as hub_system: they are redeemed before their tenant is known."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from whatsapp_hub.adapters.postgres.engine.database import Database

# Tickets that expired in an outage are kept for an hour: streams that are still open renew them.
_KEEP = """
    WITH outdated AS (DELETE FROM hub.tickets WHERE expires_at < (SELECT now FROM hub.time) - interval '1 hour')
    INSERT INTO hub.tickets (digest, sealed, expires_at)
    VALUES ($1, $2, (SELECT now FROM hub.time) + $3::float8 * interval '1 second')"""
_OPEN = """
    UPDATE hub.tickets SET holder = $2, stream = $3,
      expires_at = (SELECT now FROM hub.time) + $4::float8 * interval '1 second'
    WHERE digest = $1 AND expires_at >= (SELECT now FROM hub.time)
      AND (holder IS NULL OR ($5::bool AND stream = $3))
    RETURNING sealed"""
# A row is written only when a twentieth of its time has passed: most calls only read.
_HOLD = """
    WITH mine AS (SELECT * FROM unnest($1::bytea[], $2::uuid[]) AS mine (digest, holder)),
    held AS (
      UPDATE hub.tickets t SET expires_at = (SELECT now FROM hub.time) + $3::float8 * interval '1 second'
      FROM mine WHERE t.digest = mine.digest AND t.holder = mine.holder
        AND t.expires_at < (SELECT now FROM hub.time) + $3::float8 * interval '0.95 second')
    SELECT mine.holder FROM mine JOIN hub.tickets t USING (digest, holder)"""


class PostgresTickets:
    """Implements `TicketStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, digest: bytes, sealed: bytes, for_s: float) -> None:
        """Insert the ticket."""
        await self._database.system(lambda c: c.execute(_KEEP, digest, sealed, for_s))

    async def open(self, digest: bytes, holder: UUID, stream: bytes, for_s: float, *, again: bool) -> bytes | None:
        """Give the ticket to this stream and return the sealed credential; None: unknown, expired, or of another
        stream."""
        row = await self._database.system(lambda c: c.fetchrow(_OPEN, digest, holder, stream, for_s, again))
        return bytes(row["sealed"]) if row else None

    async def hold(self, held: Collection[tuple[bytes, UUID]], for_s: float) -> set[UUID]:
        """Prolong tickets; return the streams that still have theirs."""
        digests, holders = zip(*held, strict=True)
        rows: list[Any] = await self._database.system(lambda c: c.fetch(_HOLD, digests, holders, for_s))
        return {row["holder"] for row in rows}
