"""Message search in the large company: frequent words, rare ones, none; by readers who see all and by agents."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from benchmarks.report import Row
from benchmarks.scale.company import DEPARTMENTS, Company, often, words
from benchmarks.scale.filters import ALL, BUSY
from benchmarks.scale.lists import PAGE, Place
from whatsapp_hub.adapters.postgres.queries.search import PostgresMessageSearch
from whatsapp_hub.application.reading.queries import Sight
from whatsapp_hub.domain.ids import DepartmentId, UserId

SEARCHES, WARM = 150, 20
REACH_MS, STRETCH_MS = 100, 30


def _queries(company: Company) -> dict[str, Callable[[random.Random], str]]:
    known = words()
    return {
        "the most frequent words": lambda rng: known[rng.randrange(5)],
        "a word as often as it is said": lambda rng: often(rng, known),
        "two words": lambda rng: f"{often(rng, known)} {often(rng, known)}",
        "a phrase": lambda rng: f'"{known[rng.randrange(50)]} {known[rng.randrange(50)]}"',
        "a rare word": lambda rng: known[rng.randrange(len(known) // 2, len(known))],
        "said once": lambda rng: str(10_000_000 + rng.randrange(company.conversations)),
        "never said": lambda rng: f"zzz{rng.randrange(10**6)}",
    }


def _readers(company: Company) -> dict[str, Sight]:
    busy = DepartmentId(company.department(BUSY))
    return {
        "all": ALL,
        "an agent": Sight(UserId(company.agent(DEPARTMENTS)), busy),
        "an agent of no department": Sight(UserId(company.agent(DEPARTMENTS * 9 + 3))),
    }


async def measured(place: Place) -> list[Row]:
    rng, rows, everything = random.Random(11), [], []
    for reader, sight in _readers(place.company).items():
        for kind, query in _queries(place.company).items():
            took = sorted(await _took(place, sight, [query(rng) for _ in range(SEARCHES + WARM)]))
            rows.append(Row.of(f"message search, {kind}, by {reader}: p99", [_p99(took)], "ms"))
            everything += took
    every = sorted(everything)
    return [
        Row.of(
            "message search: p99 of all", [_p99(every)], "ms", reach=REACH_MS, stretch=STRETCH_MS, less_is_better=True
        ),
        Row.of("message search: p50", [every[len(every) // 2]], "ms"),
        *rows,
    ]


def _p99(took: list[float]) -> float:
    return took[int(len(took) * 0.99)]


async def _took(place: Place, sight: Sight, asked: list[str]) -> list[float]:
    search, took = PostgresMessageSearch(place.storage), []
    for text in asked:
        began = time.perf_counter()
        await search.messages(place.company.id, sight, text, None, PAGE, None)
        took.append(1000 * (time.perf_counter() - began))
    return took[WARM:]
