"""Messages that are to be sent later: they are in no conversation and in no lane until then."""

from datetime import datetime
from typing import NamedTuple, Protocol

from whatsapp_hub.application.ports.storage.part import Part
from whatsapp_hub.application.reading.queries import Sight
from whatsapp_hub.domain.ids import ConversationId, MessageId, UserId
from whatsapp_hub.domain.messaging.message import Message


class Place(NamedTuple):
    """A place in the order in which they are to be sent."""

    send_at: datetime
    id: MessageId


class Scheduled(Protocol):
    """A company's scheduled messages. Times are the hub's time."""

    async def add(self, message: Message) -> None:
        """Store a message with its `send_at`."""
        ...

    async def find(self, message_id: MessageId) -> Message | None:
        """Return it, unlocked; None if it is not waiting."""
        ...

    async def page(
        self,
        limit: int,
        after: Place | None,
        conversation_id: ConversationId | None,
        sender_id: UserId | None,
        sight: Sight,
    ) -> Part[Message]:
        """Return those behind a place whose conversations are in sight, the next to be sent first; of one conversation,
        or one sender (None: all)."""
        ...

    async def due(self, limit: int, after: Place | None = None) -> list[Place]:
        """Return which are due, behind a place, the oldest first; unlocked."""
        ...

    async def take(self, message_id: MessageId) -> Message | None:
        """Remove a due message, in this transaction; None if it was cancelled, or another transaction has it."""
        ...

    async def cancel(self, message_id: MessageId) -> bool:
        """Remove it before it is sent; False if it is not waiting, which a transaction that has it decides."""
        ...
