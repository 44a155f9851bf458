"""`python -m benchmarks [--quick] [--only ROW]…`: the speed table, into build/bench.json. See docs/benchmarks.md."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

import uvloop

from benchmarks import report
from benchmarks.report import Row
from benchmarks.rows import QUICK, Size, console, full_path, ingest, lanes, latency, live, pictures, sessions
from benchmarks.rows.customers import desk
from benchmarks.stack import Stack, stack

GROUPS = ("ingest", "lanes", "full_path", "latency", "pictures", "live", "sessions", "console")


async def measure(groups: Sequence[str], size: Size) -> list[Row]:
    """Run each group on a database of its own, so that none inherits another's tables."""
    found: list[Row] = []
    for group in groups:
        print(f"measuring {group} …", flush=True)
        async with stack() as made:
            found += await _group(group, made, size)
            found.append(Row.of(f"fsync_at_{group}", [made.fsync_us() for _ in range(3)], "µs"))
    return found


async def _group(group: str, made: Stack, size: Size) -> list[Row]:
    if group == "ingest":
        return await ingest.rows(made, size)
    if group == "lanes":
        return await lanes.rows(made, size)
    if group == "sessions":
        return await sessions.rows(made, size)
    async with desk(made, size) as open_desk:
        if group == "full_path":
            return await full_path.rows(open_desk, size)
        if group == "console":
            return await console.rows(open_desk, size)
        if group == "pictures":
            return await pictures.rows(open_desk, size)
        if group == "live":
            return await live.rows(open_desk, size)
        return await latency.rows(open_desk, size)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", action="append", metavar="ROW", help=f"a group of {', '.join(GROUPS)}, or a row's name"
    )
    parser.add_argument("--quick", action="store_true", help="one short round: does it work, not how fast it is")
    given = parser.parse_args()
    groups = [g for g in GROUPS if not given.only or any(_group_of(name) == g for name in given.only)]
    if not groups:
        parser.error(f"--only takes a group ({', '.join(GROUPS)}) or a row's name")
    found = uvloop.run(measure(groups, QUICK if given.quick else Size()))
    path = report.write(found)
    print(f"\n{report.table(found)}\n\n{os.cpu_count()} processors, synchronous_commit on; written to {path}")


def _group_of(name: str) -> str | None:
    name = "latency" if name.startswith("event_") else name
    name = "sessions" if name.startswith(("connector_", "dialling_")) else name
    name = "live" if name.startswith(("fan_out", "webhook")) else name
    return next((group for group in GROUPS if name.startswith(group)), None)


if __name__ == "__main__":
    main()
