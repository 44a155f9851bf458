"""Customers in log lines: a number, a JID or a message's id with a number appears as a pseudonym.

A person has the same pseudonym in every line and process, so one customer can be followed; it cannot be reversed
without HUB_SECRET_KEY. Our own lines name ids in the first place: this is the safety net for the texts of libraries and
exceptions.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from structlog.typing import EventDict, WrappedLogger

from whatsapp_hub.domain.numbers.phones import canonical

_LABEL = b"whatsapp-hub pseudonyms in logs"
_LENGTH = 12
_OURS = frozenset({"timestamp", "level", "role", "logger", "request_id", "version"})
"""Fields that never hold a customer's data."""

# Ids (UUIDs, times) are matched first, so that no part of them counts as a number.
_FOUND = re.compile(
    r"""(?P<keep>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}
          | \b[0-9]{4}-[0-9]{2}-[0-9]{2}[T\ ][0-9:.]+ )
      | (?P<jid>\+?[0-9]{5,20})(?:[:_][0-9]{1,3})?@(?:s\.whatsapp\.net|c\.us|lid|g\.us|newsletter|broadcast)
      | (?P<wamid>wamid\.[0-9A-Za-z+/=_-]+)
      | (?P<written>\+[0-9][0-9 ().-]{6,20}[0-9])
      | (?<![0-9A-Za-z.])(?P<digits>[0-9]{8,15})(?![0-9A-Za-z])""",
    re.VERBOSE,
)
# Rows and parameters that PostgreSQL and its driver quote: they may hold any text or name.
_QUOTED = re.compile(
    r"(Failing row contains \(|invalid input for query argument \$\d+: |invalid input syntax for type \w+: ).*",
    re.DOTALL,
)


class Pseudonyms:
    """A structlog processor, the last before rendering."""

    def __init__(self, secret: str | None, redacted: Callable[[str], str] = str) -> None:
        """Make the processor. `secret` is HUB_SECRET_KEY; without one, pseudonyms are this process's own. `redacted`
        masks secrets first: one that contains digits would not be recognised afterwards."""
        self._redacted = redacted
        known = secret.encode("utf-8", "surrogateescape") if secret else os.urandom(32)
        self._key = hmac.digest(known, _LABEL, "sha256")
        self._of = lru_cache(4096)(self._make)

    def of(self, text: str) -> str:
        """Return the pseudonym of a number (in any format), or of another identity."""
        digits = re.sub(r"[^0-9]", "", text)
        return self._of(canonical(digits) if digits and not text.startswith("wamid.") else text)

    def _make(self, name: str) -> str:
        return "~" + hmac.new(self._key, name.encode(), hashlib.sha256).hexdigest()[:_LENGTH]

    def hidden(self, text: str) -> str:
        """Replace customers in the text."""
        return _FOUND.sub(self._replaced, _QUOTED.sub(r"\1…", self._redacted(text)))

    def _replaced(self, found: re.Match[str]) -> str:
        if found["keep"]:
            return found["keep"]
        return self.of(found["jid"] or found["wamid"] or found["written"] or found["digits"])

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        for name, value in event.items():
            if name not in _OURS:
                event[name] = self._seen(value)
        return event

    def _seen(self, value: object) -> object:
        """Replace customers in a value, at any depth."""
        if isinstance(value, str):
            return self.hidden(value)
        if isinstance(value, Mapping):
            return {self._seen(name): self._seen(one) for name, one in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._seen(one) for one in value]
        return value if value is None or isinstance(value, bool | int | float) else self.hidden(str(value))
