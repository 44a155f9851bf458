"""The sandbox's client.

Four phones fail on purpose, for drills (+999 is no country's code):

    99900000001   rejects every message
    99900000002   shows the message, but its outcome stays unknown
    99900000003   is away at the first try of each message (in each process)
    99900000004   answers that our credentials are refused
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from cachetools import FIFOCache

from whatsapp_hub.adapters.providers.sandbox.inbound import receipt
from whatsapp_hub.adapters.providers.sandbox.outbound import phone_of, shown_text
from whatsapp_hub.application.ports.edge.sandbox import SandboxPhones, ShownMessage
from whatsapp_hub.application.ports.provider.events import SessionSeen
from whatsapp_hub.application.ports.provider.plugin import Accepted, Outgoing, SessionRef
from whatsapp_hub.domain.errors import CredentialsInvalid, OutcomeUnknown, Rejected, Scope, Transient, Unavailable
from whatsapp_hub.domain.ids import MessageId
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.message import MessageStatus
from whatsapp_hub.domain.sessions.session import SessionStatus

REJECTS = "99900000001"
UNKNOWN = "99900000002"
AWAY_ONCE = "99900000003"
REFUSES = "99900000004"

_REMEMBERED = 1000


class Sandbox:
    """A WhatsApp that exists in the hub's database only; some numbers simulate faults."""

    def __init__(self, phones: SandboxPhones, now: Callable[[], datetime], new_id: Callable[[], UUID]) -> None:
        self._phones = phones
        self._now = now
        self._new_id = new_id
        self._put_off: FIFOCache[MessageId, bool] = FIFOCache(_REMEMBERED)

    async def send(self, session: SessionRef, message: Outgoing, deadline_s: float) -> Accepted:
        """Show the message on the customer's phone, which then sends receipts."""
        phone, text = phone_of(message), shown_text(message.content)
        self._drill(phone, message.message_id)
        id = f"sandbox.{self._new_id()}"
        try:
            async with asyncio.timeout(deadline_s):
                await self._deliver(session, phone, ShownMessage(id, text, "OUTBOUND", self._now()), message)
        except TimeoutError as error:
            raise OutcomeUnknown("timeout") from error
        except Unavailable as error:
            raise Transient("unavailable", retry_after_s=1.0, scope=Scope.SESSION) from error
        if phone == UNKNOWN:
            raise OutcomeUnknown("drill", "this phone never answers")
        return Accepted(id, (Identity.phone(phone),))

    async def start(self, session: SessionRef) -> SessionSeen:
        """Report the session as connected."""
        return SessionSeen(SessionStatus.CONNECTED, self._now())

    async def stop(self, session: SessionRef) -> SessionSeen:
        """Report the session as disconnected."""
        return SessionSeen(SessionStatus.DISCONNECTED, self._now(), "stopped")

    async def aclose(self) -> None:
        """Forget which drills were played."""
        self._put_off.clear()

    async def _deliver(self, session: SessionRef, phone: str, shown: ShownMessage, message: Outgoing) -> None:
        receipts = [
            receipt(phone, shown.id, status, shown.at, message.message_id)
            for status in (MessageStatus.DELIVERED, MessageStatus.READ)
            if phone != UNKNOWN
        ]
        await self._phones.deliver(session, phone, shown, receipts, message.message_id)

    def _drill(self, phone: str, id: MessageId) -> None:
        if phone == REJECTS:
            raise Rejected("drill", "this phone rejects every message")
        if phone == REFUSES:
            raise CredentialsInvalid("drill", "this phone refuses our credentials")
        if phone == AWAY_ONCE and id not in self._put_off:
            self._put_off[id] = True
            raise Transient("drill", "this phone is away once", retry_after_s=1.0, scope=Scope.RECIPIENT)
