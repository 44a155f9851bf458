"""What each Socket.IO event of `/` carries (contract E). `events/sockets.py` writes them from the log; tests hold both
together. Those with a `position` are replayed to a client that connects with `auth: {token, after}`."""

from collections.abc import Mapping
from typing import Literal, cast
from uuid import UUID

from msgspec import UNSET, UnsetType, defstruct

from whatsapp_hub.adapters.contracts.events import data as event_data
from whatsapp_hub.adapters.contracts.views.automation import CampaignView
from whatsapp_hub.adapters.contracts.views.contacts import ContactView
from whatsapp_hub.adapters.contracts.views.conversations import ConversationView, NoteView
from whatsapp_hub.adapters.contracts.views.messages import FailureView, MessageView
from whatsapp_hub.adapters.contracts.views.view import View
from whatsapp_hub.domain.accounts.user import OnlineStatus
from whatsapp_hub.domain.messaging.message import MessageStatus
from whatsapp_hub.domain.sessions.session import AlertKind, SessionStatus, Severity


def _positioned(name: str, data: type[View], what: str) -> type[View]:
    """Make the type of a payload that is an event's data, with its position."""
    made = defstruct(name, [("position", int)], bases=(data,), kw_only=True)
    made.__doc__ = what
    return cast("type[View]", made)


class SocketMessage(View):
    """A message that is new to the people who see the conversation."""

    conversation_id: UUID
    message: MessageView
    position: int


class SocketStatus(View):
    """A message's new state. `whatsappMessageId`: its id at the provider, once it is known; `outcome`: nobody knows
    whether it was sent; `error`: why it failed."""

    message_id: UUID
    conversation_id: UUID
    status: MessageStatus
    position: int
    whatsapp_message_id: str | UnsetType = UNSET
    outcome: Literal["unknown"] | UnsetType = UNSET
    error: FailureView | UnsetType = UNSET


class SocketMessageChange(View):
    """A message was edited, deleted, reacted to or voted on, or its file came; `reason` is the rest of the event's type
    in the log."""

    conversation_id: UUID
    message: MessageView
    reason: event_data.MessageReason
    position: int


class SocketConversation(View):
    """A change of a conversation without an event of its own; `reason` is the rest of its type in the log."""

    conversation: ConversationView
    reason: event_data.ChangeReason
    position: int


class SocketNote(View):
    """A note that a colleague, or a bot, added, or that its author changed."""

    conversation_id: UUID
    note: NoteView
    position: int


class SocketNoteDeleted(View):
    """A note that its author deleted."""

    conversation_id: UUID
    note_id: UUID
    position: int


class SocketContact(View, kw_only=True):
    """A contact as it is now; `mergedId`: the contact that went into it."""

    contact: ContactView
    merged_id: UUID | UnsetType = UNSET
    position: int


class SocketErasure(View):
    """A contact is erased, with these conversations."""

    contact_id: UUID
    conversation_ids: list[UUID]
    position: int


class SocketSession(View):
    """A session's state. `sessionId` is its id."""

    session_id: UUID
    status: SessionStatus
    status_reason: str | None
    position: int


class SocketAlert(View):
    """Somebody should look at a session. `sessionId` is its id."""

    session_id: UUID
    kind: AlertKind
    severity: Severity
    detail: str
    position: int


class SocketCampaign(View):
    """A campaign was created, began, was paused, went on, ended or was deleted; `reason` is the rest of the event's
    type in the log. Its counts are asked for."""

    campaign: CampaignView
    reason: event_data.CampaignReason
    position: int


class SocketPresence(View):
    """A user's presence."""

    user_id: UUID
    status: OnlineStatus


PAYLOADS: Mapping[str, type[View]] = {
    "message-received": SocketMessage,
    "message-sent": SocketMessage,
    "message-status": SocketStatus,
    "message-changed": SocketMessageChange,
    "conversation-queued": _positioned(
        "SocketQueued", event_data.ConversationReasonData, "A conversation waits in a department's queue."
    ),
    "conversation-assigned": _positioned(
        "SocketAssigned", event_data.ConversationAssignedData, "A conversation was assigned."
    ),
    "conversation-transferred": _positioned(
        "SocketTransferred", event_data.ConversationTransferredData, "A conversation was moved to a department."
    ),
    "conversation-resolved": _positioned("SocketResolved", event_data.ConversationData, "A conversation was resolved."),
    "conversation-changed": SocketConversation,
    "note-added": SocketNote,
    "note-edited": SocketNote,
    "note-deleted": SocketNoteDeleted,
    "contact-changed": SocketContact,
    "contact-erased": SocketErasure,
    "session-changed": SocketSession,
    "session-alert": SocketAlert,
    "campaign-changed": SocketCampaign,
    "agent-status": SocketPresence,
    "notification": _positioned(
        "SocketNotification", event_data.NotificationData, "A notification to the user, or to administrators."
    ),
}
"""The type of each Socket.IO event's payload, by the event's name."""
