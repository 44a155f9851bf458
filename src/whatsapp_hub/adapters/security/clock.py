"""The real clock and real identifiers."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7

COUNTED_BITS = 12
"""So many ids of one millisecond are counted; more borrow from the next."""


def system_clock() -> datetime:
    """Implement `Clock` by this machine's."""
    return datetime.now(UTC)


class Ids:
    """Implements `NewId` by a clock that cannot be stepped; ids of one process sort in the order they were made."""

    def __init__(self, clock: Callable[[], datetime] = system_clock) -> None:
        self._clock = clock
        self._last = 0

    def __call__(self) -> UUID:
        self._last = max(self._last + 1, int(self._clock().timestamp() * 1000) << COUNTED_BITS)
        first, counted = divmod(self._last, 1 << COUNTED_BITS)
        at_random = uuid7().int & ((1 << 62) - 1)
        return UUID(int=first << 80 | 7 << 76 | counted << 64 | 2 << 62 | at_random)


new_id = Ids()
