"""A small HTTP/1.1 server whose answers can fail in every way that a real provider's do."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        value = json.loads(self.body) if self.body.strip() else {}
        return value if isinstance(value, dict) else {}


@dataclass
class Fault:
    """What goes wrong with the next calls that match.

    `how`: `status` (this HTTP status and `body`), `text` (a page that is no JSON), `empty` (no body), `reset`
    (the connection is cut), `hang` (no answer ever), `slow` (the usual answer after `delay_s`). `taken`:
    whether the call had its effect before that. `times`: for how many calls; `to`: only those to this
    recipient; `chance`: for each call, from 0 to 1.
    """

    how: str
    status: int = 200
    body: dict[str, Any] | None = None
    taken: bool = False
    delay_s: float = 0.0
    times: int = 1
    to: str | None = None
    chance: float = 1.0


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    how: str = "answer"
    delay_s: float = 0.0


def reply_json(content: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(content).encode())


class Faults:
    """The script: faults are used up in their order."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._random = random.Random(0)

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def clear(self) -> None:
        self._faults.clear()

    def take(self, to: str) -> Fault | None:
        for fault in self._faults:
            if fault.to in (None, to) and (fault.chance >= 1 or self._random.random() < fault.chance):
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None


def faulty(fault: Fault, usual: Reply) -> Reply:
    match fault.how:
        case "status":
            return reply_json(fault.body if fault.body is not None else {}, fault.status)
        case "text":
            return Reply(fault.status, b"<html>Bad gateway</html>", "text/html")
        case "empty":
            return Reply(fault.status, b"")
        case "reset" | "hang":
            return Reply(how=fault.how)
        case "slow":
            usual.delay_s = fault.delay_s
            return usual
    raise ValueError(fault.how)


class Server:
    """Subclasses answer in `handle`. Serves on the loop that enters it, or for ever by `serve`."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.faults = Faults()
        self._server: asyncio.Server | None = None
        self._open: set[_Connection] = set()
        self._tasks: set[asyncio.Future[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, request: Request) -> Reply:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()
        for task in self._tasks:
            task.cancel()

    async def listen(self) -> None:
        """Take connections, on the same port as before."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", self.port, reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Cut every connection, and refuse new ones."""
        if self._server:
            self._server.close()
            self._server = None
        for connection in list(self._open):
            connection.cut()
        await asyncio.sleep(0)

    def fail_next(self, how: str, **what: Any) -> None:
        self.faults.add(Fault(how, **what))

    def background(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def script(self, given: dict[str, Any]) -> Reply:
        """`POST /_script {"clear"?: true, "faults": [{"how": …}, …]}`."""
        if given.get("clear"):
            self.faults.clear()
        for fault in given.get("faults", ()):
            self.faults.add(Fault(**fault))
        return reply_json({"ok": True})


class _Connection(asyncio.Protocol):
    def __init__(self, server: Server) -> None:
        self._server = server
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server._open.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while request := self._request():
            self._server.background(self._answer(request))

    def cut(self) -> None:
        """Reset, not closed politely."""
        if self._transport is None or self._transport.is_closing():
            return
        raw = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _request(self) -> Request | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        size = end + 4 + int(headers.get("content-length", 0))
        if len(self._buffer) < size:
            return None
        body = bytes(self._buffer[end + 4 : size])
        del self._buffer[:size]
        method, target, _ = first.split(" ", 2)
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        return Request(method, parts.path, query, headers, body)

    async def _answer(self, request: Request) -> None:
        reply = await self._server.handle(request)
        if reply.how == "hang":
            return
        if reply.how == "reset":
            self.cut()
            return
        if reply.delay_s:
            await asyncio.sleep(reply.delay_s)
        if self._transport is None or self._transport.is_closing():
            return
        head = f"HTTP/1.1 {reply.status} Said\r\nContent-Type: {reply.content_type}\r\n"
        self._transport.write(f"{head}Content-Length: {len(reply.body)}\r\n\r\n".encode() + reply.body)


@dataclass
class Callback:
    """Where webhooks go, and how: in which order, how often each, how many updates a body.

    `when`: `after` the answer, `before` it, or `shuffled` (after, in any order).
    """

    url: str
    secret: str
    when: str = "after"
    duplicates: int = 0
    batch: int = 1


@dataclass
class Poster:
    """Posts signed bodies until they are taken, one after the other."""

    sign: Callable[[str, bytes], dict[str, str]]
    callback: Callback | None = None
    tries: int = 5
    _client: httpx.AsyncClient | None = None
    _random: random.Random = field(default_factory=lambda: random.Random(0))

    async def post(self, bodies: list[bytes]) -> None:
        callback = self.callback
        if callback is None:
            return
        all_bodies = bodies * (1 + callback.duplicates)
        if callback.when == "shuffled":
            self._random.shuffle(all_bodies)
        for body in all_bodies:
            await self._post(callback, body)

    async def _post(self, callback: Callback, body: bytes) -> None:
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=10, trust_env=False)
        headers = {"Content-Type": "application/json", **self.sign(callback.secret, body)}
        for attempt in range(self.tries):
            try:
                if (await self._client.post(callback.url, content=body, headers=headers)).status_code < 300:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.05 * 2**attempt)

    async def aclose(self) -> None:
        if self._client:
            await self._client.aclose()


def show(sent: list[Any], query: dict[str, str]) -> Reply:
    """`GET /_sent?after=n`."""
    return reply_json([asdict(one) for one in sent[int(query.get("after", 0)) :]])
