"""A customer's message in the log, in the form of the gateway contracts B, C and D. Pure."""

from typing import Literal
from uuid import UUID

import msgspec

from whatsapp_hub.adapters.contracts.views.view import View

Shown = dict[str, object]


class LoggedMessage(msgspec.Struct, rename="camel"):
    """The fields of a message that C and D show. An older log lacks some."""

    id: str = ""
    type: str = ""
    content: str | None = None
    media_url: str | None = None
    timestamp: str = ""
    direction: str = ""


class ReceivedBody(msgspec.Struct, rename="camel"):
    """Body of a `message.received` (or of a `message.sent` that was typed on the phone), as far as gateways show it.
    `from_` is the chat: a phone's digits, else a JID; for a group the group's."""

    message: msgspec.Raw
    from_: str = msgspec.field(name="from", default="")
    push_name: str | None = None
    is_group: bool = False


class FlatMessage(View):
    """D: `session:message`, and the body of webhooks of the format `flat`. `message` is its text."""

    session_id: str
    from_: str = msgspec.field(name="from")
    message: str | None


class InstanceMessage(msgspec.Struct):
    """C: a customer's message."""

    id: str
    from_: str = msgspec.field(name="from")
    push_name: str | None
    type: str
    text: str | None
    media_url: str | None
    timestamp: str
    from_me: bool
    is_group: bool


class InstanceEvent(msgspec.Struct):
    """C: the body posted to an instance's webhook_url."""

    event: Literal["message"]
    instance_id: UUID
    instance_name: str
    message: InstanceMessage


_RECEIVED = msgspec.json.Decoder(ReceivedBody)
_MESSAGE = msgspec.json.Decoder(LoggedMessage)
_FIELDS = msgspec.json.Decoder(dict[str, object])


def received(body: bytes) -> ReceivedBody:
    """Decode an event's body from the log."""
    return _RECEIVED.decode(body)


def client_message(body: ReceivedBody, session_key: str) -> Shown:
    """B: a message, its session named by the client's own key; `messageId` is the hub's id, as in the answer to a send
    and in `message-status`."""
    shown = _FIELDS.decode(body.message)
    lowered = {name: str(shown[name]).lower() for name in ("type", "direction", "status")}
    return {**shown, **lowered, "messageId": shown["id"], "sessionId": session_key, "from": body.from_}


def instance_event(body: ReceivedBody, instance_id: UUID, instance_name: str) -> InstanceEvent:
    message = _MESSAGE.decode(body.message)
    return InstanceEvent(
        event="message",
        instance_id=instance_id,
        instance_name=instance_name,
        message=InstanceMessage(
            id=message.id,
            from_=body.from_,
            push_name=body.push_name,
            type=message.type,
            text=message.content,
            media_url=message.media_url,
            timestamp=message.timestamp,
            from_me=message.direction == "OUTBOUND",
            is_group=body.is_group,
        ),
    )


def flat_message(body: ReceivedBody, session_key: str) -> FlatMessage:
    return FlatMessage(session_key, body.from_, _MESSAGE.decode(body.message).content)
