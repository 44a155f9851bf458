"""A change that people see is an event; a change to what was there already is none."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.unit.domain.build import NOW, SALES, conversation, user_id
from whatsapp_hub.domain.conversations.conversation import Conversation, FlowState, Priority
from whatsapp_hub.domain.conversations.merging import merge_rounds
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import ContactId, NoteId

OTHER = ContactId(user_id(77))
LATER = NOW + timedelta(minutes=1)

Change = Callable[[Conversation], object]


def changed(one: Conversation) -> list[list[str]]:
    return [e.detail["changed"] for e in one.take_events() if e.type is EventType.CONVERSATION_UPDATED]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda one: one.classify(Priority.HIGH, ["vip"], NOW), ["priority", "labels"]),
        (lambda one: one.ruled(["vip"], None, "a rule", NOW), ["routing_reason", "labels"]),
        (lambda one: one.rename_customer("Bia", NOW), ["customer_name"]),
        (lambda one: one.move_to(OTHER, "chat", "5511", NOW), ["contact_id", "customer_phone", "chat"]),
        (lambda one: one.set_wait(NOW + timedelta(minutes=1), NOW, "late"), ["timeout_at", "routing_reason"]),
        (
            lambda one: one.follow(FlowState.AWAITING_ROUTING_CONFIRMATION, NOW, 0, 0, NOW),
            ["flow_state", "timeout_at"],
        ),
    ],
)
def test_what_changes_is_told_once_with_its_fields(change: Change, names: list[str]) -> None:
    one = conversation()
    for _ in range(2):
        change(one)
    assert changed(one) == [names]


def test_a_displaced_round_tells_that_it_lost_its_department() -> None:
    one = conversation()
    one.queue(SALES.id, NOW, timedelta(minutes=5), "nobody is free")
    one.take_events()
    one.displace(NOW)
    assert changed(one) == [["flow_state", "department_id"]]


def test_a_read_mark_is_told_with_its_reader_and_once() -> None:
    one = conversation()
    one.customer_wrote(NOW, None)
    assert [one.read(NOW, user_id(1)), one.read(NOW, user_id(2))] == [True, False]
    [event] = one.take_events()
    assert (event.type, event.detail, one.unread_count) == (EventType.CONVERSATION_READ, {"user_id": user_id(1)}, 0)


def test_the_round_that_goes_on_after_a_merge_tells_what_it_took_over() -> None:
    older, newer = conversation(), conversation()
    newer.customer_wrote(NOW, None)
    kept, gone = merge_rounds(older, newer, NOW)
    assert changed(kept) == [["unread_count"]]
    assert [event.type for event in gone.take_events()] == [EventType.CONVERSATION_ARCHIVED]


def test_a_note_is_told_as_its_conversations() -> None:
    one = conversation()
    note = Note(NoteId(user_id(5)), one.tenant_id, one.id, None, "paga amanhã", NOW)
    note.added(one.session_id)
    [event] = note.take_events()
    told = (event.type, event.session_id, event.conversation_id, event.subjects)
    assert told == (EventType.NOTE_ADDED, one.session_id, one.id, {"note": note})
    assert note.edited(note.content, (), LATER, one.session_id) is note
    changed = note.edited("pagou", (), LATER, one.session_id)
    changed.deleted(LATER, one.session_id)
    edited, deleted = changed.take_events()
    assert (edited.type, edited.subjects) == (EventType.NOTE_EDITED, {"note": changed})
    assert (deleted.type, deleted.subjects, deleted.detail) == (EventType.NOTE_DELETED, {}, {"note_id": note.id})
    assert note.take_events() == []
