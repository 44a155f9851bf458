"""The event log: every committed event, in one dense order."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from whatsapp_hub.domain.ids import ConversationId, SessionId, TenantId


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One event of the log. `body` is JSON: the event's subjects and details in the form of contract F."""

    position: int
    tenant_id: TenantId
    type: str
    session_id: SessionId | None
    conversation_id: ConversationId | None
    occurred_at: datetime
    body: bytes


class EventLog(Protocol):
    """Read the log of events. Safe to call from any process."""

    async def read(self, after: int | None, limit: int, tenant_id: TenantId | None = None) -> list[LoggedEvent]:
        """Read events with a position greater than `after` (None: from the oldest kept), ascending; of one tenant or
        (None) of all. Raises Expired if some of them are no longer kept, or if no such position was ever given (a
        cursor of another log, or of this one before it was restored from an older backup)."""
        ...

    async def before(
        self, position: int | None, limit: int, tenant_id: TenantId, types: Collection[str] = ()
    ) -> tuple[list[LoggedEvent], int | None]:
        """Read a tenant's kept events with a position less than this (None: from the newest), descending, of these
        types (none: of all). Looks at a bounded number; the second is the position from which to go on (None: the log
        begins here)."""
        ...

    async def conversation_at(self, conversation_id: ConversationId, position: int) -> bytes | None:
        """Return the body of the newest event up to `position` with this conversation; None if none is kept."""
        ...

    async def head(self) -> int:
        """Return the last position given (0: none yet)."""
        ...

    async def trim(self, older_than: datetime, needed_from: int) -> int:
        """Delete the events before the first that is newer than `older_than`, and before `needed_from`; return the
        count."""
        ...
