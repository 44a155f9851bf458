"""Why positions are given by a sequencer: the same mishaps against three ways of following what is committed.

SERIAL remembers the greatest number seen. XMIN does, too, and waits until no transaction that is older runs
(`pg_snapshot_xmin`). POSITIONS is the hub's log. Where a way is known to skip, stall or repeat, its failure is
expected, strictly: if it passed, the test would be worth nothing.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from tests.integration.conftest import Woken, new_id
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.engine.embedded import EmbeddedPostgres, program
from whatsapp_hub.adapters.postgres.queues.log import PostgresEventLog
from whatsapp_hub.adapters.postgres.queues.sequencer import Sequencer

TRIAL = """
    CREATE TABLE IF NOT EXISTS trial (
      id bigserial PRIMARY KEY, xid xid8 NOT NULL DEFAULT pg_current_xact_id(), number int NOT NULL);
    TRUNCATE trial;
    DELETE FROM hub.outbox"""
SERIAL_READ = "SELECT id, number FROM trial WHERE id > $1 ORDER BY id"
XMIN_READ = """
    SELECT id, number FROM trial WHERE id > $1 AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY id"""
OUTBOX = """
    INSERT INTO hub.outbox (tenant_id, type, occurred_at, body)
    VALUES ($1, 'trial', clock_timestamp(), convert_to('{"number":' || $2::int || '}', 'UTF8'))"""
NAMES = ("hub_app", "hub_system", "hub_search")
ROLES = "".join(f"CREATE ROLE {name} NOLOGIN; GRANT {name} TO CURRENT_USER;" for name in NAMES)


class ByNumber:
    """Follows the table by its serial number."""

    def __init__(self, statement: str) -> None:
        self._statement = statement
        self._cursor = 0

    async def read(self, world: World) -> list[int]:
        rows = await world.owner.fetch(self._statement, self._cursor)
        self._cursor = max([self._cursor, *(row["id"] for row in rows)])
        return [row["number"] for row in rows]


class ByPosition:
    """Follows the hub's log."""

    def __init__(self) -> None:
        self._cursor: int | None = None

    async def read(self, world: World) -> list[int]:
        log = PostgresEventLog(world.database)
        if self._cursor is None:
            self._cursor = world.began_at
        await world.move()
        events = await log.read(self._cursor, 10_000)
        self._cursor = events[-1].position if events else self._cursor
        return [msgspec.json.decode(event.body)["number"] for event in events]


Reader = ByNumber | ByPosition


@dataclass
class World:
    """One database; `writer()` is a client of its own."""

    url: str
    owner: Any
    database: Database
    began_at: int = 0

    async def move(self) -> None:
        """What the sequencer's loop does."""
        sequencer = Sequencer(self.url, Woken(), asyncio.sleep)
        sequencer._connection = await asyncpg.connect(self.url)
        try:
            await sequencer.move()
        finally:
            await sequencer._connection.close()

    @asynccontextmanager
    async def writer(self) -> AsyncIterator[Any]:
        connection = await asyncpg.connect(self.url)
        await connection.execute("BEGIN")
        try:
            yield connection
        finally:
            await connection.close()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[World]:
    database = Database(url, app_connections=1, system_connections=2)
    await database.open()
    owner = await asyncpg.connect(url)
    try:
        yield World(url, owner, database, await PostgresEventLog(database).head())
    finally:
        await owner.close()
        await database.close()


@pytest_asyncio.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with opened(database_url) as world:
        await world.owner.execute(TRIAL)
        yield world


async def write(connection: Any, number: int) -> None:
    await connection.execute("INSERT INTO trial (number) VALUES ($1)", number)
    await connection.execute(OUTBOX, new_id(), number)


async def write_and_commit(world: World, *numbers: int) -> None:
    for number in numbers:
        async with world.writer() as connection:
            await write(connection, number)
            await connection.execute("COMMIT")


async def numbered_before_but_committed_after(world: World, reader: Reader) -> list[int]:
    """Two transactions write in one order and commit in the other; the reader looks in between."""
    seen: list[int] = []
    async with world.writer() as first, world.writer() as second:
        await write(first, 1)
        await write(second, 2)
        await second.execute("COMMIT")
        seen += await reader.read(world)
        await first.execute("COMMIT")
    return seen + await reader.read(world)


