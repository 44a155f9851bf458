"""The history of sessions (table `hub.session_history`)."""

from collections.abc import Iterable
from typing import Any

from whatsapp_hub.application.ports.storage.sessions import PlacedEntry
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.history import ADDED_UP_WITHIN, HistoryEntry, HistoryKind

_FIELDS = "kind, at, until, reason, status, count"
# $9: an entry that says the same and began later takes the new one in; null: none does.
_ADD = f"""
    WITH same AS (
      SELECT id FROM hub.session_history
      WHERE session_id = $1 AND kind = $3 AND reason IS NOT DISTINCT FROM $6 AND at > $9
      ORDER BY at DESC LIMIT 1),
    taken_in AS (
      UPDATE hub.session_history h SET at = least(h.at, $4), until = greatest(h.until, $5), count = h.count + $8
      FROM same WHERE h.id = same.id RETURNING h.id)
    INSERT INTO hub.session_history (session_id, tenant_id, {_FIELDS})
    SELECT s.id, $2, $3, $4, $5, $6, $7, $8 FROM hub.sessions s
    WHERE s.id = $1 AND NOT EXISTS (SELECT FROM taken_in)"""
_NEWEST = f"""
    SELECT place, {_FIELDS} FROM hub.session_history
    WHERE session_id = $1 AND ($3::bigint IS NULL OR place < $3) ORDER BY place DESC LIMIT $2"""


class PostgresSessionHistory:
    """Implements `SessionHistory`."""

    def __init__(self, connection: Any, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def add(self, session_id: SessionId, entries: Iterable[HistoryEntry]) -> None:
        for one in entries:
            since = one.at - ADDED_UP_WITHIN if one.kind.adds_up else None
            values = (one.kind, one.at, one.until, one.reason, one.status, one.count)
            await self._connection.execute(_ADD, session_id, self._tenant_id, *values, since)

    async def newest(self, session_id: SessionId, limit: int, before: int | None = None) -> list[PlacedEntry]:
        rows = await self._connection.fetch(_NEWEST, session_id, limit, before)
        return [PlacedEntry(row["place"], _entry_of(row)) for row in rows]


def _entry_of(row: Any) -> HistoryEntry:
    moments = (row["at"], row["until"])
    return HistoryEntry(HistoryKind(row["kind"]), *moments, row["reason"], row["status"], row["count"])
