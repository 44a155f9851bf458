"""Codes of authenticators by pyotp, and recovery codes of 80 random bits."""

import base64
import secrets
from collections.abc import Sequence

import pyotp

from whatsapp_hub.domain.accounts.second_factor import STEP_S

_RECOVERY_BYTES = 10


class PyotpCodes:
    """Implements `OneTimeCodes`."""

    def new_secret(self) -> str:
        """Make a random secret, base32."""
        return pyotp.random_base32()

    def code(self, secret: str, step: int) -> str:
        """Compute the six digits of a time step."""
        return pyotp.TOTP(secret, interval=STEP_S).generate_otp(step)

    def uri(self, secret: str, account: str, issuer: str) -> str:
        """Build the `otpauth://` address that apps read from a QR code."""
        return pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=account, issuer_name=issuer)

    def new_recovery_codes(self, number: int) -> Sequence[str]:
        """Make codes of 80 random bits each."""
        return [_recovery_code() for _ in range(number)]


def _recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(text[n : n + 4] for n in range(0, len(text), 4))
