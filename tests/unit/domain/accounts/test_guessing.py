"""How guessing is slowed: free failures, waits that grow, nobody locked out."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.domain.accounts.guessing import FAMILIAR, STRANGERS, Guesses, ThrottlePolicy, network_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCES = st.sampled_from([STRANGERS, FAMILIAR])


@given(PATIENCES, st.integers(0, 10_000))
def test_waits_never_shrink_and_have_an_end(patience: ThrottlePolicy, failures: int) -> None:
    assert patience.wait_s(failures) <= patience.wait_s(failures + 1) <= patience.most_s
    assert (patience.wait_s(failures) == 0) == (failures < patience.free)


@given(PATIENCES, st.lists(st.floats(0, 7200), max_size=200))
def test_whoever_guesses_whenever_they_may_gets_few(patience: ThrottlePolicy, pauses: list[float]) -> None:
    """However the guesses are timed: between two that are tried lies the wait, and after it one is."""
    guesses, now, tried_at = Guesses(), NOW, list[datetime]()
    for pause_s in pauses:
        now += timedelta(seconds=pause_s)
        if guesses.retry_s(now, patience):
            continue
        guesses = guesses.counted(now, patience)
        tried_at.append(now)
    for failures, (before, after) in enumerate(pairwise(tried_at), start=1):
        assert (after - before).total_seconds() >= patience.wait_s(failures) - 1e-3


@given(PATIENCES, st.integers(1, 10_000), st.floats(-1e6, 1e6))
def test_nobody_waits_longer_than_the_most_whatever_the_clock_does(
    patience: ThrottlePolicy, failures: int, passed_s: float
) -> None:
    retry_s = Guesses(failures, NOW).retry_s(NOW + timedelta(seconds=passed_s), patience)
    assert 0 <= retry_s <= patience.most_s
    if passed_s >= patience.most_s:
        assert retry_s == 0


def test_a_day_at_full_speed_is_a_hundred_guesses() -> None:
    guesses, now, tried = Guesses(), NOW, 0
    while now < NOW + timedelta(days=1):
        guesses, tried = guesses.counted(now, STRANGERS), tried + 1
        now += timedelta(seconds=max(0.001, guesses.retry_s(now, STRANGERS)))
    assert tried < 120


def test_a_quiet_day_forgets() -> None:
    guesses = Guesses(50, NOW)
    later = NOW + timedelta(hours=24)
    assert guesses.retry_s(later - timedelta(hours=1), STRANGERS) == 0
    assert guesses.counted(later - timedelta(hours=1), STRANGERS).failures == 51
    assert guesses.counted(later, STRANGERS).failures == 1


@given(st.integers(0, 100))
def test_what_was_no_failure_is_taken_back(failures: int) -> None:
    assert Guesses(failures, NOW).counted(NOW, STRANGERS).taken_back() == Guesses(failures, NOW)
    assert Guesses(0, NOW).taken_back().failures == 0


def test_few_failures_get_a_line() -> None:
    assert [n for n in range(40) if Guesses(n, NOW).is_audited] == [1, 2, 4, 8, 16, 32]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_an_address_counts_as_its_network(address: str | None, network: str) -> None:
    assert network_of(address) == network
