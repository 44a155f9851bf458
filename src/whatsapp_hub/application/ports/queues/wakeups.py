"""Wake-ups: hints that work may be waiting. They may be lost, doubled or late; PostgreSQL remembers."""

from enum import StrEnum
from typing import Protocol

from whatsapp_hub.domain.ids import TenantId


class Work(StrEnum):
    INBOX = "inbox"
    LANES = "lanes"
    OUTBOX = "outbox"
    EVENTS = "events"
    LINES = "lines"
    """Connectors: sessions to open or close, and commands."""
    ACCESS = "access"
    """API processes: somebody's access changed."""
    HELD_LANES = "held_lanes"
    """Connectors: lanes of the sessions that they hold."""


class Wake(Protocol):
    def __call__(self, work: Work, tenant_id: TenantId | None = None) -> None:
        """Tell whoever does this work that there may be some, of this tenant (None: they look at all). Never blocks,
        never raises."""
        ...
