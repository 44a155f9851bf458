"""Keep secrets out of what is written for people: log lines, errors, tracebacks.

This is no licence to log secrets: it catches what a library's error or a mistake of ours would carry out.
"""

import re
from collections.abc import Iterable

MASK = "***"
_SHORTEST = 8
"""A shorter value would be found in ordinary words."""

_NAMES = (
    r"authorization|cookie|x-api-key|api_?key|hmac_?key|(?:access_?|verify_?|refresh_?|reset_?)?token|app_?secret|"
    r"(?:client_?)?secrets?|passw(?:or)?d|password_hash|proxy|ticket|hub_secret_key\w*|jwt_secret\w*|private_?key"
)
_QUOTED = rf"(\\?[\"'])((?:{_NAMES}))\1(\s*[:=]\s*)\\?([\"'])(?:(?!\4|\\).)+"
"""`"token": "abc"`, `'token': 'abc'`, and the same inside a JSON string."""
_RULES = (
    (re.compile(r"(\b[a-z][a-z0-9+.-]{0,20}://)[^\s/?#\"'<>]*@", re.IGNORECASE), rf"\1{MASK}@"),
    (re.compile(r"([?&][\w.%\[\]-]+=)[^&\s\"'<>#\\]+"), rf"\1{MASK}"),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"\bwhsec_[A-Za-z0-9+/=]+|\bhub_[A-Za-z0-9_-]{20,}|\bEAA[A-Za-z0-9]{20,}"), MASK),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+"), MASK),
    (re.compile(_QUOTED, re.IGNORECASE), rf"\1\2\1\3\4{MASK}"),
    (re.compile(rf"\b((?:{_NAMES})=)[^\s,;&\"')]+", re.IGNORECASE), rf"\1{MASK}"),
)


class Redactor:
    """Masks what looks like a secret, and every value that is known to be one."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        words = sorted({re.escape(word) for word in known if len(word) >= _SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(words)) if words else None

    def __call__(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(MASK, text)
        for pattern, instead in _RULES:
            text = pattern.sub(instead, text)
        return text
