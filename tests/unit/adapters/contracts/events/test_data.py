"""The types of events' data and of sockets' payloads say exactly what is written."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from tests.unit.domain.build import NOW, SALES, SUPPORT, conversation, message, user, user_id
from whatsapp_hub.adapters.contracts.events import bodies as events
from whatsapp_hub.adapters.contracts.events.data import DATA
from whatsapp_hub.adapters.contracts.events.logged import body_of
from whatsapp_hub.adapters.contracts.events.socket_payloads import PAYLOADS
from whatsapp_hub.adapters.contracts.events.sockets import encode
from whatsapp_hub.adapters.contracts.gateways.session_events import SessionEvent, client_events, life_events
from whatsapp_hub.adapters.contracts.gateways.session_payloads import CLIENT, LIFE
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.domain.accounts.user import OnlineStatus
from whatsapp_hub.domain.campaigns.audience import Audience
from whatsapp_hub.domain.campaigns.campaign import Campaign, CampaignStatus, Pause, Wording
from whatsapp_hub.domain.conversations.bot import BotPart
from whatsapp_hub.domain.conversations.conversation import Conversation, Priority
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.events import Event, EventType
from whatsapp_hub.domain.ids import CampaignId, ContactId, MediaId, NoteId, SessionId
from whatsapp_hub.domain.messaging.annotating import annotate, changed
from whatsapp_hub.domain.messaging.contact import Contact, Identity
from whatsapp_hub.domain.messaging.content import CallState, Image, Reaction, Revoke, StoredMedia, Text, Vote, call
from whatsapp_hub.domain.messaging.failure import Failure
from whatsapp_hub.domain.messaging.message import Direction, MessageStatus
from whatsapp_hub.domain.service.deadlines import ServiceTerms
from whatsapp_hub.domain.service.service_level import ServiceLevel
from whatsapp_hub.domain.sessions.session import AlertKind, Routing, Session, SessionStatus, Severity

ANA, BRUNO = user_id(10), user_id(11)
LATER = NOW + timedelta(hours=1)


def _conversations() -> Iterator[Event]:
    one = conversation(bot_part=BotPart.TALKING)
    one.opened(NOW)
    one.customer_wrote(NOW, None)
    one.read(NOW, ANA)
    one.hand_over(NOW, "handed over by the bot", note="quer o boleto")
    one.classify(Priority.HIGH, ["vip"], NOW)
    one.queue(SALES.id, NOW, timedelta(minutes=5), "nobody is free")
    one.assign(ANA, SALES.id, NOW, "fewest conversations (0)")
    one.assign(BRUNO, SALES.id, NOW, "the agent did not answer")
    one.unassign(NOW, "given back")
    one.transfer(SUPPORT.id, NOW, "transferred")
    level = ServiceLevel(resolution_target_minutes=10, target_warning_percent=50)
    one.set_deadlines(ServiceTerms(level, None), NOW)
    one.check_targets(NOW + timedelta(minutes=6))
    one.check_targets(NOW + timedelta(minutes=11))
    one.resolve(LATER)
    one.rate(4, LATER)
    one.reopen(LATER, "reopened")
    one.archive(LATER, "archived")
    yield from one.take_events()
    told = {"id": ANA, "kind": "assigned", "userId": str(ANA)}
    yield one.event(EventType.NOTIFICATION_CREATED, NOW, **told)
    due = {"id": ANA, "kind": "target.warned", "role": "ADMIN", "target": "firstResponse", "dueAt": LATER}
    yield one.event(EventType.NOTIFICATION_CREATED, NOW, **due)
    note = Note(NoteId(ANA), one.tenant_id, one.id, None, "paga amanhã", NOW)
    note.added(one.session_id)
    yield from note.take_events()
    changed = note.edited("@Ana paga hoje", (ANA,), LATER, one.session_id)
    changed.deleted(LATER, one.session_id)
    yield from changed.take_events()
    mentioned = {"id": ANA, "kind": "note.mentioned", "userId": str(ANA), "note_id": note.id}
    yield one.event(EventType.NOTIFICATION_CREATED, NOW, **mentioned)


def _messages() -> Iterator[Event]:
    for last in (MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.FAILED):
        one = message(author="5511")
        one.record(one.event(EventType.MESSAGE_QUEUED, NOW))
        one.sent("wamid", NOW)
        one.advance(last, NOW, Failure("131026", "Not deliverable", "no such phone", False))
        yield from one.take_events()
    one = message()
    one.file_changed(Image("veja", media=StoredMedia(MediaId(ANA))), NOW)
    yield from one.take_events()
    one = message()
    one.mark_outcome_unknown(NOW)
    yield from one.take_events()
    more = {"from": "5511", "pushName": None, "isGroup": False}
    yield one.event(EventType.MESSAGE_RECEIVED, NOW, **more, handledBy="bot")
    yield one.event(EventType.MESSAGE_SENT, NOW, **more)
    for content in (
        Reaction("👍", message_id="wamid"),
        Text("Boa tarde").editing("wamid"),
        Revoke(message_id="wamid"),
        Vote("Hoje", message_id="wamid", options=("Hoje",)),
    ):
        change = message(content=content, direction=Direction.INBOUND, author="5511@c.us")
        annotate(one, change)
        yield changed(one, change, NOW, **more)
        yield changed(None, change, NOW, **more)
    yield message(content=call(CallState.MISSED, video=False)).event(EventType.MESSAGE_UPDATED, NOW)


def _others() -> Iterator[Event]:
    tenant_id = conversation().tenant_id
    contact = Contact(ContactId(ANA), tenant_id, (Identity.phone("5511999990000"),), NOW, "Ana")
    contact.updated(NOW)
    contact.absorb(Contact(ContactId(BRUNO), tenant_id, (Identity.lid("99"),), NOW), NOW)
    yield from contact.take_events()
    erased = {"contactId": str(ANA), "conversationIds": [str(BRUNO)]}
    yield Event(EventType.CONTACT_ERASED, tenant_id, NOW, detail=erased)
    yield Event(EventType.EVENT_ERASED, tenant_id, NOW)
    session = Session(SessionId(ANA), tenant_id, "s", "S", "SANDBOX", Routing.NONE, NOW, NOW)
    session.record(session.event(EventType.SESSION_CREATED, NOW))
    session.start(NOW)
    for status in (SessionStatus.QR_PENDING, SessionStatus.CONNECTED, SessionStatus.RECONNECTING):
        session.move(status, NOW, "no_network", "2@x")
    session.move(SessionStatus.FAILED, NOW, "credentials_corrupted")
    session.move_to("META", None, NOW, 7, timedelta(seconds=1.25))
    session.record(session.event(EventType.SESSION_DELETED, NOW))
    session.alert(AlertKind.RECONNECT_STORM, Severity.WARNING, "lost 5 times", NOW)
    yield from session.take_events()
    storm = {"kind": "session.reconnect_storm", "role": "ADMIN", "session": "S"}
    yield Event(EventType.NOTIFICATION_CREATED, tenant_id, NOW, session.id, None, {}, storm)
    ana = user(10)
    ana.set_presence(OnlineStatus.BUSY, NOW)
    yield from ana.take_events()


def _campaigns() -> Iterator[Event]:
    ids = CampaignId(ANA), conversation().tenant_id, SessionId(BRUNO)
    named = [{"type": "body", "parameters": [{"type": "text", "text": "{{name}}"}]}]
    wording = Wording("hello", "pt_BR", tuple(named))
    one = Campaign(*ids, "Natal", wording, Audience(labels=("vip",), fields={"rota": "7"}), NOW, daily_limit=200)
    one.created(NOW)
    one.schedule(LATER, NOW)
    one.start(NOW)
    one.halt(Pause.NUMBER_QUALITY, NOW, "the number: flagged")
    one.resume(NOW)
    one.halt(Pause.HAND, NOW)
    one.resume(NOW)
    one.complete(LATER)
    one.delete(LATER)
    yield from one.take_events()
    other = replace(one, status=CampaignStatus.PAUSED, _events=[])
    other.cancel(LATER)
    yield from other.take_events()


EVENTS = [*_conversations(), *_messages(), *_campaigns(), *_others()]


def test_every_type_of_event_has_a_type_of_data_and_is_here() -> None:
    assert set(DATA) == set(EventType) == {event.type for event in EVENTS}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_the_data_of_an_event_is_its_type_byte_for_byte(event: Event) -> None:
    written = events.body(event)
    assert msgspec.json.encode(msgspec.json.decode(written, type=DATA[event.type])) == written


def logged(event: Event) -> LoggedEvent:
    body = events.body(event)
    return LoggedEvent(7, event.tenant_id, event.type, event.session_id, event.conversation_id, NOW, body)


def is_exactly(payload: object, type: type[msgspec.Struct]) -> bool:
    """Whether the payload as written has the type's fields and no others."""
    written = msgspec.json.encode(payload)
    return bool(msgspec.to_builtins(msgspec.json.decode(written, type=type)) == msgspec.json.decode(written))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_the_payload_of_a_socket_is_its_type(event: Event) -> None:
    one = logged(event)
    for emission in encode(one, body_of(one)):
        assert is_exactly(emission.payload, PAYLOADS[emission.name]), emission.name


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_the_payload_of_a_gateways_socket_is_its_type(event: Event) -> None:
    one = logged(event)
    happened = SessionEvent(one, body_of(one), "main")
    for types, emitted in ((LIFE, life_events(happened)), (CLIENT, client_events(happened))):
        for name, payload in emitted:
            assert is_exactly(payload, types[name]), name


def test_a_conversation_is_shown_as_it_was_then() -> None:
    one: Conversation = conversation()
    one.opened(NOW)
    one.resolve(NOW)
    opened, resolved = [msgspec.json.decode(events.body(event)) for event in one.take_events()]
    assert (opened["conversation"]["status"], resolved["conversation"]["status"]) == ("OPEN", "RESOLVED")
