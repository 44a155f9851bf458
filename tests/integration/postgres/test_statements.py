"""What waits runs as one statement, and nobody could tell but for the time it took."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tests.integration.conftest import Hub
from whatsapp_hub.adapters.postgres.engine.write_batch import Statements, Write
from whatsapp_hub.domain.errors import Conflict

ADD = Write("things", "INSERT INTO things (id, name) SELECT * FROM unnest($1::int[], $2::text[])")
ADD_PART = Write("parts", "INSERT INTO parts (thing, name) VALUES ($1, $2)")
RENAME = Write("things", "UPDATE things SET name = $2 WHERE id = $1")
ADD_TWICE = Write(
    "things",
    "INSERT INTO things SELECT 10 * id, name || ' again' FROM first",
    (("first", "INSERT INTO things VALUES ($1, $2) RETURNING *"),),
)


class Counting:
    """A connection that counts its round trips."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.trips = 0

    def __getattr__(self, name: str) -> Any:
        self.trips += 1
        return getattr(self._connection, name)


@pytest_asyncio.fixture
async def counting(hub: Hub) -> AsyncIterator[Counting]:
    connection = await asyncpg.connect(hub.url)
    await connection.execute("""
        CREATE TEMP TABLE things (id int PRIMARY KEY, name text CONSTRAINT one_name UNIQUE);
        CREATE TEMP TABLE parts (thing int REFERENCES things, name text)""")
    yield Counting(connection)
    await connection.close()


@pytest.fixture
def statements(counting: Counting) -> Statements:
    return Statements(counting)


async def test_writes_of_different_rows_are_one_round_trip(statements: Statements, counting: Counting) -> None:
    await statements.defer(ADD, [1, 2], ["one", "two"], rows=[1, 2])
    await statements.defer(ADD_PART, 1, "wheel", rows=["wheel"])  # of a thing that is not there yet
    await statements.defer(ADD, [3], ["three"], rows=[3])
    assert counting.trips == 0
    await statements.flush()
    assert counting.trips == 1
    names = await statements.fetch("SELECT name FROM things ORDER BY id")
    assert [row["name"] for row in names] == ["one", "two", "three"]
    assert await statements.fetchval("SELECT thing FROM parts") == 1


async def test_a_row_that_is_written_twice_has_the_last_word(statements: Statements, counting: Counting) -> None:
    await statements.defer(ADD, [1], ["first"], rows=[1])
    for name in ("second", "third"):
        await statements.defer(RENAME, 1, name, rows=[1])
    assert counting.trips == 2
    assert await statements.fetchval("SELECT name FROM things") == "third"


@pytest.mark.parametrize("ask", ["fetch", "fetchrow", "fetchval", "execute"])
async def test_whatever_asks_sees_what_waited(statements: Statements, ask: str) -> None:
    await statements.defer(ADD, [1], ["one"], rows=[1])
    answer = await getattr(statements, ask)("UPDATE things SET name = name || '!' RETURNING name")
    assert "one!" in str(answer) or answer == "UPDATE 1"
    assert await statements.fetchval("SELECT name FROM things") == "one!"


async def test_a_constraint_says_what_it_was_given_to_say(statements: Statements) -> None:
    refused = {"one_name": Conflict("taken", "this name is taken")}
    await statements.defer(ADD, [1, 2], ["same", "same"], rows=[1, 2], refused=refused)
    await statements.defer(ADD_PART, 1, "wheel", rows=["wheel"])
    with pytest.raises(Conflict, match="taken"):
        await statements.flush()
    assert await statements.fetchval("SELECT count(*) FROM things") == 0


async def test_a_constraint_that_was_given_nothing_speaks_for_itself(statements: Statements) -> None:
    await statements.defer(ADD, [1, 1], ["a", "b"], rows=[1], refused={"one_name": Conflict("taken", "…")})
    with pytest.raises(asyncpg.UniqueViolationError):
        await statements.flush()


async def test_who_reads_another_table_waits_for_nothing(statements: Statements, counting: Counting) -> None:
    await statements.defer(ADD, [1], ["one"], rows=[1])
    assert await statements.fetch("SELECT * FROM parts", of=("parts",)) == []
    assert counting.trips == 1
    assert len(await statements.fetch("SELECT * FROM things", of=("things",))) == 1


async def test_what_waits_goes_along_with_a_query_that_need_not_see_it(
    statements: Statements, counting: Counting
) -> None:
    await statements.defer(ADD, [1], ["one"], rows=[1])
    read = Write("parts", "SELECT $1::int + n AS sum FROM two", (("two", "SELECT $2::int AS n"),))
    assert [row["sum"] for row in await statements.fetch_along(read, 40, 2)] == [42]
    assert counting.trips == 1
    assert await statements.fetchval("SELECT name FROM things") == "one"


async def test_commands_with_parts_of_their_own_run_together_but_never_two_of_a_name(
    statements: Statements, counting: Counting
) -> None:
    await statements.defer(ADD_PART, 1, "wheel", rows=["wheel"])
    await statements.defer(ADD_TWICE, 1, "one", rows=[1, 10])
    await statements.defer(ADD_PART, 10, "bell", rows=["bell"])
    assert counting.trips == 0
    await statements.defer(ADD_TWICE, 2, "two", rows=[2, 20])
    assert counting.trips == 1
    names = [row["name"] for row in await statements.fetch("SELECT name FROM things ORDER BY id")]
    assert names == ["one", "two", "one again", "two again"]
    assert counting.trips == 3
