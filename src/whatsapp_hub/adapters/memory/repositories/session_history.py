"""The history of sessions."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from whatsapp_hub.adapters.memory.engine.database import Rows, Table
from whatsapp_hub.adapters.memory.tables.entities import SESSIONS
from whatsapp_hub.application.ports.storage.sessions import PlacedEntry
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.sessions.history import HistoryEntry


@dataclass(frozen=True, slots=True)
class KeptEntry:
    session_id: SessionId
    place: int
    entry: HistoryEntry


SESSION_HISTORY: Table[int, KeptEntry] = Table("session_history")


class MemorySessionHistory:
    """Implements `SessionHistory`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, session_id: SessionId, entries: Iterable[HistoryEntry]) -> None:
        for entry in entries:
            if self._rows.peek(SESSIONS, session_id) is not None:
                await self._put(session_id, entry)

    async def _put(self, session_id: SessionId, entry: HistoryEntry) -> None:
        for kept in self._of(session_id):
            if entry.adds_to(kept.entry) and (same := await self._rows.get(SESSION_HISTORY, kept.place)):
                await self._rows.put(SESSION_HISTORY, same.place, replace(same, entry=entry.added_to(same.entry)))
                return
        place = self._rows.next("session_history")
        await self._rows.put(SESSION_HISTORY, place, KeptEntry(session_id, place, entry))

    async def newest(self, session_id: SessionId, limit: int, before: int | None = None) -> list[PlacedEntry]:
        found = [kept for kept in self._of(session_id) if before is None or kept.place < before]
        return [PlacedEntry(kept.place, kept.entry) for kept in found[:limit]]

    def _of(self, session_id: SessionId) -> list[KeptEntry]:
        """List its entries, the newest first."""
        kept = (row for row in self._rows.each(SESSION_HISTORY) if row.session_id == session_id)
        return sorted(kept, key=lambda row: row.place, reverse=True)
