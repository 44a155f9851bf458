"""Conversations in the form of contract F, and what agents keep of them: assignments, notes, notifications."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from msgspec import UNSET, UnsetType

from whatsapp_hub.adapters.contracts.views.contacts import ContactView
from whatsapp_hub.adapters.contracts.views.messages import MessageView
from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.adapters.contracts.wire import camel
from whatsapp_hub.application.reading.queries import Glance, LastMessage
from whatsapp_hub.domain.conversations.assignment import Assignment
from whatsapp_hub.domain.conversations.bot import BotPart
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus, FlowState, Priority
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.conversations.notification import Notification, NotificationKind
from whatsapp_hub.domain.conversations.reasons import ReasonPart, parts_of
from whatsapp_hub.domain.messaging.content import MessageType
from whatsapp_hub.domain.messaging.message import Direction, MessageStatus
from whatsapp_hub.domain.service.deadlines import Target

PriorityName: TypeAlias = Literal["LOW", "NORMAL", "HIGH", "URGENT"]

PRIORITY_NAMES: Mapping[Priority, PriorityName] = {
    Priority.LOW: "LOW",
    Priority.NORMAL: "NORMAL",
    Priority.HIGH: "HIGH",
    Priority.URGENT: "URGENT",
}


class ProfileView(View):
    """The customer's own profile on WhatsApp."""

    name: str | None


class ConversationMetadata(View):
    """`chatId` is the chat's address at the provider."""

    chat_id: str
    profile: ProfileView


class ReasonView(View):
    """A part of a reason: its code, and the values with which a page says it. Unknown codes are to be expected."""

    code: str
    values: Mapping[str, str | int | list[str] | None]

    @classmethod
    def of(cls, part: ReasonPart) -> "ReasonView":
        """Show one code with its values, their names in camelCase."""
        return cls(part.code, {camel(name): value for name, value in part.values.items()})


class LastMessageView(View):
    """A conversation's newest message. `preview`: how its text begins."""

    id: UUID
    type: MessageType
    preview: str
    direction: Direction
    at: datetime
    status: MessageStatus

    @classmethod
    def of(cls, last: LastMessage) -> "LastMessageView":
        """Show a message in short."""
        return cls(last.id, last.type, last.preview, last.direction, time(last.at), last.status)


class ConversationView(View, kw_only=True):
    """A conversation. `routingReasonParts` are those of the sentence `routingReason`, none in older ones. `bot` is the
    part of its session's bot, null without one; `timeoutAt` is when the current wait times out; `breaches` are the
    targets that it missed; `resolveReason`: the company's reason for which it was resolved; `snoozedUntil`: when it
    comes back into its agent's sight; `waitingSince` is the customer's first unanswered message; `windowClosesAt` is
    until when the provider takes free text, null where it takes it at any time or the customer never wrote.
    `lastMessage` and `noteCount` are in lists and where one conversation is read, not in events."""

    id: UUID
    company_id: UUID
    session_id: UUID
    contact_id: UUID
    customer_phone: str | None
    customer_name: str | None
    status: ConversationStatus
    flow_state: FlowState
    department_id: UUID | None
    assigned_user_id: UUID | None
    timeout_at: datetime | None
    routed_at: datetime | None
    assigned_at: datetime | None
    greeting_sent_at: datetime | None
    last_department_id: UUID | None
    last_attendant_id: UUID | None
    routing_reason: str | None
    routing_reason_parts: list[ReasonView]
    bot: BotPart | None
    unread_count: int
    first_response_due_at: datetime | None
    resolution_due_at: datetime | None
    breaches: list[Target]
    rating: int | None
    resolve_reason: str | None
    snoozed_until: datetime | None
    priority: PriorityName
    labels: list[str]
    metadata: ConversationMetadata
    last_message: LastMessageView | UnsetType | None = UNSET
    last_message_at: datetime | None
    waiting_since: datetime | None
    window_closes_at: datetime | None
    thread_holder: str | None
    resolved_at: datetime | None
    note_count: int | UnsetType = UNSET
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, conversation: Conversation, glance: Glance | None = None) -> "ConversationView":
        """Show a conversation, with what was read besides it."""
        targets, last = conversation.targets, glance.last_message if glance else None
        return cls(
            id=conversation.id,
            company_id=conversation.tenant_id,
            session_id=conversation.session_id,
            contact_id=conversation.contact_id,
            customer_phone=conversation.customer_phone,
            customer_name=conversation.customer_name,
            status=conversation.status,
            flow_state=conversation.flow_state,
            department_id=conversation.department_id,
            assigned_user_id=conversation.assigned_user_id,
            timeout_at=time(conversation.timeout_at),
            routed_at=time(conversation.routed_at),
            assigned_at=time(conversation.assigned_at),
            greeting_sent_at=time(conversation.greeting_sent_at),
            last_department_id=conversation.last_department_id,
            last_attendant_id=conversation.last_attendant_id,
            routing_reason=None if conversation.routing_reason is None else str(conversation.routing_reason),
            routing_reason_parts=[ReasonView.of(part) for part in parts_of(conversation.routing_reason)],
            bot=None if conversation.bot_part is BotPart.NONE else conversation.bot_part,
            unread_count=conversation.unread_count,
            first_response_due_at=time(targets.first_response.due_at),
            resolution_due_at=time(targets.resolution.due_at),
            breaches=list(targets.breaches),
            rating=conversation.rating.value,
            resolve_reason=conversation.resolve_reason,
            snoozed_until=time(conversation.snoozed_until),
            priority=PRIORITY_NAMES[conversation.priority],
            labels=list(conversation.labels),
            metadata=ConversationMetadata(conversation.chat, ProfileView(conversation.profile_name)),
            last_message=UNSET if glance is None else LastMessageView.of(last) if last else None,
            last_message_at=time(conversation.last_message_at),
            waiting_since=time(conversation.waiting_since),
            window_closes_at=time(conversation.window_closes_at),
            thread_holder=conversation.thread_holder,
            resolved_at=time(conversation.resolved_at),
            note_count=UNSET if glance is None else glance.note_count,
            created_at=time(conversation.created_at),
            updated_at=time(conversation.updated_at),
        )


