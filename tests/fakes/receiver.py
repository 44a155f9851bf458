"""A receiver of webhooks that can fail in every way a stranger's server does; it checks every signature it is given."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from standardwebhooks import Webhook

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GARBAGE = b"\x00\xff what is this \r\n\r\n"
HANG = b"hang"
CUT = b"cut"


def status(code: int, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {code} Whatever", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@dataclass(frozen=True)
class Posted:
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass
class FakeReceiver:
    """`answer` decides for each request what is written back: bytes as they are, HANG (nothing, ever), CUT (the
    connection is cut); a request counts as taken when the answer is a 2xx. `delay_s` before each answer."""

    answer: Callable[[Posted], bytes] = lambda posted: OK
    secret: str | None = None
    delay_s: float = 0.0
    port: int = 0
    posted: list[Posted] = field(default_factory=list)
    taken: list[Posted] = field(default_factory=list)
    at_once: int = 0
    most_at_once: dict[str, int] = field(default_factory=dict)
    refused_signatures: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(self, *what: object) -> None:
        await self.down()

    async def up(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Nobody listens on the port any more."""
        assert self._server
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while posted := await self._read(reader):
                if not await self._respond(posted, writer):
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Posted | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return Posted(first.split(" ")[1], headers, body, asyncio.get_running_loop().time())

    async def _respond(self, posted: Posted, writer: asyncio.StreamWriter) -> bool:
        self.posted.append(posted)
        self._verify(posted)
        self.at_once += 1
        try:
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            answer = self.answer(posted)
            if answer == HANG:
                await asyncio.sleep(3600)
            if answer == CUT:
                writer.transport.abort()
                return False
            if answer.startswith(b"HTTP/1.1 2"):
                self.taken.append(posted)
            writer.write(answer)
            await writer.drain()
            return answer is not GARBAGE
        finally:
            self.at_once -= 1

    def _verify(self, posted: Posted) -> None:
        if self.secret:
            try:
                Webhook(self.secret).verify(posted.body, posted.headers, json_parse=False)
            except Exception:
                self.refused_signatures += 1

    def numbers(self) -> list[int]:
        """What was taken, by the `number` inside, in order."""
        return [posted.json()["data"]["number"] for posted in self.taken]
