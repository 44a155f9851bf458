"""A notification: a matter for one user's, or every administrator's, attention."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from whatsapp_hub.domain.ids import ConversationId, NotificationId, TenantId, UserId


class NotificationKind(StrEnum):
    """What a notification is about; clients choose icon and link by it."""

    ASSIGNED = "conversation.assigned"
    UNROUTED = "conversation.unrouted"
    TIMED_OUT = "conversation.timed_out"
    SNOOZE_ENDED = "conversation.snooze_ended"
    REQUESTED = "conversation.requested"
    MENTIONED = "note.mentioned"
    SCHEDULED_FAILED = "message.scheduled_failed"
    TARGET_WARNED = "conversation.target_warned"
    TARGET_BREACHED = "conversation.target_breached"


@dataclass(frozen=True, slots=True)
class Notification:
    """`user_id` None: for all users who are administrators when it is stored; each has a copy and marks it read."""

    id: NotificationId
    tenant_id: TenantId
    kind: NotificationKind
    conversation_id: ConversationId
    created_at: datetime
    user_id: UserId | None = None
    read_at: datetime | None = None
