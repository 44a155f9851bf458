"""What each type of event carries in `data`: the body that the log stores, sockets and webhooks pass on.

`events/bodies.py` writes these bodies from the domain's events; tests hold both together, byte for byte.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from msgspec import UNSET, UnsetType, field

from whatsapp_hub.adapters.contracts.views.accounts import UserView
from whatsapp_hub.adapters.contracts.views.automation import CampaignView
from whatsapp_hub.adapters.contracts.views.contacts import ContactView
from whatsapp_hub.adapters.contracts.views.conversations import ConversationView, NoteView
from whatsapp_hub.adapters.contracts.views.messages import MessageView
from whatsapp_hub.adapters.contracts.views.sessions import SessionView
from whatsapp_hub.adapters.contracts.views.view import View
from whatsapp_hub.domain.campaigns.campaign import Pause
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.service.deadlines import Target
from whatsapp_hub.domain.sessions.session import AlertKind, SessionStatus, Severity


class SessionData(View):
    """A session was created or deleted."""

    session: SessionView


class SessionReasonData(SessionData):
    """A session's credentials were corrupted, and are deleted."""

    reason: str | None


class SessionStateData(SessionReasonData):
    """A session has a new state, or a new QR code (`was` is the same then)."""

    was: SessionStatus


class SessionAlertData(SessionData):
    """Somebody should look at a session. `kind` says why (more kinds may come), `detail` is a sentence for people."""

    kind: AlertKind
    severity: Severity
    detail: str


class SessionMovedData(SessionData):
    """A session has another provider. `left`: the one before; `waiting`: how many messages the new one is to send;
    `pausedMs`: for how many milliseconds nothing was sent."""

    left: str
    waiting: int
    paused_ms: int


class MessageData(View):
    """A message has a new state. `chat`: the chat's address at the provider; `author`: who wrote it in a group."""

    message: MessageView
    chat: str
    author: str | UnsetType = UNSET


class MessageReceivedData(MessageData, kw_only=True):
    """A customer wrote. `from`: a phone's digits, else a JID; `handledBy`: the session's bot has the conversation."""

    from_: str = field(name="from")
    push_name: str | None
    is_group: bool
    handled_by: Literal["bot"] | UnsetType = UNSET


class MessageSentData(MessageData, kw_only=True):
    """A message was sent. One that was typed on the phone itself says to whom."""

    from_: str | UnsetType = field(name="from", default=UNSET)
    push_name: str | UnsetType | None = UNSET
    is_group: bool | UnsetType = UNSET


class MessageChangedData(View):
    """Somebody reacted, edited, deleted, voted or answered. `message`: the message as it is now, absent where the hub
    does not have it (yet); `change`: what was sent for it, with a `whatsappMessageId` of its own, absent at the end of
    a call."""

    change: MessageView | UnsetType = UNSET
    message: MessageView | UnsetType = UNSET
    chat: str | UnsetType = UNSET
    author: str | UnsetType = UNSET
    from_: str | UnsetType = field(name="from", default=UNSET)
    push_name: str | UnsetType | None = UNSET
    is_group: bool | UnsetType = UNSET


class ConversationData(View):
    """A conversation was opened."""

    conversation: ConversationView


class ConversationResolvedData(ConversationData):
    """A conversation was resolved. `reason`: the company's that was given, or why the hub resolved it."""

    reason: str | UnsetType = UNSET


class ConversationReasonData(ConversationData):
    """A conversation was queued, archived or reopened."""

    reason: str


class ConversationHandedOverData(ConversationReasonData):
    """A bot handed a conversation over to people. `note`: what it told them."""

    note: str | UnsetType = UNSET


class ConversationAssignedData(ConversationReasonData):
    """A conversation was assigned. `fromUserId`: the user who had it before."""

    from_user_id: UUID | UnsetType = UNSET


class ConversationUnassignedData(ConversationReasonData):
    """A conversation was taken from its user."""

    from_user_id: UUID | None


class ConversationTransferredData(ConversationUnassignedData):
    """A conversation was moved to a department."""

    from_department_id: UUID | None
    to_department_id: UUID


class ConversationTargetData(ConversationData):
    """A service target is due soon, or was missed."""

    target: Target
    due_at: datetime | None


class ConversationRatedData(ConversationData):
    """The customer rated the conversation."""

    rating: int


class ConversationReadData(ConversationData):
    """A conversation was read, by a user or (null) an API key."""

    user_id: UUID | None


class ConversationUpdatedData(ConversationData):
    """Something changed that no other event tells. `changed` names the conversation's fields;
    `scheduled`: which messages wait to be sent in it."""

    changed: list[str]


class NoteData(View):
    """A note was added to a conversation, or its author changed it."""

    note: NoteView


class NoteDeletedData(View):
    """A note's author deleted it."""

    note_id: UUID


class ContactData(View):
    """A contact is new, or has another name or number."""

    contact: ContactView


class ContactMergedData(ContactData):
    """Two contacts are one person. `mergedContactId`: the one that no longer exists."""

    merged_contact_id: UUID


class ContactErasedData(View):
    """A contact is erased: delete what you keep of it and of these conversations."""

    contact_id: UUID
    conversation_ids: list[UUID]


class ErasedData(View):
    """An event about an erased contact was here."""


