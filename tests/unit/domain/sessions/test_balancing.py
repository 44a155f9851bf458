"""How sessions are spread over connectors."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.domain.sessions.balancing import fair_share

ROOMS = st.lists(st.integers(1, 200), min_size=1, max_size=12)


@given(ROOMS, st.integers(0, 2000))
def test_everything_that_can_have_a_place_has_one(rooms: list[int], sessions: int) -> None:
    places = sum(min(room, fair_share(rooms, sessions)) for room in rooms)
    assert places >= min(sessions, sum(rooms))


@given(ROOMS, st.integers(1, 2000))
def test_no_connector_holds_more_than_it_must(rooms: list[int], sessions: int) -> None:
    share = fair_share(rooms, sessions)
    assert sum(min(room, share - 1) for room in rooms) < sessions
    assert share <= max(max(rooms), -(-sessions // len(rooms)))


def test_examples() -> None:
    assert fair_share([120, 120], 100) == 50
    assert fair_share([10, 200], 100) == 90
    assert fair_share([80], 100) == 80
    assert fair_share([80, 80, 80], 1) == 1
    assert fair_share([80], 0) == 0
