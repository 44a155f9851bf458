"""One-time codes of authenticators, and recovery codes for their loss."""

from collections.abc import Sequence
from typing import Protocol


class OneTimeCodes(Protocol):
    """Pure but for randomness."""

    def new_secret(self) -> str:
        """Return 160 random bits in base32."""
        ...

    def code(self, secret: str, step: int) -> str:
        """Return the six digits of a time step (RFC 6238, SHA-1, 30 s)."""
        ...

    def uri(self, secret: str, account: str, issuer: str) -> str:
        """Return the `otpauth://` address that authenticators scan."""
        ...

    def new_recovery_codes(self, number: int) -> Sequence[str]:
        """Make that many random codes, to be shown once."""
        ...
