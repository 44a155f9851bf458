"""A customer's message in the log, in the form of the gateway contracts B, C and D. Pure."""

from typing import Literal
from uuid import UUID

import msgspec

from whatsapp_hub.adapters.contracts.events.logged import Body, MessageBody, text_in
from whatsapp_hub.adapters.contracts.views.messages import MessageFields
from whatsapp_hub.adapters.contracts.views.view import View

Shown = dict[str, object]


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


_FIELDS = msgspec.json.Decoder(dict[str, object])
_SHOWN = frozenset(field.encode_name for field in msgspec.structs.fields(MessageFields))
"""The rest of a message is contract F's alone."""


def client_message(body: Body, session_key: str) -> Shown:
    """B: a message, its session named by the client's own key; `messageId` is the hub's id, as in the answer to a send
    and in `message-status`."""
    shown = {name: value for name, value in _FIELDS.decode(body["message"]).items() if name in _SHOWN}
    lowered = {name: str(shown[name]).lower() for name in ("type", "direction", "status")}
    return {**shown, **lowered, "messageId": shown["id"], "sessionId": session_key, "from": text_in(body, "from") or ""}


def instance_event(body: MessageBody, instance_id: UUID, instance_name: str) -> InstanceEvent:
    """Build contract C's body for a customer's message."""
    message = body.message
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


def flat_message(body: MessageBody, session_key: str) -> FlatMessage:
    """Build the body of webhooks of format `flat`."""
    return FlatMessage(session_key, body.from_, body.message.content)
