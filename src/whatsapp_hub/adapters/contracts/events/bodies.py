"""An event's body as stored in the log: one JSON object of its subjects (`message`, `conversation` …) and details."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from whatsapp_hub.adapters.contracts.views.accounts import DepartmentView, TenantView, UserView
from whatsapp_hub.adapters.contracts.views.automation import CampaignView
from whatsapp_hub.adapters.contracts.views.contacts import ContactView
from whatsapp_hub.adapters.contracts.views.conversations import ConversationView, NoteView
from whatsapp_hub.adapters.contracts.views.messages import MessageView
from whatsapp_hub.adapters.contracts.views.sessions import SessionView
from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.adapters.contracts.wire import camel
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.campaigns.campaign import Campaign
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.conversations.reasons import Reason
from whatsapp_hub.domain.events import Event
from whatsapp_hub.domain.messaging.contact import Contact
from whatsapp_hub.domain.messaging.message import Message
from whatsapp_hub.domain.sessions.session import Session

_PRESENT: Mapping[type, Callable[..., View]] = {
    Message: MessageView.of,
    Conversation: ConversationView.of,
    Contact: ContactView.of,
    Note: NoteView.of,
    Session: SessionView.of,
    User: UserView.of,
    Department: DepartmentView.of,
    Tenant: TenantView.of,
    Campaign: CampaignView.of,
}

FIELDS = {
    "contact_id": "contactId",
    "customer_phone": "customerPhone",
    "customer_name": "customerName",
    "chat": "metadata",
    "profile_name": "metadata",
    "flow_state": "flowState",
    "department_id": "departmentId",
    "timeout_at": "timeoutAt",
    "scheduled": "scheduled",
    "routing_reason": "routingReason",
    "unread_count": "unreadCount",
    "bot_part": "bot",
    "priority": "priority",
    "labels": "labels",
    "snoozed_until": "snoozedUntil",
    "thread_holder": "threadHolder",
}
"""The visible fields of a conversation, by the names that clients know."""


def _plain(value: object) -> object:
    """Convert domain values in details to JSON values."""
    if type(value) in _PRESENT:
        return _PRESENT[type(value)](value)
    if isinstance(value, UUID | Reason):
        return str(value)
    raise TypeError(f"an event cannot carry a {type(value).__name__}")


_encode = msgspec.json.Encoder(enc_hook=_plain).encode


def body(event: Event) -> bytes:
    """Encode an event's body for the log."""
    shown: dict[str, object] = {name: _PRESENT[type(entity)](entity) for name, entity in event.subjects.items()}
    for name, value in event.detail.items():
        shown[camel(name)] = time(value) if isinstance(value, datetime) else value
    if isinstance(changed := event.detail.get("changed"), list):
        shown["changed"] = list(dict.fromkeys(FIELDS[name] for name in changed))
    return _encode(shown)


class _Reasoned(msgspec.Struct):
    reason: str | None = None


_reasoned = msgspec.json.Decoder(_Reasoned)


def reason_in(body: bytes) -> str | None:
    """Return the detail `reason` of an event's body."""
    return _reasoned.decode(body).reason
