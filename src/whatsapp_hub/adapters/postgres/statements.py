"""The statements of one transaction, in the order in which they were given.

What writes and needs no answer may wait (`later`): all that waits runs as one statement, in one round trip, before the
next that cannot wait, at the latest at the commit. Nobody could tell: statements which write the same row never wait
together, and everything else sees what was given before it.
"""

import re
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import asyncpg

NONE: Mapping[str, Exception] = MappingProxyType({})
_PARAMETER = re.compile(r"\$(\d+)")


class Statements:
    """An asyncpg connection in a transaction, as repositories use it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._waiting: list[tuple[str, tuple[object, ...]]] = []
        self._rows: set[Hashable] = set()
        self._refused: dict[str, Exception] = {}

    async def fetch(self, query: str, *arguments: object) -> Any:
        await self.flush()
        return await self._connection.fetch(query, *arguments)

    async def fetch_along(self, query: str, *arguments: object) -> Any:
        """The same for a query that need not see what waits: that runs as a part of it."""
        self._waiting.append((query, arguments))
        return await self._run_what_waits(self._connection.fetch)

    async def fetchrow(self, query: str, *arguments: object) -> Any:
        await self.flush()
        return await self._connection.fetchrow(query, *arguments)

    async def fetchval(self, query: str, *arguments: object) -> Any:
        await self.flush()
        return await self._connection.fetchval(query, *arguments)

    async def execute(self, query: str, *arguments: object) -> str:
        await self.flush()
        tag: str = await self._connection.execute(query, *arguments)
        return tag

    async def executemany(self, query: str, rows: Iterable[Iterable[object]]) -> None:
        await self.flush()
        await self._connection.executemany(query, rows)

    async def later(
        self, query: str, *arguments: object, rows: Iterable[Hashable], refused: Mapping[str, Exception] = NONE
    ) -> None:
        """One command without a WITH of its own, that writes `rows`. `refused`: what is raised when a unique
        constraint of that name is violated; it may be only at the commit."""
        written = set(rows)
        if self._rows & written:
            await self.flush()
        self._rows |= written
        self._waiting.append((query, arguments))
        self._refused |= refused

    async def flush(self) -> None:
        """Run what waits. Raises what its constraints say."""
        if self._waiting:
            await self._run_what_waits(self._connection.execute)

    async def _run_what_waits(self, run: Callable[..., Awaitable[Any]]) -> Any:
        waiting, self._waiting = self._waiting, []
        refused, self._refused = self._refused, {}
        self._rows.clear()
        try:
            arguments = [argument for _, given in waiting for argument in given]
            return await run(_as_one(*((query, len(given)) for query, given in waiting)), *arguments)
        except asyncpg.UniqueViolationError as error:
            raise refused.get(error.constraint_name or "", error) from error


@lru_cache(1024)
def _as_one(*commands: tuple[str, int]) -> str:
    """Commands and how many parameters each has, as parts of one statement; the last may have parts already."""
    numbered, before = [], 0
    for query, parameters in commands:
        numbered.append(_moved(query, before))
        before += parameters
    *others, last = numbered
    parts = ", ".join(f"part_{n} AS ({query})" for n, query in enumerate(others))
    if not parts:
        return last
    head, with_, rest = last.partition("WITH ")
    return f"WITH {parts}, {rest}" if with_ and not head.strip() else f"WITH {parts} {last}"


def _moved(query: str, by: int) -> str:
    """Its first parameter is $1 + `by`."""
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + by}", query)