async def older_transaction_with_the_later_number(world: World, reader: Reader) -> list[int]:
    """A transaction that began to write first takes its number last, and commits first."""
    seen: list[int] = []
    async with world.writer() as old, world.writer() as young:
        await old.execute("SELECT pg_current_xact_id()")
        await young.execute("SELECT pg_current_xact_id()")
        await write(young, 1)
        await write(old, 2)
        await old.execute("COMMIT")
        seen += await reader.read(world)
        await young.execute("COMMIT")
    return seen + await reader.read(world)


async def a_write_held_open_here(world: World, reader: Reader) -> list[int]:
    """Somebody writes something else, and does not commit."""
    async with world.writer() as idle:
        await idle.execute("SELECT pg_current_xact_id()")
        await write_and_commit(world, 1, 2)
        return await reader.read(world)


async def a_write_held_open_in_another_database(world: World, reader: Reader) -> list[int]:
    """The same in a database that has nothing to do with ours."""
    other = await asyncpg.connect(world.url, database="template1")
    try:
        await other.execute("BEGIN")
        await other.execute("SELECT pg_current_xact_id()")
        await write_and_commit(world, 1, 2)
        return await reader.read(world)
    finally:
        await other.close()


Mishap = Callable[[World, Reader], Awaitable[list[int]]]
WAYS: dict[str, Callable[[], Reader]] = {
    "serial": lambda: ByNumber(SERIAL_READ),
    "xmin": lambda: ByNumber(XMIN_READ),
    "positions": ByPosition,
}
FAILS: dict[Mishap, set[str]] = {
    numbered_before_but_committed_after: {"serial"},
    older_transaction_with_the_later_number: {"serial", "xmin"},
    a_write_held_open_here: {"xmin"},
    a_write_held_open_in_another_database: {"xmin"},
}


def _case(mishap: Mishap, way: str, fails: bool) -> Any:
    marks = [pytest.mark.xfail(strict=True, raises=AssertionError)] if fails else []
    return pytest.param(mishap, way, marks=marks, id=f"{mishap.__name__}-{way}")


@pytest.mark.parametrize(("mishap", "way"), [_case(m, w, w in fails) for m, fails in FAILS.items() for w in WAYS])
async def test_no_mishap_makes_a_reader_skip_stall_or_repeat(world: World, mishap: Mishap, way: str) -> None:
    assert sorted(await mishap(world, WAYS[way]())) == [1, 2]


@pytest.mark.slow
async def test_a_restore_into_a_new_cluster_is_not_noticed(world: World, tmp_path: Path) -> None:
    """The new cluster counts transactions from the beginning; the readers bring their cursors along."""
    if "HUB_TEST_DATABASE_URL" in os.environ:
        pytest.skip("the embedded server's pg_dump writes its own server's statements")
    await world.owner.execute(
        "DO $$ BEGIN FOR n IN 1..5000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"
    )
    await write_and_commit(world, 1, 2)
    readers = {way: make() for way, make in WAYS.items()}
    before = {way: await reader.read(world) for way, reader in readers.items()}
    await write_and_commit(world, 3)  # committed, and in the backup, but not yet read
    script = await dumped(world.url)
    async with EmbeddedPostgres(tmp_path / "new") as server:
        owner = await asyncpg.connect(server.dsn)
        await owner.execute(ROLES)
        await owner.execute(script)
        await owner.close()
        async with opened(server.dsn) as restored:
            await write_and_commit(restored, 4)
            after = {way: await reader.read(restored) for way, reader in readers.items()}
    assert before == {way: [1, 2] for way in WAYS}
    assert after["positions"] == [3, 4]
    assert after["xmin"] != [3, 4], "it leaves out what an older cluster wrote, or this test is worth nothing"


async def dumped(url: str) -> str:
    """As statements that any client can run."""
    command = (program("pg_dump"), "--inserts", "--no-owner", "--dbname", url)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    script, _ = await process.communicate()
    assert process.returncode == 0
    return "\n".join(line for line in script.decode().split("\n") if not line.startswith("\\"))
