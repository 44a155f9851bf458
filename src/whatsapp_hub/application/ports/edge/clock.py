"""Time and identifiers, injected so that decisions can be tested."""

from datetime import datetime
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    def __call__(self) -> datetime:
        """Now, aware, UTC. For domain decisions; leases use the database's clock."""
        ...


class NewId(Protocol):
    def __call__(self) -> UUID:
        """A new version 7 UUID: later ones sort after earlier ones."""
        ...
