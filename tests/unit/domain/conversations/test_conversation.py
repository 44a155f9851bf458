from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.build import NOW, SALES, SUPPORT, conversation, minutes, user_id
from whatsapp_hub.domain.conversations.conversation import (
    LONGEST_SNOOZE,
    Conversation,
    ConversationStatus,
    FlowState,
)
from whatsapp_hub.domain.conversations.dialogue import BOT_TEXTS_AN_HOUR, Dialogue
from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.events import EventType

OPEN, ASSIGNED, RESOLVED, ARCHIVED = ConversationStatus
ANA, BRUNO = user_id(10), user_id(11)
FIVE = minutes(5)


def assigned(**fields: object) -> Conversation:
    one = conversation(**fields)
    one.assign(ANA, SALES.id, NOW, "a test")
    one.take_events()
    return one


def resolved(**fields: object) -> Conversation:
    one = assigned(**fields)
    one.resolve(NOW)
    one.take_events()
    return one


def types(one: Conversation) -> list[EventType]:
    return [event.type for event in one.take_events()]


def test_a_new_round_is_open_and_told() -> None:
    one = conversation()
    one.opened(NOW)
    assert (one.status, one.flow_state, one.is_live, one.is_queued) == (OPEN, FlowState.GREETING, True, False)
    assert types(one) == [EventType.CONVERSATION_OPENED]


def test_a_queued_round_waits_for_the_departments_response_time() -> None:
    one = conversation()
    one.queue(SALES.id, NOW, FIVE, "the customer's choice; nobody is free")
    assert (one.status, one.department_id, one.assigned_user_id) == (OPEN, SALES.id, None)
    assert (one.timeout_at, one.routed_at, one.is_queued) == (NOW + FIVE, NOW, True)
    [event] = one.take_events()
    assert event.type is EventType.CONVERSATION_QUEUED


def test_every_decision_stores_its_reason() -> None:
    one = conversation()
    one.queue(SALES.id, NOW, FIVE, "nobody is free")
    assert one.routing_reason == "nobody is free"
    one.assign(ANA, SALES.id, NOW, "fewest conversations (0)")
    assert one.routing_reason == "fewest conversations (0)"
    assert [event.detail["reason"] for event in one.take_events()] == ["nobody is free", "fewest conversations (0)"]


def test_an_assigned_round_has_one_person_and_no_time_out_of_its_own() -> None:
    one = conversation()
    one.queue(SALES.id, NOW, FIVE, "a test")
    one.assign(ANA, SALES.id, NOW + minutes(1), "a test")
    assert (one.status, one.flow_state, one.assigned_user_id) == (ASSIGNED, FlowState.ASSIGNED, ANA)
    assert (one.assigned_at, one.timeout_at, one.is_queued) == (NOW + minutes(1), None, False)


def test_a_round_given_to_somebody_else_is_no_longer_the_firsts() -> None:
    one = assigned()
    one.assign(BRUNO, SUPPORT.id, NOW, "a test")
    assert (one.assigned_user_id, one.department_id) == (BRUNO, SUPPORT.id)


def test_a_round_keeps_its_department_when_the_person_has_none() -> None:
    one = assigned()
    one.assign(BRUNO, None, NOW, "a test")
    assert one.department_id == SALES.id


def test_a_round_that_goes_back_to_the_queue_has_nobody() -> None:
    one = assigned()
    one.queue(SUPPORT.id, NOW, FIVE, "a test")
    assert (one.status, one.assigned_user_id, one.department_id) == (OPEN, None, SUPPORT.id)


def test_an_assigned_customers_message_must_be_answered_in_time() -> None:
    one = assigned()
    one.customer_wrote(NOW, FIVE)
    assert one.timeout_at == NOW + FIVE


def test_the_time_runs_from_the_first_unanswered_message() -> None:
    one = assigned()
    one.customer_wrote(NOW, FIVE)
    one.customer_wrote(NOW + minutes(4), FIVE)
    assert one.timeout_at == NOW + FIVE


def test_a_persons_reply_clears_the_time_out() -> None:
    one = assigned()
    one.customer_wrote(NOW, FIVE)
    one.person_wrote(NOW + minutes(1))
    assert one.timeout_at is None
    one.customer_wrote(NOW + minutes(2), FIVE)
    assert one.timeout_at == NOW + minutes(7)


def test_a_persons_reply_leaves_the_queues_time_out() -> None:
    one = conversation()
    one.queue(SALES.id, NOW, FIVE, "a test")
    one.person_wrote(NOW)
    assert one.timeout_at == NOW + FIVE


