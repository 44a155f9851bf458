"""Conditional and partial requests for files that never change (RFC 9110, sections 13 and 14)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_ONE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*")


@dataclass(frozen=True, slots=True)
class Part:
    """What to answer: the status, and which bytes."""

    status: int
    start: int
    end: int

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self.end - self.start


def wanted(headers: Mapping[str, str], etag: str, size: int) -> Part:
    """Read what is asked for: nothing new (304), one part (206), a part that is not there (416), else everything.
    Several parts are answered by everything, which the standard allows. `headers`: with lower-case names."""
    if matches(headers.get("if-none-match", ""), etag):
        return Part(304, 0, 0)
    asked = _ONE.fullmatch(headers.get("range", ""))
    same = headers.get("if-range", etag)
    if asked is None or asked.groups() == ("", "") or same != etag:
        return Part(200, 0, size)
    first, last = asked.groups()
    if not first:
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
    if start >= size or end <= start:
        return Part(416, 0, 0)
    return Part(206, start, end)


def matches(known: str, etag: str) -> bool:
    """Whether a list of entity tags has this one."""
    return known.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in known.split(","))
