"""How many bytes of large bodies one process holds."""

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


def test_a_company_has_room_of_its_own_beside_strangers_and_others() -> None:
    large = LargeBodies(strangers=10, company=100, companies=250)
    assert large.grow("a stranger's", 10)
    assert large.grow("first", 60, "a")
    assert large.grow("second", 40, "a")
    assert not large.grow("third", 1, "a")
    assert large.grow("another's", 100, "b")
    assert not large.grow("of the last", 60, "c")  # all companies together
    large.forget("of the last")
    large.forget("first")
    assert large.grow("third", 60, "a")


def test_who_turns_out_to_be_somebody_leaves_the_strangers() -> None:
    large = LargeBodies(strangers=10, company=100)
    assert large.grow("unknown at first", 10)
    assert not large.grow("a stranger's", 1)
    assert large.grow("unknown at first", 20, "a")
    assert large.grow("a stranger's", 10)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1000), st.sampled_from([None, "a", "b"]))))
def test_who_has_forgotten_everything_holds_nothing(steps: list[tuple[int, int, str | None]]) -> None:
    """Whose a request is becomes known at most once."""
    large, owners = LargeBodies(1, 1, 10_000), dict[int, str]()
    for request, size, owner in steps:
        if owner:
            owners.setdefault(request, owner)
        large.grow(request, size, owners.get(request))
    for request, *_ in steps:
        large.forget(request)
    assert len(large) == 0
    for owner in (None, "a", "b"):
        assert large.grow(f"one of {owner}", 1, owner)
        assert not large.grow(f"another of {owner}", 1, owner)
