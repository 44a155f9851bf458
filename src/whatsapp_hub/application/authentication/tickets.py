"""Tickets: for clients that cannot send a header (a browser's EventSource)."""

import hashlib
import json
import secrets
from dataclasses import dataclass
from uuid import UUID, uuid4

from whatsapp_hub.application.ports.edge.security import SecretBox
from whatsapp_hub.application.ports.edge.tickets import TicketStore
from whatsapp_hub.domain.accounts.api_key import digest_of
from whatsapp_hub.domain.errors import Unauthenticated

LIFETIME_S = 30.0
REOPENED_WITHIN_S = 300.0
"""A stream that was cut off may be opened again for so long; by then a browser has tried many times."""
HELD_S = REOPENED_WITHIN_S / 0.95
"""An open stream's ticket is prolonged to this whenever a twentieth of it has passed: even after a crash of the process
that held it there are REOPENED_WITHIN_S left."""
_SEALED_AS = "ticket"


@dataclass(frozen=True, slots=True)
class OpenedTicket:
    """A ticket that opened a stream. `holder` names this very opening among those of the ticket."""

    digest: bytes
    holder: UUID
    credential: str
    company_id: str | None


@dataclass(frozen=True, slots=True)
class Tickets:
    """Exchange a caller's credential (and chosen company), kept sealed, for a ticket: what ends the credential later
    ends the stream."""

    store: TicketStore
    box: SecretBox

    async def issue(self, credential: str, company_id: str | None) -> str:
        """Issue a ticket for this credential. Raises Unavailable."""
        ticket = secrets.token_urlsafe(32)
        sealed = self.box.seal(json.dumps([credential, company_id]).encode(), _SEALED_AS)
        await self.store.keep(digest_of(ticket), sealed, LIFETIME_S)
        return ticket

    async def open(self, ticket: str, stream: str, *, again: bool) -> OpenedTicket:
        """Open the stream at the address `stream`: once, and `again` (by a client that says where it was cut off) while
        the same stream is open or was lately. Raises Unauthenticated, Unavailable."""
        digest, holder = digest_of(ticket), uuid4()
        address = hashlib.sha256(stream.encode()).digest()
        sealed = await self.store.open(digest, holder, address, HELD_S, again=again)
        if sealed is None:
            raise Unauthenticated("the ticket is not known, is too old, or has opened its stream already")
        try:
            credential, company_id = json.loads(self.box.open(sealed, _SEALED_AS))
        except ValueError:  # of a key that is not in use any more
            raise Unauthenticated("the ticket is of an earlier key: ask for another") from None
        return OpenedTicket(digest, holder, credential, company_id)
