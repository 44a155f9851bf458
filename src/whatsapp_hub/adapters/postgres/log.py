"""The event log, read by position."""

from datetime import datetime

from whatsapp_hub.adapters.postgres.database import Database
from whatsapp_hub.application.ports.log import LoggedEvent
from whatsapp_hub.domain.ids import TenantId

_COLUMNS = "position, tenant_id, type, session_id, conversation_id, occurred_at, body"
_READ = f"SELECT {_COLUMNS} FROM hub.events WHERE position > $1 ORDER BY position LIMIT $2"
_READ_TENANT = f"""
    SELECT {_COLUMNS} FROM hub.events WHERE tenant_id = $3 AND position > $1 ORDER BY position LIMIT $2"""
_HEAD = "SELECT position FROM hub.sequencer"
_TAIL = """
    SELECT coalesce((SELECT position FROM hub.events ORDER BY position LIMIT 1),
                    (SELECT position + 1 FROM hub.sequencer))"""
# Always the oldest positions, without a hole: up to the first event that is to be kept.
_TRIM = """
    DELETE FROM hub.events WHERE position < coalesce(
      (SELECT position FROM hub.events WHERE occurred_at >= $1 ORDER BY position LIMIT 1),
      (SELECT position + 1 FROM hub.sequencer))
      AND position < (SELECT position FROM hub.events ORDER BY position LIMIT 1) + $2"""
_TRIM_BATCH = 20_000


class PostgresEventLog:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, after: int, limit: int, tenant_id: TenantId | None = None) -> list[LoggedEvent]:
        if tenant_id is None:
            rows = await self._database.system(lambda c: c.fetch(_READ, after, limit))
        else:
            rows = await self._database.system(lambda c: c.fetch(_READ_TENANT, after, limit, tenant_id))
        return [LoggedEvent(**dict(row)) for row in rows]

    async def head(self) -> int:
        head: int = await self._database.system(lambda c: c.fetchval(_HEAD))
        return head

    async def tail(self) -> int:
        """The oldest position still kept; a cursor below `tail() - 1` has missed events."""
        tail: int = await self._database.system(lambda c: c.fetchval(_TAIL))
        return tail

    async def trim(self, older_than: datetime) -> int:
        """Forget what happened before; how many events."""
        forgotten = 0
        while True:
            tag = await self._database.system(lambda c: c.execute(_TRIM, older_than, _TRIM_BATCH))
            count = int(tag.rpartition(" ")[2])
            forgotten += count
            if count < _TRIM_BATCH:
                return forgotten
