"""The hub's time follows the server's clock, and takes no part in its steps."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from whatsapp_hub.application.operations.hub_time import HubTime
from whatsapp_hub.domain.operations.hub_time import (
    CONFIRMED_S,
    REACH_S,
    TOLERANCE_S,
    Judgement,
    Mark,
    Reckoning,
    join,
    judge,
    start,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = 3600.0, 86_400.0
STEPS = [HOUR, -HOUR, 8 * DAY, -8 * DAY]
EVEN = Mark(seen_at=NOON, ahead_s=0.0, lag_s=0.0, settled_at=NOON - timedelta(days=1), number=7)


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def own_at(moment: datetime, mark: Mark = EVEN, took_s: float = 0.01) -> Reckoning:
    return Reckoning(moment - s(took_s), moment, mark.number)


@pytest.mark.parametrize("step_s", STEPS)
def test_a_step_moves_the_servers_clock_and_not_the_hubs_time(step_s: float) -> None:
    now = NOON + s(1)
    judged = judge(EVEN, now + s(step_s), own_at(now))
    assert abs(judged.stepped_s - step_s) < 0.1
    assert abs((judged.mark.seen_at - now).total_seconds()) < 0.1
    assert abs(judged.mark.at(now + s(step_s + 5)) - (now + s(5))) < s(0.1)
    back = judge(judged.mark, now + s(2), own_at(now + s(2), judged.mark))
    assert abs(back.stepped_s + step_s) < 0.1
    assert abs(back.mark.ahead_s) < 0.1


@pytest.mark.parametrize("step_s", STEPS)
def test_a_step_is_measured_at_the_middle_of_the_wait(step_s: float) -> None:
    """Its error is half of the wait at most, and opposite steps do not add theirs up."""
    judged = judge(EVEN, NOON + s(1.4 + step_s), Reckoning(NOON + s(1), NOON + s(1.8), 7))
    assert abs(judged.mark.ahead_s + step_s) < 0.001


def test_two_clocks_that_run_evenly_are_one() -> None:
    judged = judge(EVEN, NOON + s(1.3), own_at(NOON + s(1)))
    assert judged == Judgement(replace(EVEN, seen_at=NOON + s(1.3), number=8))


def test_a_slow_answer_is_no_step() -> None:
    assert judge(EVEN, NOON + s(9), Reckoning(NOON + s(1), NOON + s(9), 7)).stepped_s == 0
    assert judge(EVEN, NOON + s(1), Reckoning(NOON + s(1), NOON + s(9), 7)).stepped_s == 0


def test_a_process_that_stood_while_others_went_on_is_wrong_by_itself() -> None:
    later = replace(EVEN, seen_at=NOON + s(HOUR), number=3_600)
    judged = judge(later, NOON + s(HOUR + 1), Reckoning(NOON + s(1), NOON + s(1.1), 7))
    assert judged.stepped_s == 0
    assert judged.mark.seen_at == NOON + s(HOUR + 1)


def test_who_starts_beside_others_joins_them_or_asks_them() -> None:
    assert join(EVEN, NOON + s(2)) is not None
    assert join(EVEN, NOON + s(HOUR)) is None
    assert join(EVEN, NOON - s(HOUR)) is None
    assert join(replace(EVEN, ahead_s=-HOUR), NOON + s(HOUR + 2)) is not None


def test_after_nine_days_off_the_hub_takes_the_servers_clock_and_deletes_nothing_yet() -> None:
    judged = start(EVEN, NOON + s(9 * DAY))
    assert judged.mark.seen_at == NOON + s(9 * DAY)
    assert (judged.mark.ahead_s, judged.mark.lag_s) == (0, 9 * DAY)


def test_a_clock_that_was_set_back_while_the_hub_was_off_does_not_take_its_time_back() -> None:
    judged = start(replace(EVEN, ahead_s=-5.0), NOON - s(DAY))
    assert judged.mark.seen_at == NOON
    assert (judged.mark.ahead_s, judged.mark.lag_s) == (DAY, 0)


@dataclass
class Play:
    """A server whose clock people set, and processes that look at it; true time goes on second by second."""

    processes: int = 2
    true_s: float = 0.0
    set_by_s: float = 0.0
    mark: Mark = EVEN
    steps: int = 0
    times: list[HubTime] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.times = [HubTime(ticks=lambda: self.true_s) for _ in range(self.processes)]
        for time in self.times:
            time.follow(self.mark, NOON, 0.0, 0.0)

    @property
    def server(self) -> datetime:
        return NOON + s(self.true_s + self.set_by_s)

    @property
    def now(self) -> datetime:
        """What the view `hub.time` shows."""
        return min(max(self.mark.at(self.server), self.mark.seen_at), self.mark.seen_at + s(REACH_S))

    @property
    def long_past(self) -> datetime:
        return self.now - s(self.mark.lag_s)

    def step(self, by_s: float) -> None:
        self.set_by_s += by_s

    def look(self, process: int) -> None:
        time = self.times[process]
        own = time.reckoning(self.true_s, self.true_s)
        assert own is not None
        judged = judge(self.mark, self.server, own)
        self.steps += bool(judged.stepped_s)
        self.mark = judged.mark
        time.follow(judged.mark, judged.mark.seen_at, self.true_s, self.true_s)

    def run(self, for_s: float, each_s: float = 1.0) -> None:
        for _ in range(round(for_s / each_s)):
            self.true_s += each_s
            self.look(random.randrange(self.processes))

    def off_by_s(self) -> float:
        return abs((self.now - NOON).total_seconds() - self.true_s)


@settings(deadline=None)
@given(
    st.integers(1, 3),
    st.lists(st.tuples(st.floats(-9 * DAY, 9 * DAY), st.floats(0.1, CONFIRMED_S / 20)), max_size=10),
    st.randoms(),
)
@example(2, [(0, 1), (3, 1), (3, 1)], random.Random(0))
def test_however_it_is_stepped_for_minutes_the_hubs_time_stays_true(
    processes: int, steps: list[tuple[float, float]], chance: random.Random
) -> None:
    play, before, small = Play(processes), NOON, 0.0
    for by_s, for_s in steps:
        play.step(by_s)
        assert play.off_by_s() <= REACH_S + TOLERANCE_S + 1 + small, "nor before any process has noticed"
        small += min(abs(by_s), REACH_S + TOLERANCE_S)
        upto = play.true_s + for_s
        while play.true_s < upto:
            play.true_s += chance.uniform(0.2, 1.2)
            play.look(chance.randrange(processes))
            assert play.mark.seen_at >= before
            before = play.mark.seen_at
    assert play.off_by_s() <= TOLERANCE_S + small, "steps of a second or four are followed"
    assert (play.long_past - NOON).total_seconds() <= play.true_s + TOLERANCE_S + small
    for time in play.times:
        assert abs((time() - play.now).total_seconds()) <= REACH_S + small


@pytest.mark.parametrize("step_s", STEPS)
def test_each_process_has_the_same_time_throughout(step_s: float) -> None:
    play = Play(processes=3)
    play.run(10)
    play.step(step_s)
    play.run(8)
    assert max(abs((time() - NOON).total_seconds() - play.true_s) for time in play.times) < 0.1
    play.step(-step_s)
    play.run(10)
    assert max(abs((time() - NOON).total_seconds() - play.true_s) for time in play.times) < 0.1
    assert play.steps == 2
    assert abs(play.mark.ahead_s) < 0.1


def test_a_step_forward_that_lasts_is_followed_and_deletes_nothing_before_its_time() -> None:
    play = Play()
    play.step(HOUR)
    play.run(CONFIRMED_S - 5)
    assert play.off_by_s() < 1
    play.run(10)
    assert abs((play.now - play.server).total_seconds()) < 1
    assert play.long_past <= NOON + s(play.true_s + 1)


def test_a_step_back_that_lasts_is_followed_by_running_slower_and_never_back() -> None:
    play, before = Play(), NOON
    play.step(-HOUR)
    while play.mark.ahead_s != 0 or play.true_s < 10:
        play.run(5)
        assert play.now >= before
        before = play.now
    assert play.true_s < CONFIRMED_S + 5.2 * HOUR
    assert abs((play.now - play.server).total_seconds()) < 1


def test_deletion_catches_up_after_a_long_outage_a_day_in_an_hour() -> None:
    play = Play()
    play.step(9 * DAY)
    play.mark = start(play.mark, play.server).mark
    for time in play.times:
        time.follow(play.mark, play.mark.seen_at, play.true_s, play.true_s)
    play.run(CONFIRMED_S - 1)
    assert play.mark.lag_s == 9 * DAY
    play.run(9.1 * HOUR, each_s=2.0)
    assert play.mark.lag_s == 0


def test_a_wrong_clock_at_the_start_for_a_while_makes_nothing_old() -> None:
    play = Play()
    play.step(8 * DAY)
    play.mark = start(play.mark, play.server).mark
    for time in play.times:
        time.follow(play.mark, play.mark.seen_at, play.true_s, play.true_s)
    play.run(CONFIRMED_S / 2)
    play.step(-8 * DAY)
    play.run(2 * HOUR, each_s=2.0)
    assert play.long_past <= NOON + s(play.true_s + 5)
