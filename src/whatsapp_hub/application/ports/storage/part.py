"""Some of a list, as repositories return it."""

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


class Part(list[T]):
    """At most as many as were asked for, fewer where they are long; `goes_on`: there may be more behind the last."""

    def __init__(self, items: Iterable[T] = (), *, goes_on: bool = False) -> None:
        super().__init__(items)
        self.goes_on = goes_on

    @classmethod
    def of(cls, found: Iterable[T], limit: int) -> "Part[T]":
        """Cut the first of them off."""
        items = list(found)
        return cls(items[:limit], goes_on=len(items) > limit)
