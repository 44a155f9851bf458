"""Time and identifiers, injected so that decisions can be tested."""

from datetime import datetime
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    def __call__(self) -> datetime:
        """Now, aware, UTC: the hub's time, which no step of a clock moves (domain/operations/hub_time.py).
        Statements ask the view `hub.time`, which shows the same."""
        ...


class RetentionClock(Protocol):
    def __call__(self) -> datetime:
        """The time by which something is old enough to be deleted: the hub's time, and after a leap of it, behind."""
        ...


class NewId(Protocol):
    def __call__(self) -> UUID:
        """A new version 7 UUID: later ones sort after earlier ones."""
        ...
