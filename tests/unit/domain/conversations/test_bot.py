"""A session's bot and people: who has the word, and that nobody waits for ever."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.unit.domain.build import MONEY, NOW, SALES, SUPPORT, conversation, minutes, session, user_id
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.conversations import flow
from whatsapp_hub.domain.conversations.bot import Bot, BotPart, answer_timeout, destination, why_late
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus
from whatsapp_hub.domain.conversations.dialogue import Dialogue
from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import DepartmentId, UserId, WebhookId
from whatsapp_hub.domain.sessions.session import Routing

BOT = Bot(WebhookId(UUID(int=7)), "https://bot.example")


def talking() -> Conversation:
    """A round whose customer wrote to the bot."""
    one = conversation()
    one.start_bot()
    one.customer_wrote(NOW, answer_timeout(BOT))
    return one


def test_a_new_round_is_the_bots_and_its_time_runs() -> None:
    one = talking()
    assert (one.bot_part, one.timeout_at) == (BotPart.TALKING, NOW + minutes(5))


def test_the_bots_answer_ends_its_time_and_the_next_message_starts_it_again() -> None:
    one = talking()
    one.program_wrote(NOW)
    assert one.timeout_at is None
    one.customer_wrote(NOW + minutes(9), answer_timeout(BOT))
    assert one.timeout_at == NOW + minutes(14)


def test_further_messages_do_not_put_the_bots_time_off() -> None:
    one = talking()
    one.customer_wrote(NOW + minutes(4), answer_timeout(BOT))
    assert one.timeout_at == NOW + minutes(5)


def test_whoever_takes_the_word_from_the_bot_the_bot_hears_it_first() -> None:
    for take in (
        lambda c: c.hand_over(NOW, "handed over by the bot"),
        lambda c: c.assign(user_id(1), SALES.id, NOW, "taken"),
        lambda c: c.queue(SALES.id, NOW, minutes(5), "queued"),
        lambda c: c.transfer(SALES.id, NOW, "transferred"),
        lambda c: c.person_wrote(NOW),
    ):
        one = talking()
        take(one)
        told = one.take_events()
        assert told[0].type is EventType.CONVERSATION_HANDED_OVER
        assert [e.type for e in told].count(EventType.CONVERSATION_HANDED_OVER) == 1
        assert (one.bot_part, one.is_with_people) == (BotPart.HANDED_OVER, True)


def test_a_round_that_people_have_already_is_not_the_bots() -> None:
    for taken in (
        conversation(dialogue=Dialogue(silenced=True)),
        conversation(department_id=SALES.id),
        conversation(status=ConversationStatus.ASSIGNED, assigned_user_id=user_id(1)),
    ):
        taken.start_bot()
        assert taken.bot_part is BotPart.HANDED_OVER


def test_the_next_round_is_the_bots_again() -> None:
    one = talking()
    one.hand_over(NOW, "handed over by the bot")
    one.resolve(NOW)
    following = conversation()
    following.continues(one)
    following.start_bot()
    assert following.bot_part is BotPart.TALKING


def test_a_round_that_is_taken_up_again_is_peoples() -> None:
    one = talking()
    one.resolve(NOW)
    one.reopen(NOW, "reopened")
    assert one.bot_part is BotPart.HANDED_OVER


def test_the_menu_is_silent_where_a_bot_has_a_part() -> None:
    assert not flow.menu_may_answer(talking())


def test_what_is_over_cannot_be_handed_over() -> None:
    one = talking()
    one.resolve(NOW)
    with pytest.raises(Conflict):
        one.hand_over(NOW, "handed over by the bot")


def test_a_hand_over_goes_to_the_bots_department_else_to_the_root() -> None:
    everywhere = [SALES, SUPPORT, MONEY]
    own = Bot(BOT.webhook_id, BOT.url, MONEY.id)
    assert destination(own, everywhere) == MONEY
    assert destination(BOT, everywhere) == destination(None, everywhere) == SUPPORT
    assert destination(own, [SALES, SUPPORT]) == SUPPORT  # its own was deleted
    assert destination(BOT, [SALES, MONEY]) is None


def test_the_reason_says_why_the_bot_was_too_late() -> None:
    assert "did not answer within 5 min" in why_late(BotPart.TALKING, BOT, None)
    assert "answered 410" in why_late(BotPart.TALKING, BOT, "gone: the receiver answered 410")
    assert "no bot any more" in why_late(BotPart.TALKING, None, None)
    assert why_late(BotPart.HANDED_OVER, BOT, None) == "nobody answered in time"


@pytest.mark.parametrize("number", [0, -1, 1441])
def test_a_bot_has_a_minute_to_a_day_to_answer(number: int) -> None:
    with pytest.raises(Invalid):
        Bot(BOT.webhook_id, BOT.url, None, number)


def test_a_session_with_a_bot_has_no_menu_and_may_get_none() -> None:
    one = session(routing=Routing.DEPARTMENTS)
    one.bind(BOT, NOW)
    assert one.routing is Routing.NONE
    with pytest.raises(Conflict):
        one.reroute(Routing.DEPARTMENTS)
    one.unbind(NOW)
    one.reroute(Routing.DEPARTMENTS)
    assert one.routing is Routing.DEPARTMENTS


def test_the_hub_routes_a_gateways_round_only_after_a_hand_over() -> None:
    gateway = session(routing=Routing.NONE)
    assert [gateway.routes(part) for part in BotPart] == [False, False, True]


class Rounds(RuleBasedStateMachine):
    """One customer on a bot's session, with the use cases' steps: `told` is whether supervisors were told of a customer
    for whom there is no department."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOW
        self.session = session(routing=Routing.NONE)
        self.session.bind(BOT, NOW)
        self.departments = [SALES, SUPPORT, MONEY]
        self.told = False
        self._begin(conversation())

    def _begin(self, one: Conversation) -> None:
        one.start_bot()
        self.round, self.told = one, False

    @property
    def timeout(self) -> timedelta:
        """As `Batch.response_timeout` tells it."""
        return answer_timeout(self.session.bot) if self.round.is_unplaced else minutes(5)

    def _route(self, department: Department | None, reason: str) -> None:
        if department is None:
            self.round.displace(self.now)
            self.told = True
        else:
            self.round.queue(department.id, self.now, department.response_timeout, reason)

    @rule(seconds=st.integers(0, 900))
    def time_passes_and_the_sweep_comes_by(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        one = self.round
        if one.status is ConversationStatus.OPEN and one.timeout_at and one.timeout_at <= self.now and one.is_unplaced:
            one.hand_over(self.now, why_late(one.bot_part, self.session.bot, None))
            self._route(destination(self.session.bot, self.departments), "too late")

    @rule()
    def the_customer_writes(self) -> None:
        if not self.round.is_live:
            following = conversation()
            following.continues(self.round)
            self._begin(following)
        self.round.start_bot()
        self.round.customer_wrote(self.now, self.timeout)
        assert self.round.timeout_at is not None

    @rule()
    @precondition(lambda self: self.round.is_live and not self.round.is_with_people)
    def the_bot_answers(self) -> None:
        self.round.program_wrote(self.now)

    @rule(to=st.sampled_from([None, SALES, MONEY]))
    @precondition(lambda self: self.round.is_live and not self.round.is_with_people)
    def the_bot_hands_over(self, to: Department | None) -> None:
        self.round.hand_over(self.now, "handed over by the bot")
        self._route(to or destination(self.session.bot, self.departments), "handed over by the bot")

    @rule(who=st.sampled_from([user_id(10), user_id(11)]))
    @precondition(lambda self: self.round.is_live)
    def an_agent_takes_it(self, who: UserId) -> None:
        waits = self.now + minutes(5) if self.round.waiting_since else None
        self.round.assign(who, SALES.id, self.now, "taken", waits)

    @rule()
    @precondition(lambda self: self.round.is_live)
    def a_person_writes(self) -> None:
        self.round.person_wrote(self.now)
        if self.round.assigned_user_id is None:
            self.round.silence()

    @rule()
    @precondition(lambda self: self.round.status is ConversationStatus.ASSIGNED)
    def it_is_given_back(self) -> None:
        self.round.unassign(self.now, "given back")
        self._route(SALES, "given back")

    @rule()
    @precondition(lambda self: self.round.is_live)
    def it_is_transferred(self) -> None:
        self.round.transfer(MONEY.id, self.now, "transferred")
        self._route(MONEY, "transferred")

    @rule()
    @precondition(lambda self: self.round.is_live)
    def it_is_resolved(self) -> None:
        self.round.resolve(self.now)

    @rule()
    @precondition(lambda self: not self.round.is_live)
    def it_is_taken_up_again(self) -> None:
        self.round.reopen(self.now, "reopened")
        last = self.round.department_id or DepartmentId(UUID(int=0))
        known = next((d for d in self.departments if d.id == last), destination(None, self.departments))
        self._route(known, "reopened")

    @rule(rooted=st.booleans())
    def the_root_comes_and_goes(self, rooted: bool) -> None:
        self.departments = [SALES, SUPPORT, MONEY] if rooted else [SALES, MONEY]

    @rule()
    def the_bot_comes_and_goes(self) -> None:
        if self.session.bot:
            self.session.unbind(self.now)
        else:
            self.session.bind(BOT, self.now)

    @invariant()
    def there_are_never_two_hands_on_it(self) -> None:
        one = self.round
        if one.is_live and one.bot_part is BotPart.TALKING:
            assert one.status is ConversationStatus.OPEN
            assert (one.department_id, one.assigned_user_id, one.is_with_people) == (None, None, False)

    @invariant()
    def nobody_waits_without_a_time_out(self) -> None:
        one = self.round
        is_answered = one.bot_part is BotPart.TALKING and one.timeout_at is None
        if not one.is_live or not one.waiting_since or is_answered:
            return
        assert one.timeout_at is not None or self.told, one

    @invariant()
    def the_next_thing_that_a_customer_writes_starts_a_time(self) -> None:
        one = self.round
        if one.is_live and one.timeout_at is None:
            assert one.starts_waiting or self.told, one


TestRounds = Rounds.TestCase
TestRounds.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
