"""Files to fetch, in `hub.fetches`: leased by a time in the row, fenced by the number of claims."""

from collections.abc import Sequence
from typing import Any

from whatsapp_hub.application.ports.queues.fetches import ALL, Fetch, Share
from whatsapp_hub.domain.ids import MediaId, SessionId

LOOKED_AT = 500
_ADD = """
    INSERT INTO hub.fetches (media_id, tenant_id, message_id, session_id, is_held, created_at, provider, next_at)
    SELECT media_id, hub.tenant(), message_id, session_id, is_held, created_at, provider, (SELECT now FROM hub.time)
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bool[], $5::timestamptz[], $6::text[])
      AS f(media_id, message_id, session_id, is_held, created_at, provider)
    ON CONFLICT DO NOTHING"""
_CLAIM = f"""
    WITH due AS (
      SELECT media_id, session_id, next_at FROM hub.fetches
      WHERE tenant_id = hub.tenant() AND is_held = ($4::uuid[] IS NOT NULL) AND next_at <= (SELECT now FROM hub.time)
        AND session_id <> ALL ($3::uuid[]) AND ($4::uuid[] IS NULL OR session_id = ANY ($4))
      ORDER BY next_at LIMIT {LOOKED_AT}),
    shared AS (
      SELECT media_id, next_at, row_number() OVER (PARTITION BY session_id ORDER BY next_at)
        + coalesce(running, 0) AS place
      FROM due LEFT JOIN unnest($5::uuid[], $6::int[]) AS has(session_id, running) USING (session_id)),
    free AS (
      SELECT media_id FROM hub.fetches
      WHERE media_id IN (SELECT media_id FROM shared WHERE place <= $7 ORDER BY next_at LIMIT $1)
        AND next_at <= (SELECT now FROM hub.time)
      FOR UPDATE SKIP LOCKED)
    UPDATE hub.fetches SET tries = tries + 1, next_at = (SELECT now FROM hub.time) + make_interval(secs => $2)
    WHERE media_id IN (SELECT media_id FROM free)
    RETURNING media_id, message_id, session_id, is_held, created_at, tries, provider"""
_RELEASE_HELD = "UPDATE hub.fetches SET is_held = false WHERE session_id = $1 AND is_held AND tenant_id = hub.tenant()"
_LATER = """
    UPDATE hub.fetches SET next_at = (SELECT now FROM hub.time) + make_interval(secs => $3)
    WHERE media_id = $1 AND tries = $2 RETURNING true"""
_IS_EXPECTED = "SELECT true FROM hub.fetches WHERE media_id = $1 AND tenant_id = hub.tenant()"
_DONE = "DELETE FROM hub.fetches WHERE media_id = $1 AND tries = $2 RETURNING true"


class PostgresFetches:
    """Implements `Fetches`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.added = False
        self.added_held = False

    async def add(self, fetches: Sequence[Fetch]) -> None:
        """Insert them all."""
        if not fetches:
            return
        columns = zip(
            *((f.media_id, f.message_id, f.session_id, f.is_held, f.created_at, f.provider) for f in fetches),
            strict=True,
        )
        await self._connection.execute(_ADD, *map(list, columns))
        self.added |= any(not f.is_held for f in fetches)
        self.added_held |= any(f.is_held for f in fetches)

    async def claim(
        self, limit: int, lease_s: float, share: Share = ALL, held: Sequence[SessionId] | None = None
    ) -> list[Fetch]:
        """Lease due rows that nobody else is claiming, of the LOOKED_AT that are due longest: sessions that have their
        share are left out, so that the next claim looks behind theirs."""
        sessions = None if held is None else list(held)
        full = [session_id for session_id in share.running if not share.left(session_id)]
        has = (list(share.running), list(share.running.values()))
        rows = await self._connection.fetch(_CLAIM, limit, float(lease_s), full, sessions, *has, share.most)
        return [Fetch(**dict(row)) for row in rows]

    async def release_held(self, session_id: SessionId) -> None:
        """Make its rows everybody's."""
        await self._connection.execute(_RELEASE_HELD, session_id)
        self.added = True

    async def is_expected(self, media_id: MediaId) -> bool:
        """Look for its row."""
        return bool(await self._connection.fetchval(_IS_EXPECTED, media_id))

    async def renew(self, fetch: Fetch, lease_s: float) -> bool:
        """Move the time from which others may claim it."""
        return bool(await self._connection.fetchval(_LATER, fetch.media_id, fetch.tries, float(lease_s)))

    async def later(self, fetch: Fetch, after_s: float) -> None:
        """Move the time from which anybody may claim it."""
        await self._connection.fetchval(_LATER, fetch.media_id, fetch.tries, float(after_s))

    async def done(self, fetch: Fetch) -> bool:
        """Delete the row, if it is still ours."""
        return bool(await self._connection.fetchval(_DONE, fetch.media_id, fetch.tries))
