"""One-use tickets, as hub_system: they are used before anybody knows whose they are."""

from whatsapp_hub.adapters.postgres.database import Database

_KEEP = """
    WITH outdated AS (DELETE FROM hub.tickets WHERE expires_at < clock_timestamp())
    INSERT INTO hub.tickets (digest, sealed, expires_at)
    VALUES ($1, $2, clock_timestamp() + $3::float8 * interval '1 second')"""
_TAKE = "DELETE FROM hub.tickets WHERE digest = $1 RETURNING sealed, expires_at >= clock_timestamp() AS is_good"


class PostgresTickets:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, digest: bytes, sealed: bytes, for_s: float) -> None:
        await self._database.system(lambda c: c.execute(_KEEP, digest, sealed, for_s))

    async def take(self, digest: bytes) -> bytes | None:
        row = await self._database.system(lambda c: c.fetchrow(_TAKE, digest))
        return bytes(row["sealed"]) if row and row["is_good"] else None
