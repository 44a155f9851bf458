"""When a lane's head may be sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.domain.messaging.capabilities import Rate
from whatsapp_hub.domain.messaging.pacing import HumanPace, LaneHead, Paces, Pacing, Turn, turn, typing_time

NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
FRESH = Paces(LONG_AGO, LONG_AGO, LONG_AGO)
OLD = timedelta(days=365)
TYPES = HumanPace(characters_per_s=10, longest_typing_s=5)


def head(characters: int = 20, *, stranger: bool = False, typed: bool = False, age: timedelta = OLD) -> LaneHead:
    return LaneHead(characters, stranger, typed, age)


def send_all(pacing: Pacing, count: int, one: LaneHead, start: datetime = NOW) -> list[datetime]:
    """When so many messages of as many chats are sent, each lane looked at when it is due."""
    lanes: list[tuple[datetime, int, datetime | None]] = [(start, n, None) for n in range(count)]
    paces, sent = FRESH, []
    while lanes:
        lanes.sort()
        now, n, slot_at = lanes.pop(0)
        its = turn(pacing, paces, LONG_AGO, slot_at, now, one)
        paces = its.paces or paces
        if its.at is None:
            sent.append(now)
        else:
            assert its.at > now, "a lane that is put off is put off into the future"
            lanes.append((its.at, n, its.slot_at))
    return sent


@given(st.integers(0, 10_000), st.floats(0, 1), st.floats(0.5, 50), st.floats(0, 30))
def test_typing_takes_its_length_with_jitter_and_an_end(
    characters: int, jitter: float, speed: float, longest: float
) -> None:
    seconds = min(characters / speed, longest)
    typing = typing_time(HumanPace(speed, longest), characters, jitter)
    assert typing is not None
    assert 0.69 * seconds <= typing.total_seconds() + 1e-6
    assert typing.total_seconds() <= 1.31 * seconds + 1e-6


def test_nobody_types_where_typing_is_off() -> None:
    assert typing_time(HumanPace(0), 100, 0.5) is None
    assert turn(Pacing(None, None, HumanPace(0)), FRESH, LONG_AGO, None, NOW, head()).at is None


def test_a_text_is_typed_once_then_sent() -> None:
    pacing = Pacing(Rate(3.0), None, TYPES)
    first = turn(pacing, FRESH, LONG_AGO, None, NOW, head())
    assert (first.types, first.at, first.slot_at) == (True, NOW + timedelta(seconds=2), NOW + timedelta(seconds=2))
    assert first.at
    then = turn(pacing, first.paces or FRESH, LONG_AGO, first.slot_at, first.at, head(typed=True))
    assert then == Turn(paces=first.paces), "it keeps the slot that it has"


@given(st.integers(1, 40), st.floats(0.1, 60), st.integers(1, 10))
def test_a_session_never_exceeds_its_rate(count: int, interval_s: float, burst: int) -> None:
    sent = send_all(Pacing(Rate(interval_s, burst), None, HumanPace()), count, head())
    assert len(sent) == count
    for n in range(burst, count):
        assert (sent[n] - sent[n - burst]).total_seconds() >= interval_s - 1e-3


@given(st.integers(0, 9), st.integers(1, 200))
def test_a_young_number_sends_twice_as_much_each_day(day: int, first_day: int) -> None:
    human = HumanPace(warm_days=7, warm_first_day=first_day)
    rate = human.warm_rate(timedelta(days=day, hours=5))
    if day >= 7:
        assert rate is None
    else:
        assert rate
        assert abs(86_400 / rate.interval_s - first_day * 2**day) < 1e-6
        assert rate.burst <= max(1, first_day * 2**day // 4)


def test_a_young_numbers_day_holds_no_more_than_its_limit() -> None:
    pacing = Pacing(None, None, HumanPace(warm_days=7, warm_first_day=20))
    sent = send_all(pacing, 60, head(age=timedelta(hours=1)))
    first_day = [at for at in sent if at - NOW < timedelta(days=1)]
    assert len(first_day) <= 20 + 5
    assert len([at for at in sent if at == NOW]) == 5, "a quarter at once"
    assert send_all(pacing, 60, head(age=OLD)) == [NOW] * 60


def test_first_contacts_wait_while_whatsapp_takes_none() -> None:
    pacing, held = Pacing(None, None, HumanPace()), Paces(NOW, strangers=NOW + timedelta(hours=1))
    assert turn(pacing, held, NOW, None, NOW, head(stranger=True)).at == NOW + timedelta(hours=1)
    assert turn(pacing, held, NOW, None, NOW, head()).at is None
    assert turn(pacing, held, NOW, None, NOW + timedelta(hours=1), head(stranger=True)).at is None


def test_first_contacts_have_a_limit_of_their_own() -> None:
    pacing = Pacing(None, None, HumanPace(strangers=Rate(60.0, 2)))
    assert send_all(pacing, 10, head()) == [NOW] * 10
    sent = send_all(pacing, 10, head(stranger=True))
    assert sent[:2] == [NOW, NOW]
    assert all((later - earlier).total_seconds() >= 60 for earlier, later in pairwise(sent[1:]))
