"""How contract E spells the log on sockets: which event, with which payload. Who hears it is the gateway's matter.

Pure; entities pass through as the bytes they are in the log.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from whatsapp_hub.application.ports.queues.log import LoggedEvent

NAMESPACE = "/"


@dataclass(frozen=True, slots=True)
class Emission:
    """One Socket.IO event. `packet` is its whole text as the protocol wants it, encoded once for all."""

    name: str
    payload: dict[str, object]
    namespace: str = NAMESPACE

    @property
    def packet(self) -> str:
        """`2["name",{…}]`, with the namespace unless it is `/`."""
        prefix = "2" if self.namespace == NAMESPACE else f"2{self.namespace},"
        return prefix + msgspec.json.encode([self.name, self.payload]).decode()


class MessageShown(msgspec.Struct, rename="camel"):
    """What of a message the spelling depends on."""

    id: str
    status: str
    direction: str = ""
    sender_id: str | None = None
    is_bot: bool = False
    error: dict[str, object] | None = None


class ConversationShown(msgspec.Struct, rename="camel"):
    """What of a conversation its audience depends on."""

    id: str
    department_id: str | None = None
    assigned_user_id: str | None = None


class UserShown(msgspec.Struct, rename="camel"):
    id: str
    online_status: str


_BODY = msgspec.json.Decoder(dict[str, msgspec.Raw])
_MESSAGE = msgspec.json.Decoder(MessageShown)
_CONVERSATION = msgspec.json.Decoder(ConversationShown)
_USER = msgspec.json.Decoder(UserShown)
_TEXT = msgspec.json.Decoder(str | None)

Body = dict[str, msgspec.Raw]


def body_of(event: LoggedEvent) -> Body:
    """The event's subjects and details, not yet decoded."""
    return decoded(event.body)


def decoded(body: bytes) -> Body:
    return _BODY.decode(body)


def conversation_in(body: Body) -> ConversationShown | None:
    return _CONVERSATION.decode(body["conversation"]) if "conversation" in body else None


def text_in(body: Body, name: str) -> str | None:
    """A detail that is text (or null, or not there)."""
    return _TEXT.decode(body[name]) if name in body else None


def spell(event: LoggedEvent, body: Body) -> list[Emission]:
    """What clients are told; nothing for events that sockets do not carry."""
    spelling = _SPELLINGS.get(event.type)
    return spelling(event, body) if spelling else []


def _message(name: str) -> Callable[[LoggedEvent, Body], list[Emission]]:
    def spelling(event: LoggedEvent, body: Body) -> list[Emission]:
        conversation_id = str(event.conversation_id)
        payload = {"conversationId": conversation_id, "message": body["message"], "position": event.position}
        return [Emission(name, payload)]

    return spelling


def _status(event: LoggedEvent, body: Body) -> list[Emission]:
    message = _MESSAGE.decode(body["message"])
    payload: dict[str, object] = {
        "messageId": message.id,
        "conversationId": str(event.conversation_id),
        "status": message.status,
        "position": event.position,
    }
    if event.type == "message.outcome_unknown":
        payload["outcome"] = "unknown"
    if message.error:
        payload["error"] = message.error
    return [Emission("message-status", payload)]


def _sent(event: LoggedEvent, body: Body) -> list[Emission]:
    """What was typed on the phone itself is new to everybody; all else was told when it was queued. One event is one
    packet: a client that comes back with its position has seen all of it."""
    message = _MESSAGE.decode(body["message"])
    typed_on_the_phone = message.sender_id is None and not message.is_bot
    return _message("message-sent")(event, body) if typed_on_the_phone else _status(event, body)


def _conversation(name: str) -> Callable[[LoggedEvent, Body], list[Emission]]:
    def spelling(event: LoggedEvent, body: Body) -> list[Emission]:
        return [Emission(name, {**body, "position": event.position})]

    return spelling


def _presence(_: LoggedEvent, body: Body) -> list[Emission]:
    user = _USER.decode(body["user"])
    return [Emission("agent-status", {"userId": user.id, "status": user.online_status})]


_SPELLINGS: dict[str, Callable[[LoggedEvent, Any], list[Emission]]] = {
    "message.received": _message("message-received"),
    "message.queued": _message("message-sent"),
    "message.sent": _sent,
    "message.delivered": _status,
    "message.read": _status,
    "message.failed": _status,
    "message.outcome_unknown": _status,
    "conversation.queued": _conversation("conversation-queued"),
    "conversation.assigned": _conversation("conversation-assigned"),
    "conversation.transferred": _conversation("conversation-transferred"),
    "conversation.resolved": _conversation("conversation-resolved"),
    "notification.created": _conversation("notification"),
    "user.presence": _presence,
}