class AssignmentView(View):
    """A period in which a user had the conversation; `unassignedAt` null: they have it now."""

    conversation_id: UUID
    user_id: UUID
    assigned_at: datetime
    unassigned_at: datetime | None
    reason: str

    @classmethod
    def of(cls, assignment: Assignment) -> "AssignmentView":
        """Show an assignment; without `unassignedAt` it lasts."""
        return cls(
            conversation_id=assignment.conversation_id,
            user_id=assignment.user_id,
            assigned_at=time(assignment.assigned_at),
            unassigned_at=time(assignment.unassigned_at),
            reason=assignment.reason,
        )


class NoteView(View):
    """A colleague's note, which the customer never sees; `userId` null: an API key wrote it; `mentions`: the colleagues
    whom it is for; `editedAt`: when its author changed it."""

    id: UUID
    conversation_id: UUID
    user_id: UUID | None
    content: str
    created_at: datetime
    mentions: list[UUID]
    edited_at: datetime | None

    @classmethod
    def of(cls, note: Note) -> "NoteView":
        """Show a note."""
        return cls(
            id=note.id,
            conversation_id=note.conversation_id,
            user_id=note.user_id,
            content=note.content,
            created_at=time(note.created_at),
            mentions=[*note.mentions],
            edited_at=time(note.edited_at),
        )


class NotificationView(View):
    """A matter for one user's attention."""

    id: UUID
    user_id: UUID | None
    kind: NotificationKind
    conversation_id: UUID
    created_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, notification: Notification) -> "NotificationView":
        """Show a notification."""
        return cls(
            id=notification.id,
            user_id=notification.user_id,
            kind=notification.kind,
            conversation_id=notification.conversation_id,
            created_at=time(notification.created_at),
            read_at=time(notification.read_at),
        )


class NotificationsRead(View):
    """How many were unread until now."""

    read: int


class ConversationDetail(ConversationView, kw_only=True):
    """A conversation with its contact and its newest messages. `nextCursor` leads to older ones. `notes` (the newest
    200) and `scheduled` (the next 200) stand there where the request names them."""

    contact: ContactView
    messages: list[MessageView]
    next_cursor: str | None
    notes: list[NoteView] | UnsetType = UNSET
    scheduled: list[MessageView] | UnsetType = UNSET
