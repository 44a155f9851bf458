"""Sessions and messages in the form of the gateway contracts A to D. Pure.

A  sessions of AI agents      camelCase, QR_PENDING is LOADING_QR
B  client sessions            camelCase, words in lower case
C  instances                  snake_case, session words in lower case
D  session life cycle         camelCase, QR_PENDING is CONNECTING
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from whatsapp_hub.adapters.contracts.gateways.qr_codes import data_url
from whatsapp_hub.adapters.contracts.views.entities import Shown, contact, failure, message, session, time
from whatsapp_hub.application.reading.sessions import MessageWith
from whatsapp_hub.application.sending.send_to import Sent
from whatsapp_hub.application.sessions.open_sessions import Code
from whatsapp_hub.domain.messaging.message import Direction
from whatsapp_hub.domain.sessions.session import Session, SessionStatus

_LOWER = ("type", "direction", "status")


def agent_status(status: str) -> str:
    """Convert a session's status for contract A."""
    return "LOADING_QR" if status == SessionStatus.QR_PENDING else status


def life_status(status: str) -> str:
    """Convert a session's status for contract D."""
    return SessionStatus.CONNECTING.value if status == SessionStatus.QR_PENDING else status


def agent_session(session: Session) -> Shown:
    """A: the response of `init`."""
    return {
        "sessionId": session.key,
        "agentId": session.agent_id,
        "status": agent_status(session.status.value),
        "qrCode": data_url(session.qr_code),
        **_reason("reason", session),
    }


def agent_state(session: Session, last_seen_at: datetime | None) -> Shown:
    """A: one session in an agent's status."""
    return {
        "sessionId": session.key,
        "status": agent_status(session.status.value),
        "phoneNumber": session.phone_number,
        "lastSeenAt": time(last_seen_at),
        **_reason("reason", session),
    }


def client_session(session: Session, client_id: str) -> Shown:
    """B: the response to creating a session. `client_id`: the tenant's slug."""
    return {
        "sessionId": session.key,
        "clientId": client_id,
        "status": session.status.value.lower(),
        "qrCode": data_url(session.qr_code),
        **_reason("statusReason", session),
    }


def listed_client_session(of: Session, client_id: str, *, with_code: bool) -> Shown:
    """B: one session of the list. A QR code is a key to the number: `with_code` only for those who manage it."""
    code = data_url(of.qr_code) if with_code else None
    return {**session(of), "clientId": client_id, "status": of.status.value.lower(), "qrCode": code}


def instance(session: Session) -> Shown:
    """C: an instance."""
    return {
        "id": str(session.id),
        "user_id": session.owner or (str(session.user_id) if session.user_id else None),
        "instance_name": session.name,
        "phone_number": session.phone_number,
        "connection_status": session.status.value.lower(),
        "status_reason": session.status_reason,
        "webhook_url": session.webhook_url,
        "created_at": time(session.created_at),
    }


def new_instance(session: Session, webhook_secret: str | None) -> Shown:
    """C: the response to creating an instance; `connecting` while it is dialled. The secret is never shown again."""
    is_dialled = session.status in (SessionStatus.DISCONNECTED, SessionStatus.RECONNECTING)
    return {
        "id": str(session.id),
        "instance_name": session.name,
        "qr_code": data_url(session.qr_code),
        "connection_status": (SessionStatus.CONNECTING if is_dialled else session.status).value.lower(),
        "status_reason": session.status_reason,
        "webhook_secret": webhook_secret,
    }


def instance_code(code: Code) -> Shown:
    """C: the current QR code and when it expires."""
    return {"qr_code": data_url(code.session.qr_code), "expires_at": time(code.expires_at)}


def life(session: Session, status: SessionStatus | None = None) -> Shown:
    """D: a session. `status`: the requested one, where the response precedes the change."""
    shown = life_status((status or session.status).value)
    return {"id": str(session.id), "sessionId": session.key, "status": shown, **_reason("reason", session)}


