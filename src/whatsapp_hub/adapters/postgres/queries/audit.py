"""The audit trail, which triggers write: see adapters/postgres/sql/hub/prerequisites/audit_row.sql."""

import json
from typing import Any

from whatsapp_hub.adapters.postgres.engine.pages import cut, ending_early
from whatsapp_hub.adapters.postgres.queries.cursors import Older, encode_cursor, read_older
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.reading.audit import AuditEntry, AuditFilter
from whatsapp_hub.application.reading.queries import Page
from whatsapp_hub.domain.ids import TenantId

_ENTRIES = ending_early(
    """
    SELECT id, at, caller, user_id, email, address, action, change, entity, entity_id, before, after FROM hub.audit
    WHERE tenant_id = $1 AND id < $2 AND ($3::uuid IS NULL OR user_id = $3) AND ($4::text IS NULL OR entity = $4)
      AND ($5::text IS NULL OR entity_id = $5) AND ($6::timestamptz IS NULL OR at >= $6)
      AND ($7::timestamptz IS NULL OR at < $7)
    ORDER BY id DESC LIMIT $8""",
    "id DESC",
)


class PostgresAuditTrail:
    """Implements `AuditTrail`."""

    def __init__(self, storage: PostgresStorage) -> None:
        self._storage = storage

    async def entries(
        self, tenant_id: TenantId, filter: AuditFilter, limit: int, cursor: str | None
    ) -> Page[AuditEntry]:
        """Read a page by descending sequence number; the cursor holds the last one. One of long entries ends early."""
        before = read_older(cursor).seq if cursor is not None else 2**63 - 1
        f = filter
        async with self._storage.reading(tenant_id) as connection:
            rows = await connection.fetch(
                _ENTRIES, tenant_id, before, f.user_id, f.entity, f.entity_id, f.since, f.until, limit + 1
            )
        shown, goes_on = cut(rows, limit)
        items = [_entry_of(row) for row in shown]
        return Page(items, encode_cursor(Older(items[-1].id)) if goes_on else None)


def _entry_of(row: dict[str, Any]) -> AuditEntry:
    values = row.copy()
    for side in ("before", "after"):
        values[side] = json.loads(values[side]) if values[side] else None
    return AuditEntry(**values)
