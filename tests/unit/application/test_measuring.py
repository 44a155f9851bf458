"""What a process counts about itself."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.application.measuring import CALLS, MEASURES, SENDS, SUM, Tally


def test_what_is_taken_begins_again_at_zero() -> None:
    tally = Tally()
    tally.add(SENDS, "META", "sent", "")
    tally.add(SENDS, "META", "sent", "")
    assert tally.take() == {(SENDS.name, ("META", "sent", "")): 2}
    assert tally.take() == {}


def test_what_could_not_be_stored_counts_again_with_what_came_meanwhile() -> None:
    tally = Tally()
    tally.add(SENDS, "META", "sent", "")
    taken = tally.take()
    tally.add(SENDS, "META", "sent", "")
    tally.give_back(taken)
    assert tally.take() == {(SENDS.name, ("META", "sent", "")): 2}


@given(st.lists(st.floats(-1, 1e6), min_size=1, max_size=30))
def test_every_duration_is_in_exactly_one_bucket_and_in_the_sum(durations: list[float]) -> None:
    tally = Tally()
    for seconds in durations:
        tally.observe(CALLS, seconds, "WAHA")
    counts = tally.take()
    total = counts.get((CALLS.name, ("WAHA", SUM)), 0.0)
    assert math.isclose(total, sum(max(0.0, s) for s in durations))
    assert sum(n for (_, labels), n in counts.items() if labels[-1] != SUM) == len(durations)
    bounds = {f"{bound:g}" for bound in CALLS.buckets} | {"+Inf", SUM}
    assert {labels[-1] for _, labels in counts} <= bounds


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_names_are_prometheus_own(measure: object) -> None:
    """Base units, a prefix, and no suffix that the format adds by itself."""
    name, buckets = measure.name, measure.buckets  # type: ignore[attr-defined] # pytest types parameters as objects
    assert name.startswith("whatsapp_hub_")
    assert not name.endswith(("_total", "_sum", "_count", "_bucket"))
    assert name.endswith("_seconds") == bool(buckets)
