"""Tickets of streams."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from whatsapp_hub.adapters.memory.engine.database import MemoryDatabase


@dataclass(frozen=True, slots=True)
class _Ticket:
    sealed: bytes
    expires_at: datetime
    holder: UUID | None = None
    stream: bytes | None = None


@dataclass(slots=True)
class MemoryTickets:
    """Implements `TicketStore`."""

    database: MemoryDatabase
    _tickets: dict[bytes, _Ticket] = field(default_factory=dict)

    async def keep(self, digest: bytes, sealed: bytes, for_s: float) -> None:
        """Store the ticket."""
        self._tickets[digest] = _Ticket(sealed, self._in(for_s))

    async def open(self, digest: bytes, holder: UUID, stream: bytes, for_s: float, *, again: bool) -> bytes | None:
        """Give the ticket to this stream and return the sealed credential; None: unknown, expired, or of another
        stream."""
        ticket = self._tickets.get(digest)
        if ticket is None or ticket.expires_at < self.database.now:
            return None
        if ticket.holder is not None and not (again and ticket.stream == stream):
            return None
        self._tickets[digest] = replace(ticket, holder=holder, stream=stream, expires_at=self._in(for_s))
        return ticket.sealed

    async def hold(self, held: Collection[tuple[bytes, UUID]], for_s: float) -> set[UUID]:
        """Prolong tickets; return the streams that still have theirs."""
        still = set()
        for digest, holder in held:
            ticket = self._tickets.get(digest)
            if ticket and ticket.holder == holder:
                self._tickets[digest] = replace(ticket, expires_at=self._in(for_s))
                still.add(holder)
        return still

    def _in(self, seconds: float) -> datetime:
        return self.database.now + timedelta(seconds=seconds)
