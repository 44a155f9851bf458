"""Messages in the form of contract F."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from whatsapp_hub.adapters.contracts.views.content import MediaView, media_url
from whatsapp_hub.adapters.contracts.views.message_data import AuthorView, MessageData, ReactionView, data_of
from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.domain.messaging.annotations import NO_ANNOTATIONS, Annotations, MarkKind
from whatsapp_hub.domain.messaging.content import MessageType, System, Unsupported
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
    media: MediaView | None
    send_at: datetime | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(cls, message: Message) -> "MessageView":
        """Show a message."""
        content = message.content
        values: tuple[Any, ...] = (
            *fields_of(message),
            None if message.reply_to is None else _reply_to(message, message.reply_to),
            None if message.author is None else _author(message),
            *_since(message.annotations),
            content.context.forwarded,
            None if content.context.referral is None else _referral(content.context.referral),
            data_of(content, message.annotations),
            message.seq,
            MediaView.of(content),
            time(message.send_at) or msgspec.UNSET,
        )
        return cls(*values)


def fields_of(message: Message) -> tuple[Any, ...]:
    """Return the fields that each contract shows, in their order: of the content the text and the address of its file.
    (Every event about a message is made of them: this is short for speed.)"""
    m = message
    owner = (m.id, m.whatsapp_message_id, m.session_id, m.conversation_id, m.contact_id, m.sender_id)
    said = (m.direction, m.content.type, m.content.text, media_url(m.content))
    state = (m.status, m.outcome, FailureView.of(m.error) if m.error and not m.lost_id else None, m.is_bot)
    return (*owner, *said, *state, time(m.timestamp), time(m.created_at))


_Since: TypeAlias = tuple[list[ReactionView], datetime | None, datetime | None]


def _since(since: Annotations) -> _Since:
    """Return reactions, the time of the last edit and that of the deletion."""
    if since is NO_ANNOTATIONS:
        return [], None, None
    reactions = [ReactionView.of(mark) for mark in since.of(MarkKind.REACTION)]
    return reactions, time(since.edited_at), time(since.revoked.at if since.revoked else None)


def _author(message: Message) -> AuthorView:
    phone = message.author_phone or phone_of(message.author)
    return AuthorView(message.author_name, phone, message.author)


def _reply_to(message: Message, id: str) -> ReplyToView:
    quoted = message.quoted
    if quoted is None:
        return ReplyToView(None, id, None, None)
    return ReplyToView(quoted.id, id, quoted.type, quoted.preview)


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


class RawMessageView(View):
    """What the provider delivered as this message: `raw` in the provider's own form (WhatsApp Web's messages are
    protocol buffers, in base64), null for kinds that the hub reads."""

    id: UUID
    whatsapp_message_id: str | None
    raw: object

    @classmethod
    def of(cls, message: Message) -> "RawMessageView":
        """Show the raw body of a message."""
        said = message.content
        raw = said.raw if isinstance(said, System | Unsupported) else None
        return cls(message.id, message.whatsapp_message_id, raw)


class MessagePage(View):
    """A page of a conversation's messages, ascending. `nextCursor` leads to older ones; absent: there are none.
    `hasNewer`, of `around` and `after` only: the conversation goes on after these."""

    messages: list[MessageView]
    next_cursor: str | msgspec.UnsetType = msgspec.UNSET
    has_newer: bool | msgspec.UnsetType = msgspec.UNSET
