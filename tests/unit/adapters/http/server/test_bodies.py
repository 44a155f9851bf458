"""How many bytes of strangers' large bodies one process holds."""

from hypothesis import given
from hypothesis import strategies as st

from whatsapp_hub.adapters.http.server.bodies import LargeBodies


def test_what_has_no_room_is_refused_until_another_is_answered() -> None:
    large = LargeBodies(100)
    assert large.grow("first", 60)
    assert large.grow("second", 40)
    assert not large.grow("second", 41)
    large.forget("first")
    assert large.grow("second", 90)


def test_the_oldest_goes_on_whatever_it_holds() -> None:
    large = LargeBodies(100)
    assert large.grow("first", 99)
    assert large.grow("first", 5000)
    assert not large.grow("second", 1)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1000))))
def test_who_has_forgotten_everything_holds_nothing(steps: list[tuple[int, int]]) -> None:
    large = LargeBodies(1)
    for request, size in steps:
        large.grow(request, size)
    for request, _ in steps:
        large.forget(request)
    assert len(large) == 0
    assert large.grow("one", 1)
    assert not large.grow("another", 1)
