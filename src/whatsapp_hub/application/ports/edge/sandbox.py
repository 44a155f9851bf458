"""The sandbox's phones: a simulated WhatsApp in the hub's own database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from whatsapp_hub.application.ports.provider.events import RawUpdate
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.domain.ids import MessageId

SANDBOX = "SANDBOX"
"""The provider kind of its sessions."""


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """One message on a phone's screen. `direction` is the hub's: OUTBOUND reached the customer."""

    id: str
    text: str
    direction: str
    at: datetime


class SandboxPhones(Protocol):
    """Store and read what the sandbox's phones show. All do I/O and raise Unavailable."""

    async def deliver(
        self,
        session: SessionRef,
        phone: str,
        shown: ShownMessage,
        receipts: Sequence[RawUpdate],
        sent_as: MessageId | None,
    ) -> None:
        """Show a message on a phone and put its receipts into the inbox, in one transaction. Not
        idempotent: delivering twice shows it twice, as on a real phone. Raises Unavailable (nothing was shown),
        OutcomeUnknown."""
        ...

    async def messages(self, session: SessionRef, phone: str) -> list[ShownMessage]:
        """Return the newest messages on the phone, as many as an answer holds, oldest first."""
        ...
