"""Events as WAHA's own webhooks spell them (its documentation, "Events"), for clients that move over from it. Pure.

`message`, `message.ack`, `session.status`. Not told: what WAHA calls `message.any` (the same, and one's own messages),
what a message's media is beyond an address, and the engine's raw data.
"""

from datetime import UTC, datetime

import msgspec

from whatsapp_hub.adapters.contracts.views.entities import Shown
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


class _Message(msgspec.Struct, rename="camel"):
    id: str
    direction: str
    type: str
    timestamp: datetime
    whatsapp_message_id: str | None = None
    content: str | None = None
    media_url: str | None = None
    error: dict[str, object] | None = None


class _Told(msgspec.Struct, rename="camel"):
    message: _Message
    chat: str = ""
    author: str | None = None


class _Session(msgspec.Struct, rename="camel"):
    status: str
    name: str = ""
    phone_number: str | None = None
    status_reason: str | None = None


class _State(msgspec.Struct):
    session: _Session


_TOLD = msgspec.json.Decoder(_Told)
_STATE = msgspec.json.Decoder(_State)


def waha(due: DueDelivery, event: LoggedEvent) -> Shown | None:
    """The whole body; None for what WAHA has no words for."""
    if event.type == "message.received":
        return _envelope("message", due, event, _message(_TOLD.decode(event.body), due))
    if event.type in _ACKS:
        return _envelope("message.ack", due, event, _ack(_TOLD.decode(event.body), *_ACKS[event.type]))
    if event.type.startswith("session."):
        return _envelope("session.status", due, event, _status(_STATE.decode(event.body).session, due))
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
    """As WAHA spells chats: a person is `digits@c.us`."""
    user, _, server = address.lstrip("+").partition("@")
    return f"{user}@{server}" if server and server != "s.whatsapp.net" else f"{user}@c.us"


def _id(message: _Message, chat: str) -> str:
    mine = "true" if message.direction == "OUTBOUND" else "false"
    return f"{mine}_{chat}_{message.whatsapp_message_id or message.id}"


def _message(told: _Told, due: DueDelivery) -> Shown:
    message, chat = told.message, jid(told.chat)
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
    return {**shown, "participant": jid(told.author)} if told.author else shown


def _ack(told: _Told, ack: int, name: str) -> Shown:
    chat = jid(told.chat)
    fixed = {"id": _id(told.message, chat), "from": chat, "participant": None, "fromMe": True}
    why = {"error": told.message.error} if told.message.error else {}
    return {**fixed, "ack": ack, "ackName": name, **why}


def _status(session: _Session, due: DueDelivery) -> Shown:
    name = due.session_key or session.name
    data = {"reason": session.status_reason} if session.status_reason else None
    return {"name": name, "status": _STATUSES.get(session.status, "FAILED"), "statuses": [], "data": data}
