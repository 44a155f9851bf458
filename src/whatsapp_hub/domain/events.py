"""Domain events: the types that the log, sockets and webhooks carry."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from whatsapp_hub.domain.ids import ConversationId, SessionId, TenantId


class EventType(StrEnum):
    """Types of the events that the log keeps; sockets, streams and webhooks present them (CONTRACTS F and G)."""

    SESSION_CREATED = "session.created"
    SESSION_STARTED = "session.started"
    SESSION_QR = "session.qr"
    SESSION_CONNECTED = "session.connected"
    SESSION_DISCONNECTED = "session.disconnected"
    SESSION_ERROR = "session.error"
    SESSION_AUTH_CORRUPTED = "session.auth_corrupted"
    SESSION_DELETED = "session.deleted"
    SESSION_MOVED = "session.moved"
    """It has another provider; what waits is sent by that one."""
    SESSION_ALERT = "session.alert"
    """Somebody should look at a session; its state need not have changed."""
    MESSAGE_RECEIVED = "message.received"
    MESSAGE_QUEUED = "message.queued"
    MESSAGE_SENT = "message.sent"
    MESSAGE_DELIVERED = "message.delivered"
    MESSAGE_READ = "message.read"
    MESSAGE_FAILED = "message.failed"
    MESSAGE_OUTCOME_UNKNOWN = "message.outcome_unknown"
    MESSAGE_EDITED = "message.edited"
    MESSAGE_REVOKED = "message.revoked"
    MESSAGE_REACTION = "message.reaction"
    MESSAGE_UPDATED = "message.updated"
    """Something else about it changed: its file came, a vote, an answer, the end of a call."""
    CONVERSATION_OPENED = "conversation.opened"
    CONVERSATION_HANDED_OVER = "conversation.handed_over"
    CONVERSATION_QUEUED = "conversation.queued"
    CONVERSATION_ASSIGNED = "conversation.assigned"
    CONVERSATION_TRANSFERRED = "conversation.transferred"
    CONVERSATION_UNASSIGNED = "conversation.unassigned"
    CONVERSATION_RESOLVED = "conversation.resolved"
    CONVERSATION_ARCHIVED = "conversation.archived"
    CONVERSATION_REOPENED = "conversation.reopened"
    CONVERSATION_TARGET_WARNED = "conversation.target_warned"
    CONVERSATION_TARGET_BREACHED = "conversation.target_breached"
    CONVERSATION_RATED = "conversation.rated"
    CONVERSATION_READ = "conversation.read"
    CONVERSATION_UPDATED = "conversation.updated"
    """Something changed that no other type tells; its detail `changed` names the fields."""
    NOTE_ADDED = "note.added"
    NOTE_EDITED = "note.edited"
    NOTE_DELETED = "note.deleted"
    CONTACT_UPDATED = "contact.updated"
    CONTACT_MERGED = "contact.merged"
    CONTACT_ERASED = "contact.erased"
    EVENT_ERASED = "event.erased"
    """Replaces an event about an erased contact, so that its position stays."""
    CAMPAIGN_CREATED = "campaign.created"
    CAMPAIGN_STARTED = "campaign.started"
    CAMPAIGN_PAUSED = "campaign.paused"
    CAMPAIGN_RESUMED = "campaign.resumed"
    CAMPAIGN_COMPLETED = "campaign.completed"
    CAMPAIGN_CANCELLED = "campaign.cancelled"
    CAMPAIGN_DELETED = "campaign.deleted"
    USER_PRESENCE = "user.presence"
    NOTIFICATION_CREATED = "notification.created"


DetailValue: TypeAlias = str | int | UUID | datetime | Sequence[str] | None
"""What an event tells besides its subjects; `adapters/contracts/events/data.py` names the details of each type."""

Details: TypeAlias = Mapping[str, DetailValue]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    `subjects` holds copies of the entities as they were at that moment, by the contract's name
    (`message`, `conversation`, `session`, `user`, `contact`); `detail` holds plain values.
    """

    type: EventType
    tenant_id: TenantId
    occurred_at: datetime
    session_id: SessionId | None = None
    conversation_id: ConversationId | None = None
    subjects: Mapping[str, object] = field(default_factory=dict)
    detail: Details = field(default_factory=dict)


class Records:
    """Mixin for entities that record events until they are taken."""

    __slots__ = ()
    _events: list[Event]

    def record(self, event: Event) -> None:
        """Keep an event until a repository stores the entity and takes its events."""
        self._events.append(event)

    def take_events(self) -> list[Event]:
        """Return the recorded events, oldest first, and clear them."""
        taken = self._events[:]
        self._events.clear()
        return taken


def recorded(entities: Iterable[Records]) -> list[Event]:
    """Take the events of several entities, each entity's in order."""
    return [event for entity in entities for event in entity.take_events()]
