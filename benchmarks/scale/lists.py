"""Pages of the list of conversations: the large company's against the small one's.

Some lists of the small company have less than a page; then both are read up to that number, so that each ratio compares
equal numbers of rows of the same kind. The cost of the large company's full page stands beside it.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.report import Row
from benchmarks.scale.company import Company
from benchmarks.scale.filters import filters
from whatsapp_hub.adapters.postgres.queries import PostgresQueries, conversation_search
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.reading.queries import ConversationFilter, Sight

PAGE, DEEP = 50, 5
ROUNDS, CALLS, WARM = 5, 20, 10
REACH, STRETCH = 1.5, 1.1


@dataclass(frozen=True)
class Place:
    """A company, and a pool of its own, so that its plans stay those of its own tables."""

    company: Company
    storage: PostgresStorage


@dataclass(frozen=True)
class Asked:
    name: str
    limit: int
    deep: bool


class _Counted:
    """A connection that reports the buffers its statements touch."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.touched = 0

    async def _explain(self, sql: str, arguments: Sequence[object]) -> None:
        text = await self._connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", *arguments)
        [told] = json.loads(text)
        self.touched += int(told["Plan"]["Shared Hit Blocks"]) + int(told["Plan"]["Shared Read Blocks"])

    async def fetch(self, sql: str, *arguments: object) -> Any:
        await self._explain(sql, arguments)
        return await self._connection.fetch(sql, *arguments)

    async def fetchrow(self, sql: str, *arguments: object) -> Any:
        await self._explain(sql, arguments)
        return await self._connection.fetchrow(sql, *arguments)


@dataclass(frozen=True)
class _Page:
    place: Place
    sight: Sight
    filter: ConversationFilter
    limit: int
    cursor: str | None

    async def length(self) -> int:
        return len((await self._asked()).items)

    async def _asked(self) -> Any:
        queries = PostgresQueries(self.place.storage)
        return await queries.conversations(self.place.company.id, self.sight, self.filter, self.limit, self.cursor)

    async def p50_ms(self) -> float:
        took = []
        for call in range(WARM + CALLS):
            began = time.perf_counter()
            await self._asked()
            if call >= WARM:
                took.append(time.perf_counter() - began)
        return 1000 * statistics.median(took)

    async def buffers(self) -> int:
        tenant = self.place.company.id
        async with self.place.storage.connection(tenant) as connection:
            counted = _Counted(connection)
            await conversation_search.listed(counted, tenant, self.sight, self.filter, self.limit, self.cursor)
        return counted.touched


async def _page(place: Place, asked: Asked, limit: int) -> _Page:
    sight, filter = filters(place.company)[asked.name]
    cursor = None
    for _ in range(DEEP if asked.deep else 0):
        page = await PostgresQueries(place.storage).conversations(place.company.id, sight, filter, PAGE, cursor)
        cursor = page.next_cursor
    return _Page(place, sight, filter, limit, cursor)


async def measured(small: Place, large: Place) -> list[Row]:
    """Return each filter's p50 and buffers, and the worst of all."""
    asked = [Asked(name, PAGE, deep=False) for name in filters(small.company)]
    asked += [Asked(name, PAGE, deep=True) for name in ("none", "status resolved", "department", "session")]
    rows = [row for one in asked for row in await _compared(one, small, large)]
    return [*_worst(rows), *rows]


async def _compared(asked: Asked, small: Place, large: Place) -> list[Row]:
    name = f"list, {asked.name}{', page 6' if asked.deep else ''}"
    full = await _page(large, asked, PAGE)
    # a page is read with one more row, which shows whether there is another
    has = await (await _page(small, asked, PAGE + 1)).length()
    limit = max(1, min(PAGE, has - 1))
    pages = [await _page(place, asked, limit) for place in (small, large)]
    p50, ratio = [], []
    for _ in range(ROUNDS):
        took = [await page.p50_ms() for page in pages]
        ratio.append(took[1] / took[0])
        p50.append(took[1] if limit == PAGE else await full.p50_ms())
    touched = [await page.buffers() for page in pages]
    against = f"against {small.company.conversations:,}, {limit} rows"
    limits: dict[str, Any] = {"unit": "x", "reach": REACH, "stretch": STRETCH, "less_is_better": True}
    return [
        Row.of(f"{name}: p50 {against}", ratio, **limits),
        Row.of(f"{name}: buffers {against}", [touched[1] / touched[0]], **limits),
        Row.of(f"{name}: p50 of a page", p50, "ms"),
        Row.of(f"{name}: buffers of a page", [await full.buffers()], "pages"),
    ]


def _worst(rows: Sequence[Row]) -> list[Row]:
    def of(what: str, search: bool) -> Row:
        some = [r for r in rows if what in r.name and r.reach is not None and search == ("list, search" in r.name)]
        worst = max(some, key=lambda row: row.value)
        lists = "searches" if search else "filters"
        return Row.of(
            f"worst of {len(some)} {lists}: {worst.name}",
            [worst.value], "x", reach=REACH, stretch=STRETCH, less_is_better=True,
        )  # fmt: skip

    return [of(what, search) for search in (False, True) for what in (": p50 against", ": buffers against")]
