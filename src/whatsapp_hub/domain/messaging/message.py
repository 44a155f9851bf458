"""A message, and the transitions of its status."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.events import DetailValue, Event, EventType, Records
from whatsapp_hub.domain.ids import (
    ContactId,
    ConversationId,
    MessageId,
    SessionId,
    TenantId,
    UserId,
)
from whatsapp_hub.domain.messaging.annotations import NO_ANNOTATIONS, Annotations
from whatsapp_hub.domain.messaging.content import Content, File, MessageType
from whatsapp_hub.domain.messaging.failure import (
    FILE_LOST,
    GIVEN_UP,
    PROCESS_DIED,
    SESSION_DELETED,
    UNEXPLAINED,
    Failure,
)


class Direction(StrEnum):
    """Who wrote it: the contact (INBOUND), or our number (OUTBOUND), by whichever means."""

    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class MessageStatus(StrEnum):
    """How far an outbound message has come. It only moves forward; FAILED follows PENDING and SENT alone."""

    PENDING = "PENDING"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    READ = "READ"
    FAILED = "FAILED"


class Outcome(StrEnum):
    """UNKNOWN: a provider call whose result only a receipt or an operator can settle. Its message is PENDING, or SENT
    where the call was the second one, after the provider lost the file of the first."""

    UNKNOWN = "unknown"


_RANK = {
    MessageStatus.PENDING: 0,
    MessageStatus.SENT: 1,
    MessageStatus.DELIVERED: 2,
    MessageStatus.READ: 3,
}
_EVENT = {
    MessageStatus.SENT: EventType.MESSAGE_SENT,
    MessageStatus.DELIVERED: EventType.MESSAGE_DELIVERED,
    MessageStatus.READ: EventType.MESSAGE_READ,
    MessageStatus.FAILED: EventType.MESSAGE_FAILED,
}


@dataclass(frozen=True, slots=True)
class Quoted:
    """The message that another one answers. `preview`: how its text begins."""

    id: MessageId
    type: MessageType
    preview: str


PREVIEW_LENGTH = 160

LONGEST_AHEAD = timedelta(days=366)


@dataclass(slots=True)
class Message(Records):
    """`timestamp` is the provider's, `created_at` ours; `sender_id` None on an inbound message means the
    customer; `author` is the participant of a group, as the provider writes it, with `author_name` and `author_phone`
    where known; `error` is why it FAILED, or why its outcome is unknown; `annotations` is what happened to it since;
    `seq` is its place among the company's, once it is stored; `quoted` is the message that it answers (`reply_to`),
    where that was looked up; `send_at`: it waits until then, in no lane yet."""

    id: MessageId
    tenant_id: TenantId
    session_id: SessionId
    conversation_id: ConversationId
    contact_id: ContactId
    direction: Direction
    content: Content
    created_at: datetime
    timestamp: datetime
    status: MessageStatus
    chat: str
    whatsapp_message_id: str | None = None
    sender_id: UserId | None = None
    is_bot: bool = False
    outcome: Outcome | None = None
    error: Failure | None = None
    reply_to: str | None = None
    author: str | None = None
    author_name: str | None = None
    author_phone: str | None = None
    annotations: Annotations = NO_ANNOTATIONS
    seq: int | None = field(default=None, compare=False)
    quoted: Quoted | None = field(default=None, compare=False)
    send_at: datetime | None = field(default=None, compare=False)
    _events: list[Event] = field(default_factory=list, repr=False, compare=False)

    @property
    def target(self) -> str | None:
        """The provider's id of the message that this one changes (a reaction, an edit); None for one of its own."""
        return self.content.target

    def schedule(self, send_at: datetime, now: datetime) -> None:
        """Have it wait until a time. Raises Invalid for one that has passed, or is more than a year ahead."""
        if not now < send_at <= now + LONGEST_AHEAD:
            raise Invalid.field("send_at", "must be a time to come, within a year")
        self.send_at = send_at

    def in_short(self) -> Quoted:
        """Show it as the message that another one answers."""
        return Quoted(self.id, self.content.type, self.content.text[:PREVIEW_LENGTH])

    def event(self, type: EventType, at: datetime, **detail: DetailValue) -> Event:
        """Make an event about this message as it is now."""
        return Event(
            type,
            self.tenant_id,
            at,
            self.session_id,
            self.conversation_id,
            {"message": replace(self, _events=[])},
            {"chat": self.chat, **({"author": self.author} if self.author else {}), **detail},
        )

    def advance(self, status: MessageStatus, at: datetime, error: Failure | None = None) -> bool:
        """Move forward to `status`; False (and nothing changes) if that would be a step back or a repeat.

        FAILED is reached from PENDING or SENT only, and always has an `error`; nothing leaves FAILED. Any step settles
        an unknown outcome.
        """
        if self.status is MessageStatus.FAILED:
            return False
        if status is MessageStatus.FAILED:
            if self.status not in (MessageStatus.PENDING, MessageStatus.SENT):
                return False
        elif _RANK[status] <= _RANK[self.status] and not (status is MessageStatus.SENT and self._is_again_unknown):
            return False
        self.status, self.outcome = status, None
        sent_again = self.error if self.lost_id and status is MessageStatus.SENT else None
        self.error = (error or UNEXPLAINED) if status is MessageStatus.FAILED else sent_again
        if event := _EVENT.get(status):
            self.record(self.event(event, at))
        return True

    def sent(self, provider_message_id: str | None, at: datetime) -> bool:
        """Record that the provider accepted it. Keep the provider's id even if a receipt was faster; the id that the
        provider used replaces one that was only reserved (still PENDING), or whose file was lost."""
        is_open, is_again = self.is_to_be_sent, self.status is MessageStatus.SENT and self.is_to_be_sent
        if provider_message_id and (self.whatsapp_message_id is None or is_open):
            self.whatsapp_message_id = provider_message_id
        if is_again:
            self.outcome = None
            self.record(self.event(EventType.MESSAGE_SENT, at))  # its id is another one now
        return self.advance(MessageStatus.SENT, at)

    @property
    def lost_id(self) -> str | None:
        """The provider's id of the attempt whose file it lost, where the message was sent once more since."""
        return self.error.detail if self.error and self.error.code == FILE_LOST else None

    @property
    def is_to_be_sent(self) -> bool:
        """Whether no attempt is known to have succeeded: the message, or its file, is still to be sent."""
        return self.status is MessageStatus.PENDING or (
            self.lost_id is not None and self.lost_id == self.whatsapp_message_id
        )

    @property
    def _is_again_unknown(self) -> bool:
        """Whether it is SENT, and the outcome of the attempt after a lost file is unknown."""
        return self.status is MessageStatus.SENT and self.outcome is Outcome.UNKNOWN

    def send_once_more(self, lost_id: str) -> bool:
        """Prepare to be sent again, since the provider lost the file of the attempt with this id and delivers nothing
        of it. False: it was already, or it is not known to be sent. The status does not go back."""
        if self.lost_id or not (self.status is MessageStatus.SENT or self.outcome is Outcome.UNKNOWN):
            return False
        self.whatsapp_message_id, self.outcome = lost_id, None
        self.error = Failure(FILE_LOST, "The provider lost its file: it is uploaded and sent once more", lost_id)
        return True

    def file_changed(self, content: File, at: datetime) -> None:
        """Take what is known of its file by now."""
        self.content = content
        self.record(self.event(EventType.MESSAGE_UPDATED, at))

    def mark_outcome_unknown(self, at: datetime, error: Failure = PROCESS_DIED) -> None:
        """Mark the outcome unknown: the provider call has no result, and only a receipt or a person settles it. One
        whose file was lost keeps that as its error: receipts of the lost attempt settle nothing."""
        if not self.is_to_be_sent or self.outcome is Outcome.UNKNOWN:
            return
        self.outcome = Outcome.UNKNOWN
        if self.lost_id is None:
            self.error = error
        self.record(self.event(EventType.MESSAGE_OUTCOME_UNKNOWN, at))

    def retry(self, at: datetime) -> None:
        """Queue it again, by an operator who accepts that it may arrive twice. Raises Conflict."""
        self._require_unknown("retried")
        self.outcome = None
        if self.lost_id is None:
            self.error = None
        self.record(self.event(EventType.MESSAGE_QUEUED, at))

    def give_up(self, at: datetime) -> None:
        """Mark it FAILED, by an operator. Raises Conflict."""
        self._require_unknown("failed")
        self.advance(MessageStatus.FAILED, at, GIVEN_UP)

    def abandon(self, at: datetime) -> None:
        """Mark it FAILED: its session is deleted before it was sent."""
        self.advance(MessageStatus.FAILED, at, SESSION_DELETED)

    def _require_unknown(self, what: str) -> None:
        if self.outcome is not Outcome.UNKNOWN:
            raise Conflict("outcome_known", f"only a message of unknown outcome can be {what}")
