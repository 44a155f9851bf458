"""Events in the form of WAHA's webhooks (its documentation, "Events"), for clients that migrate from it. Pure.

`message`, `message.ack`, `session.status`. Left out: `message.any` (the same, and one's own messages), and the engine's
raw data.
"""

from datetime import datetime

import msgspec

from whatsapp_hub.adapters.contracts.events.logged import (
    LoggedData,
    LoggedMessage,
    LoggedSession,
    MessageBody,
    body_of,
    message_body,
    received,
    session_of,
)
from whatsapp_hub.adapters.contracts.views.messages import FailureView
from whatsapp_hub.adapters.contracts.views.view import View
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.application.ports.queues.webhook_queue import DueDelivery

ENGINE = "HUB"
_ACKS = {
    "message.sent": (1, "SERVER"),
    "message.delivered": (2, "DEVICE"),
    "message.read": (3, "READ"),
    "message.failed": (-1, "ERROR"),
}
_STATUSES = {
    "CONNECTED": "WORKING",
    "QR_PENDING": "SCAN_QR_CODE",
    "CONNECTING": "STARTING",
    "RECONNECTING": "STARTING",
    "DISCONNECTED": "STOPPED",
    "LOGGED_OUT": "FAILED",
    "BANNED": "FAILED",
    "FAILED": "FAILED",
}


class WahaMe(View):
    """The session's own number."""

    id: str
    push_name: str


class WahaMedia(View):
    """A message's file. Its type and name as they were said; WAHA knows no better either."""

    url: str
    mimetype: str | None = None
    filename: str | None = None


class WahaMessage(View):
    """The payload of `message`. `participant`: the author in a group."""

    id: str
    timestamp: int
    from_: str = msgspec.field(name="from")
    from_me: bool = False
    source: str = "app"
    to: str | None = None
    body: str | None = None
    has_media: bool = False
    media: WahaMedia | None = None
    ack: int = 2
    ack_name: str = "DEVICE"
    reply_to: None = None
    data: dict[str, str] = msgspec.field(name="_data", default_factory=dict)
    participant: str | msgspec.UnsetType = msgspec.UNSET


class WahaAck(View):
    """The payload of `message.ack`. `error`: why the message failed."""

    id: str
    from_: str = msgspec.field(name="from")
    participant: None
    from_me: bool
    ack: int
    ack_name: str
    error: FailureView | msgspec.UnsetType = msgspec.UNSET


class WahaReason(View):
    """Why the session has its status."""

    reason: str


class WahaSessionStatus(View):
    """The payload of `session.status`."""

    name: str
    status: str
    statuses: list[str] = msgspec.field(default_factory=list)
    data: WahaReason | None = None


class WahaEnvironment(View):
    """The server, in WAHA's words."""

    version: str = "whatsapp_hub"
    engine: str = ENGINE
    tier: str = "PLUS"
    browser: None = None


class WahaEvent(View):
    """The body of webhooks of the format `waha`; each `event` has a payload of its own."""

    id: str
    timestamp: int
    event: str
    session: str
    metadata: dict[str, str]
    me: WahaMe | None
    payload: object
    engine: str
    environment: WahaEnvironment


class WahaMessageEvent(WahaEvent):
    """`message`: a customer wrote."""

    payload: WahaMessage


class WahaAckEvent(WahaEvent):
    """`message.ack`: a message's new status."""

    payload: WahaAck


class WahaSessionEvent(WahaEvent):
    """`session.status`: a session's new status."""

    payload: WahaSessionStatus


def waha(due: DueDelivery, event: LoggedEvent) -> WahaEvent | None:
    """Encode the whole body; None for events that WAHA does not have."""
    if said := received(event):
        return _envelope(WahaMessageEvent, "message", due, event, _message(said, due))
    if event.type in _ACKS:
        ack = _ack(message_body(event.body), *_ACKS[event.type])
        return _envelope(WahaAckEvent, "message.ack", due, event, ack)
    if event.type.startswith("session.") and event.type != "session.alert":
        status = _status(session_of(body_of(event)), due)
        return _envelope(WahaSessionEvent, "session.status", due, event, status)
    return None


def _envelope(kind: type[WahaEvent], name: str, due: DueDelivery, event: LoggedEvent, payload: View) -> WahaEvent:
    return kind(
        id=f"evt_{event.position}",
        timestamp=int(event.occurred_at.timestamp() * 1000),
        event=name,
        session=due.session_key or "default",
        metadata={},
        me=WahaMe(jid(due.phone_number), due.session_name or "") if due.phone_number else None,
        payload=payload,
        engine=ENGINE,
        environment=WahaEnvironment(),
    )


def jid(address: str) -> str:
    """Convert a chat's address to WAHA's form: a person is `digits@c.us`."""
    user, _, server = address.lstrip("+").partition("@")
    return f"{user}@{server}" if server and server != "s.whatsapp.net" else f"{user}@c.us"


def _id(message: LoggedMessage, chat: str) -> str:
    mine = "true" if message.direction == "OUTBOUND" else "false"
    return f"{mine}_{chat}_{message.whatsapp_message_id or message.id}"


def _message(body: MessageBody, due: DueDelivery) -> WahaMessage:
    message, chat = body.message, jid(body.chat)
    return WahaMessage(
        id=_id(message, chat),
        timestamp=int(datetime.fromisoformat(message.timestamp).timestamp()),
        from_=chat,
        to=jid(due.phone_number) if due.phone_number else None,
        body=message.content,
        has_media=message.type in ("IMAGE", "DOCUMENT", "AUDIO", "VIDEO", "STICKER"),
        media=_media(message),
        participant=jid(body.author) if body.author else msgspec.UNSET,
    )


def _media(message: LoggedMessage) -> WahaMedia | None:
    said = message.data or LoggedData()
    return WahaMedia(message.media_url, said.mime_type, said.file_name) if message.media_url else None


def _ack(body: MessageBody, ack: int, name: str) -> WahaAck:
    chat = jid(body.chat)
    return WahaAck(
        id=_id(body.message, chat),
        from_=chat,
        participant=None,
        from_me=True,
        ack=ack,
        ack_name=name,
        error=body.message.error or msgspec.UNSET,
    )


def _status(session: LoggedSession, due: DueDelivery) -> WahaSessionStatus:
    reason = WahaReason(session.status_reason) if session.status_reason else None
    return WahaSessionStatus(due.session_key or session.name, _STATUSES.get(session.status, "FAILED"), data=reason)
