"""Files to fetch."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from whatsapp_hub.adapters.memory.engine.database import Rows, Table
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.queues.fetches import ALL, Fetch, Share
from whatsapp_hub.domain.ids import MediaId, SessionId


@dataclass(frozen=True, slots=True)
class DueFetch:
    """A file to fetch, and from when on."""

    fetch: Fetch
    next_at: datetime


FETCHES: Table[MediaId, DueFetch] = Table("fetches")


class MemoryFetches:
    """Implements `Fetches`."""

    def __init__(self, rows: Rows, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock
        self.added = False
        self.added_held = False

    async def add(self, fetches: Sequence[Fetch]) -> None:
        for fetch in fetches:
            await self._rows.put(FETCHES, fetch.media_id, DueFetch(fetch, self._clock()))
        self.added |= any(not f.is_held for f in fetches)
        self.added_held |= any(f.is_held for f in fetches)

    async def claim(
        self, limit: int, lease_s: float, share: Share = ALL, held: Sequence[SessionId] | None = None
    ) -> list[Fetch]:
        now = self._clock()
        due = sorted((d for d in self._rows.each(FETCHES) if d.next_at <= now), key=lambda d: d.next_at)
        taken: Counter[SessionId] = Counter()
        free: list[Fetch] = []
        for fetch in (d.fetch for d in due if is_wanted(d.fetch, held)):
            if len(free) < limit and taken[fetch.session_id] < share.left(fetch.session_id):
                taken[fetch.session_id] += 1
                free.append(fetch)
        claimed = [replace(fetch, tries=fetch.tries + 1) for fetch in free]
        for fetch in claimed:
            await self._put(fetch, lease_s)
        return claimed

    async def release_held(self, session_id: SessionId) -> None:
        for due in [d for d in self._rows.each(FETCHES) if d.fetch.session_id == session_id and d.fetch.is_held]:
            free = replace(due, fetch=replace(due.fetch, is_held=False))
            await self._rows.put(FETCHES, due.fetch.media_id, free)
        self.added = True

    async def is_expected(self, media_id: MediaId) -> bool:
        return self._rows.peek(FETCHES, media_id) is not None

    async def renew(self, fetch: Fetch, lease_s: float) -> bool:
        if not self._is_ours(fetch):
            return False
        await self._put(fetch, lease_s)
        return True

    async def later(self, fetch: Fetch, after_s: float) -> None:
        if self._is_ours(fetch):
            await self._put(fetch, after_s)

    async def done(self, fetch: Fetch) -> bool:
        is_ours = self._is_ours(fetch)
        if is_ours:
            await self._rows.drop(FETCHES, fetch.media_id)
        return is_ours

    def _is_ours(self, fetch: Fetch) -> bool:
        known = self._rows.peek(FETCHES, fetch.media_id)
        return known is not None and known.fetch.tries == fetch.tries

    async def _put(self, fetch: Fetch, after_s: float) -> None:
        await self._rows.put(FETCHES, fetch.media_id, DueFetch(fetch, self._clock() + timedelta(seconds=after_s)))


def is_wanted(fetch: Fetch, held: Sequence[SessionId] | None) -> bool:
    """Whether who holds these sessions (None: none) may fetch it."""
    return not fetch.is_held if held is None else fetch.is_held and fetch.session_id in held