def test_writing_again_does_not_prolong_the_wait_in_the_queue() -> None:
    one = conversation()
    one.queue(SALES.id, NOW, FIVE, "a test")
    one.customer_wrote(NOW + minutes(4), FIVE)
    assert one.timeout_at == NOW + FIVE


def test_whoever_gets_a_waiting_customer_must_answer_by_the_given_time() -> None:
    one = conversation()
    one.assign(ANA, SALES.id, NOW, "a test", answer_by=NOW + FIVE)
    assert one.timeout_at == NOW + FIVE


def test_each_message_of_the_customer_is_unread_until_the_round_is_closed() -> None:
    one = assigned()
    one.customer_wrote(NOW, None)
    one.customer_wrote(NOW + minutes(1), None)
    assert (one.unread_count, one.last_message_at) == (2, NOW + minutes(1))
    one.resolve(NOW)
    assert one.unread_count == 0


def test_resolving_keeps_the_last_department_and_attendant() -> None:
    one = assigned()
    one.customer_wrote(NOW, FIVE)
    one.resolve(NOW + FIVE)
    assert (one.status, one.flow_state, one.resolved_at) == (RESOLVED, FlowState.RESOLVED, NOW + FIVE)
    assert (one.last_department_id, one.last_attendant_id) == (SALES.id, ANA)
    assert (one.timeout_at, one.is_live) == (None, False)
    assert types(one) == [EventType.CONVERSATION_RESOLVED]


def test_resolving_what_nobody_had_keeps_what_was_known_before() -> None:
    one = conversation(last_department_id=SALES.id, last_attendant_id=ANA)
    one.resolve(NOW)
    assert (one.last_department_id, one.last_attendant_id) == (SALES.id, ANA)


@pytest.mark.parametrize("status", [RESOLVED, ARCHIVED])
@pytest.mark.parametrize("what", ["assign", "queue", "resolve"])
def test_a_round_that_is_over_stays_over(status: ConversationStatus, what: str) -> None:
    one = conversation(status=status)
    act = {
        "assign": lambda: one.assign(ANA, SALES.id, NOW, "a test"),
        "queue": lambda: one.queue(SALES.id, NOW, FIVE, "a test"),
        "resolve": lambda: one.resolve(NOW),
    }[what]
    with pytest.raises(Conflict) as caught:
        act()
    assert caught.value.code == "not_open"
    assert (one.status, one.assigned_user_id, types(one)) == (status, None, [])


def test_a_new_round_remembers_the_last_department_attendant_and_name() -> None:
    one = conversation(customer_name="~maria")
    one.continues(resolved(customer_name="Maria Silva"))
    assert (one.last_department_id, one.last_attendant_id) == (SALES.id, ANA)
    assert one.customer_name == "Maria Silva"
    assert (one.status, one.department_id, one.assigned_user_id) == (OPEN, None, None)


def test_a_round_without_a_department_passes_on_what_it_was_told() -> None:
    between = conversation()
    between.continues(resolved())
    between.resolve(NOW)
    one = conversation()
    one.continues(between)
    assert (one.last_department_id, one.last_attendant_id) == (SALES.id, ANA)


def test_a_round_archived_as_it_was_is_remembered_by_its_own_department_not_an_earlier_one() -> None:
    archived = assigned(last_department_id=SUPPORT.id, last_attendant_id=BRUNO)
    archived.status = ARCHIVED
    one = conversation()
    one.continues(archived)
    assert (one.last_department_id, one.last_attendant_id) == (SALES.id, ANA)


def test_a_new_round_keeps_the_contacts_name_when_the_last_had_none() -> None:
    one = conversation(customer_name="Maria")
    one.continues(resolved())
    assert one.customer_name == "Maria"


def test_the_bot_says_at_most_ten_texts_an_hour() -> None:
    one = conversation()
    for number in range(BOT_TEXTS_AN_HOUR):
        assert one.may_say(NOW + minutes(number))
        one.bot_said(NOW + minutes(number))
    assert BOT_TEXTS_AN_HOUR == 10
    assert not one.may_say(NOW + timedelta(minutes=59, seconds=59))
    assert one.may_say(NOW + minutes(60))


@given(st.lists(st.integers(0, 2400), max_size=60).map(sorted))
def test_no_hour_ever_holds_more_than_ten_bot_texts(seconds: list[int]) -> None:
    one, said = conversation(), []
    for at in (NOW + timedelta(seconds=3 * second) for second in seconds):
        if one.may_say(at):
            one.bot_said(at)
            said.append(at)
        assert sum(at - earlier < timedelta(hours=1) for earlier in said) <= BOT_TEXTS_AN_HOUR
        assert len(one.dialogue.texts) <= BOT_TEXTS_AN_HOUR


