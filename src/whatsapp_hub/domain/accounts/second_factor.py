"""A second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for its loss."""

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.ids import TenantId, UserId

STEP_S = 30
WINDOW = 1
"""Codes of so many steps before and after the current one are accepted: clocks differ, and people type slowly."""
RECOVERY_CODES = 10

CodeOf: TypeAlias = Callable[[str, int], str]
"""Computes the six digits of a secret at a time step."""
_DIGITS = re.compile(r"[0-9]{6}")


class Proof(StrEnum):
    """The kind of an accepted code."""

    TOTP = "totp"
    RECOVERY = "recovery"


@dataclass(slots=True)
class SecondFactor:
    """One user's second factor, in force from `confirmed_at` on, when a first code proved that the authenticator has
    the secret. `secret` is empty where the key that sealed it is lost: only recovery codes count then. `used_step`: the
    newest time step whose code was accepted; it and older ones never are again."""

    user_id: UserId
    tenant_id: TenantId
    secret: str = field(repr=False)
    confirmed_at: datetime | None = None
    used_step: int = -1
    recovery_digests: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def is_on(self) -> bool:
        """Whether a sign-in needs it: a factor counts from the first code that proves the app works."""
        return self.confirmed_at is not None

    def confirm(self, code: str, at: datetime, code_of: CodeOf, recovery_codes: Sequence[str]) -> None:
        """Turn it on. Raises Conflict (it is on), Invalid."""
        if self.is_on:
            raise Conflict("second_factor_on", "the second factor is on already")
        if not self._accept_totp(_plain(code), at, code_of):
            raise Invalid.field("code", "is wrong, or too old")
        self.confirmed_at = at
        self.replace_recovery_codes(recovery_codes)

    def accept(self, code: str, at: datetime, code_of: CodeOf) -> Proof | None:
        """Consume a code; None: it is wrong, too old or was used."""
        if not self.is_on:
            return None
        plain = _plain(code)
        if self._accept_totp(plain, at, code_of):
            return Proof.TOTP
        digest = self._digest(plain)
        left = tuple(known for known in self.recovery_digests if not hmac.compare_digest(known, digest))
        if len(left) == len(self.recovery_digests):
            return None
        self.recovery_digests = left
        return Proof.RECOVERY

    def replace_recovery_codes(self, codes: Sequence[str]) -> None:
        """Store new recovery codes; the earlier ones are void."""
        self.recovery_digests = tuple(self._digest(_plain(code)) for code in codes)

    def _accept_totp(self, plain: str, at: datetime, code_of: CodeOf) -> bool:
        if not self.secret or not _DIGITS.fullmatch(plain):
            return False
        now = int(at.timestamp()) // STEP_S
        for step in range(max(now - WINDOW, self.used_step + 1), now + WINDOW + 1):
            if hmac.compare_digest(code_of(self.secret, step), plain):
                self.used_step = step
                return True
        return False

    def _digest(self, plain: str) -> bytes:
        """Hash a recovery code. It carries 80 random bits, so no slow hash is needed."""
        return hashlib.sha256(b"recovery code\n" + self.user_id.bytes + plain.encode("utf-8", "surrogatepass")).digest()


def _plain(code: str) -> str:
    return "".join(sign for sign in code.casefold() if sign not in " -\t")
