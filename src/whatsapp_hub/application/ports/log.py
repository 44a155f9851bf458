"""The event log: every committed event, in one dense order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from whatsapp_hub.domain.ids import ConversationId, SessionId, TenantId


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One event of the log. `body` is JSON: the event's subjects and details as contract F spells them."""

    position: int
    tenant_id: TenantId
    type: str
    session_id: SessionId | None
    conversation_id: ConversationId | None
    occurred_at: datetime
    body: bytes


class EventLog(Protocol):
    async def read(self, after: int, limit: int, tenant_id: TenantId | None = None) -> list[LoggedEvent]:
        """Events with a position greater than `after`, ascending; of one tenant or (None) of all."""
        ...

    async def head(self) -> int:
        """The last position given (0: none yet)."""
        ...
