"""Counters, summed over all processes."""

from collections.abc import Mapping
from typing import Protocol

from whatsapp_hub.application.measuring import Series


class Counters(Protocol):
    """Store counters of processes, and read their sums."""

    async def add(self, counts: Mapping[Series, float]) -> None:
        """Add to the stored counts, all or nothing. Raises Unavailable; it is then unknown whether they were added."""
        ...
