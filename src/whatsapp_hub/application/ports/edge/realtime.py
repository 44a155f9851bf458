"""Follow the event log as it grows."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.domain.ids import ConversationId, SessionId, TenantId


@dataclass(frozen=True, slots=True)
class LogSlice:
    """A slice of the log: the tenant's events up to `position` have now all been delivered. `is_reset`: some before it
    are no longer kept (or the cursor was of another log); the reader must load the state anew."""

    position: int
    events: Sequence[LoggedEvent] = ()
    is_reset: bool = False


class ShowsCustomerTyping(Protocol):
    """Shows agents that a customer types. Nothing is stored."""

    def __call__(self, conversation_id: ConversationId, *, is_typing: bool) -> None:
        """Show agents who have the conversation open that its customer types, or stopped. Returns at once; may be
        lost."""
        ...


class Streams(Protocol):
    """Open streams of one company's events."""

    def follow(self, tenant_id: TenantId, after: int | None, only: SessionId | None = None) -> AsyncIterator[LogSlice]:
        """Yield events from the position `after` (None: from now) on without end, in order, each exactly once: a reader
        that resumes at the last position it got misses nothing. A first slice without events comes at once, further
        ones now and then while nothing happens. The stream is as slow as its reader, and ends when the process stops.
        `only`: the one session that the reader follows; others then count as not listened to."""
        ...
