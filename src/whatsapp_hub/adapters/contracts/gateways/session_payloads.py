"""What the Socket.IO events of contracts B (`/whatsapp`) and D (`/`) carry; B's stream carries the same as B's socket.
`gateways/session_events.py` writes them from the log; tests hold both together.

An event that happened has a `position`; what describes the present state, to a client that has just subscribed, has
none, nor has the refusal of a request.
"""

from collections.abc import Mapping
from uuid import UUID

from msgspec import UNSET, UnsetType, field

from whatsapp_hub.adapters.contracts.views.messages import FailureView, MessageFields
from whatsapp_hub.adapters.contracts.views.view import View


class LifeNotice(View):
    """D: something happened to a session; `sessionId` is the client's own key."""

    session_id: str
    position: int | UnsetType = UNSET


class LifeQr(LifeNotice, kw_only=True):
    """D: a session's QR code as text, about once a minute until a phone scans it."""

    qr: str


class LifeDisconnected(LifeNotice, kw_only=True):
    """D: a session lost its connection, was stopped or deleted."""

    reason: str | None


class LifeMessage(LifeNotice, kw_only=True):
    """D: a customer wrote. `message` is the text, null for a file without one."""

    from_: str = field(name="from")
    message: str | None


class SessionFault(View):
    """B and D: a session failed, or a request was refused. `code` is the first word of the reason."""

    code: str
    message: str
    session_id: str | UnsetType = UNSET
    position: int | UnsetType = UNSET


class ClientStatus(View):
    """B: a session's status, in lower case."""

    session_id: str
    status: str
    status_reason: str | UnsetType = UNSET
    position: int | UnsetType = UNSET


class ClientCode(View):
    """B: a session's QR code as a picture (data URL)."""

    session_id: str
    qr_code: str
    position: int | UnsetType = UNSET


class ClientMessage(MessageFields):
    """B: a customer's message. `sessionId` is the client's own key, type, direction and status are in lower case;
    `messageId` is `id`, `from` a phone's digits, else a JID."""

    session_id: str
    message_id: UUID
    from_: str = field(name="from")


class ClientReceived(View):
    """B: a customer wrote."""

    session_id: str
    message: ClientMessage
    position: int


class ClientMessageStatus(View):
    """B's stream: a message's new status, in lower case. `error`: why it failed."""

    session_id: str
    message_id: UUID
    status: str
    position: int
    error: FailureView | UnsetType = UNSET


class SocketConnected(View):
    """The socket is open. `position`: where a client that comes back resumes (`auth.after`)."""

    position: int


class SocketReset(View):
    """Events were missed up to this position: read anew what is shown, and resume from there."""

    position: int


LIFE: Mapping[str, type[View]] = {
    "connected": SocketConnected,
    "subscribed": LifeNotice,
    "qr": LifeQr,
    "session:started": LifeNotice,
    "session:connected": LifeNotice,
    "session:disconnected": LifeDisconnected,
    "session:message": LifeMessage,
    "session:error": SessionFault,
    "session.auth.corrupted": LifeNotice,
    "reset": SocketReset,
}
"""The type of each event's payload in contract D, by the event's name."""

CLIENT: Mapping[str, type[View]] = {
    "qr-code": ClientCode,
    "status-change": ClientStatus,
    "message-received": ClientReceived,
    "message-status": ClientMessageStatus,
    "error": SessionFault,
    "reset": SocketReset,
}
"""The type of each event's payload in contract B, by the event's name."""
