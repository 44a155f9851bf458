"""Processes of the hub say that they run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Process:
    """`role` is what it was started as (`api`, `worker` …); `name` says where, for people."""

    id: UUID
    role: str
    name: str
    version: str


class Processes(Protocol):
    """Known to every process that shares the database. All raise Unavailable."""

    async def announce(self, process: Process, gauges: Mapping[str, float]) -> None:
        """Say that it runs now, and what it measures of itself (`stands:lanes`: seconds since a loop that stands went
        round). Also forgets those that fell silent long ago."""
        ...

    async def standing(self) -> Sequence[str]:
        """Loops that do not go round, of processes heard within half a minute: `worker host:12: lanes (34 s)`."""
        ...

    async def leave(self, process: Process) -> None:
        """It ends. Idempotent."""
        ...
