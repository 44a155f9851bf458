"""The stores' door: many of Go's connections share a few of PostgreSQL's, and none of them sees one fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fakes.stores import FakePostgres, StoreCaller, bound, message, prepared, query, startup, until
from whatsapp_hub.adapters.providers.neonize.sharing import door, pool, wire
from whatsapp_hub.adapters.providers.neonize.sharing.client import Verdict, verdict_on
from whatsapp_hub.adapters.providers.neonize.sharing.door import StoreAccess, StoreDoor

MOST = 2


class Stores:
    def __init__(self, folder: Path) -> None:
        self.server = FakePostgres()
        self.door = StoreDoor(folder, self.server.connect, MOST)
        self.failures: list[tuple[str, str]] = []

    def access(self, name: str = "one") -> StoreAccess:
        return self.door.access(name, lambda why: self.failures.append((name, why)))

    async def caller(self, name: str = "one") -> StoreCaller:
        return await StoreCaller.connect(self.access(name))


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    made = Stores(tmp_path)
    await made.door.open()
    yield made
    await made.door.aclose()


# -- Sharing


async def test_fifty_stores_share_two_connections(stores: Stores) -> None:
    callers = [await stores.caller(f"store {number}") for number in range(50)]
    answers = await asyncio.gather(*(caller.ask(f"SELECT {number}") for number, caller in enumerate(callers)))
    assert answers == [f"OK SELECT {number} I" for number in range(50)]
    assert len(stores.server.backends) == MOST


async def test_a_transaction_keeps_its_connection_and_its_name(stores: Stores) -> None:
    callers = [await stores.caller(f"store {number}") for number in range(8)]

    async def transaction(caller: StoreCaller, number: int) -> None:
        for text in ("BEGIN", f"UPDATE {number}", f"DELETE {number}", "COMMIT"):
            await caller.ask(text)
            await asyncio.sleep(0)

    await asyncio.gather(*(transaction(caller, number) for number, caller in enumerate(callers)))
    for backend in (1, 2):
        said = [text for number, text in stores.server.done if number == backend]
        inside = [text for text in said if not text.startswith("SET")]
        for at in range(0, len(inside), 4):
            begin, update, delete, commit = inside[at : at + 4]
            assert (begin, commit) == ("BEGIN", "COMMIT")
            assert update.split()[1] == delete.split()[1]
            name = [text for text in said[: said.index(update)] if text.startswith("SET")][-1]
            assert name == f"SET application_name = 'store {update.split()[1]}'"


async def test_a_statement_is_executed_where_it_was_prepared(stores: Stores) -> None:
    first, second = await stores.caller("first"), await stores.caller("second")
    first.send(prepared("x"))
    assert await first.answer() == "OK PARSE x I"
    await asyncio.gather(*(second.ask("SELECT 2") for _ in range(1)))
    first.send(bound("run x"))
    assert await first.answer() == "OK run x I"
    of = {text: number for number, text in stores.server.done}
    assert of["run x"] == of["PARSE x"]


async def test_a_connection_that_nobody_uses_is_closed(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = await stores.caller()
    await caller.ask("SELECT 1")
    monkeypatch.setattr(pool, "IDLE_S", 0.0)
    await until(lambda: not stores.server.alive)
    assert await caller.ask("SELECT 2") == "OK SELECT 2 I"


async def test_transactions_that_wait_for_one_another_go_on(stores: Stores) -> None:
    """As many numbers as there are connections have a transaction open, and ask outside of it before they go on."""
    inside = [await stores.caller(f"store {number}") for number in range(MOST)]
    for caller in inside:
        await caller.ask("BEGIN")
        await caller.ask("UPDATE")
    outside = [await stores.caller(f"store {number}") for number in range(MOST)]
    assert await asyncio.gather(*(caller.ask("SELECT") for caller in outside)) == ["OK SELECT I"] * MOST
    assert await asyncio.gather(*(caller.ask("COMMIT") for caller in inside)) == ["OK COMMIT I"] * MOST
    assert stores.server.texts.count("UPDATE") > MOST  # asked again, in the transaction whose connection was taken


async def test_a_store_is_used_while_it_is_asked_and_a_second_longer(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "USED_S", 0.05)
    access = stores.access()
    caller = await StoreCaller.connect(access)
    assert not access.is_used
    await caller.ask("SELECT 1")
    assert access.is_used
    await until(lambda: not access.is_used)
    stores.server.refuses = "too many clients"
    stores.server.kill()
    waiting = asyncio.create_task(caller.ask("SELECT 2"))
    await asyncio.sleep(0.2)
    assert access.is_used
    stores.server.refuses = ""
    await waiting


# -- Failing


@pytest.mark.parametrize("was_done", [True, False])
async def test_a_statement_whose_connection_ended_is_asked_again(stores: Stores, was_done: bool) -> None:
    caller = await stores.caller()
    stores.server.deaths.append(("INSERT", was_done))
    assert await caller.ask("INSERT") == "OK INSERT I"
    assert stores.server.texts == ["INSERT"] * (1 + was_done)
    assert stores.failures == []


async def test_a_transaction_is_asked_again_whole(stores: Stores) -> None:
    caller = await stores.caller()
    await caller.ask("BEGIN")
    await caller.ask("UPDATE")
    stores.server.deaths.append(("COMMIT", False))
    assert await caller.ask("COMMIT") == "OK COMMIT I"
    assert stores.server.texts == ["BEGIN", "UPDATE", "BEGIN", "UPDATE", "COMMIT"]
    assert await caller.ask("SELECT") == "OK SELECT I"
    assert stores.server.texts[-1] == "SELECT"


async def test_while_postgresql_is_away_everybody_waits(stores: Stores) -> None:
    access = stores.access()
    caller = await StoreCaller.connect(access)
    await caller.ask("SELECT 1")
    stores.server.refuses = "too many clients"
    stores.server.kill()
    waiting = asyncio.create_task(caller.ask("SELECT 2"))
    await until(lambda: access.store_waits_s > 0.1)
    assert not waiting.done()
    stores.server.refuses = ""
    assert await waiting == "OK SELECT 2 I"
    assert access.store_waits_s == 0


@pytest.mark.parametrize("sqlstate", ["57P01", "40P01", "53100", "25006"])
async def test_an_error_that_passes_is_waited_out(stores: Stores, sqlstate: str) -> None:
    caller = await stores.caller()
    stores.server.errors += [("INSERT", sqlstate)] * 2
    assert await caller.ask("INSERT") == "OK INSERT I"
    assert stores.failures == []


async def test_a_store_that_fails_answers_nothing_before_its_number_hung_up(stores: Stores) -> None:
    access = stores.access("one")
    caller = await StoreCaller.connect(access)
    stores.server.errors.append(("INSERT", "42P01"))
    answer = asyncio.create_task(caller.ask("INSERT"))
    await until(lambda: stores.failures)
    assert stores.failures == [("one", "42P01 no INSERT")]
    assert not answer.done()
    access.shut()
    assert await answer == "EOF"


async def test_a_violated_constraint_is_the_statements_own_fault(stores: Stores) -> None:
    caller = await stores.caller()
    stores.server.errors.append(("INSERT", "23505"))
    assert await caller.ask("INSERT") == "ERROR 23505 I"
    assert stores.failures == []


async def test_a_transaction_that_failed_by_itself_is_not_asked_again(stores: Stores) -> None:
    caller = await stores.caller()
    await caller.ask("BEGIN")
    stores.server.errors.append(("INSERT", "23505"))
    assert await caller.ask("INSERT") == "ERROR 23505 E"
    stores.server.kill()
    answer = asyncio.create_task(caller.ask("ROLLBACK"))
    await until(lambda: stores.failures)
    assert not answer.done()
    answer.cancel()


async def test_preparing_is_told_its_errors(stores: Stores) -> None:
    """No number is connected then, and whoever prepares the tables must know why it cannot."""
    caller = await StoreCaller.connect(stores.door.access("preparing"))
    stores.server.errors.append(("CREATE", "42501"))
    assert await caller.ask("CREATE") == "ERROR 42501 I"
    stores.server.deaths.append(("CREATE", False))
    assert await caller.ask("CREATE") == "EOF"


@pytest.mark.parametrize(
    ("sqlstate", "verdict"),
    [
        ("08006", Verdict.AGAIN),
        ("53300", Verdict.AGAIN),
        ("57P03", Verdict.AGAIN),
        ("58030", Verdict.AGAIN),
        ("40001", Verdict.AGAIN),
        ("23503", Verdict.ANSWER),
        ("42501", Verdict.FAILURE),
        ("XX001", Verdict.FAILURE),
        ("22P02", Verdict.FAILURE),
    ],
)
def test_what_an_error_means(sqlstate: str, verdict: Verdict) -> None:
    assert verdict_on(sqlstate) is verdict


# -- Leaving


async def test_an_access_that_was_shut_takes_nobody(stores: Stores) -> None:
    access = stores.access()
    caller = await StoreCaller.connect(access)
    access.shut()
    assert await caller.ask("SELECT") == "EOF"
    with pytest.raises(OSError, match="No such file"):
        await StoreCaller.connect(access)
    reader, writer = await asyncio.open_unix_connection(str(stores.door.socket))
    late = StoreCaller(reader, writer)
    late.send(startup(user="store1"))
    assert await late.answer() == "ERROR 28000 EOF"


async def test_an_open_transaction_of_one_that_left_is_rolled_back(stores: Stores) -> None:
    access = stores.access()
    caller = await StoreCaller.connect(access)
    await caller.ask("BEGIN")
    await caller.ask("UPDATE")
    access.shut()
    await until(lambda: not stores.server.alive)
    other = await stores.caller("other")
    assert await other.ask("SELECT") == "OK SELECT I"


async def test_what_was_asked_last_is_done_without_its_asker(stores: Stores) -> None:
    access = stores.access()
    caller = await StoreCaller.connect(access)
    await caller.ask("SELECT")
    stores.server.is_frozen = True
    caller.send(query("INSERT"))
    await until(lambda: stores.server.alive[0]._asked)
    access.shut()
    await asyncio.sleep(0.02)
    stores.server.thaw()
    other = await stores.caller("other")
    assert await other.ask("SELECT 2") == "OK SELECT 2 I"
    assert stores.server.texts == ["SELECT", "INSERT", "SELECT 2"]


async def test_hanging_up_waits_for_what_is_under_way(stores: Stores) -> None:
    access = stores.access()
    caller = await StoreCaller.connect(access)
    stores.server.is_frozen = True
    caller.send(query("INSERT"))
    settling = asyncio.create_task(access.settle(5))
    await asyncio.sleep(0.1)
    assert not settling.done()
    stores.server.thaw()
    await settling
    assert stores.server.texts == ["INSERT"]


async def test_a_process_that_stood_still_reflects_before_it_asks(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may hold the number by now; its own watchdog ends it meanwhile."""
    caller = await stores.caller()
    monkeypatch.setattr(pool, "PAUSED_S", -1.0)
    answer = asyncio.create_task(caller.ask("SELECT"))
    await asyncio.sleep(0.1)
    assert stores.server.texts == []
    monkeypatch.undo()
    assert await answer == "OK SELECT I"


# -- The protocol


async def test_what_needs_a_connection_of_its_own_is_refused(stores: Stores) -> None:
    named = message("P", "mine", b"SELECT\0\0\0") + message("S")
    for data in (named, message("H")):
        caller = await stores.caller()
        caller.send(data)
        assert await caller.answer() == "ERROR 0A000 EOF"


@pytest.mark.parametrize("size", range(1, 30))
def test_batches_are_found_in_any_pieces(size: int) -> None:
    whole = query("SELECT 1") + prepared("x") + bound("run x") + message("X")
    buffer, found = bytearray(), []
    for begin in range(0, len(whole), size):
        buffer += whole[begin : begin + size]
        for batch in wire.batches(bytes(buffer)):
            found.append(batch)
            del buffer[: len(batch.data)]
    assert b"".join(batch.data for batch in found) == whole
    assert [batch.only_prepares for batch in found] == [False, True, False, False]


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", (4).to_bytes(4) * 2, b"\xff" * 20])
def test_strangers_are_recognized(data: bytes) -> None:
    with pytest.raises(ValueError, match="protocol"):
        wire.startup(data)
