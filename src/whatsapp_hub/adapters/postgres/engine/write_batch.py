"""The statements of one transaction, in order, with writes combined.

A write that needs no result may be deferred (`defer`): all deferred ones run as one statement, in one round trip,
before the next that must see them, at the latest at the commit. Callers cannot tell: writes of the same row are
never deferred together, and a read names its tables, or sees everything before it.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import asyncpg

NONE: Mapping[str, Exception] = MappingProxyType({})
_PARAMETER = re.compile(r"\$(\d+)")


@dataclass(frozen=True, slots=True)
class Write:
    """A command that may be deferred. `before` are the parts of its WITH, by name."""

    table: str
    command: str
    before: tuple[tuple[str, str], ...] = ()


class Statements:
    """An asyncpg connection in a transaction, as repositories use it. `of`: the only tables that a query reads."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._waiting: list[tuple[Write, tuple[object, ...]]] = []
        self._rows: set[Hashable] = set()
        self._refused: dict[str, Exception] = {}

    async def fetch(self, query: str, *arguments: object, of: Collection[str] | None = None) -> Any:
        """Read rows, after deferred writes. `of`: the tables that are read; writes to others may wait."""
        await self._flush_for(of)
        return await self._connection.fetch(query, *arguments)

    async def fetch_along(self, read: Write, *arguments: object) -> Any:
        """Run deferred writes as a part of this query, which need not see them."""
        return await self._run([*self._taken(), (read, arguments)], self._connection.fetch)

    async def fetchrow(self, query: str, *arguments: object, of: Collection[str] | None = None) -> Any:
        """Read one row or None, after deferred writes (`of` as in `fetch`)."""
        await self._flush_for(of)
        return await self._connection.fetchrow(query, *arguments)

    async def fetchval(self, query: str, *arguments: object) -> Any:
        """Read one value, after all deferred writes."""
        await self.flush()
        return await self._connection.fetchval(query, *arguments)

    async def execute(self, query: str, *arguments: object, of: Collection[str] | None = None) -> str:
        """Execute and return the command tag (`UPDATE 3`), after deferred writes (`of` as in `fetch`)."""
        await self._flush_for(of)
        tag: str = await self._connection.execute(query, *arguments)
        return tag

    async def executemany(self, query: str, rows: Iterable[Iterable[object]]) -> None:
        """Execute once a row, after all deferred writes."""
        await self.flush()
        await self._connection.executemany(query, rows)

    async def defer(
        self, write: Write, *arguments: object, rows: Iterable[Hashable], refused: Mapping[str, Exception] = NONE
    ) -> None:
        """Defer a write. `rows`: what it writes, so that another write of it comes after this one. `refused`: the error
        raised when a unique constraint of that name is violated, be it only at the commit."""
        written = {(write.table, row) for row in rows} | {name for name, _ in write.before}
        if self._rows & written:
            await self.flush()
        self._rows |= written
        self._waiting.append((write, arguments))
        self._refused |= refused

    async def flush(self) -> None:
        """Run deferred writes. Raises the errors of their constraints."""
        if self._waiting:
            await self._run(self._taken(), self._connection.execute)

    async def _flush_for(self, tables: Collection[str] | None) -> None:
        if tables is None or any(write.table in tables for write, _ in self._waiting):
            await self.flush()

    def _taken(self) -> list[tuple[Write, tuple[object, ...]]]:
        taken, self._waiting = self._waiting, []
        self._rows.clear()
        return taken

    async def _run(self, writes: list[tuple[Write, tuple[object, ...]]], how: Callable[..., Awaitable[Any]]) -> Any:
        refused, self._refused = self._refused, {}
        query = _as_one(*((write, len(arguments)) for write, arguments in writes))
        try:
            return await how(query, *(argument for _, arguments in writes for argument in arguments))
        except asyncpg.UniqueViolationError as error:
            raise refused.get(error.constraint_name or "", error) from error


@lru_cache(1024)
def _as_one(*writes: tuple[Write, int]) -> str:
    """Combine commands, each with its number of parameters, into one statement."""
    parts: list[tuple[str, str]] = []
    taken = 0
    for number, (write, parameters) in enumerate(writes):
        for name, query in (*write.before, (f"part_{number}", write.command)):
            parts.append((name, _moved(query, taken)))
        taken += parameters
    *others, (_, last) = parts
    with_ = ", ".join(f"{name} AS ({query})" for name, query in others)
    return f"WITH {with_} {last}" if with_ else last


def _moved(query: str, by: int) -> str:
    """Renumber the parameters of a query from $1 + `by`."""
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + by}", query)
