"""The hub's time in PostgreSQL: what its statements see while marks are written, missed and fought over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from whatsapp_hub.adapters.postgres.engine import clock
from whatsapp_hub.adapters.postgres.engine.clock import ClockKeeper
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.application.operations.hub_time import HubTime

_SERVER = """
    SELECT c.oid::regclass || '.' || a.attname FROM pg_attrdef d
      JOIN pg_class c ON c.oid = d.adrelid JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    WHERE pg_get_expr(d.adbin, d.adrelid) ~ 'clock_timestamp|now\\(\\)'
      AND pg_get_expr(d.adbin, d.adrelid) !~ 'hub.now' AND c.relnamespace::regnamespace::text IN ('hub', 'pooled')
    UNION ALL
    SELECT p.oid::regprocedure::text FROM pg_proc p
    WHERE p.prosrc LIKE '%clock_timestamp()%' AND p.pronamespace::regnamespace::text IN ('hub', 'pooled')"""
DAY_S = 86_400


@dataclass
class Place:
    """A database of its own, the hub's pools on it, and its owner's connection."""

    database: Database
    owner: Any


@pytest_asyncio.fixture
async def place(new_database: Callable[[], Any]) -> AsyncIterator[Place]:
    url = await new_database()
    owner, database = await asyncpg.connect(url), Database(url)
    await database.open()
    yield Place(database, owner)
    await database.close()
    await owner.close()


async def show(place: Place) -> tuple[datetime, datetime]:
    row = await place.owner.fetchrow("SELECT now, long_past FROM hub.time")
    return row["now"], row["long_past"]


async def set_server(place: Place, by_s: float) -> None:
    """As if the server's clock were set: all that is known of it is what the mark says."""
    await place.owner.execute("UPDATE hub.clock SET ahead_s = ahead_s - $1", -by_s)


def keeper(database: Database, time: HubTime | None = None) -> ClockKeeper:
    return ClockKeeper(time or HubTime(), database.system, database._pids)


async def test_no_default_and_no_function_asks_the_servers_clock(place: Place) -> None:
    assert [row[0] for row in await place.owner.fetch(_SERVER)] == []


async def test_without_new_marks_the_time_goes_three_seconds_and_stands(place: Place) -> None:
    await place.database.close()
    await place.owner.execute("UPDATE hub.clock SET ahead_s = ahead_s + 3600")
    mark = await place.owner.fetchval("SELECT seen_at FROM hub.clock")
    assert (await show(place))[0] == mark + timedelta(seconds=3)
    await place.owner.execute("UPDATE hub.clock SET ahead_s = ahead_s - 7200")
    assert (await show(place))[0] == mark


@pytest.mark.parametrize("by_s", [3600, -3600, 8 * DAY_S, -8 * DAY_S])
async def test_a_step_is_written_down_once_by_one_of_all_who_see_it(place: Place, by_s: int) -> None:
    time = place.database.time
    before, began = time(), time.ticks()
    await set_server(place, by_s)
    others = [Database(place.database.url, app_connections=1, system_connections=1) for _ in range(2)]
    for other in others:
        await other.open()
    try:
        for _ in range(3):
            await asyncio.gather(*(keeper(one, one.time).beat() for one in (place.database, *others)))
        ran = timedelta(seconds=time.ticks() - began)
        for one in (place.database, *others):
            assert abs(one.time() - before - ran) < timedelta(seconds=4)
        assert abs((await show(place))[0] - before - ran) < timedelta(seconds=4)
    finally:
        for other in others:
            await other.close()


async def test_a_hub_that_was_off_for_nine_days_goes_on_at_once_and_deletes_nothing_yet(place: Place) -> None:
    await place.database.close()
    await place.owner.execute("UPDATE hub.clock SET seen_at = seen_at - interval '9 days', lag_s = 0")
    started = Database(place.database.url)
    await started.open()
    now, long_past = await show(place)
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=2)
    assert timedelta(days=8.99) < now - long_past < timedelta(days=9.01)
    assert abs(started.time.long_past() - long_past) < timedelta(seconds=2)
    await started.close()


async def test_a_leap_while_the_hub_runs_leaves_leases_as_long_as_they_were(place: Place) -> None:
    await place.owner.execute(
        """INSERT INTO hub.connectors (id, name, kinds, room, until)
           SELECT gen_random_uuid(), 'c', '{HELD}', 1, now + interval '6 seconds' FROM hub.time"""
    )
    await place.owner.execute(
        "UPDATE hub.clock SET ahead_s = -3600, seen_at = clock_timestamp() - interval '1 hour', number = number + 1,"
        " settled_at = clock_timestamp() - interval '2 hours'"
    )
    await place.owner.execute("UPDATE hub.connectors SET until = until - interval '1 hour'")
    await keeper(place.database, place.database.time).beat()
    left = "SELECT extract(epoch FROM until - (SELECT now FROM hub.time))::float8 FROM hub.connectors"
    assert 2 < await place.owner.fetchval(left) <= 6
    assert (await place.owner.fetchrow("SELECT ahead_s, lag_s FROM hub.clock"))["ahead_s"] == 0


async def test_who_starts_beside_a_hub_whose_clock_was_just_set_waits_for_its_mark(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "PATIENCE_S", 30)
    before = place.database.time()
    await set_server(place, 3600)
    other = Database(place.database.url, app_connections=1, system_connections=1)
    await asyncio.gather(other.open(), keeper(place.database, place.database.time).beat())
    assert abs(other.time() - before) < timedelta(seconds=30)
    await other.close()


@pytest.mark.parametrize("first_s", [3600, -3600])
async def test_steps_seen_over_slow_answers_leave_nothing_of_the_wait_behind(place: Place, first_s: int) -> None:
    """A clock that is set and set back is where it was, also where an answer takes a second."""
    await place.database.close()  # whose own keeper would be quicker
    time = HubTime()
    slow = [0.0]

    async def answering(work: Any) -> Any:
        answer = await work(place.owner)
        await asyncio.sleep(slow.pop() if slow else 0.0)
        return answer

    own = ClockKeeper(time, answering, list)
    await own.join()
    for by_s in (first_s, -first_s):
        await set_server(place, by_s)
        slow[:] = [0.8]
        await own.beat()
    ahead_s = await place.owner.fetchval("SELECT ahead_s FROM hub.clock")
    assert abs(ahead_s) < 0.1
