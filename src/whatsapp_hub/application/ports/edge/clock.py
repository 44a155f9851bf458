"""Time and identifiers, injected so that decisions can be tested."""

from datetime import datetime
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    """Tell the hub's time. No I/O."""

    def __call__(self) -> datetime:
        """Return now, aware, UTC: the hub's time, which no step of a clock moves (domain/operations/hub_time.py).
        SQL reads the same from the view `hub.time`."""
        ...


class RetentionClock(Protocol):
    """Tell the time for deletions by age, so that a clock that leaps ahead deletes nothing."""

    def __call__(self) -> datetime:
        """Return the time by which ages are judged for deletion: the hub's time, and behind it after a leap."""
        ...


class NewId(Protocol):
    """Make ids that sort by time. No I/O."""

    def __call__(self) -> UUID:
        """Make a version 7 UUID: later ones sort after earlier ones."""
        ...
