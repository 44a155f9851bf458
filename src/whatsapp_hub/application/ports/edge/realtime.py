"""Following the event log while it grows."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.domain.ids import SessionId, TenantId


@dataclass(frozen=True, slots=True)
class LogSlice:
    """A piece of the log: of the tenant's events, those up to `position` have now all been given. `is_reset`: some
    before it are no longer kept (or the cursor was of another log); the reader must look at the state anew."""

    position: int
    events: Sequence[LoggedEvent] = ()
    is_reset: bool = False


class Streams(Protocol):
    def follow(self, tenant_id: TenantId, after: int | None, only: SessionId | None = None) -> AsyncIterator[LogSlice]:
        """From the position `after` (None: from now) on without end, in order, no event twice, none left out: a
        reader that comes back with the last position it was given misses nothing. A first stretch without events
        comes at once, further ones from time to time when nothing happens. The stream goes as slowly as its reader
        does, and ends when the process stops. `only`: the one session that the reader is interested in; others then
        count as not listened to."""
        ...
