"""Whatever happens to a conversation, in whatever order, these hold."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.unit.domain.build import MONEY, NOW, SALES, SUPPORT, conversation, user_id
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.conversations.conversation import ConversationStatus, FlowState
from whatsapp_hub.domain.conversations.dialogue import BOT_TEXTS_AN_HOUR
from whatsapp_hub.domain.errors import Conflict
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import UserId
from whatsapp_hub.domain.service.service_level import ServiceLevel

departments = st.sampled_from([SALES, SUPPORT, MONEY])
people = st.sampled_from([user_id(number) for number in range(10, 14)])
timeouts = st.none() | st.just(timedelta(minutes=5))
EVENT_OF = {
    "queue": EventType.CONVERSATION_QUEUED,
    "assign": EventType.CONVERSATION_ASSIGNED,
    "resolve": EventType.CONVERSATION_RESOLVED,
}


class Rounds(RuleBasedStateMachine):
    """One chat through all its rounds; the model is who has it and how many messages are unread."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.round = conversation()
        self.holder: UserId | None = None
        self.unread = 0
        self.said: list[datetime] = []

    def _told(self, what: str) -> None:
        """Besides of targets, which anything may find missed."""
        types = [event.type for event in self.round.take_events()]
        assert [type for type in types if type is not EventType.CONVERSATION_TARGET_BREACHED] == [EVENT_OF[what]]

    @rule(seconds=st.integers(0, 1200))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(timeout=timeouts)
    @precondition(lambda self: self.round.is_live)
    def the_customer_writes(self, timeout: timedelta | None) -> None:
        before = self.round.timeout_at
        self.round.customer_wrote(self.now, timeout)
        self.unread += 1
        starts = self.holder is not None and before is None and timeout is not None
        assert self.round.timeout_at == (self.now + timeout if starts and timeout else before)

    @rule()
    @precondition(lambda self: self.round.is_live)
    def a_person_writes(self) -> None:
        before = self.round.timeout_at
        self.round.person_wrote(self.now)
        self.unread = 0
        assert self.round.timeout_at == (None if self.holder else before)

    @rule(department=departments)
    @precondition(lambda self: self.round.is_live)
    def nobody_is_free(self, department: Department) -> None:
        self.round.queue(department.id, self.now, department.response_timeout, "nobody is free")
        self.holder = None
        assert self.round.timeout_at == self.now + department.response_timeout
        self._told("queue")

    @rule(person=people, department=departments, waits=timeouts)
    @precondition(lambda self: self.round.is_live)
    def somebody_gets_it(self, person: UserId, department: Department, waits: timedelta | None) -> None:
        answer_by = self.now + waits if waits else None
        self.round.assign(person, department.id, self.now, "a test", answer_by)
        self.holder = person
        assert self.round.timeout_at == answer_by
        self._told("assign")

    @rule()
    def the_bot_would_speak(self) -> None:
        if self.round.may_say(self.now):
            self.round.bot_said(self.now)
            self.said.append(self.now)

    @rule(department=departments)
    def its_targets_are_those_of_a_department(self, department: Department) -> None:
        self.round.set_deadlines(replace(department, level=ServiceLevel(5, 30)).terms, self.now)
        self.round.take_events()

    @rule()
    def the_sweep_looks_at_its_targets(self) -> None:
        self.round.check_targets(self.now)
        assert self.round.target_look_at is None or self.round.target_look_at >= self.now
        self.round.take_events()

    @rule()
    @precondition(lambda self: not self.round.is_live)
    def the_customer_rates_it(self) -> None:
        if self.round.may_be_rated(self.now):
            self.round.asked_for_rating(self.now)
        if self.round.awaits_rating(self.now):
            self.round.rate(5, self.now)
            assert not self.round.awaits_rating(self.now)
            assert [event.type for event in self.round.take_events()] == [EventType.CONVERSATION_RATED]

    @rule()
    @precondition(lambda self: self.round.is_live)
    def a_person_takes_the_phone(self) -> None:
        self.round.silence()

    @rule()
    @precondition(lambda self: self.round.is_live)
    def it_is_resolved(self) -> None:
        had = self.round.department_id or self.round.last_department_id, self.holder or self.round.last_attendant_id
        self.round.resolve(self.now)
        self._told("resolve")
        assert (self.round.last_department_id, self.round.last_attendant_id) == had
        self.unread = 0

    @rule(person=people)
    @precondition(lambda self: not self.round.is_live)
    def nothing_wakes_what_is_over(self, person: UserId) -> None:
        for act in (
            lambda: self.round.assign(person, SALES.id, self.now, "a test"),
            lambda: self.round.queue(SALES.id, self.now, SALES.response_timeout, "a test"),
            lambda: self.round.resolve(self.now),
        ):
            try:
                act()
            except Conflict:
                continue
            raise AssertionError("a round that is over was changed")
        assert self.round.take_events() == []

    @rule()
    @precondition(lambda self: not self.round.is_live)
    def the_contact_comes_back(self) -> None:
        earlier, self.round = self.round, conversation()
        self.round.continues(earlier)
        self.holder = None
        remembered = self.round.last_department_id, self.round.last_attendant_id
        assert remembered == (earlier.last_department_id, earlier.last_attendant_id)
        assert not self.round.dialogue.silenced

    @invariant()
    def it_is_assigned_exactly_while_one_person_has_it(self) -> None:
        if self.round.is_live:
            assert self.round.assigned_user_id == self.holder
            assert (self.round.status is ConversationStatus.ASSIGNED) == (self.holder is not None)
            assert (self.round.flow_state is FlowState.ASSIGNED) == (self.holder is not None)

    @invariant()
    def a_queue_always_has_a_time_out_and_what_is_over_never(self) -> None:
        if self.round.is_queued:
            assert self.round.timeout_at is not None
        if not self.round.is_live:
            assert self.round.timeout_at is None

    @invariant()
    def unread_messages_are_counted(self) -> None:
        assert self.round.unread_count == self.unread

    @invariant()
    def no_target_is_missed_twice_and_none_is_looked_at_when_it_is_over(self) -> None:
        assert len(set(self.round.targets.breaches)) == len(self.round.targets.breaches)
        assert self.round.is_live or self.round.target_look_at is None

    @invariant()
    def the_bot_keeps_to_its_measure(self) -> None:
        assert sum(self.now - at < timedelta(hours=1) for at in self.said) <= BOT_TEXTS_AN_HOUR


TestRounds = Rounds.TestCase
TestRounds.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
