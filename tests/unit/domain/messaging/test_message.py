from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.build import NOW, message
from whatsapp_hub.domain.errors import Conflict, Invalid, OutcomeUnknown, Rejected, Scope, Transient
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.messaging.content import MessageType, Text
from whatsapp_hub.domain.messaging.failure import Failure
from whatsapp_hub.domain.messaging.message import Message, MessageStatus, Outcome
from whatsapp_hub.domain.text import is_storable, storable

PENDING, SENT, DELIVERED, READ, FAILED = MessageStatus
UNDELIVERABLE = Failure("131026", "Message undeliverable")
RECEIPTS = (SENT, DELIVERED, READ)
EVENT_OF = {
    SENT: EventType.MESSAGE_SENT,
    DELIVERED: EventType.MESSAGE_DELIVERED,
    READ: EventType.MESSAGE_READ,
    FAILED: EventType.MESSAGE_FAILED,
}
MAY_FOLLOW = {
    PENDING: {SENT, DELIVERED, READ, FAILED},
    SENT: {DELIVERED, READ, FAILED},
    DELIVERED: {READ},
    READ: set(),
    FAILED: set(),
}
statuses = st.sampled_from(MessageStatus)


def unknown(**fields: object) -> Message:
    lost = message(**fields)
    lost.mark_outcome_unknown(NOW)
    lost.take_events()
    return lost


@pytest.mark.parametrize("to", MessageStatus)
@pytest.mark.parametrize("start", MessageStatus)
def test_a_status_moves_only_where_the_contract_lets_it(start: MessageStatus, to: MessageStatus) -> None:
    one = message(status=start)
    moved = one.advance(to, NOW)
    assert moved == (to in MAY_FOLLOW[start])
    assert one.status is (to if moved else start)


@given(st.lists(statuses))
def test_no_sequence_of_reports_ever_moves_a_status_back(reports: list[MessageStatus]) -> None:
    one = message()
    for report in reports:
        before = one.status
        one.advance(report, NOW)
        assert one.status is before or one.status in MAY_FOLLOW[before]


@given(st.lists(statuses))
def test_every_move_and_nothing_else_is_an_event(reports: list[MessageStatus]) -> None:
    one = message()
    moves = [report for report in reports if one.advance(report, NOW)]
    events = one.take_events()
    assert [event.type for event in events] == [EVENT_OF[move] for move in moves]
    assert [event.subjects["message"].status for event in events] == moves


@given(st.lists(st.sampled_from(RECEIPTS), max_size=6).flatmap(lambda more: st.permutations([*RECEIPTS, *more])))
def test_receipts_in_any_order_and_number_end_read(receipts: list[MessageStatus]) -> None:
    one = message()
    for receipt in receipts:
        one.advance(receipt, NOW)
    assert one.status is READ
    types = [event.type for event in one.take_events()]
    assert len(types) == len(set(types))


@pytest.mark.parametrize("status", [DELIVERED, READ])
def test_what_was_delivered_cannot_fail(status: MessageStatus) -> None:
    one = message(status=status)
    assert not one.advance(FAILED, NOW, UNDELIVERABLE)
    assert one.error is None


def test_a_failure_keeps_its_reason() -> None:
    one = message(status=SENT)
    one.advance(FAILED, NOW, UNDELIVERABLE)
    assert (one.status, one.error) == (FAILED, UNDELIVERABLE)


def test_a_failure_without_a_reason_has_one_all_the_same() -> None:
    one = message(status=SENT)
    one.advance(FAILED, NOW)
    assert one.error
    assert (one.error.code, one.error.retryable) == ("failed", False)


def test_an_unknown_outcome_says_why_until_it_is_settled() -> None:
    one = message()
    lost = Failure.of(OutcomeUnknown("deadline", "no answer in time"))
    one.mark_outcome_unknown(NOW, lost)
    assert one.error == lost
    one.advance(DELIVERED, NOW)
    assert one.error is None


def test_what_may_be_sent_again_is_retryable() -> None:
    later = Transient("131056", "too many", retry_after_s=1, scope=Scope.RECIPIENT)
    errors = [later, Rejected("131026"), Rejected("131049", retryable=True), OutcomeUnknown("deadline")]
    assert [Failure.of(error).retryable for error in errors] == [True, False, True, False]


@pytest.mark.parametrize(
    ("code", "title"), [("not_connected", "Not connected"), ("http_500", "HTTP 500"), ("131026", "131026")]
)
def test_a_code_without_words_is_its_own_title(code: str, title: str) -> None:
    assert Failure.of(Rejected(code)).title == title


def test_an_event_shows_the_message_as_it_was_at_that_moment() -> None:
    one = message()
    one.sent("wamid.1", NOW)
    one.advance(READ, NOW + timedelta(seconds=3))
    first, second = one.take_events()
    assert (first.subjects["message"].status, second.subjects["message"].status) == (SENT, READ)
    assert first.subjects["message"].whatsapp_message_id == "wamid.1"
    assert second.occurred_at == NOW + timedelta(seconds=3)


def test_events_are_handed_over_once() -> None:
    one = message()
    one.sent("wamid.1", NOW)
    assert one.take_events()
    assert one.take_events() == []


