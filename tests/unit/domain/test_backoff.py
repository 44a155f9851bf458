"""The one rule of waiting after failures."""

from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.domain.backoff import Backoff, halved

CHANCES = st.floats(0, 1)


def test_it_doubles_up_to_its_cap() -> None:
    backoff = Backoff(0.5, 30)
    assert [backoff.after(n) for n in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_another_factor_grows_faster() -> None:
    assert [Backoff(5, 14_400, 3).after(n) for n in (1, 2, 3)] == [5, 15, 45]


def test_no_failure_counts_as_one() -> None:
    assert Backoff(2, 60).after(0) == Backoff(2, 60).after(1) == 2


def test_chance_takes_up_to_half_away_or_a_fifth_more_or_less() -> None:
    assert [halved(2, 60).after(1, chance) for chance in (0, 0.5, 1)] == [1, 1.5, 2]
    spread = Backoff(10, 60, least=0.8, most=1.2)
    assert [round(spread.after(1, chance), 6) for chance in (0, 0.5, 1)] == [8, 10, 12]


@given(st.integers(-5, 10**9), CHANCES, st.floats(0.001, 3600), st.floats(1, 86_400), st.floats(1, 10))
def test_it_is_never_longer_than_its_cap_and_never_overflows(
    failures: int, chance: float, first_s: float, longest_s: float, factor: float
) -> None:
    wait_s = Backoff(first_s, longest_s, factor, least=0.5).after(failures, chance)
    assert 0 < wait_s <= longest_s


@given(st.integers(1, 40), CHANCES)
def test_it_never_becomes_shorter_with_one_more_failure(failures: int, chance: float) -> None:
    backoff = halved(0.5, 300)
    assert backoff.after(failures, chance) <= backoff.after(failures + 1, chance)
