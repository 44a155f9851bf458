"""Messages in the form of contract F."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from whatsapp_hub.adapters.contracts.views.content import media_url
from whatsapp_hub.adapters.contracts.views.message_data import AuthorView, MessageData, ReactionView, data_of
from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.domain.messaging.annotations import Author, MarkKind
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


class ReplyToView(View):
    """The message that this one answers. `id`, `type` and `preview` are null where the hub does not have it."""

    id: UUID | None
    whatsapp_message_id: str
    type: MessageType | None
    preview: str | None


class ReferralView(View):
    """The advertisement or post from which the customer came, as the provider names it."""

    source_type: str | None
    source_id: str | None
    source_url: str | None
    headline: str | None
    body: str | None
    media_type: str | None
    image_url: str | None
    video_url: str | None
    thumbnail_url: str | None
    click_id: str | None


class MessageView(MessageFields):
    """A message. `senderId` is the user who wrote it, null for the customer, the phone itself and the menu (`isBot`);
    `timestamp` is the provider's, `createdAt` the hub's. `author` is who wrote it in a group; `content` is the newest
    text of one that was edited; `data` is what it says beyond its text, its `kind` finer than `type`; `seq` is its
    place among all, null where it is being stored just now."""

    session_id: UUID
    direction: Direction
    type: MessageType
    status: MessageStatus
    reply_to: ReplyToView | None
    author: AuthorView | None
    reactions: list[ReactionView]
    edited_at: datetime | None
    revoked_at: datetime | None
    forwarded: bool
    referral: ReferralView | None
    data: MessageData
    seq: int | None

    @classmethod
    def of(cls, message: Message) -> "MessageView":
        """Show a message."""
        since, context = message.annotations, message.content.context
        author = Author(message.author, message.author_name, message.author_phone or phone_of(message.author))
        return cls(
            **fields_of(message),
            reply_to=_reply_to(message),
            author=AuthorView.of(author),
            reactions=[ReactionView.of(mark) for mark in since.of(MarkKind.REACTION)],
            edited_at=time(since.edited_at),
            revoked_at=time(since.revoked.at if since.revoked else None),
            forwarded=context.forwarded,
            referral=_referral(context.referral),
            data=data_of(message.content, since),
            seq=message.seq,
        )


def fields_of(message: Message) -> dict[str, Any]:
    """Return the fields that each contract shows: of the content the text and the address of its file."""
    content = message.content
    return {
        "id": message.id,
        "whatsapp_message_id": message.whatsapp_message_id,
        "session_id": message.session_id,
        "conversation_id": message.conversation_id,
        "contact_id": message.contact_id,
        "sender_id": message.sender_id,
        "direction": message.direction,
        "type": content.type,
        "content": content.text,
        "media_url": media_url(content),
        "status": message.status,
        "outcome": message.outcome,
        "error": None if message.error is None else FailureView.of(message.error),
        "is_bot": message.is_bot,
        "timestamp": time(message.timestamp),
        "created_at": time(message.created_at),
    }


def _reply_to(message: Message) -> ReplyToView | None:
    if message.reply_to is None:
        return None
    quoted = message.quoted
    if quoted is None:
        return ReplyToView(None, message.reply_to, None, None)
    return ReplyToView(quoted.id, message.reply_to, quoted.type, quoted.preview)


_REFERRAL = (
    *("source_type", "source_id", "source_url", "headline", "body", "media_type", "image_url", "video_url"),
    *("thumbnail_url", "ctwa_clid"),
)


def _referral(referral: object) -> ReferralView | None:
    """Show a referral in Meta's form."""
    if not isinstance(referral, Mapping) or not referral:
        return None
    values = (referral.get(name) for name in _REFERRAL)
    return ReferralView(*(value if isinstance(value, str) and value else None for value in values))


def phone_of(identity: str | None) -> str | None:
    """Return the digits of an identity that is a phone number, or a JID made of one."""
    if identity is None:
        return None
    user, _, server = identity.partition("@")
    digits = user.partition(":")[0].removeprefix("+")
    is_phone = server in ("", "c.us", "s.whatsapp.net") and digits.isascii() and digits.isdigit() and len(digits) <= 15
    return digits if is_phone else None


class MessagePage(View):
    """A page of a conversation's messages, ascending. `nextCursor` leads to older ones; absent: there are none."""

    messages: list[MessageView]
    next_cursor: str | msgspec.UnsetType = msgspec.UNSET