def life_code(session: Session) -> Shown:
    """D: a session's QR code."""
    return {"sessionId": session.key, "qr": session.qr_code, "qrCode": data_url(session.qr_code)}


def sent(sent: Sent, *, lower: bool = False) -> Shown:
    """A, D, and B (in lower case): a message that is stored and will be sent. `reason`: why its session failed; the
    message waits until that is fixed. `error`: why the message failed (the answer to a repeated Idempotency-Key)."""
    status = sent.message.status.value
    shown: Shown = {"messageId": str(sent.message.id), "status": status.lower() if lower else status}
    return {**shown, **_failures(sent)}


def sent_by_instance(sent: Sent) -> Shown:
    """C: a message that is stored and will be sent."""
    return {"id": str(sent.message.id), "status": sent.message.status.value, **_failures(sent)}


def _failures(sent: Sent) -> Shown:
    shown: Shown = {"reason": sent.session_failure} if sent.session_failure else {}
    return {**shown, "error": failure(sent.message.error)} if sent.message.error else shown


def _reason(name: str, session: Session) -> Shown:
    """Return the session's status reason under this name, if it has one."""
    return {name: session.status_reason} if session.status_reason else {}


class ReceivedBody(msgspec.Struct, rename="camel"):
    """Body of a `message.received` (or of a `message.sent` that was typed on the phone), as far as gateways show it.
    `from_` is the chat: a phone's digits, else a JID; for a group the group's."""

    message: dict[str, object]
    from_: str = msgspec.field(name="from", default="")
    push_name: str | None = None
    is_group: bool = False


_RECEIVED = msgspec.json.Decoder(ReceivedBody)


def received(body: bytes) -> ReceivedBody:
    """Decode an event's body from the log."""
    return _RECEIVED.decode(body)


def client_message(body: ReceivedBody, session_key: str) -> Shown:
    """B: a message, its session named by the client's own key."""
    return {**_client_message(body.message, session_key), "from": body.from_}


def listed_client_message(of: MessageWith, session_key: str) -> Shown:
    """B: one message of a session's list. The contact's address is `from` or `to`, depending on the direction."""
    address = of.contact.phone_number or of.message.chat
    is_theirs = of.message.direction is Direction.INBOUND
    return {
        **_client_message(message(of.message), session_key),
        "from": address if is_theirs else None,
        "to": None if is_theirs else address,
        "contact": contact(of.contact),
    }


def _client_message(shown: Shown, session_key: str) -> Shown:
    """`messageId` is the hub's id, as in the answer to a send and in `message-status`."""
    lowered = {name: str(shown[name]).lower() for name in _LOWER}
    return {**shown, **lowered, "messageId": shown["id"], "sessionId": session_key}


def instance_event(body: ReceivedBody, instance_id: str, instance_name: str) -> Shown:
    """C: the body posted to an instance's webhook_url."""
    return {
        "event": "message",
        "instance_id": instance_id,
        "instance_name": instance_name,
        "message": {
            "id": body.message["id"],
            "from": body.from_,
            "push_name": body.push_name,
            "type": body.message["type"],
            "text": body.message["content"],
            "media_url": body.message["mediaUrl"],
            "timestamp": body.message["timestamp"],
            "from_me": body.message["direction"] == "OUTBOUND",
            "is_group": body.is_group,
        },
    }


def flat_message(body: ReceivedBody, session_key: str) -> Shown:
    """D: `session:message`, and the body of webhooks of the format `flat`. `message` is its text."""
    return {"sessionId": session_key, "from": body.from_, "message": body.message["content"]}


def fault(reason: str | None) -> Mapping[str, str]:
    """B and D: a status reason as `code` (its first word) and `message`."""
    text = reason or "unknown"
    code, _, _ = text.replace(":", " ").partition(" ")
    return {"code": code, "message": text}
