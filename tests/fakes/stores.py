"""What stands on both sides of the stores' door: a PostgreSQL that can be told to fail, and a connection of Go's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from whatsapp_hub.adapters.providers.neonize.sharing import wire
from whatsapp_hub.adapters.providers.neonize.sharing.door import StoreAccess
from whatsapp_hub.domain.errors import Unavailable

_ENDS = ("COMMIT", "ROLLBACK")


@dataclass
class FakePostgres:
    """Answers each batch with its own text. `done` is what it carried out: the connection's number and the text."""

    backends: list[FakeBackend] = field(default_factory=list)
    done: list[tuple[int, str]] = field(default_factory=list)
    refuses: str = ""
    """Why it takes no connection."""
    errors: list[tuple[str, str]] = field(default_factory=list)
    """Texts whose next turn ends in an error, with its SQLSTATE."""
    deaths: list[tuple[str, bool]] = field(default_factory=list)
    """Texts at which the connection ends instead of an answer; whether they were carried out before."""
    is_frozen: bool = False
    """Whether answers wait for `thaw`."""

    async def connect(self) -> Any:
        await asyncio.sleep(0)
        if self.refuses:
            raise Unavailable(self.refuses)
        self.backends.append(FakeBackend(self, len(self.backends) + 1))
        return self.backends[-1]

    @property
    def alive(self) -> list[FakeBackend]:
        return [backend for backend in self.backends if not backend.is_over]

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.done if not text.startswith("SET application_name")]

    def kill(self) -> None:
        """As `kill -9` of the server does."""
        for backend in self.alive:
            backend.terminate()

    def thaw(self) -> None:
        self.is_frozen = False
        for backend in self.alive:
            backend.work()


class FakeBackend:
    """One connection, as asyncpg would have made it."""

    def __init__(self, server: FakePostgres, number: int) -> None:
        self.number, self.is_over, self.status = number, False, b"I"
        self._server = server
        self._transport = self
        self._protocol: Any = None
        self._asked: list[str] = []

    def set_protocol(self, protocol: Any) -> None:
        self._protocol = protocol

    def write(self, data: bytes) -> None:
        self._asked.extend(_text(batch.data) for batch in wire.batches(data))
        asyncio.get_running_loop().call_soon(self.work)

    def terminate(self) -> None:
        if not self.is_over:
            self.is_over = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    def work(self) -> None:
        while self._asked and not self.is_over and not self._server.is_frozen:
            self._do(self._asked.pop(0))

    def _do(self, text: str) -> None:
        for at, (when, is_done) in enumerate(self._server.deaths):
            if when == text:
                del self._server.deaths[at]
                if is_done:
                    self._server.done.append((self.number, text))
                self.terminate()
                return
        for at, (when, sqlstate) in enumerate(self._server.errors):
            if when == text:
                del self._server.errors[at]
                self.status = b"E" if self.status == b"T" else self.status
                self._say(wire.refusal(sqlstate, f"no {text}"))
                return
        self._server.done.append((self.number, text))
        self.status = b"T" if text.startswith("BEGIN") else b"I" if text in _ENDS else self.status
        said = text.encode() + b"\0"
        self._say(b"C" + (len(said) + 4).to_bytes(4) + said)

    def _say(self, data: bytes) -> None:
        whole = data + b"Z" + (5).to_bytes(4) + self.status
        for begin in range(0, len(whole), 7):  # in pieces, as a network may
            self._protocol.data_received(whole[begin : begin + 7])


@dataclass
class StoreCaller:
    """A connection of Go's to an access."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def connect(cls, access: StoreAccess) -> StoreCaller:
        url = access.url.partition("?")[2]
        given = dict(pair.split("=", 1) for pair in url.split("&"))
        from urllib.parse import unquote

        path = f"{unquote(given['host'])}/.s.PGSQL.{given['port']}"
        caller = cls(*await asyncio.open_unix_connection(path))
        caller.writer.write(startup(user=unquote(given["user"])))
        await caller.answer()
        return caller

    async def ask(self, text: str) -> str:
        self.send(query(text))
        return await self.answer()

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self) -> str:
        """What a batch was answered: `OK text status` or `ERROR sqlstate status`; `EOF` at the end."""
        said = ""
        while True:
            try:
                header = await self.reader.readexactly(5)
                body = await self.reader.readexactly(int.from_bytes(header[1:]) - 4)
            except (asyncio.IncompleteReadError, ConnectionError):
                return f"{said} EOF".strip()
            match header[:1]:
                case b"C":
                    said = f"OK {body[:-1].decode()}"
                case b"E":
                    said = f"ERROR {wire.sqlstate_of(header + body)}"
                case b"Z":
                    return f"{said} {body.decode()}"

    async def close(self) -> None:
        self.writer.close()


def startup(**parameters: str) -> bytes:
    said = b"".join(f"{name}\0{value}\0".encode() for name, value in parameters.items()) + b"\0"
    return (len(said) + 8).to_bytes(4) + (3 << 16).to_bytes(4) + said


def query(text: str) -> bytes:
    return message("Q", text)


def message(kind: str, text: str = "", rest: bytes = b"") -> bytes:
    said = text.encode() + b"\0" + rest if text or kind == "P" else b""
    return kind.encode() + (len(said) + 4).to_bytes(4) + said


def prepared(text: str) -> bytes:
    """Parse and Sync, as a driver does that asks for the parameters' types first."""
    return message("P", "", text.encode() + b"\0\0\0") + message("S")


def bound(text: str) -> bytes:
    """Execute and Sync. (The fake reads its text where PostgreSQL would read a portal's name.)"""
    return message("E", text) + message("S")


async def until(ask: Callable[[], object], patience_s: float = 5) -> None:
    async with asyncio.timeout(patience_s):
        while not ask():
            await asyncio.sleep(0.005)


def _text(batch: bytes) -> str:
    for kind, at, end in wire.messages(batch):
        body = batch[at + 5 : end]
        if kind in (wire.QUERY, wire.EXECUTE):
            return body.rstrip(b"\0").decode()
        if kind == wire.PARSE:
            return "PARSE " + body.strip(b"\0").decode()
    return ""
