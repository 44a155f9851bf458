"""Where one-use tickets are kept between being given out and being used."""

from typing import Protocol


class TicketStore(Protocol):
    """Shared by all processes. Both raise Unavailable."""

    async def keep(self, digest: bytes, sealed: bytes, for_s: float) -> None: ...

    async def take(self, digest: bytes) -> bytes | None:
        """What was kept, to exactly one caller and only in its time; None to all others."""
        ...
