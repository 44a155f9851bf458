"""The hub's running processes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Process:
    """`role` is `api`, `worker` …; `name` says where it runs, for people."""

    id: UUID
    role: str
    name: str
    version: str


class Processes(Protocol):
    """The registry of processes that share the database. All raise Unavailable."""

    async def announce(self, process: Process, gauges: Mapping[str, float]) -> None:
        """Record a heartbeat and the process's gauges (`stands:lanes`: seconds since a stalled loop last reported).
        Also deletes processes that fell silent long ago."""
        ...

    async def stalled(self) -> Sequence[str]:
        """List stalled loops of processes heard within half a minute: `worker host:12: lanes (34 s)`."""
        ...

    async def leave(self, process: Process) -> None:
        """Remove an ending process. Idempotent."""
        ...
