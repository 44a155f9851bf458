"""How long a code is shown, and an unscanned session waits, where no connector holds it."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.build import NOW
from whatsapp_hub.domain.sessions.connection import ReconnectPolicy
from whatsapp_hub.domain.sessions.pairing import Pairing, PairingStep

RULES = ReconnectPolicy(pairing=timedelta(seconds=300), code=timedelta(seconds=60))


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def begun(*, can_ask: bool = True) -> Pairing:
    return Pairing.begun(NOW, RULES, can_ask=can_ask)


def test_a_code_is_shown_for_as_long_as_it_can_be_scanned() -> None:
    pairing = begun().showed("2@a", NOW, RULES)
    assert pairing.shows(NOW + s(59)) == "2@a"
    assert pairing.shows(NOW + s(60)) is None
    assert pairing.expired(NOW + s(60)).shows(NOW) is None


def test_the_same_code_again_lives_no_longer_the_next_one_does() -> None:
    pairing = begun().showed("2@a", NOW, RULES).showed("2@a", NOW + s(50), RULES)
    assert pairing.shows(NOW + s(61)) is None
    expired = pairing.expired(NOW + s(61)).showed("2@a", NOW + s(62), RULES)
    assert expired.shows(NOW + s(62)) is None, "it cannot be scanned any more, whatever the provider says"
    assert expired.showed("2@b", NOW + s(63), RULES).shows(NOW + s(64)) == "2@b"


def test_no_code_is_shown_longer_than_the_session_waits() -> None:
    pairing = begun().showed("2@a", NOW + s(290), RULES)
    assert pairing.code_until == pairing.until == NOW + RULES.pairing
    assert pairing.due(NOW + s(300)) is PairingStep.CLOSE


def test_a_provider_that_waits_to_be_scanned_is_asked_at_once_and_renewals_within_ten_seconds() -> None:
    shown = begun().showed("2@a", NOW, RULES)
    assert NOW < (shown.fetch_at or NOW) < NOW + s(5)
    assert shown.awaits_code(NOW + s(1)).due(NOW + s(1)) is PairingStep.LOOK


def test_who_cannot_be_asked_is_not_asked_but_closed_all_the_same() -> None:
    pairing = begun(can_ask=False).awaits_code(NOW).looked(NOW).showed("2@a", NOW, RULES)
    assert pairing.due(NOW + s(200)) is PairingStep.NOTHING
    assert pairing.due(NOW + s(300)) is PairingStep.CLOSE


def test_used_up_codes_start_it_again_once() -> None:
    used_up = begun().showed("2@a", NOW, RULES).used_up(NOW + s(160))
    assert used_up.due(NOW + s(160)) is PairingStep.START_AGAIN
    assert used_up.looked(NOW + s(161)).due(NOW + s(170)) is PairingStep.LOOK


@given(
    st.lists(st.sampled_from(["showed", "showed b", "awaits", "looked", "asked", "used up", "expired"]), max_size=20)
)
def test_something_is_due_in_time_whatever_happens(moves: list[str]) -> None:
    pairing, now = begun(), NOW
    for move in moves:
        now += s(7)
        pairing = {
            "showed": pairing.showed("2@a", now, RULES),
            "showed b": pairing.showed(f"2@{now}", now, RULES),
            "awaits": pairing.awaits_code(now),
            "looked": pairing.looked(now),
            "asked": pairing.being_asked(now),
            "used up": pairing.used_up(now),
            "expired": pairing.expired(now),
        }[move]
        assert pairing.look_at <= pairing.until == NOW + RULES.pairing
        assert pairing.code_until is None or pairing.code_until <= pairing.until
        assert pairing.fetch_at is not None
        assert pairing.fetch_at <= now + s(30)
