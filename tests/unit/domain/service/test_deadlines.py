"""Targets for the first answer and the resolution: when they are due, what is told of them, and how often."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.build import NOW, SALES, conversation, department, minutes, user_id
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.service.deadlines import ServiceTerms, Target
from whatsapp_hub.domain.service.hours import Hours
from whatsapp_hub.domain.service.service_level import USUAL, ServiceLevel

FIRST, RESOLUTION = Target.FIRST_RESPONSE, Target.RESOLUTION
WARNED, BREACHED = EventType.CONVERSATION_TARGET_WARNED, EventType.CONVERSATION_TARGET_BREACHED
SHOP = Hours.read({"timezone": "UTC", "week": {"mon": [["09:00", "12:00"], ["13:00", "17:00"]]}})  # NOW: a Monday, 9:30
TERMS = ServiceTerms(ServiceLevel(10, 60).over(USUAL), None)
LAX = ServiceTerms(ServiceLevel(20, 120).over(USUAL), None)
TICK = timedelta(microseconds=1)


def waiting(terms: ServiceTerms = TERMS) -> Conversation:
    """A round that its customer has just opened."""
    one = conversation()
    one.customer_wrote(NOW, None)
    one.set_deadlines(terms, NOW)
    return one


def told(one: Conversation) -> list[tuple[EventType, object]]:
    return [(event.type, event.detail.get("target")) for event in one.take_events() if event.type in (WARNED, BREACHED)]


def looked_at(one: Conversation, at: datetime) -> list[tuple[EventType, object]]:
    one.check_targets(at)
    return told(one)


def due(one: Conversation) -> tuple[datetime | None, datetime | None]:
    return one.targets.first_response.due_at, one.targets.resolution.due_at


def test_both_targets_are_counted_from_the_customers_first_message_and_the_opening() -> None:
    one = conversation()
    one.set_deadlines(TERMS, NOW)
    assert due(one) == (None, NOW + minutes(60))
    one.customer_wrote(NOW + minutes(3), None)
    one.set_deadlines(TERMS, NOW + minutes(3))
    assert due(one) == (NOW + minutes(13), NOW + minutes(60))


def test_a_round_that_only_we_write_in_has_no_target_for_the_first_answer() -> None:
    one = conversation()
    one.set_deadlines(TERMS, NOW)
    one.person_wrote(NOW)
    assert looked_at(one, NOW + minutes(59)) == [(WARNED, "resolution")]
    assert one.targets.first_response.due_at is None


def test_time_is_counted_only_while_it_is_open() -> None:
    one = waiting(ServiceTerms(ServiceLevel(180, 600).over(USUAL), SHOP))
    assert due(one) == (
        datetime(2026, 3, 2, 13, 30, tzinfo=UTC),
        datetime(2026, 3, 9, 12, 30, tzinfo=UTC) + minutes(60),
    )


def test_a_warning_comes_once_then_the_breach_once() -> None:
    one = waiting()
    assert looked_at(one, NOW + minutes(8)) == []
    assert looked_at(one, NOW + minutes(8) + TICK) == [(WARNED, "firstResponse")]
    assert looked_at(one, NOW + minutes(10)) == []
    assert looked_at(one, NOW + minutes(10) + TICK) == [(BREACHED, "firstResponse")]
    assert looked_at(one, NOW + minutes(47)) == []
    assert looked_at(one, NOW + minutes(61)) == [(BREACHED, "resolution")]
    assert looked_at(one, NOW + minutes(99)) == []
    assert (one.targets.breaches, one.target_look_at) == ((FIRST, RESOLUTION), None)


def test_what_was_met_in_time_is_never_missed() -> None:
    one = waiting()
    one.person_wrote(NOW + minutes(10))
    one.resolve(NOW + minutes(60))
    assert looked_at(one, NOW + minutes(500)) == []
    assert one.target_look_at is None


def test_an_answer_after_the_time_is_a_breach_though_no_sweep_came_by() -> None:
    one = waiting()
    one.person_wrote(NOW + minutes(11))
    assert told(one) == [(BREACHED, "firstResponse")]
    one.resolve(NOW + minutes(61))
    assert told(one) == [(BREACHED, "resolution")]


def test_a_programs_text_is_no_first_answer() -> None:
    one = waiting()
    one.program_wrote(NOW + minutes(1))
    assert looked_at(one, NOW + minutes(11)) == [(BREACHED, "firstResponse")]


def test_another_department_counts_anew_from_the_same_start() -> None:
    one = waiting()
    assert looked_at(one, NOW + minutes(9)) == [(WARNED, "firstResponse")]
    one.set_deadlines(LAX, NOW + minutes(9))
    assert due(one) == (NOW + minutes(20), NOW + minutes(120))
    assert looked_at(one, NOW + minutes(19)) == []  # warned already
    one.set_deadlines(ServiceTerms(USUAL, None), NOW + minutes(19))
    assert due(one) == (None, None)


def test_what_was_missed_stays_missed_wherever_it_goes() -> None:
    one = waiting()
    one.set_deadlines(LAX, NOW + minutes(15))
    assert told(one) == [(BREACHED, "firstResponse")]
    assert due(one) == (NOW + minutes(10), NOW + minutes(120))


def test_taken_up_again_its_time_goes_on_where_it_stopped() -> None:
    one = waiting()
    one.person_wrote(NOW + minutes(1))
    one.resolve(NOW + minutes(20))
    one.reopen(NOW + minutes(500), "a test")
    one.set_deadlines(TERMS, NOW + minutes(500))
    assert one.targets.resolution.due_at == NOW + minutes(540)
    one.resolve(NOW + minutes(510))
    one.reopen(NOW + minutes(900), "a test")
    one.set_deadlines(TERMS, NOW + minutes(900))
    assert one.targets.resolution.due_at == NOW + minutes(930)


@pytest.mark.parametrize("aims_first", [True, False])
def test_the_time_in_which_a_sessions_bot_had_it_does_not_count(aims_first: bool) -> None:
    one, now = conversation(), NOW + minutes(45)
    one.start_bot()
    one.customer_wrote(NOW, None)
    if aims_first:  # somebody takes it from the bot
        one.set_deadlines(TERMS, now)
        one.assign(user_id(9), SALES.id, now, "a test")
    else:
        one.hand_over(now, "a test")
        one.set_deadlines(TERMS, now)
    assert due(one) == (now + minutes(10), now + minutes(60))
    assert told(one) == []


def test_a_round_that_is_put_away_has_no_targets_any_more() -> None:
    one = waiting()
    one.archive(NOW + minutes(1), "a test")
    assert looked_at(one, NOW + minutes(500)) == []


def test_a_departments_settings_go_before_the_companys_and_0_is_none() -> None:
    company = ServiceLevel(10, 60, 50, asks_rating=True)
    own = department(9, "Vendas", level=ServiceLevel(0, 30), usual_level=company).terms.level
    assert own == ServiceLevel(0, 30, 50, asks_rating=True, resolve_quiet_after_hours=0)
    assert SALES.terms.level == ServiceLevel(None, None, 80, asks_rating=False, resolve_quiet_after_hours=0)
    one = waiting(ServiceTerms(own, None))
    assert due(one) == (None, NOW + minutes(30))
    assert one.target_look_at == NOW + minutes(15)


@pytest.mark.parametrize(
    ("level", "pointer"),
    [
        (ServiceLevel(-1), "first_response_target_minutes"),
        (ServiceLevel(None, 43_201), "resolution_target_minutes"),
        (ServiceLevel(target_warning_percent=0), "target_warning_percent"),
        (ServiceLevel(target_warning_percent=101), "target_warning_percent"),
    ],
)
def test_a_bad_setting_is_refused_by_name(level: ServiceLevel, pointer: str) -> None:
    with pytest.raises(Invalid, match=pointer):
        department(9, "Vendas", level=level)


@given(
    in_all=st.integers(1, 3000),
    steps=st.lists(st.integers(0, 6000), max_size=6),
    hours=st.sampled_from([None, SHOP]),
)
def test_until_it_is_due_it_was_open_and_not_closed_for_exactly_the_target(
    in_all: int, steps: list[int], hours: Hours | None
) -> None:
    """`steps` are the minutes between the ends of rounds and their being taken up again."""
    times = [NOW]
    for step in steps:
        times.append(times[-1] + minutes(step))
    pauses = list(zip(times[1::2], times[2::2], strict=False))
    aim = ServiceTerms(ServiceLevel(in_all).over(USUAL), hours).deadline(FIRST, NOW, pauses)
    assert aim.due_at
    assert aim.warn_at
    assert aim.warn_at <= aim.due_at

    def open_time(since: datetime, until: datetime) -> timedelta:
        return hours.open_time(since, until) if hours else until - since

    closed = (open_time(begins, min(ends, aim.due_at)) for begins, ends in pauses if begins < aim.due_at)
    assert open_time(NOW, aim.due_at) - sum(closed, timedelta()) == minutes(in_all)


def takes_up(one: Conversation, now: datetime) -> None:
    one.reopen(now, "a test")
    one.set_deadlines(TERMS, now)


ANYTIME: dict[str, Callable[[Conversation, datetime], None]] = {
    "look": lambda one, now: one.check_targets(now),
    "sales": lambda one, now: one.set_deadlines(TERMS, now),
    "lax": lambda one, now: one.set_deadlines(LAX, now),
}
LIVE_ONLY: dict[str, Callable[[Conversation, datetime], None]] = {
    "write": lambda one, now: one.customer_wrote(now, None),
    "answer": lambda one, now: one.person_wrote(now),
    "assign": lambda one, now: one.assign(user_id(9), SALES.id, now, "a test"),
    "resolve": lambda one, now: one.resolve(now),
}
acts = st.lists(st.tuples(st.sampled_from([*ANYTIME, *LIVE_ONLY, "resume"]), st.integers(0, 30)), max_size=30)


@given(acts)
def test_each_target_is_warned_of_and_missed_at_most_once_whatever_happens(acts: list[tuple[str, int]]) -> None:
    one, now = waiting(), NOW
    heard = told(one)
    for act, wait in acts:
        now += minutes(wait)
        usual = {"resume": takes_up} if not one.is_live else LIVE_ONLY
        (ANYTIME | usual).get(act, lambda one, now: None)(one, now)
        heard += told(one)
    assert len(heard) == len(set(heard))
    assert {target for type, target in heard if type is BREACHED} == {t.value for t in one.targets.breaches}
    for target in one.targets.breaches:
        assert (WARNED, target.value) not in heard[heard.index((BREACHED, target.value)) :]
