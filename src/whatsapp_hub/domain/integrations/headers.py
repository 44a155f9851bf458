"""Static request headers of a webhook subscription: which are allowed, and credentials taken from a URL."""

import base64
import re
from collections.abc import Iterable, Mapping
from urllib.parse import SplitResult, unquote_to_bytes

from whatsapp_hub.domain.errors import Flaw, Invalid

Headers = tuple[tuple[str, str], ...]
"""Names in lower case, sorted."""

AUTHORIZATION = "authorization"
MOST_HEADERS = 20
_LONGEST_NAME = 100
_LONGEST_VALUE = 4096
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # a token of RFC 9110
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")

HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer")
) | {"transfer-encoding", "upgrade"}
_SET_BY_HUB = frozenset(("host", "content-length", "content-type", "expect"))
_SIGNATURES = ("webhook-", "x-webhook-")


def check_headers(given: Mapping[str, str]) -> Headers:
    """Normalise headers. Raises Invalid, naming each header that cannot be sent, and why."""
    if len(given) > MOST_HEADERS:
        raise Invalid.field("headers", f"must have at most {MOST_HEADERS} entries")
    flaws = [Flaw(_pointer(name), why) for name, value in given.items() if (why := _why_not(name, value))]
    names = [name.lower() for name in given]
    flaws += [Flaw(_pointer(name), "is given twice") for name in given if names.count(name.lower()) > 1]
    if flaws:
        raise Invalid(*flaws)
    return tuple(sorted((name.lower(), value) for name, value in given.items()))


def merged(kept: Headers, new: Headers) -> Headers:
    """Merge both; a new header replaces the kept one of its name."""
    return tuple(sorted((dict(kept) | dict(new)).items()))


def basic(parts: SplitResult) -> Headers:
    """Return the credentials of a URL as the header that carries them (RFC 7617); empty without any."""
    if parts.username is None and parts.password is None:
        return ()
    pair = unquote_to_bytes(parts.username or "") + b":" + unquote_to_bytes(parts.password or "")
    return ((AUTHORIZATION, f"Basic {base64.b64encode(pair).decode('ascii')}"),)


def names(headers: Iterable[tuple[str, str]]) -> list[str]:
    """List the headers' names, which may be shown; values are secrets."""
    return [name for name, _ in headers]


def _why_not(name: str, value: str) -> str | None:
    lower = name.lower()
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        return f"is no name of a header (letters, digits and signs, at most {_LONGEST_NAME})"
    if lower in HOP_BY_HOP:
        return f"{lower} belongs to the connection, not to the request, and cannot be set"
    if lower in _SET_BY_HUB or lower.startswith(_SIGNATURES):
        return f"{lower} is set by the hub itself"
    if not _VALUE.fullmatch(value) or len(value) > _LONGEST_VALUE:
        return f"must be 1 to {_LONGEST_VALUE} printable ASCII characters, without spaces at its ends"
    return None


def _pointer(name: str) -> str:
    return "/headers/" + name[:_LONGEST_NAME].replace("~", "~0").replace("/", "~1")
