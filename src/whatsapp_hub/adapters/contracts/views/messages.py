"""Messages in the form of contract F."""

from datetime import datetime
from uuid import UUID

import msgspec

from whatsapp_hub.adapters.contracts.views.content import media_url
from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.domain.messaging.content import MessageType
from whatsapp_hub.domain.messaging.failure import Failure
from whatsapp_hub.domain.messaging.message import Direction, Message, MessageStatus, Outcome


class FailureView(View):
    """Why a message is FAILED, or why its outcome is unknown. `retryable`: sent again later it may succeed."""

    code: str
    title: str
    detail: str | None
    retryable: bool

    @classmethod
    def of(cls, failure: Failure) -> "FailureView":
        """Show why a message failed."""
        return cls(failure.code, failure.title, failure.detail, failure.retryable)


class MessageFields(View):
    """The fields of a message and their order, as each contract shows them in its own words."""

    id: UUID
    whatsapp_message_id: str | None
    session_id: UUID | str
    conversation_id: UUID
    contact_id: UUID
    sender_id: UUID | None
    direction: str
    type: str
    content: str | None
    media_url: str | None
    status: str
    outcome: Outcome | None
    error: FailureView | None
    is_bot: bool
    timestamp: datetime
    created_at: datetime


class MessageView(MessageFields):
    """A message. `senderId` is the user who wrote it, null for the customer, the phone itself and the menu (`isBot`);
    `timestamp` is the provider's, `createdAt` the hub's."""

    session_id: UUID
    direction: Direction
    type: MessageType
    status: MessageStatus

    @classmethod
    def of(cls, message: Message) -> "MessageView":
        """Show a message: of its content the text and the address of its file."""
        content = message.content
        return cls(
            id=message.id,
            whatsapp_message_id=message.whatsapp_message_id,
            session_id=message.session_id,
            conversation_id=message.conversation_id,
            contact_id=message.contact_id,
            sender_id=message.sender_id,
            direction=message.direction,
            type=content.type,
            content=content.text,
            media_url=media_url(content),
            status=message.status,
            outcome=message.outcome,
            error=None if message.error is None else FailureView.of(message.error),
            is_bot=message.is_bot,
            timestamp=time(message.timestamp),
            created_at=time(message.created_at),
        )


class MessagePage(View):
    """A page of a conversation's messages, ascending. `nextCursor` leads to older ones; absent: there are none."""

    messages: list[MessageView]
    next_cursor: str | msgspec.UnsetType = msgspec.UNSET
