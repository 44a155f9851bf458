"""Sessions and messages in the form of the gateway contracts A to D. Pure.

A  sessions of AI agents      camelCase, QR_PENDING is LOADING_QR
B  client sessions            camelCase, words in lower case
C  instances                  snake_case, session words in lower case
D  session life cycle         camelCase, QR_PENDING is CONNECTING
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from whatsapp_hub.adapters.contracts.events.linked import LinkTo, linked_url
from whatsapp_hub.adapters.contracts.gateways.qr_codes import data_url
from whatsapp_hub.adapters.contracts.views.contacts import ContactView
from whatsapp_hub.adapters.contracts.views.messages import FailureView, MessageFields, fields_of
from whatsapp_hub.adapters.contracts.views.sessions import SessionFields, SessionView
from whatsapp_hub.adapters.contracts.views.view import View, extended, time
from whatsapp_hub.application.reading.sessions import MessageWith
from whatsapp_hub.application.sending.send_to import Sent
from whatsapp_hub.application.sessions.open_sessions import Code
from whatsapp_hub.domain.messaging.message import Direction
from whatsapp_hub.domain.sessions.session import Session, SessionStatus

Shown = dict[str, object]


class AgentSession(View):
    """A: the response of `init`. `reason`: why it is not connected."""

    session_id: str
    agent_id: str
    status: str
    qr_code: str | None
    reason: str | msgspec.UnsetType = msgspec.UNSET


class AgentState(View):
    """A: one session in an agent's status."""

    session_id: str
    status: str
    phone_number: str | None
    last_seen_at: datetime | None
    reason: str | msgspec.UnsetType = msgspec.UNSET


class AgentStatus(View):
    """A: an agent's sessions."""

    agent_id: str
    sessions: list[AgentState]


class ClientSession(View):
    """B: the response to creating a session."""

    session_id: str
    client_id: str
    status: str
    qr_code: str | None
    status_reason: str | msgspec.UnsetType = msgspec.UNSET


class ListedClientSession(SessionFields):
    """B: one session of the list, its status in lower case."""

    client_id: str


class ListedClientMessage(MessageFields):
    """B: one message of a session's list. `sessionId` is the client's own key; the contact's address is `from` or `to`,
    depending on the direction; `messageId` is `id`, as in the answer to a send and in `message-status`."""

    session_id: str
    message_id: UUID
    from_: str | None = msgspec.field(name="from")
    to: str | None
    contact: ContactView


class Instance(msgspec.Struct):
    """C: an instance."""

    id: UUID
    user_id: str | None
    instance_name: str
    phone_number: str | None
    connection_status: str
    status_reason: str | None
    webhook_url: str | None
    created_at: datetime


class NewInstance(msgspec.Struct):
    """C: the response to creating an instance. `webhook_secret` is never shown again."""

    id: UUID
    instance_name: str
    qr_code: str | None
    connection_status: str
    status_reason: str | None
    webhook_secret: str | None


class InstanceCode(msgspec.Struct):
    """C: the current QR code and when it expires."""

    qr_code: str | None
    expires_at: datetime | None


class LifeSession(View):
    """D: a session."""

    id: UUID
    session_id: str
    status: str
    reason: str | msgspec.UnsetType = msgspec.UNSET


class LifeCode(View):
    """D: a session's QR code, as text and as a picture."""

    session_id: str
    qr: str | None
    qr_code: str | None


class SentMessage(View):
    """A, B and D: a message that is stored and will be sent. `reason`: why its session failed; the message waits until
    that is fixed. `error`: why the message failed (the answer to a repeated Idempotency-Key)."""

    message_id: UUID
    status: str
    reason: str | msgspec.UnsetType = msgspec.UNSET
    error: FailureView | msgspec.UnsetType = msgspec.UNSET


class SentByInstance(View):
    """C: a message that is stored and will be sent."""

    id: UUID
    status: str
    reason: str | msgspec.UnsetType = msgspec.UNSET
    error: FailureView | msgspec.UnsetType = msgspec.UNSET


def agent_status(status: str) -> str:
    """Convert a session's status for contract A."""
    return "LOADING_QR" if status == SessionStatus.QR_PENDING else status


def life_status(status: str) -> str:
    """Convert a session's status for contract D."""
    return SessionStatus.CONNECTING.value if status == SessionStatus.QR_PENDING else status


def agent_session(session: Session) -> AgentSession:
    """Show a session as contract A's `init` answers."""
    return AgentSession(
        session_id=session.key,
        agent_id=session.agent_id,
        status=agent_status(session.status.value),
        qr_code=data_url(session.qr_code),
        reason=_reason(session),
    )


