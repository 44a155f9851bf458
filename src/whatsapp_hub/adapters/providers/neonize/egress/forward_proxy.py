"""The local HTTP proxy through which the Go library makes every connection (CONNECT only).

whatsmeow dials without a deadline and under its own lock, so that a server which never answers would hold it for ever,
and whatever waits for it. Ending the connection is the one thing that always ends the wait. Each dial has a `Route` of
its own: a credential by which its connections are known, and the proxy that they take.
"""

import asyncio
import base64
import binascii
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import h11

from whatsapp_hub.adapters.providers.neonize.egress.trial import until_answered
from whatsapp_hub.adapters.providers.neonize.egress.tunnel import Tunnel
from whatsapp_hub.adapters.providers.neonize.egress.upstream import Connection, Unreachable, reach

HOST = "127.0.0.1"
_USER = "route"
_PIECE = 65536
_HEAD_S = 10.0

RETRY_FOR_S = 40.0
"""For so long a connection that the library makes again waits here for WhatsApp; it waits 60 s for us."""


class Route:
    """One dial's way out. Everything on the loop but `begun`, which is set when the library has begun to connect.
    `is_trying`: a connection waits here until WhatsApp answers; `has_failed`: the last one came to nothing."""

    def __init__(self, url: str, proxy: str, opened: Callable[[], None]) -> None:
        self.url, self.proxy = url, proxy
        self.begun = threading.Event()
        self.failure = ""
        self.main: Tunnel | None = None
        self.is_trying = self.has_failed = False
        self._is_answered = True
        self._opened = opened
        self._host = ""
        self._tunnels: set[Tunnel] = set()
        self._waiting: set[asyncio.Task[None]] = set()
        self._is_shut = self._is_held = False
        self._file_left: int | None = None

    @contextmanager
    def file_of(self, most: int) -> Iterator[Callable[[], bool]]:
        """Bound what hosts of files may send while the block runs: the library reads a file whole, however long it is,
        and its sender says how long it is. What is yielded says whether there was more, and was cut off."""
        self._file_left = most
        try:
            yield lambda: self._file_left is not None and self._file_left < 0
        finally:
            self._file_left = None

    def _counts(self, size: int) -> bool:
        if self._file_left is None:
            return True
        self._file_left -= size
        return self._file_left >= 0

    @property
    def unanswered_s(self) -> float:
        """Return for how long WhatsApp has sent nothing since something was sent to it."""
        return self.main.unanswered_s if self.main else 0.0

    @property
    def awaited(self) -> str:
        """Return what the present connection waits for, in words."""
        return "WhatsApp's answer" if self.main and self.main.received else "the answer to the TLS handshake"

    def answered(self) -> None:
        """Note that the number is connected: its next connection needs no trial. From any thread."""
        self._is_answered, self.has_failed = True, False

    def hold(self, *, is_held: bool) -> None:
        """Keep what the library sends to WhatsApp, on this connection or another, or send it after all."""
        self._is_held = is_held
        if self.main is not None:
            self.main.hold(is_held=is_held)

    def cut(self) -> None:
        """End every connection of this dial; the library may make new ones."""
        for task in list(self._waiting):
            task.cancel()
        for tunnel in list(self._tunnels):
            tunnel.cut()

    def shut(self) -> None:
        """End every connection, and refuse new ones."""
        self._is_shut = True
        self.cut()

    async def open(self, inside: Connection, host: str, port: int) -> None:
        """Join a connection of the library's to the host that it asks for. One after another that came to nothing waits
        here until WhatsApp answers, since the library's own pauses grow with each. Raises Unreachable."""
        if self._is_shut:
            raise Unreachable("the session was closed")
        self.begun.set()
        self._host = self._host or host
        task = asyncio.current_task()
        if task is not None:
            self._waiting.add(task)
        try:
            if host == self._host:
                await self._answering()
                self._opened()
            outside = await reach(host, port, self.proxy)
        except Unreachable as error:
            self.failure = str(error)
            raise
        finally:
            if task is not None:
                self._waiting.discard(task)
        inside.writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        is_of_files = host != self._host
        tunnel = Tunnel(host, inside, outside, self._ended, self._counts if is_of_files else lambda _: True)
        self._tunnels.add(tunnel)
        if not is_of_files:
            self.main = tunnel
            tunnel.hold(is_held=self._is_held)

    async def _answering(self) -> None:
        was_answered, self._is_answered = self._is_answered, False
        if was_answered:
            return
        self.is_trying = self.has_failed = True
        try:
            await until_answered(self.proxy, RETRY_FOR_S, lambda: not self._is_shut)
        finally:
            self.is_trying = False

    def _ended(self, tunnel: Tunnel) -> None:
        self._tunnels.discard(tunnel)
        if self.main is tunnel:
            self.main = None


class ForwardProxy:
    """The proxy, listening on the loopback interface from the first route on."""

    def __init__(self) -> None:
        self._routes: dict[str, Route] = {}
        self._server: asyncio.Server | None = None
        self._starting = asyncio.Lock()

    async def route(self, proxy: str, opened: Callable[[], None]) -> Route:
        """Make a route through `proxy`. `opened` is called for each connection to WhatsApp that is asked for. Raises
        OSError."""
        async with self._starting:
            if self._server is None:
                self._server = await asyncio.start_server(self._serve, HOST, 0)
        port = self._server.sockets[0].getsockname()[1]
        token = secrets.token_urlsafe(24)
        route = self._routes[token] = Route(f"http://{_USER}:{token}@{HOST}:{port}", proxy, opened)
        return route

    def forget(self, route: Route) -> None:
        """Shut a route for good."""
        route.shut()
        self._routes = {token: known for token, known in self._routes.items() if known is not route}

    def shut_all(self) -> None:
        """Shut every route that there is."""
        for route in self._routes.values():
            route.shut()

    def close(self) -> None:
        self.shut_all()
        self._routes.clear()
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_HEAD_S):
                request, early = await _request(reader)
            host, port, token = _asked(request)
            route = self._routes.get(token)
            if route is None:
                raise Unreachable("not one of our dials")
            await route.open(Connection(reader, writer, early), host, port)
        except Unreachable as error:
            reason = str(error).encode("ascii", "replace").decode()
            writer.write(f"HTTP/1.1 502 {reason}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            writer.close()
        except (OSError, h11.ProtocolError, ValueError, asyncio.CancelledError):
            writer.transport.abort()  # cutting a route cancels; Python 3.11's server would log that as an error


async def _request(reader: asyncio.StreamReader) -> tuple[h11.Request, bytes]:
    """Read a request's head; return it and what came after it. Raises h11.ProtocolError, OSError."""
    server = h11.Connection(h11.SERVER)
    while not isinstance(event := server.next_event(), h11.Request):
        if event is not h11.NEED_DATA:
            raise ConnectionResetError("closed before it asked for anything")
        server.receive_data(await reader.read(_PIECE))
    return event, server.trailing_data[0]


def _asked(request: h11.Request) -> tuple[str, int, str]:
    """Return the host, port and credential of a CONNECT. Raises Unreachable, ValueError."""
    if request.method != b"CONNECT":
        raise Unreachable("only CONNECT is known here")
    host, _, port = request.target.decode("ascii").rpartition(":")
    token = ""
    for name, value in request.headers:
        if name == b"proxy-authorization" and value[:6].lower() == b"basic ":
            try:
                token = base64.b64decode(value[6:]).decode("ascii").partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                continue
    return host.strip("[]"), int(port), token