class CampaignData(View):
    """A campaign was created, began, went on, ended or was deleted."""

    campaign: CampaignView


class CampaignPausedData(CampaignData):
    """A campaign was paused: by hand, or for trouble with the number or the template, which `detail` describes."""

    reason: Pause
    detail: str | UnsetType = UNSET


class PresenceData(View):
    """A user's presence."""

    user: UserView


class NotificationData(View):
    """A notification to a user (`userId`) or to the company's administrators (`role`). `kind` says of what; the other
    fields are those of its kind."""

    message: MessageView | UnsetType = UNSET
    conversation: ConversationView | UnsetType = UNSET
    id: UUID | UnsetType = UNSET
    kind: str = ""
    user_id: UUID | UnsetType = UNSET
    role: Literal["ADMIN"] | UnsetType = UNSET
    target: Target | UnsetType = UNSET
    due_at: datetime | UnsetType | None = UNSET
    note_id: UUID | UnsetType = UNSET
    session: str | UnsetType = UNSET
    sessions: int | UnsetType = UNSET
    error: str | UnsetType = UNSET
    detail: str | UnsetType = UNSET


MessageReason: TypeAlias = Literal["edited", "revoked", "reaction", "updated"]
"""Why sockets say `message-changed`: the rest of the event's type."""

ChangeReason: TypeAlias = Literal[
    "opened",
    "handed_over",
    "unassigned",
    "archived",
    "reopened",
    "updated",
    "read",
    "rated",
    "target_warned",
    "target_breached",
]
"""Events `conversation.…` without a socket event of their own: sockets say `conversation-changed`, and this."""

CampaignReason: TypeAlias = Literal["created", "started", "paused", "resumed", "completed", "cancelled", "deleted"]
"""Why sockets say `campaign-changed`: the rest of the event's type."""

DATA: Mapping[EventType, type[View]] = {
    EventType.SESSION_CREATED: SessionData,
    EventType.SESSION_STARTED: SessionStateData,
    EventType.SESSION_QR: SessionStateData,
    EventType.SESSION_CONNECTED: SessionStateData,
    EventType.SESSION_DISCONNECTED: SessionStateData,
    EventType.SESSION_ERROR: SessionStateData,
    EventType.SESSION_AUTH_CORRUPTED: SessionReasonData,
    EventType.SESSION_DELETED: SessionData,
    EventType.SESSION_MOVED: SessionMovedData,
    EventType.SESSION_ALERT: SessionAlertData,
    EventType.MESSAGE_RECEIVED: MessageReceivedData,
    EventType.MESSAGE_QUEUED: MessageData,
    EventType.MESSAGE_SENT: MessageSentData,
    EventType.MESSAGE_DELIVERED: MessageData,
    EventType.MESSAGE_READ: MessageData,
    EventType.MESSAGE_FAILED: MessageData,
    EventType.MESSAGE_OUTCOME_UNKNOWN: MessageData,
    EventType.MESSAGE_EDITED: MessageChangedData,
    EventType.MESSAGE_REVOKED: MessageChangedData,
    EventType.MESSAGE_REACTION: MessageChangedData,
    EventType.MESSAGE_UPDATED: MessageChangedData,
    EventType.CONVERSATION_OPENED: ConversationData,
    EventType.CONVERSATION_HANDED_OVER: ConversationHandedOverData,
    EventType.CONVERSATION_QUEUED: ConversationReasonData,
    EventType.CONVERSATION_ASSIGNED: ConversationAssignedData,
    EventType.CONVERSATION_TRANSFERRED: ConversationTransferredData,
    EventType.CONVERSATION_UNASSIGNED: ConversationUnassignedData,
    EventType.CONVERSATION_RESOLVED: ConversationResolvedData,
    EventType.CONVERSATION_ARCHIVED: ConversationReasonData,
    EventType.CONVERSATION_REOPENED: ConversationReasonData,
    EventType.CONVERSATION_TARGET_WARNED: ConversationTargetData,
    EventType.CONVERSATION_TARGET_BREACHED: ConversationTargetData,
    EventType.CONVERSATION_RATED: ConversationRatedData,
    EventType.CONVERSATION_READ: ConversationReadData,
    EventType.CONVERSATION_UPDATED: ConversationUpdatedData,
    EventType.NOTE_ADDED: NoteData,
    EventType.NOTE_EDITED: NoteData,
    EventType.NOTE_DELETED: NoteDeletedData,
    EventType.CONTACT_UPDATED: ContactData,
    EventType.CONTACT_MERGED: ContactMergedData,
    EventType.CONTACT_ERASED: ContactErasedData,
    EventType.EVENT_ERASED: ErasedData,
    EventType.CAMPAIGN_CREATED: CampaignData,
    EventType.CAMPAIGN_STARTED: CampaignData,
    EventType.CAMPAIGN_PAUSED: CampaignPausedData,
    EventType.CAMPAIGN_RESUMED: CampaignData,
    EventType.CAMPAIGN_COMPLETED: CampaignData,
    EventType.CAMPAIGN_CANCELLED: CampaignData,
    EventType.CAMPAIGN_DELETED: CampaignData,
    EventType.USER_PRESENCE: PresenceData,
    EventType.NOTIFICATION_CREATED: NotificationData,
}
"""The type of `data` by the event's type."""
