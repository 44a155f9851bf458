"""URLs that carry tokens: mask them for display, and restore a masked one that comes back.

    https://hook.example/in?token=abc&room=7   is shown as   https://hook.example/in?token=•••&room=•••

No list of names can tell which values of a query are secrets, so all are hidden. A token in the path is shown: it
cannot be distinguished from a name.
"""

from collections import Counter, defaultdict
from urllib.parse import SplitResult, unquote, urlsplit

from whatsapp_hub.domain.errors import Invalid

HIDDEN = "•••"
_PORTS = {"http": 80, "https": 443}


def shown(url: str) -> str:
    """Mask the address: without `user:password@` and without the values of its query."""
    parts = _split(url)
    if parts is None:
        return HIDDEN
    query = "&".join(_hidden(pair) for pair in parts.query.split("&"))
    if query == parts.query and "@" not in parts.netloc:
        return url
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query).geturl()


def is_shown(url: str) -> bool:
    """Check for masked values, with which it cannot be used."""
    return HIDDEN in unquote(url)


def completed(url: str, kept: str | None, field_name: str = "url") -> str:
    """Restore the kept values where the given address has `•••`: by name, and for the same host only, or a user who may
    change the address could read them at another. Raises Invalid."""
    parts, known = _split(url), _split(kept or "")
    if parts is None or not is_shown(url):
        return url
    if known is None or _origin(parts) != _origin(known) or is_shown(parts._replace(query="").geturl()):
        raise Invalid.field(field_name, f"has {HIDDEN} for values that are not known there: give them anew")
    values, met = _by_name(known.query), Counter[str]()
    try:
        query = "&".join(_filled(pair, values, met) for pair in parts.query.split("&"))
    except LookupError as error:
        raise Invalid.field(field_name, f"has {HIDDEN} for {error.args[0] or 'a value'}: give it anew") from None
    return parts._replace(query=query).geturl()


def _by_name(query: str) -> dict[str, list[str]]:
    """Group the values by name, in order; those without a name under an empty one."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, sign, value in map(_cut, query.split("&")):
        found[name if sign else ""].append(value if sign else name)
    return found


def _filled(pair: str, values: dict[str, list[str]], met: Counter[str]) -> str:
    """Restore one pair: the second of a name with the second value of that name. Raises LookupError with the name."""
    name, sign, value = _cut(pair)
    key, text = (name, value) if sign else ("", name)
    place, kept = met[key], values.get(key, [])
    met[key] += 1
    if not is_shown(text):
        return pair
    if place >= len(kept):
        raise LookupError(key)
    return f"{name}={kept[place]}" if sign else kept[place]


def _hidden(pair: str) -> str:
    name, sign, value = _cut(pair)
    if sign:
        return f"{name}={HIDDEN}" if value else pair
    return HIDDEN if name else ""


def _cut(pair: str) -> tuple[str, str, str]:
    return pair.partition("=")


def _origin(parts: SplitResult) -> tuple[object, ...]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _split(url: str) -> SplitResult | None:
    """Split an address; None if it is none, or its port is out of range."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts
