"""Lists: bare arrays, `limit` (50, at most 200), the next cursor in a header."""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, TypeAlias, TypeVar
from uuid import UUID

from litestar import Response
from litestar.params import QueryParameter

from whatsapp_hub.domain.errors import Invalid

T = TypeVar("T")

NEXT_CURSOR = "X-Next-Cursor"
POSITION = "X-Position"
"""On reads of conversations and messages: a position of the log that the answer reflects at least. Events up to it may
be passed over."""

Limit: TypeAlias = Annotated[int, QueryParameter(ge=1, le=200, description="at most so many")]
Cursor: TypeAlias = Annotated[
    str | None, QueryParameter(max_length=512, description=f"{NEXT_CURSOR} of the page before")
]


def page(items: Sequence[T], next_cursor: str | None, position: int | None = None) -> Response[list[T]]:
    """Answer one page: the items as a bare array, cursor and position as headers."""
    headers = {NEXT_CURSOR: next_cursor} if next_cursor else {}
    return Response(list(items), headers=headers if position is None else {**headers, POSITION: str(position)})


def sliced(
    items: Iterable[T], id_of: Callable[[T], UUID], limit: int, cursor: str | None, *, newest_first: bool = False
) -> tuple[list[T], str | None]:
    """Cut a page out of a list that is short enough to be read whole, in order of ids, which is that of time; the
    cursor is the last id shown. Raises Invalid."""
    ordered = sorted(items, key=id_of, reverse=newest_first)
    if cursor is not None:
        after = _id(cursor)
        ordered = [item for item in ordered if (id_of(item) < after if newest_first else id_of(item) > after)]
    return ordered[:limit], str(id_of(ordered[limit - 1])) if len(ordered) > limit else None


def _id(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError:
        raise Invalid.field("cursor", "is not a cursor of this list") from None