def agent_state(session: Session, last_seen_at: datetime | None) -> AgentState:
    """Show a session as contract A's `status` lists it."""
    return AgentState(
        session_id=session.key,
        status=agent_status(session.status.value),
        phone_number=session.phone_number,
        last_seen_at=time(last_seen_at),
        reason=_reason(session),
    )


def client_session(session: Session, client_id: str) -> ClientSession:
    """B. `client_id`: the tenant's slug."""
    return ClientSession(
        session_id=session.key,
        client_id=client_id,
        status=session.status.value.lower(),
        qr_code=data_url(session.qr_code),
        status_reason=_reason(session),
    )


def listed_client_session(of: Session, client_id: str, *, with_code: bool) -> ListedClientSession:
    """B. A QR code is a key to the number: `with_code` only for those who manage it."""
    code = data_url(of.qr_code) if with_code else None
    status = of.status.value.lower()
    return extended(ListedClientSession, SessionView.of(of), status=status, qr_code=code, client_id=client_id)


def instance(session: Session) -> Instance:
    """Show a session as contract C's instance, snake_case."""
    return Instance(
        id=session.id,
        user_id=session.owner or (str(session.user_id) if session.user_id else None),
        instance_name=session.name,
        phone_number=session.phone_number,
        connection_status=session.status.value.lower(),
        status_reason=session.status_reason,
        webhook_url=session.webhook_url,
        created_at=time(session.created_at),
    )


def new_instance(session: Session, webhook_secret: str | None) -> NewInstance:
    """C. `connecting` while it is dialled."""
    is_dialled = session.status in (SessionStatus.DISCONNECTED, SessionStatus.RECONNECTING)
    return NewInstance(
        id=session.id,
        instance_name=session.name,
        qr_code=data_url(session.qr_code),
        connection_status=(SessionStatus.CONNECTING if is_dialled else session.status).value.lower(),
        status_reason=session.status_reason,
        webhook_secret=webhook_secret,
    )


def instance_code(code: Code) -> InstanceCode:
    """Show the code as contract C does: a data URL, or null."""
    return InstanceCode(data_url(code.session.qr_code), time(code.expires_at))


def life(session: Session, status: SessionStatus | None = None) -> LifeSession:
    """D. `status`: the requested one, where the response precedes the change."""
    return LifeSession(session.id, session.key, life_status((status or session.status).value), _reason(session))


def life_code(session: Session) -> LifeCode:
    """Show the code as contract D does: raw text and data URL."""
    return LifeCode(session.key, session.qr_code, data_url(session.qr_code))


def sent(sent: Sent, *, lower: bool = False) -> SentMessage:
    """Show an accepted message as contracts A, D, and B (in lower case) do."""
    status = sent.message.status.value
    reason, error = _failures(sent)
    return SentMessage(sent.message.id, status.lower() if lower else status, reason, error)


def sent_by_instance(sent: Sent) -> SentByInstance:
    """Show an accepted message as contract C does."""
    return SentByInstance(sent.message.id, sent.message.status.value, *_failures(sent))


def _failures(sent: Sent) -> tuple[str | msgspec.UnsetType, FailureView | msgspec.UnsetType]:
    error = None if sent.message.lost_id else sent.message.error
    return sent.session_failure or msgspec.UNSET, FailureView.of(error) if error else msgspec.UNSET


def _reason(session: Session) -> str | msgspec.UnsetType:
    """Return the session's status reason, if it has one."""
    return session.status_reason or msgspec.UNSET


def listed_client_message(of: MessageWith, session_key: str, link: LinkTo | None = None) -> ListedClientMessage:
    """Show a message of contract B's list, with its contact and a link to its file."""
    address = of.contact.phone_number or of.message.chat
    is_theirs = of.message.direction is Direction.INBOUND
    message = of.message
    own = {
        "session_id": session_key,
        "direction": message.direction.value.lower(),
        "type": message.content.type.value.lower(),
        "status": message.status.value.lower(),
        "message_id": message.id,
        "media_url": linked_url(message.content, message.tenant_id, link),
        "from_": address if is_theirs else None,
        "to": None if is_theirs else address,
        "contact": ContactView.of(of.contact),
    }
    return ListedClientMessage(**dict(zip(MessageFields.__struct_fields__, fields_of(message), strict=True)) | own)


def fault(reason: str | None) -> Mapping[str, str]:
    """B and D: a status reason as `code` (its first word) and `message`."""
    text = reason or "unknown"
    code, _, _ = text.replace(":", " ").partition(" ")
    return {"code": code, "message": text}
