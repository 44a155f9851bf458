"""Readers of values in a message's stored `data`: None for a value of another kind, so that it is kept as it is."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from whatsapp_hub.domain.messaging.content import Button, CallState, OrderLine


def text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(value: object) -> float | None:
    """Read a number; some engines of WAHA write a place's as text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        found = float(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and abs(found) <= 180 else None


def flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def true(value: object) -> bool | None:
    return True if value is True else None


def mapping(value: object) -> Mapping[str, object] | None:
    return value if isinstance(value, dict) and value else None


def anything(value: object) -> object:
    return value


def sequence(value: object) -> tuple[object, ...] | None:
    return tuple(value) if isinstance(value, list) and value else None


def texts(value: object) -> tuple[str, ...] | None:
    found = sequence(value) or ()
    return tuple(map(str, found)) if found and all(isinstance(one, str) for one in found) else None


def language(value: object) -> str | None:
    """Read a template's language: its code, which older rows have in an object."""
    return text(value.get("code")) if isinstance(value, dict) and value.keys() == {"code"} else text(value)


def buttons(value: object) -> tuple[Button, ...] | None:
    try:
        return msgspec.convert(value, tuple[Button, ...]) or None
    except msgspec.ValidationError:
        return None


def time(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def lines(value: object) -> tuple[OrderLine, ...] | None:
    try:
        return msgspec.convert(value, tuple[OrderLine, ...]) or None
    except msgspec.ValidationError:
        return None


def call_state(value: object) -> CallState | None:
    try:
        return CallState(value) if isinstance(value, str) else None
    except ValueError:
        return None
