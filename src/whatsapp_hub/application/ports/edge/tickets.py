"""The store of stream tickets, from issue to the end of the stream that they open."""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID


class TicketStore(Protocol):
    """Shared by all processes. All raise Unavailable."""

    async def keep(self, digest: bytes, sealed: bytes, for_s: float) -> None:
        """Store a ticket's sealed content under its digest for `for_s` seconds. Raises Unavailable."""
        ...

    async def open(self, digest: bytes, holder: UUID, stream: bytes, for_s: float, *, again: bool) -> bytes | None:
        """Return the sealed credential if the ticket may open this stream: once in its time, and `again` while it is
        held and `for_s` after. From then on `holder` holds it instead of any earlier opening."""
        ...

    async def hold(self, held: Collection[tuple[bytes, UUID]], for_s: float) -> set[UUID]:
        """Prolong the tickets (digest, holder) of open streams; return the holders that still hold theirs."""
        ...
