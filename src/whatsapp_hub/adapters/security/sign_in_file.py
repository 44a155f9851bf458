"""The link that the start prints: a file in the data folder, readable by its owner only, with the link's digest."""

import hmac
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from whatsapp_hub.domain.accounts.api_key import digest_of

LIFETIME_S = 15 * 60.0


class _Kept(msgspec.Struct, forbid_unknown_fields=True):
    digest: bytes
    email: str
    until_s: float


class SignInFile:
    """Implements `SignInLinks` for the processes of one machine, which share a clock that nobody sets; each start makes
    another link. Who removes the file has used it. `replace`
    writes a secret file as a whole."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock

    def offer(self, email: str, replace: Callable[[Path, bytes], None]) -> str:
        """Make a link's secret, in place of an earlier one. Raises OSError."""
        secret = secrets.token_urlsafe(32)
        kept = _Kept(digest_of(secret), email, self._clock() + LIFETIME_S)
        replace(self._path, msgspec.json.encode(kept))
        return secret

    def take(self, secret: str) -> str | None:
        """Compare the digest, remove the file, and return the e-mail. A wrong secret leaves the link as it is."""
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=_Kept)
        except (OSError, msgspec.MsgspecError):
            return None
        is_over = kept.until_s < self._clock()
        if not is_over and not hmac.compare_digest(kept.digest, digest_of(secret)):
            return None
        try:
            self._path.unlink()
        except OSError:
            return None
        return None if is_over else kept.email

    def withdraw(self) -> None:
        """Remove a link that nobody has used."""
        with suppress(OSError):
            self._path.unlink()
