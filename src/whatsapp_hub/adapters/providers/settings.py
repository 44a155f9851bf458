"""Decode a session's settings, with a pointer for each flaw."""

import re
from collections.abc import Mapping

from whatsapp_hub.domain.errors import Flaw, Invalid

_URL = re.compile(r"https?://[A-Za-z0-9.\-\[\]:_]+(/[!-~]*)?")
_QUERY = re.compile(r"[?#]")
"""What is appended to an address with one of these would not be part of its path."""
_TOKEN = re.compile(r"[!-~]{1,4096}")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_DIGITS = re.compile(r"[0-9]{1,32}")


class Fields:
    """Reads named fields and collects the flaws; `done` raises them all at once."""

    def __init__(self, settings: Mapping[str, object], known: frozenset[str] | set[str]) -> None:
        self._settings = settings
        self._flaws = [Flaw(f"/settings/{name}", "is not known") for name in settings if name not in known]

    def token(self, name: str, *, required: bool = True) -> str:
        """Read a secret or key: printable ASCII without spaces."""
        return self._read(name, _TOKEN, "must be printable ASCII without spaces", required)

    def digits(self, name: str, *, required: bool = True) -> str:
        """Read a text of digits; a flaw is kept for `done`."""
        return self._read(name, _DIGITS, "must be digits", required)

    def name(self, name: str, *, required: bool = True) -> str:
        """Read a name; a flaw is kept for `done`."""
        return self._read(name, _NAME, "must match [A-Za-z0-9_.-]{1,128}", required)

    def url(self, name: str) -> str:
        """Read an http or https address without a trailing slash, query or fragment."""
        url = self._read(name, _URL, "must be an http or https URL", True).rstrip("/")
        if _QUERY.search(url):
            self.refuse(name, "must have no query and no fragment")
        return url

    def flag(self, name: str) -> bool:
        """Read a setting that is off unless it is true."""
        value = self._settings.get(name)
        if not isinstance(value, bool | None):
            self.refuse(name, "must be true or false")
        return value is True

    def refuse(self, name: str, reason: str) -> None:
        """Add a flaw of our own."""
        self._flaws.append(Flaw(f"/settings/{name}", reason))

    def done(self) -> None:
        """Raise Invalid with all flaws found, if there are any."""
        if self._flaws:
            raise Invalid(*self._flaws)

    def _read(self, name: str, pattern: re.Pattern[str], reason: str, required: bool) -> str:
        value = self._settings.get(name)
        if value is None or value == "":
            if required:
                self._flaws.append(Flaw(f"/settings/{name}", "is required"))
            return ""
        if not isinstance(value, str) or not pattern.fullmatch(value):
            self._flaws.append(Flaw(f"/settings/{name}", reason))
            return ""
        return value
