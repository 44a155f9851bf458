"""Codes as every authenticator makes them."""

import base64

import pytest

from whatsapp_hub.adapters.security.one_time_codes import PyotpCodes
from whatsapp_hub.domain.accounts.second_factor import STEP_S

RFC = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    """Appendix B, SHA-1, their last six digits."""
    assert PyotpCodes().code(RFC, seconds // STEP_S) == code


def test_a_secret_has_160_bits_and_is_never_the_same() -> None:
    made = {PyotpCodes().new_secret() for _ in range(50)}
    assert len(made) == 50
    assert all(len(base64.b32decode(secret)) == 20 for secret in made)


def test_the_address_says_whose_it_is() -> None:
    uri = PyotpCodes().uri(RFC, "ana@example.org", "whatsapp_hub")
    assert uri.startswith("otpauth://totp/whatsapp_hub:ana%40example.org?")
    assert f"secret={RFC}" in uri
    assert "issuer=whatsapp_hub" in uri


def test_recovery_codes_have_80_bits_and_differ() -> None:
    codes = PyotpCodes().new_recovery_codes(10)
    assert len(set(codes)) == 10
    assert all(len(base64.b32decode(code.replace("-", "").upper())) == 10 for code in codes)
