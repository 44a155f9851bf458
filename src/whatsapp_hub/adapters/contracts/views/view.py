"""Base of all views: camelCase, ids as UUIDs, times RFC 3339 in UTC with Z.

A view is what the API, sockets, webhooks and the log show of an entity: a typed struct, encoded by msgspec in the order
of its fields. The OpenAPI document is generated from the same types.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar, cast, overload

import msgspec


class View(msgspec.Struct, rename="camel"):
    """A field that may be absent has UNSET as its default; all others are always shown, null without a value."""


V = TypeVar("V", bound=msgspec.Struct)


@overload
def time(at: datetime) -> datetime: ...
@overload
def time(at: datetime | None) -> datetime | None: ...
def time(at: datetime | None) -> datetime | None:
    """Convert to UTC, so that it is encoded with Z."""
    return at if at is None or at.tzinfo is UTC else at.astimezone(UTC)


def extended(kind: Callable[..., V], view: msgspec.Struct, **more: object) -> V:
    """Make a view that inherits from another: the fields of `view`, with `more` added or in their place."""
    return kind(**{**msgspec.structs.asdict(view), **more})


def plain(view: msgspec.Struct) -> dict[str, object]:
    """Convert to JSON values, for the acknowledgements of sockets, which another encoder writes."""
    return cast("dict[str, object]", msgspec.to_builtins(view))
