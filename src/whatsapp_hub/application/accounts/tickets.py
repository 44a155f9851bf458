"""Tickets: for clients that cannot send a header (a browser's EventSource). Good once, for half a minute."""

import json
import secrets
from dataclasses import dataclass

from whatsapp_hub.application.ports.security import SecretBox
from whatsapp_hub.application.ports.tickets import TicketStore
from whatsapp_hub.domain.api_key import digest_of
from whatsapp_hub.domain.errors import Unauthenticated

LIFETIME_S = 30.0
_SEALED_AS = "ticket"


@dataclass(frozen=True, slots=True)
class Tickets:
    """A ticket stands for the credential (and the company chosen) of whoever asked for it, which is kept sealed: what
    becomes of that credential later becomes of the stream."""

    store: TicketStore
    box: SecretBox

    async def issue(self, credential: str, company_id: str | None) -> str:
        """Raises Unavailable."""
        ticket = secrets.token_urlsafe(32)
        sealed = self.box.seal(json.dumps([credential, company_id]).encode(), _SEALED_AS)
        await self.store.keep(digest_of(ticket), sealed, LIFETIME_S)
        return ticket

    async def redeem(self, ticket: str) -> tuple[str, str | None]:
        """The credential and the company. Raises Unauthenticated, Unavailable."""
        sealed = await self.store.take(digest_of(ticket))
        if sealed is None:
            raise Unauthenticated("the ticket is not known, was used already, or is too old")
        credential, company_id = json.loads(self.box.open(sealed, _SEALED_AS))
        return credential, company_id
