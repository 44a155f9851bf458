"""The real clock and real identifiers."""

from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def system_clock() -> datetime:
    """Implements `Clock`."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """Implements `NewId`; ids of one process sort in the order they were made."""
    return uuid7()
