"""How contracts A to D spell sessions and messages, word for word."""

import base64
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import png
import pytest

from whatsapp_hub.adapters.contracts.events import bodies as events
from whatsapp_hub.adapters.contracts.events.logged import decoded, message_body
from whatsapp_hub.adapters.contracts.gateways import entities
from whatsapp_hub.adapters.contracts.gateways import received as logged_message
from whatsapp_hub.adapters.contracts.gateways.connections import ConnectionView
from whatsapp_hub.adapters.contracts.gateways.qr_codes import data_url
from whatsapp_hub.adapters.contracts.views.view import plain
from whatsapp_hub.application.ports.provider.events import ChatKind, MessageSeen
from whatsapp_hub.application.reading.sessions import Connection, SessionHistoryEntry
from whatsapp_hub.application.receiving.apply_messages import gateway_details
from whatsapp_hub.application.sending.send_to import Sent
from whatsapp_hub.application.sessions.open_sessions import Code
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import ContactId, ConversationId, MessageId, SessionId, TenantId
from whatsapp_hub.domain.messaging.contact import Contact, Identity
from whatsapp_hub.domain.messaging.content import Image, RemoteMedia
from whatsapp_hub.domain.messaging.failure import Failure
from whatsapp_hub.domain.messaging.message import Direction, Message, MessageStatus
from whatsapp_hub.domain.sessions.session import Routing, Session, SessionStatus

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TENANT = TenantId(UUID(int=1))
SESSION = Session(
    SessionId(UUID(int=2)), TENANT, "main", "Loja", "SANDBOX", Routing.NONE, AT, AT, agent_id="bot", owner="u1"
)
WAITING = replace(SESSION, status=SessionStatus.QR_PENDING, qr_code="2@abc")
MESSAGE = Message(
    id=MessageId(UUID(int=3)),
    tenant_id=TENANT,
    session_id=SESSION.id,
    conversation_id=ConversationId(UUID(int=4)),
    contact_id=ContactId(UUID(int=5)),
    direction=Direction.INBOUND,
    content=Image("veja", media=RemoteMedia("/media/1")),
    created_at=AT,
    timestamp=AT,
    status=MessageStatus.DELIVERED,
    chat="5511988887777@c.us",
    whatsapp_message_id="wamid.1",
)
PICTURE = data_url("2@abc")


def logged(contact: Contact, **seen: Any) -> bytes:
    event = MessageSeen("wamid.1", MESSAGE.chat, seen.pop("kind", ChatKind.PERSON), (), MESSAGE.content, AT, **seen)
    return events.body(MESSAGE.event(EventType.MESSAGE_RECEIVED, AT, **gateway_details(contact, event)))


def a_contact(*identities: Identity, name: str | None = None) -> Contact:
    return Contact(ContactId(uuid4()), TENANT, identities, AT, name)


def test_a_code_is_a_png_that_shows_its_text() -> None:
    assert PICTURE
    kind, _, data = PICTURE.partition(",")
    assert kind == "data:image/png;base64"
    width, height, rows, _ = png.Reader(file=io.BytesIO(base64.b64decode(data))).read()
    pixels = [list(row) for row in rows]
    assert width == height == len(pixels)
    assert {pixels[0][n] for n in range(width)} == {1}  # the quiet margin
    finder = "".join(str(pixels[4 * 6][4 * 6 + 6 * n]) for n in range(7))
    assert finder == "0000000"  # the top of a finder pattern
    assert data_url("2@other") != PICTURE
    assert data_url(None) is None


@pytest.mark.parametrize(
    ("status", "a", "d"),
    [
        (SessionStatus.QR_PENDING, "LOADING_QR", "CONNECTING"),
        *[(s, s.value, s.value) for s in SessionStatus if s is not SessionStatus.QR_PENDING],
    ],
)
def test_each_contract_has_its_words_for_a_status(status: SessionStatus, a: str, d: str) -> None:
    session = replace(SESSION, status=status)
    assert plain(entities.agent_session(session))["status"] == a
    assert plain(entities.life(session))["status"] == d
    assert plain(entities.client_session(session, "acme"))["status"] == status.value.lower()
    assert plain(entities.instance(session))["connection_status"] == status.value.lower()


