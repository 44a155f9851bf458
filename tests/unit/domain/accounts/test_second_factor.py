"""Second factors: time steps, their window, each used once; recovery codes."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from whatsapp_hub.domain.accounts.second_factor import STEP_S, Proof, SecondFactor
from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.ids import TenantId, UserId

NOW = datetime(2026, 1, 1, 12, 0, 7, tzinfo=UTC)
STEP = timedelta(seconds=STEP_S)
RECOVERY = ("abcd-efgh-ijkl-mnop", "qrst-uvwx-yz23-4567")


def code_of(secret: str, step: int) -> str:
    """An authenticator whose codes are those of `secret` only, and different for each step."""
    return f"{(step * 7919 + sum(secret.encode())) % 1_000_000:06}"


def code(at: datetime, secret: str = "A") -> str:
    return code_of(secret, int(at.timestamp()) // STEP_S)


def begun() -> SecondFactor:
    return SecondFactor(UserId(UUID(int=1)), TenantId(UUID(int=2)), "A")


def confirmed() -> SecondFactor:
    """Confirmed ten minutes ago."""
    factor = begun()
    before = NOW - 20 * STEP
    factor.confirm(code(before), before, code_of, RECOVERY)
    return factor


def test_what_was_only_begun_accepts_nothing() -> None:
    factor = begun()
    assert not factor.is_on
    assert factor.accept(code(NOW), NOW, code_of) is None


def test_it_is_turned_on_by_a_code_of_the_same_secret_once() -> None:
    factor = begun()
    with pytest.raises(Invalid, match="code"):
        factor.confirm(code(NOW, "B"), NOW, code_of, RECOVERY)
    assert not factor.is_on
    factor.confirm(code(NOW), NOW, code_of, RECOVERY)
    assert factor.is_on
    with pytest.raises(Conflict):
        factor.confirm(code(NOW + STEP), NOW + STEP, code_of, RECOVERY)


def test_the_code_that_turned_it_on_signs_nobody_in() -> None:
    factor = begun()
    factor.confirm(code(NOW), NOW, code_of, RECOVERY)
    assert factor.accept(code(NOW), NOW, code_of) is None


@pytest.mark.parametrize(("steps", "is_good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_clocks_may_differ_by_one_step(steps: int, is_good: bool) -> None:
    assert (confirmed().accept(code(NOW + steps * STEP), NOW, code_of) is Proof.TOTP) is is_good


def test_a_step_is_accepted_once_and_none_before_it_afterwards() -> None:
    factor = confirmed()
    assert factor.accept(code(NOW), NOW, code_of) is Proof.TOTP
    assert factor.accept(code(NOW), NOW, code_of) is None
    assert factor.accept(code(NOW - STEP), NOW, code_of) is None
    assert factor.accept(code(NOW + STEP), NOW + STEP, code_of) is Proof.TOTP


def test_a_clock_that_was_set_back_lets_no_used_code_in() -> None:
    factor = confirmed()
    assert factor.accept(code(NOW), NOW, code_of) is Proof.TOTP
    assert factor.accept(code(NOW - 10 * STEP), NOW - 10 * STEP, code_of) is None


@pytest.mark.parametrize(
    "nonsense", ["", " ", "12345", "1234567", "abcdef", "१२३४५६", "-", "\ud800", "\x00" * 6, "9" * 9999]
)
def test_nonsense_is_no_code(nonsense: str) -> None:
    assert confirmed().accept(nonsense, NOW, code_of) is None


def test_a_code_is_read_as_people_write_it() -> None:
    digits = code(NOW)
    assert confirmed().accept(f" {digits[:3]} {digits[3:]} ", NOW, code_of) is Proof.TOTP
    assert confirmed().accept("ABCD EFGH ijklmnop", NOW, code_of) is Proof.RECOVERY


def test_a_recovery_code_is_good_once() -> None:
    factor = confirmed()
    assert factor.accept(RECOVERY[0], NOW, code_of) is Proof.RECOVERY
    assert factor.accept(RECOVERY[0], NOW, code_of) is None
    assert factor.accept(RECOVERY[1], NOW, code_of) is Proof.RECOVERY
    assert factor.recovery_digests == ()


def test_new_recovery_codes_void_the_earlier_ones() -> None:
    factor = confirmed()
    factor.replace_recovery_codes(["2222-3333-4444-5555"])
    assert factor.accept(RECOVERY[0], NOW, code_of) is None
    assert factor.accept("2222-3333-4444-5555", NOW, code_of) is Proof.RECOVERY


def test_nothing_of_a_recovery_code_or_the_secret_is_shown() -> None:
    shown = repr(confirmed())
    assert not any(word in shown for word in ("secret=", "digest", *RECOVERY))