def test_a_receipt_that_overtook_the_answer_is_not_undone_by_it() -> None:
    one = message()
    one.advance(DELIVERED, NOW)
    assert not one.sent("wamid.1", NOW)
    assert (one.status, one.whatsapp_message_id) == (DELIVERED, "wamid.1")


def test_the_first_provider_id_stays() -> None:
    one = message()
    one.sent("wamid.1", NOW)
    one.sent("wamid.2", NOW)
    assert one.whatsapp_message_id == "wamid.1"


def test_an_unknown_outcome_stays_pending_and_is_told_once() -> None:
    one = message()
    one.mark_outcome_unknown(NOW)
    one.mark_outcome_unknown(NOW)
    assert (one.status, one.outcome) == (PENDING, Outcome.UNKNOWN)
    assert [event.type for event in one.take_events()] == [EventType.MESSAGE_OUTCOME_UNKNOWN]


@pytest.mark.parametrize("status", [SENT, DELIVERED, READ, FAILED])
def test_an_outcome_already_known_is_never_unknown_again(status: MessageStatus) -> None:
    one = message(status=status)
    one.mark_outcome_unknown(NOW)
    assert one.outcome is None
    assert one.take_events() == []


@pytest.mark.parametrize("receipt", [SENT, DELIVERED, READ, FAILED])
def test_any_receipt_settles_an_unknown_outcome(receipt: MessageStatus) -> None:
    one = unknown()
    assert one.advance(receipt, NOW)
    assert (one.status, one.outcome) == (receipt, None)


def test_pending_is_no_receipt_and_settles_nothing() -> None:
    one = unknown()
    assert not one.advance(PENDING, NOW)
    assert one.outcome is Outcome.UNKNOWN


def test_an_operator_may_send_a_message_of_unknown_outcome_again() -> None:
    one = unknown()
    one.retry(NOW)
    assert (one.status, one.outcome) == (PENDING, None)
    assert [event.type for event in one.take_events()] == [EventType.MESSAGE_QUEUED]


def test_an_operator_may_fail_a_message_of_unknown_outcome() -> None:
    one = unknown()
    one.give_up(NOW)
    assert (one.status, one.outcome) == (FAILED, None)
    assert one.error
    assert [event.type for event in one.take_events()] == [EventType.MESSAGE_FAILED]


@pytest.mark.parametrize("settle", [Message.retry, Message.give_up])
@pytest.mark.parametrize("status", MessageStatus)
def test_nothing_else_may_be_retried_or_failed_by_hand(
    settle: Callable[[Message, datetime], None], status: MessageStatus
) -> None:
    one = message(status=status)
    with pytest.raises(Conflict) as caught:
        settle(one, NOW)
    assert caught.value.code == "outcome_known"
    assert (one.status, one.take_events()) == (status, [])


def test_retrying_twice_is_refused() -> None:
    one = unknown()
    one.retry(NOW)
    with pytest.raises(Conflict):
        one.retry(NOW)


def test_what_waited_in_a_deleted_session_fails_with_the_reason() -> None:
    one = message()
    one.abandon(NOW)
    assert one.status is FAILED
    assert one.error
    assert "session" in one.error.title


steps = st.one_of(statuses, st.sampled_from(["mark_outcome_unknown", "retry", "give_up", "abandon"]))


@given(st.lists(steps))
def test_outcome_unknown_is_only_ever_the_state_of_a_pending_message(moves: list[str]) -> None:
    one = message()
    for move in moves:
        try:
            one.advance(move, NOW) if isinstance(move, MessageStatus) else getattr(one, move)(NOW)
        except Conflict:
            assert one.outcome is None
        assert one.outcome is None or one.status is PENDING
        assert (one.error is not None) == (one.status is FAILED or one.outcome is Outcome.UNKNOWN)


@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_a_text_to_send_must_not_be_empty(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        Text.plain(text)
    assert caught.value.flaws[0].pointer == "/content"


def test_a_text_may_have_4096_characters_and_no_more() -> None:
    assert Text.plain("é" * 4096).type is MessageType.TEXT
    with pytest.raises(Invalid, match="4096"):
        Text.plain("é" * 4097)


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800", "\udfff"])
def test_a_text_that_postgresql_cannot_hold_is_refused_and_the_field_named(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        Text.plain(text, field_name="message")
    assert caught.value.flaws[0].pointer == "/message"


@pytest.mark.parametrize(
    ("text", "stored"),
    [("a\x00b", "a\ufffdb"), ("\ud83d", "\ufffd"), ("\udc00x\x00", "\ufffdx\ufffd"), ("olá 😀", "olá 😀"), ("", "")],
)
def test_nul_and_lone_surrogates_are_replaced(text: str, stored: str) -> None:
    assert storable(text) == stored


any_text = st.text(st.characters(exclude_categories=())) | st.text(st.sampled_from("a\x00\ud800\udfff😀"))


@given(any_text)
def test_storable_makes_any_text_storable_and_changes_nothing_else(text: str) -> None:
    stored = storable(text)
    assert is_storable(stored)
    assert len(stored) == len(text)
    assert all(new in (old, "\ufffd") for old, new in zip(text, stored, strict=True))
    assert (stored == text) == is_storable(text)


@given(any_text)
def test_what_is_storable_is_utf8_without_nul(text: str) -> None:
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        encoded = b"\x00"
    assert is_storable(text) == (b"\x00" not in encoded)
