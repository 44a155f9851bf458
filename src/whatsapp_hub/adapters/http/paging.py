"""Lists: bare arrays, `limit` (50, at most 200), the next cursor in a header."""

from collections.abc import Sequence
from typing import Annotated, TypeAlias

from litestar import Response
from litestar.params import QueryParameter

NEXT_CURSOR = "X-Next-Cursor"

Limit: TypeAlias = Annotated[int, QueryParameter(ge=1, le=200, description="at most so many")]
Cursor: TypeAlias = Annotated[
    str | None, QueryParameter(max_length=512, description=f"{NEXT_CURSOR} of the page before")
]


def page(items: Sequence[dict[str, object]], next_cursor: str | None) -> Response[list[dict[str, object]]]:
    return Response(list(items), headers={NEXT_CURSOR: next_cursor} if next_cursor else {})
