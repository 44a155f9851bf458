"""Pages of lists: one row more is read than is shown, and a page of very long rows ends early.

Two hundred of the longest rows that may be stored are tens of megabytes, which would hold up all other requests while
they are decoded and encoded."""

from collections.abc import Sequence
from typing import Any

PAGE_BYTES = 2 * 1024 * 1024
"""Of rows in a page: it ends with the one that fills it."""
_OWN, _TAKEN = "page_own", "page_taken"


def ending_early(select: str, order: str, size: str = "octet_length(read::text)") -> str:
    """Wrap a statement that reads one row more than a page shows, in an order of its own columns, so that it ends with
    the row that fills PAGE_BYTES. `size`: the bytes of a row of `read`, by default those of all its columns."""
    summed = f"""
      SELECT read.*, {size} AS {_OWN}, sum({size}) OVER (ORDER BY {order} ROWS UNBOUNDED PRECEDING) AS {_TAKEN}
      FROM ({select}) AS read"""
    return f"SELECT * FROM ({summed}) AS summed WHERE {_TAKEN} - {_OWN} < {PAGE_BYTES} ORDER BY {order}"


def is_cut(rows: Sequence[Any], limit: int) -> bool:
    """Tell whether a page of `limit + 1` rows at most ends before the list does (after the last one, perhaps)."""
    return len(rows) > limit or bool(rows and rows[-1][_TAKEN] >= PAGE_BYTES)


def cut(rows: Sequence[Any], limit: int) -> tuple[list[dict[str, Any]], bool]:
    """Return the rows that a page shows, by column, and whether the list goes on behind them."""
    shown = [dict(row) for row in rows[:limit]]
    for row in shown:
        del row[_OWN], row[_TAKEN]
    return shown, is_cut(rows, limit)
