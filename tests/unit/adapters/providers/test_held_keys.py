"""Keys that a message moved on are written once the message is stored; nothing goes out to WhatsApp before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fakes.stores import FakePostgres, StoreCaller, message, until
from whatsapp_hub.adapters.providers.neonize.sharing import keys
from whatsapp_hub.adapters.providers.neonize.sharing.door import StoreDoor
from whatsapp_hub.application.measuring import TALLY

SESSION = "\n\t\tINSERT INTO whatsmeow_sessions (our_jid, their_id, session) VALUES ($1, $2, $3)"
SENDER_KEY = "\n\t\tINSERT INTO whatsmeow_sender_keys (our_jid, chat_id, sender_id, sender_key) VALUES ($1, $2, $3, $4)"
USED_PRE_KEY = "DELETE FROM whatsmeow_pre_keys WHERE jid=$1 AND key_id=$2"
READ_SESSION = "SELECT session FROM whatsmeow_sessions WHERE our_jid=$1 AND their_id=$2"
READ_SENDER_KEY = "SELECT sender_key FROM whatsmeow_sender_keys WHERE our_jid=$1 AND chat_id=$2 AND sender_id=$3"
SECRET = "INSERT INTO whatsmeow_message_secrets (our_jid) VALUES ($1)"


class Number:
    """One dial's store, whose keys are held back."""

    def __init__(self, folder: Path) -> None:
        self.server = FakePostgres()
        self.door = StoreDoor(folder, self.server.connect, 2)
        self.failures: list[str] = []
        self.holds: list[bool] = []
        self.is_unstored = False

    async def open(self) -> None:
        await self.door.open()
        self.access = self.door.access("one", self.failures.append)
        self.keys = self.access.hold_keys(self.holds.append, lambda: self.is_unstored)
        self.caller = await StoreCaller.connect(self.access)

    async def ask(self, sql: str) -> str:
        self.caller.send(statement(sql))
        return await self.caller.answer()

    @property
    def written(self) -> list[str]:
        return [text.removeprefix("PARSE ").strip() for text in self.server.texts]


def statement(sql: str) -> bytes:
    return message("P", "", sql.encode() + b"\0\0\0") + message("E", "portal") + message("S")


@pytest_asyncio.fixture
async def number(tmp_path: Path) -> AsyncIterator[Number]:
    found = Number(tmp_path)
    await found.open()
    yield found
    await found.door.aclose()


@pytest.mark.parametrize("sql", [SESSION, SENDER_KEY, USED_PRE_KEY])
async def test_keys_are_written_when_their_message_is_stored(number: Number, sql: str) -> None:
    assert await number.ask(sql) == "OK INSERT 0 1 I"
    await asyncio.sleep(0.05)
    assert number.written == []
    assert number.holds == [True]
    number.keys.stored()
    await until(lambda: number.holds == [True, False])
    assert number.written == ["BEGIN", sql.strip(), "COMMIT"]


async def test_all_keys_of_a_message_are_written_together(number: Number) -> None:
    for sql in (SESSION, USED_PRE_KEY, SENDER_KEY):
        await number.ask(sql)
    number.keys.stored()
    await until(lambda: number.holds == [True, False])
    assert number.written == ["BEGIN", SESSION.strip(), USED_PRE_KEY, SENDER_KEY.strip(), "COMMIT"]


async def test_the_next_message_waits_for_the_keys_and_nothing_else_does(number: Number) -> None:
    await number.ask(SESSION)
    number.caller.send(statement(READ_SESSION))
    next_message = asyncio.create_task(number.caller.answer())
    other = await StoreCaller.connect(number.access)
    for sql in (SECRET, READ_SENDER_KEY):
        other.send(statement(sql))
        assert (await other.answer()).startswith("OK")
    assert not next_message.done()
    number.keys.stored()
    assert (await next_message).startswith("OK PARSE SELECT session")
    assert number.written[-1] == READ_SESSION


async def test_keys_of_a_message_that_is_not_stored_yet_are_kept(
    number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "NO_MESSAGE_S", 0.02)
    number.is_unstored = True
    await number.ask(SESSION)
    await asyncio.sleep(0.1)
    assert number.written == []
    number.is_unstored = False
    await until(lambda: number.written)


