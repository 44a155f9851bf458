"""Events in the form of WAHA's webhooks (its documentation, "Events"), for clients that migrate from it. Pure.

`message`, `message.ack`, `session.status`. Left out: `message.any` (the same, and one's own messages), everything about
a message's media beyond its address, and the engine's raw data.
"""

from datetime import UTC, datetime

import msgspec

from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.application.ports.queues.webhook_queue import DueDelivery

ENGINE = "HUB"
Shown = dict[str, object]
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


class _Message(msgspec.Struct, rename="camel"):
    id: str
    direction: str
    type: str
    timestamp: datetime
    whatsapp_message_id: str | None = None
    content: str | None = None
    media_url: str | None = None
    error: dict[str, object] | None = None


class _MessageBody(msgspec.Struct, rename="camel"):
    message: _Message
    chat: str = ""
    author: str | None = None


class _Session(msgspec.Struct, rename="camel"):
    status: str
    name: str = ""
    phone_number: str | None = None
    status_reason: str | None = None


class _SessionBody(msgspec.Struct):
    session: _Session


_MESSAGE_BODY = msgspec.json.Decoder(_MessageBody)
_SESSION_BODY = msgspec.json.Decoder(_SessionBody)


def waha(due: DueDelivery, event: LoggedEvent) -> Shown | None:
    """Encode the whole body; None for events that WAHA does not have."""
    if event.type == "message.received":
        return _envelope("message", due, event, _message(_MESSAGE_BODY.decode(event.body), due))
    if event.type in _ACKS:
        return _envelope("message.ack", due, event, _ack(_MESSAGE_BODY.decode(event.body), *_ACKS[event.type]))
    if event.type.startswith("session."):
        return _envelope("session.status", due, event, _status(_SESSION_BODY.decode(event.body).session, due))
    return None


def _envelope(name: str, due: DueDelivery, event: LoggedEvent, payload: Shown) -> Shown:
    return {
        "id": f"evt_{event.position}",
        "timestamp": int(event.occurred_at.timestamp() * 1000),
        "event": name,
        "session": due.session_key or "default",
        "metadata": {},
        "me": {"id": jid(due.phone_number), "pushName": due.session_name or ""} if due.phone_number else None,
        "payload": payload,
        "engine": ENGINE,
        "environment": {"version": "whatsapp_hub", "engine": ENGINE, "tier": "PLUS", "browser": None},
    }


def jid(address: str) -> str:
    """Convert a chat's address to WAHA's form: a person is `digits@c.us`."""
    user, _, server = address.lstrip("+").partition("@")
    return f"{user}@{server}" if server and server != "s.whatsapp.net" else f"{user}@c.us"


def _id(message: _Message, chat: str) -> str:
    mine = "true" if message.direction == "OUTBOUND" else "false"
    return f"{mine}_{chat}_{message.whatsapp_message_id or message.id}"


def _message(body: _MessageBody, due: DueDelivery) -> Shown:
    message, chat = body.message, jid(body.chat)
    media = {"url": message.media_url, "mimetype": None, "filename": None} if message.media_url else None
    shown: Shown = {
        "id": _id(message, chat),
        "timestamp": int(message.timestamp.astimezone(UTC).timestamp()),
        "from": chat,
        "fromMe": False,
        "source": "app",
        "to": jid(due.phone_number) if due.phone_number else None,
        "body": message.content,
        "hasMedia": message.type in ("IMAGE", "DOCUMENT", "AUDIO", "VIDEO", "STICKER"),
        "media": media,
        "ack": 2,
        "ackName": "DEVICE",
        "replyTo": None,
        "_data": {},
    }
    return {**shown, "participant": jid(body.author)} if body.author else shown


def _ack(body: _MessageBody, ack: int, name: str) -> Shown:
    chat = jid(body.chat)
    fixed = {"id": _id(body.message, chat), "from": chat, "participant": None, "fromMe": True}
    why = {"error": body.message.error} if body.message.error else {}
    return {**fixed, "ack": ack, "ackName": name, **why}


def _status(session: _Session, due: DueDelivery) -> Shown:
    name = due.session_key or session.name
    data = {"reason": session.status_reason} if session.status_reason else None
    return {"name": name, "status": _STATUSES.get(session.status, "FAILED"), "statuses": [], "data": data}
