"""Events of the log as contract E's socket events: name and payload. Who receives them is decided in the namespaces.

Pure; entities are passed on as the bytes that the log holds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

import msgspec

from whatsapp_hub.adapters.contracts.events.data import CampaignReason, ChangeReason, MessageReason
from whatsapp_hub.adapters.contracts.events.logged import Body, message_in, session_of, text_in, user_in
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.domain.ids import ConversationId

NAMESPACE = "/"


@dataclass(frozen=True, slots=True)
class Emission:
    """One Socket.IO event. `packet` is its whole text in the protocol's form, encoded once for all receivers."""

    name: str
    payload: dict[str, object]
    namespace: str = NAMESPACE

    @property
    def packet(self) -> str:
        """Encode as `2["name",{…}]`, with the namespace unless it is `/`."""
        prefix = "2" if self.namespace == NAMESPACE else f"2{self.namespace},"
        return prefix + msgspec.json.encode([self.name, self.payload]).decode()


_IDS = msgspec.json.Decoder(list[ConversationId])


def erased_in(body: Body) -> list[ConversationId]:
    """Return the conversations of an erased contact."""
    return _IDS.decode(body["conversationIds"])


def encode(event: LoggedEvent, body: Body) -> list[Emission]:
    """Return the socket events for an event of the log; none for types that sockets do not carry."""
    encoder = _ENCODERS.get(event.type)
    return encoder(event, body) if encoder else []


def _message(name: str) -> Callable[[LoggedEvent, Body], list[Emission]]:
    """Show a message that is new; one that only changes another is shown as that one's change."""

    def encoder(event: LoggedEvent, body: Body) -> list[Emission]:
        if message_in(body).is_change:
            return []
        conversation_id = str(event.conversation_id)
        payload = {"conversationId": conversation_id, "message": body["message"], "position": event.position}
        return [Emission(name, payload)]

    return encoder


def _message_changed(event: LoggedEvent, body: Body) -> list[Emission]:
    """Show what happened to a message; nothing while the hub does not have it."""
    if "message" not in body:
        return []
    reason = event.type.partition(".")[2]
    payload = {"conversationId": str(event.conversation_id), "message": body["message"], "reason": reason}
    return [Emission("message-changed", {**payload, "position": event.position})]


def _status(event: LoggedEvent, body: Body) -> list[Emission]:
    message = message_in(body)
    payload: dict[str, object] = {
        "messageId": message.id,
        "conversationId": str(event.conversation_id),
        "status": message.status,
        "position": event.position,
    }
    if message.whatsapp_message_id:
        payload["whatsappMessageId"] = message.whatsapp_message_id
    if event.type == "message.outcome_unknown":
        payload["outcome"] = "unknown"
    if message.error:
        payload["error"] = message.error
    return [Emission("message-status", payload)]


def _sent(event: LoggedEvent, body: Body) -> list[Emission]:
    """Show a message that was typed on the phone itself; all others were shown when they were queued. One event is one
    packet: a client that resumes from its position has seen all of it."""
    message = message_in(body)
    typed_on_the_phone = message.sender_id is None and not message.is_bot
    return _message("message-sent")(event, body) if typed_on_the_phone else _status(event, body)


def _conversation(name: str) -> Callable[[LoggedEvent, Body], list[Emission]]:
    def encoder(event: LoggedEvent, body: Body) -> list[Emission]:
        return [Emission(name, {**body, "position": event.position})]

    return encoder


def _changed(event: LoggedEvent, body: Body) -> list[Emission]:
    """Show a change that has no name of its own; `reason` is the rest of its type."""
    reason = event.type.partition(".")[2]
    payload = {"conversation": body["conversation"], "reason": reason, "position": event.position}
    return [Emission("conversation-changed", payload)]


def _note(name: str, part: str = "note") -> Callable[[LoggedEvent, Body], list[Emission]]:
    def encoder(event: LoggedEvent, body: Body) -> list[Emission]:
        payload = {"conversationId": str(event.conversation_id), part: body[part], "position": event.position}
        return [Emission(name, payload)]

    return encoder


def _contact(event: LoggedEvent, body: Body) -> list[Emission]:
    merged = {"mergedId": body["mergedContactId"]} if "mergedContactId" in body else {}
    return [Emission("contact-changed", {"contact": body["contact"], **merged, "position": event.position})]


def _erased(event: LoggedEvent, body: Body) -> list[Emission]:
    return [Emission("contact-erased", {**body, "position": event.position})]


def _session(event: LoggedEvent, body: Body) -> list[Emission]:
    """Show a session's new state; a renewed QR code is none."""
    session = session_of(body)
    if text_in(body, "was") == session.status:
        return []
    state: dict[str, object] = {"status": session.status, "statusReason": session.status_reason}
    if event.type == "session.deleted":
        state = {"status": "DISCONNECTED", "statusReason": "deleted"}
    return [Emission("session-changed", {"sessionId": session.id, **state, "position": event.position})]


def _alert(event: LoggedEvent, body: Body) -> list[Emission]:
    said = {name: body[name] for name in ("kind", "severity", "detail")}
    payload = {"sessionId": session_of(body).id, **said, "position": event.position}
    return [Emission("session-alert", payload)]


def _campaign(event: LoggedEvent, body: Body) -> list[Emission]:
    payload = {"campaign": body["campaign"], "reason": event.type.partition(".")[2], "position": event.position}
    return [Emission("campaign-changed", payload)]


def _presence(_: LoggedEvent, body: Body) -> list[Emission]:
    user = user_in(body)
    return [Emission("agent-status", {"userId": user.id, "status": user.online_status})]


_ENCODERS: dict[str, Callable[[LoggedEvent, Any], list[Emission]]] = {
    "message.received": _message("message-received"),
    "message.queued": _message("message-sent"),
    "message.sent": _sent,
    "message.delivered": _status,
    "message.read": _status,
    "message.failed": _status,
    "message.outcome_unknown": _status,
    **{f"message.{reason}": _message_changed for reason in get_args(MessageReason)},
    "conversation.queued": _conversation("conversation-queued"),
    "conversation.assigned": _conversation("conversation-assigned"),
    "conversation.transferred": _conversation("conversation-transferred"),
    "conversation.resolved": _conversation("conversation-resolved"),
    **{f"conversation.{reason}": _changed for reason in get_args(ChangeReason)},
    "note.added": _note("note-added"),
    "note.edited": _note("note-edited"),
    "note.deleted": _note("note-deleted", "noteId"),
    "contact.updated": _contact,
    "contact.merged": _contact,
    "contact.erased": _erased,
    **{
        f"session.{state}": _session
        for state in ("created", "started", "qr", "connected", "disconnected", "error", "moved", "deleted")
    },
    **{f"campaign.{reason}": _campaign for reason in get_args(CampaignReason)},
    "session.alert": _alert,
    "notification.created": _conversation("notification"),
    "user.presence": _presence,
}
