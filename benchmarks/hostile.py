"""Strangers who mean harm, each as it was found: `python -m benchmarks.hostile NAME COMPANY`, until killed.

COMPANY is the JSON of `benchmarks.fairness.Company`: where the hub is, and the tenant whom those act for who have one.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import time
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import cache
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from benchmarks.fairness import Company

CRUMBS = b'{"entry":[' + b"[]," * 1_300_000 + b"1]}"
ENDLESS = (
    (b"GET /", b"a" * 16_384),
    (b"GET / HTTP/1.1\r\nhost: x\r\nx-endless: ", b"a" * 16_384),
    (b"GET / HTTP/1.1\r\nhost: x\r\n", b"x-one-more: value\r\n" * 800),
    (b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1;", b"extension" * 1600),
)
UNFINISHED = (b"", b"GET / HTTP/1.1\r\nhost: x\r\n", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nabc")
UNFINISHED_AT_ONCE = 400
HANDSHAKE = b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nhost: x\r\n\r\n"
PAGE = 100
_GONE = (OSError, EOFError, asyncio.IncompleteReadError, httpx.HTTPError, WebSocketException)

Answer = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


async def _again(once: Callable[[], Awaitable[None]], at_once: int) -> None:
    """Do it again and again, so many side by side. What the hub cuts off is begun anew."""

    async def one() -> None:
        while True:
            with suppress(*_GONE):
                await once()
            await asyncio.sleep(0)

    await asyncio.gather(*(one() for _ in range(at_once)))


async def _raw(company: Company) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    address = urlsplit(company.url)
    return await asyncio.open_connection(address.hostname, address.port)


async def nested(company: Company) -> None:
    """Post the unsigned body of 1.3 million lists to the webhooks."""
    async with company.client() as client:
        paths = itertools.cycle(("/webhooks/whatsapp", "/webhooks/waha"))
        await _again(lambda: _post(client, next(paths), CRUMBS), 4)


async def _post(client: httpx.AsyncClient, path: str, body: bytes) -> None:
    await client.post(path, content=body)


async def endless(company: Company) -> None:
    """Send heads without end, and 400 requests that never end."""
    heads, begun = itertools.cycle(ENDLESS), itertools.cycle(UNFINISHED)

    async def pour() -> None:
        head, piece = next(heads)
        _, writer = await _raw(company)
        try:
            writer.write(head)
            while True:
                writer.write(piece)
                await writer.drain()
        finally:
            writer.close()

    async def wait() -> None:
        reader, writer = await _raw(company)
        try:
            writer.write(next(begun))
            await reader.read()
        finally:
            writer.close()

    await asyncio.gather(_again(pour, 4), _again(wait, UNFINISHED_AT_ONCE))


@cache
def _bomb() -> bytes:
    """569 kB of gzip that are half a gigabyte of blanks."""
    packer, blanks = zlib.compressobj(9, wbits=31), b" " * 1_000_000
    return b"".join([*(packer.compress(blanks) for _ in range(570)), packer.flush()])


async def bomb(company: Company) -> None:
    """Answer everything that the hub asks of the tenant's WAHA server by a gzip bomb."""

    async def answer(path: str, writer: asyncio.StreamWriter) -> None:
        packed = _bomb()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(packed)}\r\n"
        writer.write(f"{head}content-encoding: gzip\r\n\r\n".encode() + packed)

    await _waha(company, answer)


async def polling(company: Company) -> None:
    """Fill every page that the hub asks of the tenant's WAHA servers, for ever, or trickle it."""

    async def answer(path: str, writer: asyncio.StreamWriter) -> None:
        now = int(time.time())
        if "trickle" in path:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[")
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.5)
        if "/chats/overview" in path:
            rows: object = [{"id": f"{_phone()}@c.us", "lastMessage": {"timestamp": now}} for _ in range(PAGE)]
        else:
            rows = [{"id": uuid4().hex, "from": f"{_phone()}@c.us", "body": "", "timestamp": now} for _ in range(PAGE)]
        writer.write(_whole(rows))

    await _waha(company, answer)


