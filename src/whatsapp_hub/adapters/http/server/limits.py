"""Serve HTTP with limits of the server's own: the size of a request's head, the time of a request.

uvicorn's parser sets none: an endless header is kept and copied until memory is exhausted, and a connection that never
finishes its request stays open for ever. nginx in front sets limits too, but not every installation has one.
"""

import asyncio
from typing import Any, cast

import msgspec
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from whatsapp_hub.adapters.http.problems import MEDIA_TYPE
from whatsapp_hub.adapters.http.server.asgi import AUTHENTICATED, WRITES_WHOLE, Scope
from whatsapp_hub.adapters.http.server.bodies import SMALL_BYTES, LargeBodies
from whatsapp_hub.adapters.http.server.websockets import BoundedWebSocket

HEAD_BYTES = 64 * 1024
"""Method, path, query and headers together. A browser with all its cookies sends 16 kB at most."""
FRAMING_BYTES = 1024 * 1024
"""Chunk sizes, extensions and trailers may be this long, and as long as the body eight times over."""
RETRY_AFTER_S = 5
LOOKED_AT_EVERY_S = 1.0


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one request: seconds, bytes, and bytes a second.

    `idle_s` is for a new connection that sends nothing; `body_rate` is an average that counts after `grace_s`.
    """

    idle_s: float = 75.0
    head_s: float = 20.0
    body_bytes: int = 128 * 1024 * 1024
    body_s: float = 900.0
    body_rate: float = 4096.0
    grace_s: float = 30.0


class TooLarge(Exception):
    """The head or the framing of a request exceeds its bound, or there is no room for its body."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Its state is two counters and two times, looked at once a second by `watch`.

    What each request passes through calls uvicorn's class by its name: before Python 3.12 `super()` takes longer than
    the counting."""

    limits = Limits()
    large = LargeBodies()
    flow: FlowControl

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Start the clock of the first head."""
        super().connection_made(transport)
        self._received = self._body = 0
        self._refused: tuple[int, str] | None = None
        self._head_since: float | None = self.loop.time()
        self._body_since: float | None = None
        self._owner: object = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop counting what the connection held."""
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count bytes, and refuse a head that is too long before it is parsed."""
        if self._head_since is None and self._body_since is None:
            self._head_since = self.loop.time()
            self._received = 0
        self._received += len(data)
        HttpToolsProtocol.data_received(self, data)
        if self._head_since is not None and self._received > HEAD_BYTES:
            self._refuse(431, "the request's head has more than 64 kB")
        elif self._body_since is not None and self._received - self._body > FRAMING_BYTES + 8 * self._body:
            self._refuse(400, "the request's body is cut into pieces that are longer than it")

    def on_headers_complete(self) -> None:
        """Refuse a head that is too long; pass our own signals to the app through the scope."""
        if self._received > HEAD_BYTES and self._head_size() > HEAD_BYTES:
            self._refused = (431, "the request's head has more than 64 kB")
            raise TooLarge
        HttpToolsProtocol.on_headers_complete(self)
        ours = {WRITES_WHOLE: self.write_whole, AUTHENTICATED: self._authenticated}
        cast("dict[str, object]", self.scope).update(ours)  # uvicorn's type knows its own keys only
        self._owner = None
        self._head_since, self._body_since = None, self.loop.time()
        self._received = self._body = 0

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def on_body(self, body: bytes) -> None:
        """Count the body against what all unauthenticated requests may hold together."""
        self._body += len(body)
        HttpToolsProtocol.on_body(self, body)
        if self._body > SMALL_BYTES and not self.cycle.response_complete:
            self._count()

    def _count(self) -> None:
        if not self.large.grow(self, self._body, self._owner):
            self._refused = (503, "too many large bodies are under way; try again")
            raise TooLarge

    def _authenticated(self, company: object) -> None:
        """Count this request's body among those of its company, no longer among strangers'."""
        self._owner = company
        if self._body > SMALL_BYTES:
            self.large.grow(self, self._body, company)

    def _forget(self) -> None:
        if self._body > SMALL_BYTES:
            self.large.forget(self)

    def on_response_complete(self) -> None:
        """Stop counting what the request held."""
        self._forget()
        HttpToolsProtocol.on_response_complete(self)

    def on_message_complete(self) -> None:
        """Stop the clock of the body."""
        self._body_since = None
        HttpToolsProtocol.on_message_complete(self)

    def write_whole(self, scope: Scope, answer: bytes) -> bool:
        """Write a whole answer as it is; False, and nothing written, where uvicorn has to assemble it: its own headers
        are enabled, the connection closes, the client is slow or gone, or has pipelined another request."""
        cycle = self.cycle
        is_next = cycle.scope is scope and cycle.keep_alive and not (cycle.response_started or cycle.disconnected)
        if not is_next or self.flow.write_paused or self.server_state.default_headers:
            return False
        cycle.response_started = cycle.response_complete = True
        self.transport.write(answer)
        cycle.message_event.set()
        cycle.on_response()
        return True

    def send_400_response(self, msg: str) -> None:
        """Answer invalid HTTP, or what a callback refused, with a problem, and close."""
        self._refuse(*(self._refused or (400, msg)))

    def check(self, now: float) -> None:
        """Close the connection if its request takes longer to arrive than it may."""
        if self.transport.is_closing() or self.flow.read_paused:
            return
        waited_s = now - (now if self._head_since is None else self._head_since)
        if waited_s > self.limits.idle_s and not self._received:
            self.transport.close()
        elif waited_s > self.limits.head_s and self._received:
            self._refuse(408, "the request's head did not come in time")
        elif self._body_since is not None and self._is_late(now - self._body_since):
            self._refuse(408, "the request's body did not come in time")

    def _is_late(self, took_s: float) -> bool:
        if self._body > self.limits.body_bytes or took_s > self.limits.body_s:
            return True
        return took_s > self.limits.grace_s and self._body < self.limits.body_rate * took_s

    def _refuse(self, status: int, detail: str) -> None:
        """Answer with a problem if no answer has begun, and close."""
        if self.transport.is_closing():
            return
        self._head_since = self._body_since = None
        cycle: Any = self.cycle  # None before the first request, whatever uvicorn's annotation says
        if cycle is None or cycle.response_complete or not cycle.response_started:
            self.transport.write(_answer(status, detail))
        self.transport.close()


def _answer(status: int, detail: str) -> bytes:
    title = STATUS_LINE[status].decode().split(" ", 2)[2].strip()
    content = msgspec.json.encode({"type": "about:blank", "title": title, "status": status, "detail": detail})
    again = f"retry-after: {RETRY_AFTER_S}\r\n" if status == 503 else ""
    head = f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(content)}\r\n{again}connection: close\r\n\r\n"
    return STATUS_LINE[status] + head.encode() + content


async def watch(state: ServerState) -> None:
    """Check every connection once a second, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(LOOKED_AT_EVERY_S)
        now = loop.time()
        for connection in list[Any](state.connections):
            if isinstance(connection, (BoundedProtocol, BoundedWebSocket)):
                connection.check(now)