def test_a_session_as_each_contract_answers_it() -> None:
    assert plain(entities.agent_session(WAITING)) == {
        "sessionId": "main", "agentId": "bot", "status": "LOADING_QR", "qrCode": PICTURE,
    }  # fmt: skip
    assert plain(entities.agent_state(SESSION, AT)) == {
        "sessionId": "main", "status": "DISCONNECTED", "phoneNumber": None, "lastSeenAt": "2026-01-02T03:04:05Z",
    }  # fmt: skip
    assert plain(entities.client_session(WAITING, "acme")) == {
        "sessionId": "main", "clientId": "acme", "status": "qr_pending", "qrCode": PICTURE,
    }  # fmt: skip
    assert plain(entities.listed_client_session(WAITING, "acme", with_code=False))["qrCode"] is None
    assert plain(entities.instance(SESSION)) == {
        "id": str(SESSION.id), "user_id": "u1", "instance_name": "Loja", "phone_number": None,
        "connection_status": "disconnected", "status_reason": None, "webhook_url": None,
        "created_at": "2026-01-02T03:04:05Z",
    }  # fmt: skip
    assert plain(entities.new_instance(WAITING, "whsec_x")) == {
        "id": str(SESSION.id), "instance_name": "Loja", "qr_code": PICTURE, "connection_status": "qr_pending",
        "status_reason": None, "webhook_secret": "whsec_x",
    }  # fmt: skip
    assert plain(entities.instance_code(Code(WAITING, AT + timedelta(seconds=60)))) == {
        "qr_code": PICTURE, "expires_at": "2026-01-02T03:05:05Z",
    }  # fmt: skip
    assert plain(entities.life(SESSION, SessionStatus.CONNECTING)) == {
        "id": str(SESSION.id), "sessionId": "main", "status": "CONNECTING",
    }  # fmt: skip
    assert plain(entities.life_code(WAITING)) == {"sessionId": "main", "qr": "2@abc", "qrCode": PICTURE}


@pytest.mark.parametrize("status", SessionStatus)
def test_a_new_instance_is_to_be_scanned_or_on_its_way(status: SessionStatus) -> None:
    told = plain(entities.new_instance(replace(SESSION, status=status, status_reason="why"), None))
    is_dialled = status in (SessionStatus.DISCONNECTED, SessionStatus.RECONNECTING)
    assert told["connection_status"] == ("connecting" if is_dialled else status.value.lower())
    assert told["status_reason"] == "why"


@pytest.mark.parametrize("status", [SessionStatus.FAILED, SessionStatus.BANNED, SessionStatus.LOGGED_OUT])
def test_what_failed_says_why_in_each_contract(status: SessionStatus) -> None:
    failed = replace(SESSION, status=status, status_reason="credentials_invalid: 190")
    assert plain(entities.agent_session(failed))["reason"] == "credentials_invalid: 190"
    assert plain(entities.agent_state(failed, AT))["reason"] == "credentials_invalid: 190"
    assert plain(entities.client_session(failed, "acme"))["statusReason"] == "credentials_invalid: 190"
    assert (
        plain(entities.listed_client_session(failed, "acme", with_code=False))["statusReason"]
        == "credentials_invalid: 190"
    )
    assert plain(entities.instance(failed))["status_reason"] == "credentials_invalid: 190"
    assert plain(entities.life(failed))["reason"] == "credentials_invalid: 190"


def test_a_message_on_its_way() -> None:
    sent = Sent(replace(MESSAGE, status=MessageStatus.PENDING))
    assert plain(entities.sent(sent)) == {"messageId": str(MESSAGE.id), "status": "PENDING"}
    assert plain(entities.sent(sent, lower=True))["status"] == "pending"
    assert plain(entities.sent_by_instance(sent)) == {"id": str(MESSAGE.id), "status": "PENDING"}


