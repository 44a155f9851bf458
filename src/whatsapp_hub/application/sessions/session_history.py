"""A session's history: what this process has to add, storing that, and reading it."""

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.storage.sessions import PlacedEntry
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.reading.queries import Page
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Invalid, NotFound, Unavailable
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.history import HistoryEntry, HistoryKind

log = logging.getLogger(__name__)

MOST_WAITING = 10_000
AT_ONCE = 200


class _Same(NamedTuple):
    """What entries that are added up have in common."""

    tenant_id: TenantId
    session_id: SessionId
    kind: HistoryKind
    reason: str | None


Waiting = Mapping[_Same, HistoryEntry]


@dataclass(slots=True)
class PendingHistory:
    """Entries that wait to be stored, added up: one object a process, for callers that cannot wait, on any thread.
    Of very many different ones the newest are left out."""

    clock: Clock
    _waiting: dict[_Same, HistoryEntry] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def record(
        self, tenant_id: TenantId, session_id: SessionId, kind: HistoryKind, reason: str | None = None, count: int = 1
    ) -> None:
        """Note that something happened `count` times. Does no I/O and never raises."""
        entry = HistoryEntry.of(kind, self.clock(), reason, count=count)
        self._add({_Same(tenant_id, session_id, kind, entry.reason): entry} if count > 0 else {})

    def take(self) -> Waiting:
        """Take all that waits."""
        with self._lock:
            taken, self._waiting = self._waiting, {}
        return taken

    def give_back(self, waiting: Waiting) -> None:
        """Let them wait for the next time."""
        self._add(waiting)

    def _add(self, entries: Waiting) -> None:
        with self._lock:
            for same, entry in entries.items():
                if earlier := self._waiting.get(same):
                    self._waiting[same] = entry.added_to(earlier)
                elif len(self._waiting) < MOST_WAITING:
                    self._waiting[same] = entry


@dataclass(frozen=True, slots=True)
class WriteHistory:
    """Store what waits in `PendingHistory`, a transaction a company. Called every ten seconds, and at the end."""

    storage: Storage
    pending: PendingHistory

    async def __call__(self) -> None:
        """Store it; what cannot be stored waits on. Raises Unavailable."""
        companies: dict[TenantId, dict[_Same, HistoryEntry]] = defaultdict(dict)
        for same, entry in self.pending.take().items():
            companies[same.tenant_id][same] = entry
        while companies:
            tenant_id, waiting = companies.popitem()
            try:
                await self._store(tenant_id, waiting)
            except BaseException as error:
                self.pending.give_back(waiting)
                if isinstance(error, Exception) and not isinstance(error, Unavailable):
                    log.exception("history.not_stored", extra={"tenant_id": str(tenant_id)})
                    continue
                for rest in companies.values():
                    self.pending.give_back(rest)
                raise

    async def _store(self, tenant_id: TenantId, waiting: Waiting) -> None:
        try:
            async with self.storage.tenant(tenant_id) as uow:
                for same, entry in sorted(waiting.items(), key=lambda one: (one[0].session_id, one[1].at)):
                    await uow.session_history.add(same.session_id, [entry])
                await uow.commit()
        except NotFound:
            return  # the company was removed


@dataclass(frozen=True, slots=True)
class ReadSessionHistory:
    """List what happened to a session, the newest first."""

    storage: Storage

    async def __call__(
        self, caller: Caller, session_id: SessionId, limit: int = 50, cursor: str | None = None
    ) -> Page[PlacedEntry]:
        """Return a page, the newest first. Raises Forbidden, NotFound, Invalid (`/cursor`)."""
        caller.require(Action.READ_SESSIONS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            if not await uow.sessions.peek([session_id]):
                raise NotFound("session", session_id)
            found = await uow.session_history.newest(session_id, limit + 1, _place(cursor))
        more = str(found[limit - 1].place) if len(found) > limit else None
        return Page(found[:limit], more)


def _place(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise Invalid.field("cursor", "is not one of this list")
    return int(cursor)
