"""What a dial to WhatsApp can wait for in vain: a proxy and a server that hang at a chosen step, until put right.

Right means here: the server answers the handshake with a word that no client understands. WhatsApp has answered then,
and the dial ends at once, which a number's state tells.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

WHATSAPP = "web.whatsapp.com"
KINDS = ("accept", "connect", "tls", "upgrade", "drip", "silence", "half_open", "lookup")
"""A TCP connection that is never made, a CONNECT, a TLS handshake or an upgrade without an answer, an upgrade answered
byte by byte, nothing after the upgrade, a connection that goes deaf in the handshake, a name server that hangs."""

_DRIP_S = 0.2


def certificate(folder: Path, name: str = WHATSAPP) -> Path:
    """Key and certificate for a name, which signs itself: also the root to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "whatsapp.pem"
    path.write_bytes(private + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


@dataclass
class Hang:
    """A way to WhatsApp that hangs as `kind` says until it is `right`. `dials`: connections that came through."""

    kind: str
    whatsapp: int
    port: int = 0
    right: bool = False
    dials: int = 0
    answered: int = 0
    _queue: list[socket.socket] = field(default_factory=list)
    _server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        host = "hangs.example" if self.kind == "lookup" else "127.0.0.1"
        return f"http://user:proxy-password@{host}:{self.port}"

    async def begin(self) -> None:
        """Listen. Kind `accept`: with a queue that is full already, which takes no connection and refuses none."""
        if self.kind != "accept":
            self._server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
            self.port = self._server.sockets[0].getsockname()[1]
            return
        self._queue.append(socket.create_server(("127.0.0.1", 0), backlog=0))
        self.port = self._queue[0].getsockname()[1]
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            with suppress(BlockingIOError):
                one.connect(("127.0.0.1", self.port))
            self._queue.append(one)

    async def put_right(self) -> None:
        """From now on dials are answered; those that hang go on hanging."""
        self.right = True
        for one in self._queue:
            one.close()
        self._queue.clear()
        if self._server is None:
            self._server = await asyncio.start_server(self.serve, "127.0.0.1", self.port)

    def end(self) -> None:
        for one in self._queue:
            one.close()
        if self._server is not None:
            self._server.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Be the proxy for one connection."""
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                self.dials += 1
                if not self.right and self.kind in ("accept", "connect"):
                    await reader.read()
                    return
                writer.write(b"HTTP/1.1 200 Here you are\r\n\r\n")
                if not self.right and self.kind == "tls":
                    await reader.read()
                    return
                await self._join(reader, writer)
        finally:
            writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.whatsapp)
        try:
            ways = [self._pass(reader, there_writer), self._pass(there_reader, writer)]
            await asyncio.wait([asyncio.create_task(way) for way in ways], return_when=asyncio.FIRST_COMPLETED)
        finally:
            there_writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)


class Server:
    """WhatsApp's door, with its certificate, which hangs as its `Hang` says. One for each kind."""

    def __init__(self, hang: Hang) -> None:
        self.hang = hang

    async def first(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, websocket: int) -> None:
        """Read the upgrade; answer it never, slowly, or as a WebSocket server would."""
        hang = self.hang
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                head = await reader.readuntil(b"\r\n\r\n")
                if not hang.right and hang.kind == "upgrade":
                    await reader.read()
                    return
                if not hang.right and hang.kind == "drip":
                    for byte in b"HTTP/1.1 101 Switching Protocols\r\n" + b"X-Slow: yes\r\n" * 10_000:
                        writer.write(bytes([byte]))
                        await writer.drain()
                        await asyncio.sleep(_DRIP_S)
                there_reader, there_writer = await asyncio.open_connection("127.0.0.1", websocket)
                there_writer.write(head)
                ways = [hang._pass(reader, there_writer), hang._pass(there_reader, writer)]
                await asyncio.wait([asyncio.create_task(way) for way in ways], return_when=asyncio.FIRST_COMPLETED)
                there_writer.transport.abort()
        finally:
            writer.transport.abort()

    async def talk(self, connection: ServerConnection) -> None:
        """Take the client's hello."""
        with suppress(ConnectionClosed):
            await connection.recv()
            if not self.hang.right:
                if self.hang.kind == "half_open":
                    await connection.send(b"\x00")  # the beginning of a frame that never ends
                await connection.wait_closed()
                return
            self.hang.answered += 1
            await connection.send(b"\x00\x00\x01\x00")


@asynccontextmanager
async def hanging(kind: str, pair: Path) -> AsyncIterator[Hang]:
    """A proxy, and WhatsApp behind it, of which one hangs."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pair)
    hang = Hang(kind, 0)
    server = Server(hang)
    async with serve(server.talk, "127.0.0.1", 0, origins=None, compression=None, ping_interval=None) as websocket:
        inner = next(iter(websocket.sockets)).getsockname()[1]

        async def first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await server.first(reader, writer, inner)

        async with await asyncio.start_server(first, "127.0.0.1", 0, ssl=tls) as door:
            hang.whatsapp = door.sockets[0].getsockname()[1]
            await hang.begin()
            try:
                yield hang
            finally:
                hang.end()
