"""Wake-ups: hints that work may be waiting. They may be lost, repeated or late; PostgreSQL remembers."""

from enum import StrEnum
from typing import Protocol

from whatsapp_hub.domain.ids import TenantId


class Work(StrEnum):
    """Kinds of work that may be waiting; the value names the hint's channel."""

    INBOX = "inbox"
    LANES = "lanes"
    OUTBOX = "outbox"
    EVENTS = "events"
    LINES = "lines"
    """Connectors: sessions to open or close, and commands."""
    ACCESS = "access"
    """API processes: an entry in the feed of access changes."""
    MEDIA = "media"
    HELD_MEDIA = "held_media"
    """Connectors: files that the sessions which they hold must fetch."""
    HELD_LANES = "held_lanes"
    """Connectors: lanes of the sessions that they hold."""


class Wake(Protocol):
    """Send hints."""

    def __call__(self, work: Work, tenant_id: TenantId | None = None) -> None:
        """Wake the processes that do this work, for one tenant (None: all). Never blocks, never raises."""
        ...
