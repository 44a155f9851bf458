"""How long the content of a message may be that somebody else wrote: as long as WhatsApp's own.

What a webhook may carry is far longer, and a page of messages that are all that long would not fit into memory.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, replace
from typing import Any

from whatsapp_hub.domain.messaging.content import Content

LONGEST = 65_536
"""Characters of a text (WhatsApp's limit), and about as much of what a provider reported besides."""


def bounded(content: Content) -> Content:
    """Return the content with each text cut at LONGEST, and without what a provider reported beyond it."""
    changed: dict[str, Any] = {
        f.name: _within(f, value) for f in fields(content) if size_of(value := getattr(content, f.name)) > LONGEST
    }
    return replace(content, **changed) if changed else content


def _within(field: Field[Any], value: object) -> Any:
    if isinstance(value, str):
        return value[:LONGEST]
    return field.default_factory() if field.default_factory is not MISSING else field.default


def size_of(value: object) -> int:
    """Estimate how many characters a value is; counted no further than LONGEST."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, Mapping):
        parts: list[object] = [*value.keys(), *value.values()]
    elif isinstance(value, tuple | list):
        parts = list(value)
    elif hasattr(value, "__dataclass_fields__"):
        parts = [getattr(value, name) for name in value.__dataclass_fields__]
    else:
        return 1
    size = 0
    for part in parts:
        if size > LONGEST:
            break
        size += 1 + size_of(part)
    return size