def _phone() -> str:
    return f"55119{uuid4().int % 10**8:08}"


def _whole(content: object) -> bytes:
    body = json.dumps(content).encode()
    return f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


async def _waha(company: Company, answer: Answer) -> None:
    """Have four sessions of this company on a WAHA server that is honest until they have started; then have the hub
    ask it as often as it does."""
    honest = True

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(*_GONE):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = int(head.lower().partition("content-length:")[2].split("\r\n")[0] or 0)
                await reader.readexactly(length)
                path = head.split(" ")[1]
                if honest or path.startswith("/api/sessions"):
                    writer.write(_whole({"name": path.rsplit("/")[-1], "status": "WORKING"}))
                else:
                    await answer(path, writer)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with company.client() as client:
        ids = [await _session(client, url, f"{name}-{uuid4().hex[:6]}") for name in ("full", "full", "full", "trickle")]
        honest = False
        each = itertools.cycle(ids)
        await _again(lambda: _ask(client, next(each)), 4)


async def _session(client: httpx.AsyncClient, url: str, name: str) -> str:
    body = {"name": name, "provider": "WAHA", "settings": {"url": url, "apiKey": "k", "session": name}}
    made = (await client.post("/api/sessions", json=body)).raise_for_status()
    (await client.post(f"/api/sessions/{made.json()['id']}/start")).raise_for_status()
    return str(made.json()["id"])


async def _ask(client: httpx.AsyncClient, session: str) -> None:
    await client.get(f"/api/sessions/{session}/qr")
    await asyncio.sleep(0.05)


def _frames(company: Company) -> connect:
    url = f"{company.url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
    return connect(url, proxy=None, max_size=2**24, max_queue=None)


async def _sign_in(websocket: ClientConnection, company: Company) -> None:
    await websocket.send(f'40{{"token":"{company.token}"}}')
    while not str(await websocket.recv()).startswith("40"):
        pass


async def attachments(company: Company) -> None:
    """Announce a million attachments, and send them."""

    async def once() -> None:
        async with _frames(company) as websocket:
            await _sign_in(websocket, company)
            await websocket.send('4551000000-["typing",{"_placeholder":true,"num":0}]')
            while True:
                await websocket.send(b"x" * 60_000)

    await _again(once, 4)


async def handshakes(company: Company) -> None:
    """Open sockets by long polling, as nobody, on and on."""

    async def once() -> None:
        reader, writer = await _raw(company)
        try:
            for _ in range(1000):
                writer.write(HANDSHAKE)
                await reader.readuntil(b"\r\n0\r\n\r\n")
        finally:
            writer.close()

    await _again(once, 20)


async def events(company: Company) -> None:
    """Change one's presence as fast as a socket takes it."""

    async def once() -> None:
        async with _frames(company) as websocket:
            await _sign_in(websocket, company)
            hearing = asyncio.create_task(_drain(websocket))
            try:
                for n in itertools.count():
                    await websocket.send(f'42{n}["agent-status",{{"status":"{("ONLINE", "BUSY")[n % 2]}"}}]')
                    await asyncio.sleep(0)
            finally:
                hearing.cancel()

    await _again(once, 4)


async def _drain(websocket: ClientConnection) -> None:
    with suppress(*_GONE):
        while True:
            await websocket.recv()


STRANGERS: dict[str, Callable[[Company], Awaitable[None]]] = {
    each.__name__: each for each in (nested, endless, bomb, polling, attachments, handshakes, events)
}


async def main() -> None:
    name, given = sys.argv[1:]
    os.nice(10)  # a stranger's machine is not the hub's: what they compute themselves is not what they cost
    await STRANGERS[name](Company(**json.loads(given)))


if __name__ == "__main__":
    asyncio.run(main())