async def test_keys_that_moved_on_without_a_message_are_written_soon(
    number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "NO_MESSAGE_S", 0.05)
    await number.ask(SESSION)
    await until(lambda: number.holds == [True, False])
    assert number.written == ["BEGIN", SESSION.strip(), "COMMIT"]


async def test_a_message_whose_keys_were_written_before_it_was_stored_is_counted(
    number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was acknowledged meanwhile: a connector that died then has lost it."""
    monkeypatch.setattr(keys, "NO_MESSAGE_S", 0.02)
    TALLY.take()
    await number.ask(SESSION)
    await until(lambda: number.holds == [True, False])
    number.keys.stored()
    assert counted() == 1
    monkeypatch.setattr(keys, "NO_MESSAGE_S", 5.0)
    for _ in range(2):
        await number.ask(SESSION)
        number.keys.stored()
        await until(lambda: number.holds[-1] is False)
    assert counted() == 0, "those that are stored in time are not"


def counted() -> float:
    return TALLY.take().get(("whatsapp_hub_unprotected_messages", ()), 0.0)


async def test_what_was_held_when_a_dial_ends_was_never_written(number: Number) -> None:
    """Its message was not acknowledged: WhatsApp sends it again, and its keys are there."""
    await number.ask(SESSION)
    number.access.shut()
    number.keys.stored()
    await asyncio.sleep(0.05)
    assert number.written == []


async def test_hanging_up_waits_for_held_keys(number: Number) -> None:
    await number.ask(SESSION)
    settling = asyncio.create_task(number.access.settle(5))
    await asyncio.sleep(0.15)
    assert not settling.done()
    number.keys.stored()
    await settling
    assert number.written[-1] == "COMMIT"


async def test_keys_are_written_though_postgresql_ends_in_between(number: Number) -> None:
    await number.ask(SESSION)
    number.server.deaths.append(("COMMIT", False))
    number.keys.stored()
    await until(lambda: number.holds == [True, False])
    assert number.written[-3:] == ["BEGIN", SESSION.strip(), "COMMIT"]
    assert number.failures == []


async def test_keys_of_a_transaction_are_its_own(number: Number) -> None:
    """A send writes its keys in a transaction: they belong to no message that came."""
    assert await number.caller.ask("BEGIN") == "OK BEGIN T"
    assert (await number.ask(SESSION)).endswith("T")
    assert await number.caller.ask("COMMIT") == "OK COMMIT I"
    assert number.written == ["BEGIN", SESSION.strip(), "COMMIT"]
    assert number.holds == []


async def test_a_statement_that_waits_for_keys_is_asked_once_though_its_connection_ends(number: Number) -> None:
    """Asked twice, every later answer would belong to the statement before."""
    send = await StoreCaller.connect(number.access)
    for text in ("BEGIN", "UPDATE"):
        await send.ask(text)
    await number.ask(SESSION)
    send.send(statement(READ_SESSION))
    await asyncio.sleep(0.05)
    number.server.kill()
    await asyncio.sleep(0.2)
    number.keys.stored()
    assert await send.answer() == f"OK PARSE {READ_SESSION} T"
    assert await send.ask("SELECT 2") == "OK SELECT 2 T"
    assert await send.ask("COMMIT") == "OK COMMIT I"
    assert number.written.count(READ_SESSION) == 1


async def test_sends_that_wait_for_keys_do_not_keep_the_connections_from_them(number: Number) -> None:
    await number.ask(SESSION)
    sends = [await StoreCaller.connect(number.access) for _ in range(4)]
    for send in sends:
        await send.ask("BEGIN READ WRITE")
        send.send(statement(READ_SESSION))
    await asyncio.sleep(0.05)
    number.keys.stored()
    async with asyncio.timeout(0.2):
        await until(lambda: number.holds == [True, False])
    for send in sends:
        assert await send.answer() == f"OK PARSE {READ_SESSION} T"
        assert await send.ask("COMMIT") == "OK COMMIT I"
