"""Events of a session in the form of contracts B and D. Pure.

D  Socket.IO `/`           life_events
B  Socket.IO `/whatsapp`   client_events, without `message-status`
B  SSE `/whatsapp/stream`  client_events
"""

from collections.abc import Callable
from dataclasses import dataclass

from whatsapp_hub.adapters.contracts.events.linked import LinkTo, linked
from whatsapp_hub.adapters.contracts.events.logged import (
    TOLD_AS_MESSAGES,
    Body,
    LoggedSession,
    body_of,
    message_in,
    received,
    session_of,
    text_in,
)
from whatsapp_hub.adapters.contracts.gateways import entities
from whatsapp_hub.adapters.contracts.gateways.qr_codes import data_url
from whatsapp_hub.adapters.contracts.gateways.received import client_message, flat_message
from whatsapp_hub.adapters.contracts.views.view import plain
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.domain.sessions.session import Session, SessionStatus

CLIENTS = "/whatsapp"
"""B's namespace."""

Payload = dict[str, object]
Encoded = list[tuple[str, Payload]]


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """An event of the log about the session with this key."""

    event: LoggedEvent
    body: Body
    key: str

    def with_links(self, link: LinkTo | None) -> "SessionEvent":
        """Return it with links to files."""
        event = linked(self.event, link)
        return self if event is self.event else SessionEvent(event, body_of(event), self.key)

    def payload(self, **more: object) -> Payload:
        """Build a socket's payload: session key, further fields, position."""
        return {"sessionId": self.key, **more, "position": self.event.position}

    @property
    def reason(self) -> str | None:
        """The reason that the event tells, or None."""
        return text_in(self.body, "reason")

    @property
    def session(self) -> LoggedSession:
        """The session as it was at the event."""
        return session_of(self.body)

    @property
    def is_renewal(self) -> bool:
        """Whether only the QR code changed, not the status."""
        return text_in(self.body, "was") == self.session.status


def shown_session(session: Session) -> LoggedSession:
    """Convert a session to the form that events of the log have."""
    return LoggedSession(
        session_id=session.key,
        agent_id=session.agent_id,
        status=session.status.value,
        status_reason=session.status_reason,
        qr_code=session.qr_code,
    )


def life_events(happened: SessionEvent) -> Encoded:
    """Convert an event for contract D."""
    encoder = _LIFE.get(happened.event.type)
    return encoder(happened) if encoder else []


def client_events(happened: SessionEvent) -> Encoded:
    """Convert an event for contract B."""
    encoder = _CLIENT.get(happened.event.type)
    return encoder(happened) if encoder else []


def present_life(session: LoggedSession) -> Encoded:
    """D: the current code, or that it is connected, for a socket that subscribes."""
    if session.qr_code:
        return [("qr", {"sessionId": session.session_id, "qr": session.qr_code})]
    if session.status == SessionStatus.CONNECTED:
        return [("session:connected", {"sessionId": session.session_id})]
    return []


def present_client(session: LoggedSession) -> Encoded:
    """B: the current status and code, for a socket that joins and a stream that begins."""
    change: tuple[str, Payload] = ("status-change", status_change(session, {"sessionId": session.session_id}))
    if not session.qr_code:
        return [change]
    return [change, ("qr-code", {"sessionId": session.session_id, "qrCode": data_url(session.qr_code)})]


def _plain(name: str) -> Callable[[SessionEvent], Encoded]:
    return lambda happened: [(name, happened.payload())]


def _qr(happened: SessionEvent) -> Encoded:
    """Convert a new code; none exists where the phone asks for a passkey."""
    code = happened.session.qr_code
    return [("qr", happened.payload(qr=code))] if code else []


def _disconnected(happened: SessionEvent) -> Encoded:
    return [("session:disconnected", happened.payload(reason=happened.reason))]


def _deleted(happened: SessionEvent) -> Encoded:
    return [("session:disconnected", happened.payload(reason="deleted"))]


def _error(name: str) -> Callable[[SessionEvent], Encoded]:
    return lambda happened: [(name, happened.payload(**entities.fault(happened.reason)))]


def _flat(happened: SessionEvent) -> Encoded:
    said = received(happened.event)
    return [("session:message", happened.payload(**plain(flat_message(said, happened.key))))] if said else []


def _status(happened: SessionEvent) -> Encoded:
    return [("status-change", status_change(happened.session, happened.payload()))]


def status_change(session: LoggedSession, payload: Payload) -> Payload:
    """B: the status, with its reason if it has one."""
    why = {"statusReason": session.status_reason} if session.status_reason else {}
    return {**payload, "status": session.status.lower(), **why}


def _gone(happened: SessionEvent) -> Encoded:
    return [("status-change", happened.payload(status="disconnected", statusReason="deleted"))]


def _code(happened: SessionEvent) -> Encoded:
    """Convert a new code; a renewed one is no change of the status."""
    change = [] if happened.is_renewal else _status(happened)
    code = data_url(happened.session.qr_code)
    return [*change, ("qr-code", happened.payload(qrCode=code))] if code else change


def _fault(happened: SessionEvent) -> Encoded:
    return [*_status(happened), *_error("error")(happened)]


def _message(happened: SessionEvent) -> Encoded:
    message = client_message(happened.body, happened.key)
    return [("message-received", happened.payload(message=message))]


def _change(happened: SessionEvent) -> Encoded:
    """Tell a reaction, an edit or a vote of the customer's as a message of its own."""
    if received(happened.event) is None:
        return []
    message = client_message({**happened.body, "message": happened.body["change"]}, happened.key)
    return [("message-received", happened.payload(message=message))]


def _state(happened: SessionEvent) -> Encoded:
    message = message_in(happened.body)
    why = {"error": message.error} if message.error else {}
    return [("message-status", happened.payload(messageId=message.id, status=message.status.lower(), **why))]


_LIFE: dict[str, Callable[[SessionEvent], Encoded]] = {
    "session.started": _plain("session:started"),
    "session.qr": _qr,
    "session.connected": _plain("session:connected"),
    "session.disconnected": _disconnected,
    "session.deleted": _deleted,
    "session.error": _error("session:error"),
    "session.auth_corrupted": _plain("session.auth.corrupted"),
    "message.received": _flat,
    **dict.fromkeys(TOLD_AS_MESSAGES, _flat),
}
_CLIENT: dict[str, Callable[[SessionEvent], Encoded]] = {
    "session.started": _status,
    "session.qr": _code,
    "session.connected": _status,
    "session.disconnected": _status,
    "session.deleted": _gone,
    "session.error": _fault,
    "message.received": _message,
    **dict.fromkeys(TOLD_AS_MESSAGES, _change),
    "message.sent": _state,
    "message.delivered": _state,
    "message.read": _state,
    "message.failed": _state,
    "message.outcome_unknown": _state,
}
