"""Read untrusted JSON: what providers send is converted, never trusted.

A value of an unexpected kind reads as empty; text is made storable (no NUL, no lone surrogate), since
PostgreSQL would refuse it.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from whatsapp_hub.application.ports.provider.events import Malformed
from whatsapp_hub.application.ports.provider.plugin import UNKNOWN_TIME
from whatsapp_hub.domain.text import storable

JsonObject = dict[str, object]

_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 10_000_000_000
_NANOSECONDS_TO = 1e19
_DEPTH = 64
_KEY_LENGTH = 300
_CHAT_LENGTH = 200

_SCANNED_KEYS = 256
_TEXT_VALUE = re.compile(rb'[ \t\r\n]{0,16}:[ \t\r\n]{0,16}"([!#-\[\]-~]{1,200})"')

_decode = msgspec.json.Decoder().decode


def decode_object(body: bytes) -> JsonObject:
    """Decode a JSON object, its broken text repaired. Raises Malformed."""
    try:
        value = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = _decode_broken(body)
    if not isinstance(value, dict):
        raise Malformed("not a JSON object")
    return value


def mend(body: bytes) -> bytes:
    """Return the same JSON with broken UTF-8, lone surrogates and impossible numbers replaced, for strict
    decoders. Raises Malformed."""
    return msgspec.json.encode(_decode_broken(body))


def _decode_broken(body: bytes) -> object:
    try:
        return clean(json.loads(body.decode("utf-8", "replace")))
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {type(error).__name__}") from None


def clean(value: object, depth: int = 0) -> object:
    """Return a copy that PostgreSQL's jsonb can hold; nesting beyond 64 levels is cut off."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if depth == _DEPTH and isinstance(value, dict | list):
        return "…"
    if isinstance(value, dict):
        return {storable(str(key)): clean(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item, depth + 1) for item in value]
    return value


def obj(value: object) -> JsonObject:
    """Return an object; empty for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """Return a list; empty for anything else."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """Return a string, or a number's digits; empty for anything else."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 256:
        return str(value)
    return ""


def flag(value: object) -> bool | None:
    """Return a boolean; None for anything else."""
    return value if isinstance(value, bool) else None


def whole(value: object) -> int | None:
    """Return an integer that a column holds; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if value.bit_length() < 64 else None


def number(value: object) -> float | None:
    """Return a finite number, also one that is written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        is_finite = math.isfinite(float(value))
    except (ValueError, OverflowError):
        return None
    return (float(value) if isinstance(value, str) else value) if is_finite else None


def instant(*candidates: object) -> datetime:
    """Return the first candidate that is a time from 2009 to 2099: seconds since 1970 (or thousandths, millionths …)
    as a number or in a string, or ISO 8601 (UTC where it names no zone). UNKNOWN_TIME if none is."""
    for candidate in candidates:
        seen = _instant(candidate)
        if seen is not None:
            return seen
    return UNKNOWN_TIME


def _instant(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        at = _since_1970(float(value))
    except OverflowError:
        return None
    except ValueError:
        at = _iso(value)
    return at if at and UNKNOWN_TIME <= at < _LATEST else None


def _since_1970(seconds: float) -> datetime | None:
    if not math.isfinite(seconds) or seconds > _NANOSECONDS_TO:
        return None
    while seconds > _MILLISECONDS_FROM:
        seconds /= 1000
    return datetime.fromtimestamp(max(seconds, 0), UTC)


def _iso(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(value).strip())
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def dedupe_key(*parts: str) -> str:
    """Join the parts, or hash them if that is too long or not printable ASCII."""
    return _bounded(":".join(parts), parts[0], _KEY_LENGTH)


def chat_key(address: str) -> str:
    """Bound an address to the length of `RawUpdate.chat`, the key that orders processing."""
    return _bounded(address, "hash", _CHAT_LENGTH)


def digest(*pieces: bytes) -> str:
    """Hash pieces of bytes, their lengths included, so that no two lists of pieces give the same."""
    sha = hashlib.sha256()
    for piece in pieces:
        sha.update(len(piece).to_bytes(8, "big"))
        sha.update(piece)
    return sha.hexdigest()


def routes(*keys: tuple[str, str]) -> tuple[str, ...]:
    """Return `kind:value` for each pair whose value could name a session."""
    return tuple(f"{kind}:{value}" for kind, value in keys if _is_printable(value) and len(value) <= 200)


def scan(body: bytes, key: str, *, most: int = 64) -> Iterator[str]:
    """Find the first text values of a key anywhere in JSON that is not parsed yet.

    Bounded in time (a few milliseconds for 4 MB) whatever the bytes are: nothing is built from them. Text inside a
    JSON string is not found, since its quotes are escaped.
    """
    quoted, at, found = f'"{key}"'.encode(), 0, 0
    for _ in range(_SCANNED_KEYS):
        at = body.find(quoted, at)
        if at < 0 or found == most:
            return
        at += len(quoted)
        if match := _TEXT_VALUE.match(body, at):
            found += 1
            yield match[1].decode("ascii")


def _bounded(key: str, prefix: str, length: int) -> str:
    if len(key) <= length and _is_printable(key):
        return key
    return f"{prefix}:{digest(key.encode('utf-8', 'surrogatepass'))}"


def _is_printable(value: str) -> bool:
    return bool(value) and value.isascii() and value.isprintable()
