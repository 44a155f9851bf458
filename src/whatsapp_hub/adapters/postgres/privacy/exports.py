"""Permits to download an export of a customer's data."""

from datetime import datetime

from whatsapp_hub.adapters.postgres.engine.audit import acting
from whatsapp_hub.adapters.postgres.engine.write_batch import Statements
from whatsapp_hub.application.ports.operations.privacy import Export
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import ExportId

_COLUMNS = "id, tenant_id, contact_id, caller, created_at, expires_at, downloaded_at"
_KNOWN = "SELECT FROM contacts WHERE id = $1 FOR KEY SHARE"
_ADD = """
    INSERT INTO hub.contact_exports (id, tenant_id, contact_id, caller, created_at, expires_at)
    VALUES ($1, hub.tenant(), $2, $3, $4, $5)"""
_GET = f"SELECT {_COLUMNS} FROM hub.contact_exports WHERE id = $1 AND expires_at > $2"
_TAKEN = "UPDATE hub.contact_exports SET downloaded_at = $2 WHERE id = $1"
_AUDIT = """
    INSERT INTO hub.audit (tenant_id, caller, user_id, email, address, action, change, entity, entity_id, after)
    SELECT hub.tenant(), w ->> 'key', (w ->> 'user')::uuid, w ->> 'email', w ->> 'from', w ->> 'doing', $2,
      'contact_export', $3::uuid::text, jsonb_build_object('export_id', $4::uuid)
    FROM (SELECT $1::text::jsonb AS w) AS who WHERE w IS NOT NULL"""


class PostgresExports:
    """Implements `Exports`."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    async def add(self, export: Export) -> None:
        """Store a permit, and record it in the audit trail. Raises NotFound for an unknown contact."""
        e = export
        if await self._connection.fetchrow(_KNOWN, e.contact_id) is None:
            raise NotFound("contact", e.contact_id)
        await self._connection.execute(_ADD, e.id, e.contact_id, e.caller, e.created_at, e.expires_at)
        await self._connection.execute(_AUDIT, acting(), "create", e.contact_id, e.id)

    async def get(self, export_id: ExportId, now: datetime) -> Export:
        """Return a permit that is still good at `now`. Raises NotFound."""
        row = await self._connection.fetchrow(_GET, export_id, now)
        if row is None:
            raise NotFound("export", export_id)
        return Export(**dict(row))

    async def taken(self, export: Export, at: datetime) -> None:
        """Note that the export was downloaded, in the audit trail too."""
        await self._connection.execute(_TAKEN, export.id, at)
        await self._connection.execute(_AUDIT, acting(), "update", export.contact_id, export.id)
