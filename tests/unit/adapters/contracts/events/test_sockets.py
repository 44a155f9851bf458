"""The log as sockets say it (contract E)."""

from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import pytest

from whatsapp_hub.adapters.contracts.events.envelope import EventView
from whatsapp_hub.adapters.contracts.events.logged import body_of
from whatsapp_hub.adapters.contracts.events.sockets import _ENCODERS, Emission, encode
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import ConversationId, SessionId, TenantId

CONVERSATION = ConversationId(uuid4())
MESSAGE: dict[str, object] = {"id": "m1", "status": "SENT", "senderId": "u1", "content": "olá", "isBot": False}


def logged(type: str, **body: object) -> LoggedEvent:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    raw = msgspec.json.encode(body)
    return LoggedEvent(7, TenantId(uuid4()), type, SessionId(uuid4()), CONVERSATION, at, raw)


def said(event: LoggedEvent) -> list[tuple[str, object]]:
    return [
        (emission.name, msgspec.json.decode(msgspec.json.encode(emission.payload)))
        for emission in encode(event, body_of(event))
    ]


def test_a_message_is_told_with_its_conversation_and_position() -> None:
    told = {"conversationId": str(CONVERSATION), "message": MESSAGE, "position": 7}
    assert said(logged("message.received", message=MESSAGE)) == [("message-received", told)]
    assert said(logged("message.queued", message=MESSAGE)) == [("message-sent", told)]


@pytest.mark.parametrize("type", ["message.sent", "message.delivered", "message.read", "message.failed"])
def test_a_receipt_is_a_status(type: str) -> None:
    status = {"messageId": "m1", "conversationId": str(CONVERSATION), "status": "SENT", "position": 7}
    assert said(logged(type, message=MESSAGE)) == [("message-status", status)]


def test_a_status_says_the_providers_id_once_it_is_known() -> None:
    [(_, payload)] = said(logged("message.sent", message={**MESSAGE, "whatsappMessageId": "wamid.1"}))
    assert payload["whatsappMessageId"] == "wamid.1"  # type: ignore[index]


def test_what_was_typed_on_the_phone_is_new_to_everybody() -> None:
    typed = {**MESSAGE, "senderId": None}
    assert [name for name, _ in said(logged("message.sent", message=typed))] == ["message-sent"]
    by_the_bot = {**typed, "isBot": True}
    assert [name for name, _ in said(logged("message.sent", message=by_the_bot))] == ["message-status"]


def test_an_unknown_outcome_is_said() -> None:
    [(name, payload)] = said(logged("message.outcome_unknown", message={**MESSAGE, "status": "PENDING"}))
    assert (name, payload["status"], payload["outcome"]) == ("message-status", "PENDING", "unknown")  # type: ignore[index]


@pytest.mark.parametrize("what", ["assigned", "queued", "resolved"])
def test_a_conversation_is_told_whole(what: str) -> None:
    conversation = {"id": str(CONVERSATION), "departmentId": None, "assignedUserId": "u1"}
    event = logged(f"conversation.{what}", conversation=conversation, reason="free")
    told = {"conversation": conversation, "reason": "free", "position": 7}
    assert said(event) == [(f"conversation-{what}", told)]


@pytest.mark.parametrize(
    "what",
    [
        *("opened", "handed_over", "unassigned", "archived", "reopened", "updated", "read", "rated"),
        *("target_warned", "target_breached"),
    ],
)
def test_a_change_without_a_name_of_its_own_says_what_it_was(what: str) -> None:
    conversation = {"id": str(CONVERSATION), "departmentId": None, "assignedUserId": "u1"}
    event = logged(f"conversation.{what}", conversation=conversation, reason="a sentence", changed=["labels"])
    told = {"conversation": conversation, "reason": what, "position": 7}
    assert said(event) == [("conversation-changed", told)]


def test_a_note_is_told_with_its_conversation() -> None:
    told = {"conversationId": str(CONVERSATION), "note": {"id": "n"}, "position": 7}
    assert said(logged("note.added", note={"id": "n"})) == [("note-added", told)]
    assert said(logged("note.edited", note={"id": "n"})) == [("note-edited", told)]
    gone = {"conversationId": str(CONVERSATION), "noteId": "n", "position": 7}
    assert said(logged("note.deleted", noteId="n")) == [("note-deleted", gone)]


def test_a_contact_is_told_whole_and_which_one_went_into_it() -> None:
    assert said(logged("contact.updated", contact={"id": "c"})) == [
        ("contact-changed", {"contact": {"id": "c"}, "position": 7})
    ]
    assert said(logged("contact.merged", contact={"id": "c"}, mergedContactId="d")) == [
        ("contact-changed", {"contact": {"id": "c"}, "mergedId": "d", "position": 7})
    ]


def test_a_session_is_told_by_its_state_unless_only_its_code_is_new() -> None:
    session = {"id": "s", "status": "QR_PENDING", "statusReason": None}
    told = {"sessionId": "s", "status": "QR_PENDING", "statusReason": None, "position": 7}
    assert said(logged("session.qr", session=session, was="CONNECTING")) == [("session-changed", told)]
    assert said(logged("session.qr", session=session, was="QR_PENDING")) == []
    gone = {**told, "status": "DISCONNECTED", "statusReason": "deleted"}
    assert said(logged("session.deleted", session=session)) == [("session-changed", gone)]


def test_presence_has_no_position() -> None:
    event = logged("user.presence", user={"id": "u1", "onlineStatus": "BUSY", "name": "Ana"})
    assert said(event) == [("agent-status", {"userId": "u1", "status": "BUSY"})]


@pytest.mark.parametrize("type", [t for t in EventType if t.value.split(".")[0] in ("conversation", "note", "contact")])
def test_no_change_that_a_colleague_sees_is_left_out(type: EventType) -> None:
    assert type.value in _ENCODERS


def test_every_event_type_is_either_spelled_or_left_out_without_a_fault() -> None:
    whole: dict[str, object] = {"message": MESSAGE, "conversation": {"id": "c"}, "note": {"id": "n"}, "noteId": "n"}
    whole |= {"user": {"id": "u", "onlineStatus": "ONLINE"}, "session": {"id": "s", "status": "CONNECTED"}}
    whole |= {
        "contact": {"id": "k"},
        "campaign": {"id": "c"},
        "kind": "reconnect_storm",
        "severity": "warning",
        "detail": "lost 5 times",
    }
    for type in [*EventType, "something.new"]:
        said(logged(type, **whole))


def test_a_packet_is_what_socket_io_clients_read() -> None:
    assert Emission("a", {"b": msgspec.Raw(b'"\xc3\xa1"')}).packet == '2["a",{"b":"á"}]'
    assert Emission("a", {}, namespace="/whatsapp").packet == '2/whatsapp,["a",{}]'


def test_the_envelope_is_contract_f() -> None:
    event = logged("message.received", message=MESSAGE)
    assert msgspec.json.decode(msgspec.json.encode(EventView.of(event))) == {
        "id": "evt_7",
        "type": "message.received",
        "position": 7,
        "occurredAt": "2026-01-02T03:04:05Z",
        "tenantId": str(event.tenant_id),
        "sessionId": str(event.session_id),
        "data": {"message": MESSAGE},
    }