def test_a_new_round_of_the_same_chat_does_not_give_the_bot_a_new_hour() -> None:
    earlier = resolved(dialogue=Dialogue(texts=(NOW,) * BOT_TEXTS_AN_HOUR))
    one = conversation()
    one.continues(earlier)
    assert not one.may_say(NOW + minutes(1))


def test_a_person_on_the_phone_silences_the_bot_for_the_round() -> None:
    one = conversation(flow_state=FlowState.AWAITING_ROUTING_CONFIRMATION, timeout_at=NOW + minutes(2))
    one.silence()
    assert not one.may_say(NOW + timedelta(days=1))
    assert one.timeout_at is None


def test_silence_ends_with_the_round() -> None:
    silent = conversation()
    silent.silence()
    silent.resolve(NOW)
    one = conversation()
    one.continues(silent)
    assert one.may_say(NOW)


def test_silence_leaves_the_queue_waiting() -> None:
    one = conversation()
    one.queue(SALES.id, NOW, FIVE, "a test")
    one.silence()
    assert (one.is_queued, one.timeout_at) == (True, NOW + FIVE)


def test_an_event_shows_the_conversation_as_it_was_at_that_moment() -> None:
    one = conversation()
    one.opened(NOW)
    one.assign(ANA, SALES.id, NOW, "a test")
    first, second = one.take_events()
    assert first.subjects["conversation"].assigned_user_id is None
    assert second.subjects["conversation"].assigned_user_id == ANA
    assert {first.conversation_id, second.conversation_id} == {one.id}


def test_a_round_is_resolved_for_a_reason_that_reopening_withdraws() -> None:
    one = assigned()
    one.resolve(NOW, "Sold")
    [event] = one.take_events()
    assert (one.resolve_reason, event.detail["reason"]) == ("Sold", "Sold")
    one.reopen(NOW, "reopened")
    assert one.resolve_reason is None


def test_one_that_the_hub_resolves_says_why_as_its_routing_reason() -> None:
    one = assigned()
    one.resolve(NOW, why="no word from the customer for 24 hours")
    [event] = one.take_events()
    assert (one.resolve_reason, one.routing_reason) == (None, "no word from the customer for 24 hours")
    assert event.detail["reason"] == one.routing_reason


def test_a_snooze_ends_by_time_by_hand_and_with_the_customers_next_message() -> None:
    one = assigned()
    one.snooze(NOW + FIVE, NOW)
    assert one.snoozed_until == NOW + FIVE
    one.snooze(None, NOW)
    assert one.snoozed_until is None
    one.snooze(NOW + FIVE, NOW)
    one.customer_wrote(NOW, FIVE)
    assert (one.snoozed_until, one.waiting_since) == (None, NOW)
    assert types(one) == [EventType.CONVERSATION_UPDATED] * 4


def test_a_snooze_lies_ahead_and_not_for_ever_and_is_of_a_live_round() -> None:
    one = assigned()
    for until in (NOW, NOW - FIVE, NOW + LONGEST_SNOOZE + FIVE):
        with pytest.raises(Invalid):
            one.snooze(until, NOW)
    one.snooze(NOW + LONGEST_SNOOZE, NOW)
    one.resolve(NOW)
    assert one.snoozed_until is None
    with pytest.raises(Conflict):
        one.snooze(NOW + FIVE, NOW)


def test_a_round_is_marked_unread_once_until_it_is_read() -> None:
    one = assigned()
    one.unread(NOW)
    one.unread(NOW)
    assert (one.unread_count, types(one)) == (1, [EventType.CONVERSATION_UPDATED])
    assert one.read(NOW, ANA)
    one.unread_count = 3
    one.unread(NOW)
    assert one.unread_count == 3
    with pytest.raises(Conflict):
        resolved().unread(NOW)


def test_a_round_is_quiet_once_the_company_had_the_last_word_and_nothing_follows() -> None:
    one = assigned()
    assert not one.is_quiet(NOW)
    one.customer_wrote(NOW, FIVE)
    assert not one.is_quiet(NOW)
    one.person_wrote(NOW + FIVE)
    assert not one.is_quiet(NOW)
    assert one.is_quiet(NOW + FIVE)
    one.snooze(NOW + 2 * FIVE, NOW + FIVE)
    assert not one.is_quiet(NOW + FIVE)
    assert not resolved().is_quiet(NOW + FIVE)
