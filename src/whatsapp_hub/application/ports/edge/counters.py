"""Store what processes count, added up over all of them."""

from collections.abc import Mapping
from typing import Protocol

from whatsapp_hub.application.measuring import Series


class Counters(Protocol):
    async def add(self, counts: Mapping[Series, float]) -> None:
        """Add to what is stored, all or nothing. Raises Unavailable; whether it was added is then not known."""
        ...
