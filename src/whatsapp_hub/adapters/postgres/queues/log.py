"""The event log, read by position."""

from collections.abc import Collection
from datetime import datetime

from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.application.fair_shares import FairShares
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.domain.errors import Expired
from whatsapp_hub.domain.ids import ConversationId, TenantId

COLUMNS = "position, tenant_id, type, session_id, conversation_id, occurred_at, body"
_READ = f"SELECT {COLUMNS} FROM hub.events WHERE position > $1 ORDER BY position LIMIT $2"
_READ_TENANT = f"""
    SELECT {COLUMNS} FROM hub.events WHERE tenant_id = $3 AND position > $1 ORDER BY position LIMIT $2"""
# Along the index of a tenant's events; bodies are read of those alone that are shown.
_TYPES_BEFORE = """
    SELECT position, type FROM hub.events WHERE tenant_id = $1 AND position < $2 ORDER BY position DESC LIMIT $3"""
_AT = f"SELECT {COLUMNS} FROM hub.events WHERE tenant_id = $1 AND position = ANY ($2) ORDER BY position DESC"
# The condition of the index events_of_conversation.
_CONVERSATION_AT = """
    SELECT body FROM hub.events WHERE conversation_id = $1 AND position <= $2 AND type LIKE 'conversation.%'
    ORDER BY position DESC LIMIT 1"""
_HEAD = "SELECT position FROM hub.sequencer"
# A position whose event is kept, or is followed by a kept one. Positions are dense but for the gap of a restored
# backup: those that the lost hub gave since.
_IS_GIVEN = """
    SELECT $1 = s.position OR EXISTS (SELECT FROM hub.events WHERE position IN ($1, $1 + 1)) FROM hub.sequencer s"""
_BOUNDS = """
    SELECT position AS head, coalesce((SELECT min(position) FROM hub.events), position + 1) AS tail
    FROM hub.sequencer"""
# Always the oldest positions, contiguous: up to the first event to keep.
_TRIM = """
    DELETE FROM hub.events WHERE position < coalesce(
      (SELECT position FROM hub.events WHERE occurred_at >= $1 ORDER BY position LIMIT 1),
      (SELECT position + 1 FROM hub.sequencer))
      AND position < $3 AND position < (SELECT position FROM hub.events ORDER BY position LIMIT 1) + $2"""
_TRIM_BATCH = 20_000


LOOKED_AT = 2_000
"""Events that a page of rare types looks through."""

READERS = 2
"""Companies whose log is read at once, one reader each: the connections of the machinery are few, and by the same ones
credentials are looked up and the whole log is followed."""


class PostgresEventLog:
    """Implements `EventLog`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._readers = FairShares[TenantId](READERS, 1)

    async def read(self, after: int | None, limit: int, tenant_id: TenantId | None = None) -> list[LoggedEvent]:
        """Read events after a position. One company's readers do so one after the other. Bounds are read after the
        rows, so that a trim in between is noticed; positions are dense, hence a reader of all tenants sees a missing
        one by itself."""
        if tenant_id is None:
            return await self._read(after, limit, None)
        async with self._readers.place(tenant_id):
            return await self._read(after, limit, tenant_id)

    async def _read(self, after: int | None, limit: int, tenant_id: TenantId | None) -> list[LoggedEvent]:
        if tenant_id is None:
            rows = await self._database.system(lambda c: c.fetch(_READ, after or 0, limit))
        else:
            rows = await self._database.system(lambda c: c.fetch(_READ_TENANT, after or 0, limit, tenant_id))
        is_seen_whole = tenant_id is None and rows and rows[0]["position"] == (after or 0) + 1
        if after is not None and not is_seen_whole:
            head, tail = await self._bounds()
            if not tail - 1 <= after <= head or not await self._is_given(after):
                raise Expired(after, tail)
        return [LoggedEvent(**dict(row)) for row in rows]

    async def _bounds(self) -> tuple[int, int]:
        row = await self._database.system(lambda c: c.fetchrow(_BOUNDS))
        return row["head"], row["tail"]

    async def _is_given(self, position: int) -> bool:
        is_given: bool = await self._database.system(lambda c: c.fetchval(_IS_GIVEN, position))
        return is_given

    async def before(
        self, position: int | None, limit: int, tenant_id: TenantId, types: Collection[str] = ()
    ) -> tuple[list[LoggedEvent], int | None]:
        """Read positions and types first, then the events themselves."""
        async with self._readers.place(tenant_id):
            most = max(LOOKED_AT, limit) if types else limit
            upper = 2**62 if position is None else position
            looked = await self._database.system(lambda c: c.fetch(_TYPES_BEFORE, tenant_id, upper, most))
            wanted = [row["position"] for row in looked if not types or row["type"] in types][:limit]
            rows = await self._database.system(lambda c: c.fetch(_AT, tenant_id, wanted)) if wanted else []
        if len(wanted) == limit:
            return [LoggedEvent(**dict(row)) for row in rows], wanted[-1]
        return [LoggedEvent(**dict(row)) for row in rows], looked[-1]["position"] if len(looked) == most else None

    async def conversation_at(self, conversation_id: ConversationId, position: int) -> bytes | None:
        """Read the newest event of a conversation up to a position."""
        body: bytes | None = await self._database.system(
            lambda c: c.fetchval(_CONVERSATION_AT, conversation_id, position)
        )
        return body

    async def head(self) -> int:
        """Read the last position given."""
        head: int = await self._database.system(lambda c: c.fetchval(_HEAD))
        return head

    async def tail(self) -> int:
        """Return the oldest kept position; a cursor below `tail() - 1` has missed events."""
        return (await self._bounds())[1]

    async def trim(self, older_than: datetime, needed_from: int) -> int:
        """Delete one batch of old events."""
        forgotten = 0
        while True:
            tag = await self._database.system(lambda c: c.execute(_TRIM, older_than, _TRIM_BATCH, needed_from))
            count = int(tag.rpartition(" ")[2])
            forgotten += count
            if count < _TRIM_BATCH:
                return forgotten
