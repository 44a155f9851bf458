"""Each number's way to WhatsApp: a proxy that hangs in a chosen way, and is put right."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
PIECE = 65536
KINDS = ("accept", "connect", "tls", "upgrade", "drip", "silence", "half_open")
"""A TCP connection that is never made; a CONNECT, a TLS handshake, an upgrade without an answer; an upgrade answered
byte by byte; nothing after the upgrade; a connection that goes deaf in the handshake."""

_BEHIND_TLS = KINDS[3:]
_DRIP_S = 0.2
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Doors:
    """Servers with WhatsApp's certificate, one for each kind that hangs behind TLS."""

    def __init__(self, certificate: Path) -> None:
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(certificate)
        self.ports: dict[str, int] = {}
        self._servers: list[asyncio.Server] = []

    async def __aenter__(self) -> Self:
        for kind in _BEHIND_TLS:
            server = await asyncio.start_server(self._door(kind), HOST, 0, ssl=self._tls, backlog=1024)
            self._servers.append(server)
            self.ports[kind] = server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.close()

    @staticmethod
    def _door(kind: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                with suppress(OSError, asyncio.IncompleteReadError):
                    head = await reader.readuntil(b"\r\n\r\n")
                    await _hang(kind, head, reader, writer)
            finally:
                writer.transport.abort()

        return serve


async def _hang(kind: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if kind == "drip":
        for byte in b"HTTP/1.1 101 Switching Protocols\r\n" + b"X-Slow: yes\r\n" * 10_000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(_DRIP_S)
    if kind in ("silence", "half_open"):
        writer.write(_upgraded(head))
    if kind == "half_open":
        await reader.read(PIECE)
        writer.write(b"\x82\x7e\x01\x00\x00")  # a frame of 256 bytes that never come
    while await reader.read(PIECE):
        pass


def _upgraded(head: bytes) -> bytes:
    lines = (line.partition(b":") for line in head.split(b"\r\n"))
    key = next(value.strip() for name, _, value in lines if name.lower() == b"sec-websocket-key")
    accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


class Way:
    """One number's proxy. `hang` cuts its connection and lets none be made; what hangs once hangs on."""

    def __init__(self, whatsapp: int, doors: Doors) -> None:
        self._whatsapp, self._doors = whatsapp, doors
        self.kind = ""
        self.port = 0
        self._server: asyncio.Server | None = None
        self._full: list[socket.socket] = []
        self._tunnels: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def hang(self, kind: str) -> None:
        self.kind = kind
        self._cut()
        if kind == "accept":
            self.close()
            self._fill()

    async def put_right(self) -> None:
        self.kind = ""
        for one in self._full:
            one.close()
        self._full.clear()
        if self._server is None:
            await self.open()

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._cut()

    def _cut(self) -> None:
        for writer in list(self._tunnels):
            writer.transport.abort()

    def _fill(self) -> None:
        """Listen with a queue that is full already: it takes no connection and refuses none."""
        self._full.append(socket.create_server((HOST, self.port), backlog=0))
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            with suppress(BlockingIOError):
                one.connect((HOST, self.port))
            self._full.append(one)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tunnels.add(writer)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                kind = self.kind
                if kind not in ("accept", "connect"):
                    writer.write(b"HTTP/1.1 200 Here you are\r\n\r\n")
                if kind in ("accept", "connect", "tls"):
                    while await reader.read(PIECE):
                        pass
                    return
                await self._join(reader, writer, self._doors.ports.get(kind, self._whatsapp))
        finally:
            self._tunnels.discard(writer)
            writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        there_reader, there_writer = await asyncio.open_connection(HOST, port)
        try:
            ways = [asyncio.create_task(_pass(reader, there_writer)), asyncio.create_task(_pass(there_reader, writer))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
        finally:
            there_writer.transport.abort()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(PIECE):
            writer.write(data)
