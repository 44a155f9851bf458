"""Every event of the log is encoded for every namespace, stream and webhook: one that fails there reaches nobody."""

from datetime import UTC, datetime
from itertools import product

import msgspec
import pytest

from tests.unit.adapters.contracts.events.test_data import EVENTS
from tests.unit.domain.build import NOW, message
from whatsapp_hub.adapters.contracts import webhook_bodies
from whatsapp_hub.adapters.contracts.events import bodies
from whatsapp_hub.adapters.contracts.events.logged import body_of, session_in
from whatsapp_hub.adapters.contracts.events.sockets import NAMESPACE, encode
from whatsapp_hub.adapters.contracts.gateways.session_events import CLIENTS, SessionEvent, client_events
from whatsapp_hub.adapters.memory.engine.database import MemoryDatabase
from whatsapp_hub.adapters.memory.queries.session_finder import MemorySessionFinder
from whatsapp_hub.adapters.realtime.membership import Audiences, Membership
from whatsapp_hub.adapters.realtime.sessions import SessionNews, session_room
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.application.ports.queues.webhook_queue import DueDelivery
from whatsapp_hub.domain.events import Event, EventType
from whatsapp_hub.domain.ids import ConversationId, SessionId, TenantId, WebhookId
from whatsapp_hub.domain.integrations.subscription import Webhook, WebhookFormat

SESSION = SessionId(message().session_id)
TENANT = EVENTS[0].tenant_id


def _alarms() -> list[Event]:
    """What administrators are notified of about a session: its name, a number of sessions, a message, or nothing."""
    details: list[dict[str, object]] = [
        {"kind": "session.reconnect_storm", "session": "Loja"},
        {"kind": "sessions.reconnect_storm", "sessions": 7},
        {"kind": "webhook.unassigned", "session": "main", "detail": "…"},
        {"kind": "session.reconnect_storm", "session": None},
    ]
    created = EventType.NOTIFICATION_CREATED
    named = [Event(created, TENANT, NOW, SESSION, None, {}, {**detail, "role": "ADMIN"}) for detail in details]
    rejected = {"kind": "message.rejected", "role": "ADMIN", "error": "spam"}
    return [*named, Event(created, TENANT, NOW, SESSION, None, {"message": message()}, rejected)]


ALL = [*EVENTS, *_alarms()]


def logged(event: Event, session_id: SessionId | None) -> LoggedEvent:
    return LoggedEvent(
        7, event.tenant_id, event.type, session_id, event.conversation_id, event.occurred_at, bodies.body(event)
    )


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.type)
@pytest.mark.parametrize("session_id", [SESSION, None], ids=["of a session", "of none"])
async def test_every_event_is_encoded_for_both_namespaces_while_somebody_listens(
    event: Event, session_id: SessionId | None
) -> None:
    news = SessionNews(MemorySessionFinder(MemoryDatabase(lambda: datetime.now(UTC))))
    news.listeners.add("a socket that subscribed")
    happened = logged(event, session_id)
    emissions = encode(happened, body_of(happened))
    addressed = await news.addressed(happened, body_of(happened), emissions)
    assert {emission.namespace for emission in emissions} <= {NAMESPACE}
    assert {emission.namespace for emission, _ in addressed} <= {NAMESPACE, CLIENTS}
    for emission in (*emissions, *(emission for emission, _ in addressed)):
        start = emission.packet.index("[")
        assert msgspec.json.decode(emission.packet[start:])[0] == emission.name
    assert all(session_room(SESSION) in "".join(rooms) for _, rooms in addressed)


async def nowhere(tenant_id: TenantId, conversation_id: ConversationId, position: int) -> Membership | None:
    return None


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.type)
async def test_every_event_has_its_audience(event: Event) -> None:
    happened = logged(event, SESSION)
    rooms = await Audiences(nowhere).of(happened, body_of(happened))
    is_told = bool(encode(happened, body_of(happened)))
    assert rooms or not is_told, "an event with a socket name is heard by nobody"


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.type)
def test_every_event_is_encoded_for_client_streams(event: Event) -> None:
    happened = logged(event, SESSION)
    shown = session_in(body_of(happened))
    for name, payload in client_events(SessionEvent(happened, body_of(happened), shown.session_id if shown else "s")):
        assert name
        msgspec.json.encode(payload)


@pytest.mark.parametrize(
    ("format", "event"), list(product(WebhookFormat, ALL)), ids=lambda value: getattr(value, "type", str(value))
)
def test_every_event_is_encoded_for_every_format_of_webhooks(format: WebhookFormat, event: Event) -> None:
    happened = logged(event, SESSION)
    due = DueDelivery(1, "lane", 0, 86_400.0, happened, "main", "Loja", "+5511900000000")
    for of_bot in (False, True):
        webhook = Webhook(WebhookId(SESSION), TENANT, "https://a.example/", NOW, NOW, (), format, of_bot=of_bot)
        written = webhook_bodies.body(webhook, due, happened)
        assert written is None or msgspec.json.decode(written)


def test_an_alert_about_a_session_is_told_as_what_it_is() -> None:
    """As a socket event of its own, and to WAHA's clients, who know only states, not at all."""
    [event] = [event for event in EVENTS if event.type == EventType.SESSION_ALERT]
    happened = logged(event, SESSION)
    [emission] = encode(happened, body_of(happened))
    said = msgspec.json.decode(msgspec.json.encode(emission.payload))
    assert (emission.name, said["kind"], said["severity"]) == ("session-alert", "reconnect_storm", "warning")
    webhook = Webhook(WebhookId(SESSION), TENANT, "https://a.example/", NOW, NOW, (), WebhookFormat.WAHA)
    due = DueDelivery(1, "lane", 0, 86_400.0, happened, "main", "Loja", "+5511900000000")
    assert webhook_bodies.body(webhook, due, happened) is None


def test_an_alarm_about_a_session_reaches_the_administrators() -> None:
    [emission] = encode(logged(_alarms()[0], SESSION), body_of(logged(_alarms()[0], SESSION)))
    assert (emission.name, emission.payload["kind"]) == ("notification", msgspec.Raw(b'"session.reconnect_storm"'))
