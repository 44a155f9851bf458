"""What outgoing webhooks post, word for word: contract F's body, C's for instances, D's flat one, WAHA's own."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from whatsapp_hub.adapters.contracts import webhook_bodies
from whatsapp_hub.adapters.contracts.events import bodies as events
from whatsapp_hub.adapters.contracts.events.linked import LinkTo
from whatsapp_hub.adapters.contracts.views import webhooks
from whatsapp_hub.application.ports.provider.events import ChatKind, MessageSeen
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.application.ports.queues.webhook_queue import DeliveryRecord, DueDelivery
from whatsapp_hub.application.receiving.apply_messages import gateway_details
from whatsapp_hub.domain.events import Event, EventType
from whatsapp_hub.domain.ids import ContactId, ConversationId, MediaId, MessageId, SessionId, TenantId, WebhookId
from whatsapp_hub.domain.integrations.delivery import DeliveryState
from whatsapp_hub.domain.integrations.subscription import Webhook, WebhookFormat
from whatsapp_hub.domain.messaging.contact import Contact, Identity
from whatsapp_hub.domain.messaging.content import Image, MediaState, RemoteMedia, StoredMedia, Text
from whatsapp_hub.domain.messaging.failure import Failure
from whatsapp_hub.domain.messaging.message import Direction, Message, MessageStatus
from whatsapp_hub.domain.sessions.session import Routing, Session, SessionStatus

AT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
TENANT = TenantId(UUID(int=1))
SESSION = Session(SessionId(UUID(int=2)), TENANT, "main", "Loja", "SANDBOX", Routing.NONE, AT, AT)
CONTACT = Contact(ContactId(UUID(int=5)), TENANT, (Identity.phone("5511988887777"),), AT, "Ana")
MESSAGE = Message(
    id=MessageId(UUID(int=3)),
    tenant_id=TENANT,
    session_id=SESSION.id,
    conversation_id=ConversationId(UUID(int=4)),
    contact_id=CONTACT.id,
    direction=Direction.INBOUND,
    content=Text("Olá"),
    created_at=AT,
    timestamp=AT,
    status=MessageStatus.DELIVERED,
    chat="5511988887777@c.us",
    whatsapp_message_id="ABC",
)
ANSWER = replace(MESSAGE, direction=Direction.OUTBOUND)
SEEN = MessageSeen("ABC", MESSAGE.chat, ChatKind.PERSON, (), MESSAGE.content, AT, name="Ana")


def posted(format: WebhookFormat, event: Event, position: int = 7, link: LinkTo | None = None) -> Any:
    logged = LoggedEvent(position, TENANT, event.type, SESSION.id, None, AT, events.body(event))
    due = DueDelivery(1, "lane", 0, 86_400.0, logged, SESSION.key, SESSION.name, "+5511900000000")
    webhook = Webhook(WebhookId(UUID(int=9)), TENANT, "https://a.example/", AT, AT, (), format)
    body = webhook_bodies.body(webhook, due, logged, link)
    return None if body is None else msgspec.json.decode(body)


def received(message: Message = MESSAGE, seen: MessageSeen = SEEN) -> Event:
    return message.event(EventType.MESSAGE_RECEIVED, AT, **gateway_details(CONTACT, seen))


def test_contract_f_has_seven_fields_and_the_event_as_the_log_has_it() -> None:
    body = posted(WebhookFormat.STANDARD, received())
    data = body.pop("data")
    assert body == {
        "id": "evt_7",
        "type": "message.received",
        "position": 7,
        "occurredAt": "2026-01-02T03:04:05.678000Z",
        "tenantId": str(TENANT),
        "sessionId": str(SESSION.id),
    }
    assert data == msgspec.json.decode(events.body(received()))
    assert data["message"]["content"] == "Olá"


def test_contract_cs_body_is_word_for_word() -> None:
    assert posted(WebhookFormat.INSTANCE, received()) == {
        "event": "message",
        "instance_id": str(SESSION.id),
        "instance_name": "Loja",
        "message": {
            "id": str(MESSAGE.id),
            "from": "5511988887777",
            "push_name": "Ana",
            "type": "TEXT",
            "text": "Olá",
            "media_url": None,
            "timestamp": "2026-01-02T03:04:05.678000Z",
            "from_me": False,
            "is_group": False,
        },
    }


def test_contract_ds_flat_body_is_word_for_word() -> None:
    assert posted(WebhookFormat.FLAT, received()) == {"sessionId": "main", "from": "5511988887777", "message": "Olá"}


@pytest.mark.parametrize("format", [WebhookFormat.FLAT, WebhookFormat.INSTANCE])
def test_gateways_bodies_tell_what_customers_wrote_and_nothing_else(format: WebhookFormat) -> None:
    assert posted(format, ANSWER.event(EventType.MESSAGE_SENT, AT)) is None
    assert posted(format, SESSION.event(EventType.SESSION_CONNECTED, AT)) is None


def test_a_message_as_waha_tells_it() -> None:
    body = posted(WebhookFormat.WAHA, received())
    payload = body.pop("payload")
    assert body == {
        "id": "evt_7",
        "timestamp": 1767323045678,
        "event": "message",
        "session": "main",
        "metadata": {},
        "me": {"id": "5511900000000@c.us", "pushName": "Loja"},
        "engine": "HUB",
        "environment": {"version": "whatsapp_hub", "engine": "HUB", "tier": "PLUS", "browser": None},
    }
    assert payload == {
        "id": "false_5511988887777@c.us_ABC",
        "timestamp": 1767323045,
        "from": "5511988887777@c.us",
        "fromMe": False,
        "source": "app",
        "to": "5511900000000@c.us",
        "body": "Olá",
        "hasMedia": False,
        "media": None,
        "ack": 2,
        "ackName": "DEVICE",
        "replyTo": None,
        "_data": {},
    }


@pytest.mark.parametrize(
    ("type", "ack", "name"),
    [
        (EventType.MESSAGE_SENT, 1, "SERVER"),
        (EventType.MESSAGE_DELIVERED, 2, "DEVICE"),
        (EventType.MESSAGE_READ, 3, "READ"),
        (EventType.MESSAGE_FAILED, -1, "ERROR"),
    ],
)
def test_a_status_as_waha_tells_it(type: EventType, ack: int, name: str) -> None:
    body = posted(WebhookFormat.WAHA, ANSWER.event(type, AT))
    assert body["event"] == "message.ack"
    assert body["payload"] == {
        "id": "true_5511988887777@c.us_ABC",
        "from": "5511988887777@c.us",
        "participant": None,
        "fromMe": True,
        "ack": ack,
        "ackName": name,
    }


@pytest.mark.parametrize(
    ("status", "said"),
    [(SessionStatus.CONNECTED, "WORKING"), (SessionStatus.QR_PENDING, "SCAN_QR_CODE"),
     (SessionStatus.CONNECTING, "STARTING"), (SessionStatus.DISCONNECTED, "STOPPED"), (SessionStatus.BANNED, "FAILED")],
)  # fmt: skip
def test_a_session_as_waha_tells_it(status: SessionStatus, said: str) -> None:
    body = posted(WebhookFormat.WAHA, replace(SESSION, status=status).event(EventType.SESSION_CONNECTED, AT))
    assert body["event"] == "session.status"
    assert body["payload"] == {"name": "main", "status": said, "statuses": [], "data": None}


def test_the_id_is_the_events_whatever_the_format_or_the_try() -> None:
    first = LoggedEvent(7, TENANT, "x", None, None, AT, b"{}")
    assert webhook_bodies.message_id(first) == webhook_bodies.message_id(replace(first, body=b"{ }")) == "evt_7"


def test_what_failed_is_posted_with_its_reason() -> None:
    failed = replace(ANSWER, status=MessageStatus.FAILED, error=Failure("131026", "Undeliverable", "not on WhatsApp"))
    error = {"code": "131026", "title": "Undeliverable", "detail": "not on WhatsApp", "retryable": False}
    event = failed.event(EventType.MESSAGE_FAILED, AT)
    assert posted(WebhookFormat.STANDARD, event)["data"]["message"]["error"] == error
    ack = posted(WebhookFormat.WAHA, event)["payload"]
    assert (ack["ack"], ack["ackName"], ack["error"]) == (-1, "ERROR", error)
    session = replace(SESSION, status=SessionStatus.FAILED, status_reason="client_outdated")
    event = session.event(EventType.SESSION_ERROR, AT, reason="client_outdated")
    assert posted(WebhookFormat.STANDARD, event)["data"]["session"]["statusReason"] == "client_outdated"
    assert posted(WebhookFormat.WAHA, event)["payload"]["data"] == {"reason": "client_outdated"}


@pytest.mark.parametrize(
    ("state", "attempts", "why"),
    [
        ("pending", [], None),
        ("pending", [{"status": 503, "error": None}], "HTTP 503"),
        ("pending", [{"status": 503}, {"status": None, "error": "refused"}], "refused"),
        ("dead", [{"status": 404}], "HTTP 404"),
        ("dead", [], "the receiver was down until the delivery's time was over"),
        ("cancelled", [], "the subscription ended, or its format has no words for the event"),
        ("delivered", [{"status": 500}, {"status": 200}], None),
    ],
)
def test_a_delivery_says_in_a_line_why_it_was_not_made(state: str, attempts: list[Any], why: str | None) -> None:
    record = DeliveryRecord(
        1, WebhookId(uuid4()), 7, "x", DeliveryState(state), 1, AT, AT, None, msgspec.json.encode(attempts)
    )
    assert webhooks.DeliveryView.of(record).error == why


FILE = MediaId(UUID(int=6))
PHOTO = Image("veja", media=StoredMedia(FILE), mime_type="image/jpeg", file_name="a.jpg")


def link(tenant_id: TenantId, media_id: MediaId) -> str:
    return f"https://hub.example/{tenant_id.int}/{media_id.int}"


def with_file(format: WebhookFormat, state: MediaState, link: LinkTo | None = link) -> Any:
    content = replace(PHOTO, media=StoredMedia(FILE, state))
    return posted(format, received(replace(MESSAGE, content=content), replace(SEEN, content=content)), link=link)


@pytest.mark.parametrize("state", [MediaState.READY, MediaState.PENDING])
def test_a_file_s_address_is_a_link_also_while_it_is_fetched(state: MediaState) -> None:
    url = "https://hub.example/1/6"
    assert with_file(WebhookFormat.STANDARD, state)["data"]["message"]["mediaUrl"] == url
    assert with_file(WebhookFormat.INSTANCE, state)["message"]["media_url"] == url
    media = with_file(WebhookFormat.WAHA, state)["payload"]["media"]
    assert media == {"url": url, "mimetype": "image/jpeg", "filename": "a.jpg"}


def test_a_file_that_will_not_come_has_no_address() -> None:
    for state in set(MediaState) - {MediaState.READY, MediaState.PENDING}:
        assert with_file(WebhookFormat.INSTANCE, state)["message"]["media_url"] is None
        assert with_file(WebhookFormat.STANDARD, state)["data"]["message"]["mediaUrl"] is None


def test_a_file_elsewhere_keeps_its_address_and_a_caption_is_no_file() -> None:
    remote = replace(PHOTO, media=RemoteMedia("https://shop.example/a.jpg"))
    event = received(replace(MESSAGE, content=remote), replace(SEEN, content=remote))
    assert posted(WebhookFormat.INSTANCE, event, link=link)["message"]["media_url"] == "https://shop.example/a.jpg"
    lies = Text('"media":{"id":"00000000-0000-0000-0000-000000000006","state":"READY"}')
    event = received(replace(MESSAGE, content=lies), replace(SEEN, content=lies))
    assert posted(WebhookFormat.INSTANCE, event, link=link)["message"]["media_url"] is None
