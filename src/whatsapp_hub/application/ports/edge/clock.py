"""Time and identifiers, injected so that decisions can be tested."""

from datetime import datetime
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    def __call__(self) -> datetime:
        """Return now, aware, UTC: the hub's time, which no step of a clock moves (domain/operations/hub_time.py).
        SQL reads the same from the view `hub.time`."""
        ...


class RetentionClock(Protocol):
    def __call__(self) -> datetime:
        """Return the time by which ages are judged for deletion: the hub's time, and behind it after a leap."""
        ...


class NewId(Protocol):
    def __call__(self) -> UUID:
        """Make a version 7 UUID: later ones sort after earlier ones."""
        ...
