"""Entities as the log holds them, as far as sockets, gateways and webhooks read them. Pure.

One type each. All fields have defaults: an older hub did not log all of them.
"""

import msgspec

from whatsapp_hub.adapters.contracts.views.messages import FailureView
from whatsapp_hub.adapters.contracts.views.view import View
from whatsapp_hub.application.ports.queues.log import LoggedEvent


class LoggedData(View):
    """What a message says beyond its text."""

    kind: str = ""
    mime_type: str | None = None
    file_name: str | None = None


CHANGES = frozenset({"reaction", "edit", "revoke", "vote", "event_answer"})
"""Kinds of messages that only change another one."""


class LoggedMessage(View):
    """A message."""

    id: str = ""
    status: str = ""
    type: str = ""
    direction: str = ""
    sender_id: str | None = None
    is_bot: bool = False
    whatsapp_message_id: str | None = None
    content: str | None = None
    media_url: str | None = None
    timestamp: str = ""
    error: FailureView | None = None
    data: LoggedData | None = None

    @property
    def is_change(self) -> bool:
        """Whether it only changes another message."""
        return self.data is not None and self.data.kind in CHANGES


class LoggedConversation(View):
    """A conversation."""

    id: str = ""
    department_id: str | None = None
    assigned_user_id: str | None = None
    bot: str | None = None


class LoggedSession(View):
    """A session. `session_id` is the client's own key."""

    id: str = ""
    session_id: str = ""
    agent_id: str = ""
    name: str = ""
    status: str = ""
    status_reason: str | None = None
    qr_code: str | None = None


class LoggedUser(View):
    """A user."""

    id: str = ""
    online_status: str = ""


class MessageBody(View):
    """Body of an event about a message. `from_` is the chat: a phone's digits, else a JID; for a group the group's."""

    message: LoggedMessage
    chat: str = ""
    author: str | None = None
    from_: str = msgspec.field(name="from", default="")
    push_name: str | None = None
    is_group: bool = False


class _ChangeBody(View):
    change: LoggedMessage | None = None
    chat: str = ""
    author: str | None = None
    from_: str = msgspec.field(name="from", default="")
    push_name: str | None = None
    is_group: bool = False


RECEIVED = "message.received"
TOLD_AS_MESSAGES = ("message.reaction", "message.edited", "message.updated")
"""Changes of messages that contracts A to D tell as messages of their own (a reaction, the new text, a vote)."""

Body = dict[str, msgspec.Raw]

_BODY = msgspec.json.Decoder(Body)
_MESSAGE_BODY = msgspec.json.Decoder(MessageBody)
_CHANGE_BODY = msgspec.json.Decoder(_ChangeBody)
_MESSAGE = msgspec.json.Decoder(LoggedMessage)
_CONVERSATION = msgspec.json.Decoder(LoggedConversation)
_SESSION = msgspec.json.Decoder(LoggedSession)
_USER = msgspec.json.Decoder(LoggedUser)
_TEXT = msgspec.json.Decoder(str | None)


def body_of(event: LoggedEvent) -> Body:
    """Split an event's body into subjects and details, each not yet decoded."""
    return decoded(event.body)


def decoded(body: bytes) -> Body:
    """Split a body into subjects and details, each not yet decoded."""
    return _BODY.decode(body)


def message_body(body: bytes) -> MessageBody:
    """Decode the body of an event about a message."""
    return _MESSAGE_BODY.decode(body)


def received(event: LoggedEvent) -> MessageBody | None:
    """Return what a customer sent, as contracts A to D tell it; None for other events."""
    if event.type == RECEIVED:
        return message_body(event.body)
    if event.type not in TOLD_AS_MESSAGES:
        return None
    told = _CHANGE_BODY.decode(event.body)
    if told.change is None or told.change.direction != "INBOUND":
        return None
    return MessageBody(told.change, told.chat, told.author, told.from_, told.push_name, told.is_group)


def message_in(body: Body) -> LoggedMessage:
    """Return the message of an event about one."""
    return _MESSAGE.decode(body["message"])


def session_of(body: Body) -> LoggedSession:
    """Return the session of an event about one."""
    return _SESSION.decode(body["session"])


def user_in(body: Body) -> LoggedUser:
    """Return the user of an event about one."""
    return _USER.decode(body["user"])


def conversation_in(body: Body) -> LoggedConversation | None:
    """Return the conversation of an event, if it has one."""
    return _CONVERSATION.decode(body["conversation"]) if "conversation" in body else None


def session_in(body: Body) -> LoggedSession | None:
    """Return the session of an event, if it has one. A notification names its session by a text."""
    return session_of(body) if bytes(body.get("session", b"")).startswith(b"{") else None


def text_in(body: Body, name: str) -> str | None:
    """Return a detail that is text; None if it is null or missing."""
    return _TEXT.decode(body[name]) if name in body else None