def test_a_message_that_waits_for_a_failed_session_says_why() -> None:
    sent = Sent(replace(MESSAGE, status=MessageStatus.PENDING), "FAILED: credentials_invalid: 190")
    assert (
        plain(entities.sent(sent))["reason"]
        == plain(entities.sent_by_instance(sent))["reason"]
        == "FAILED: credentials_invalid: 190"
    )
    failed = Sent(replace(MESSAGE, status=MessageStatus.FAILED, error=Failure("131026", "Undeliverable", "x", False)))
    error = {"code": "131026", "title": "Undeliverable", "detail": "x", "retryable": False}
    assert plain(entities.sent(failed))["error"] == plain(entities.sent_by_instance(failed))["error"] == error


def test_a_message_that_came() -> None:
    body = logged(a_contact(Identity.phone("5511988887777"), name="Ana"), name="Ana Silva")
    received = message_body(body)
    assert plain(logged_message.flat_message(received, "main")) == {
        "sessionId": "main",
        "from": "5511988887777",
        "message": "veja",
    }
    shown = logged_message.client_message(decoded(body), "main")
    assert (shown["type"], shown["direction"], shown["status"]) == ("image", "inbound", "delivered")
    assert (shown["sessionId"], shown["from"], shown["content"]) == ("main", "5511988887777", "veja")
    assert plain(logged_message.instance_event(received, SESSION.id, "Loja")) == {
        "event": "message",
        "instance_id": str(SESSION.id),
        "instance_name": "Loja",
        "message": {
            "id": str(MESSAGE.id),
            "from": "5511988887777",
            "push_name": "Ana Silva",
            "type": "IMAGE",
            "text": "veja",
            "media_url": "/media/1",
            "timestamp": "2026-01-02T03:04:05Z",
            "from_me": False,
            "is_group": False,
        },
    }


@pytest.mark.parametrize(
    ("contact", "seen", "told"),
    [
        (
            a_contact(Identity.lid("99"), Identity.phone("5511988887777"), name="Ana"),
            {},
            ("5511988887777", "Ana", False),
        ),
        (a_contact(Identity.lid("99")), {}, ("99@lid", None, False)),
        (a_contact(Identity.chat("1203@g.us")), {"kind": ChatKind.GROUP, "name": "Bia"}, ("1203@g.us", "Bia", True)),
        (a_contact(Identity.phone("5511988887777"), name="Ana"), {"from_me": True}, ("5511988887777", None, False)),
    ],
)
def test_from_is_the_chat_as_one_would_write_to_it(contact: Contact, seen: dict[str, Any], told: tuple[Any]) -> None:
    received = message_body(logged(contact, **seen))
    assert (received.from_, received.push_name, received.is_group) == told


def test_what_was_logged_before_there_was_a_from_is_told_all_the_same() -> None:
    body = msgspec.json.encode({"message": {"content": "oi"}})
    assert plain(logged_message.flat_message(message_body(body), "main")) == {
        "sessionId": "main",
        "from": "",
        "message": "oi",
    }


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("credentials_invalid: token expired", "credentials_invalid"),
        ("banned_until 2026-01-02T03:04:05Z", "banned_until"),
        ("no_network", "no_network"),
        (None, "unknown"),
    ],
)
def test_a_fault_has_a_code_and_a_message(reason: str | None, code: str) -> None:
    assert entities.fault(reason) == {"code": code, "message": reason or "unknown"}


def test_a_connection_tells_what_is_known() -> None:
    happened = SessionHistoryEntry("session.error", 9, AT, "no_network")
    shown = ConnectionView.of(Connection(SESSION, last_error=happened, last_event=happened, lane_depth=3))
    assert plain(shown) == {
        "sessionId": "main",
        "provider": "SANDBOX",
        "status": "DISCONNECTED",
        "statusReason": None,
        "isActive": False,
        "leaseOwner": None,
        "leaseAgeSeconds": None,
        "retries": 0,
        "lastConnect": None,
        "lastDisconnect": None,
        "laneDepth": 3,
        "lastEvent": {"type": "session.error", "at": "2026-01-02T03:04:05Z", "reason": "no_network", "position": 9},
        "lastError": {"type": "session.error", "at": "2026-01-02T03:04:05Z", "reason": "no_network", "position": 9},
    }
    assert events.reason_in(b'{"session":{},"reason":null}') is None
