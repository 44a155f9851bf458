"""Check and bound what a client sends to `/socket.io`, before the libraries see it.

A long-polling body is read within its size; a WebSocket's frames are checked one by one. One POST, one GET and one
WebSocket of a socket are served at a time, as the official server does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

import msgspec
import structlog

from whatsapp_hub.adapters.realtime.server.bounded_server import MALFORMED, Server
from whatsapp_hub.adapters.realtime.server.limits import Pace
from whatsapp_hub.adapters.realtime.server.packets import PROBING, fault_of, fault_of_payload

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

POLICY_VIOLATION = 1008
RETRY_AFTER_S = 5
HANDSHAKES_AT_ONCE = 2
"""Each takes some milliseconds of the event loop: with more of them at a time every other request waits for all."""

log = structlog.get_logger(__name__)


class Refused(Exception):
    """A request that is refused before the libraries see it: its status, and why."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail


class Door:
    """ASGI middleware around a Socket.IO server."""

    def __init__(self, app: App, server: Server) -> None:
        self._app = app
        self._server = server
        self._limits = server.limits
        self._busy: set[tuple[str, str]] = set()
        self._handshakes = asyncio.Semaphore(HANDSHAKES_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return
        try:
            await self._serve(scope, receive, send)
        except Refused as refused:
            await _refuse(refused, scope, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _head_bytes(scope) > self._limits.head_bytes:
            raise Refused(431, "Request Header Fields Too Large", "the request's head has more than 16 kB")
        socket = _socket_named(scope)
        if socket is None and scope.get("method", "GET") == "GET" and self._server.is_full:
            raise Refused(503, "Service Unavailable", "too many sockets are open; try again")
        way = "WEBSOCKET" if scope["type"] == "websocket" else scope["method"]
        with self._alone(socket, way):
            if way == "POST":
                receive = await self._body(scope, receive, socket)
            elif way == "WEBSOCKET":
                receive, send = self._looked_at(receive, send, socket is not None), _with_reason(scope, send)
            try:
                if socket is None:
                    await self._open(scope, receive, send)
                else:
                    await self._app(scope, receive, send)
            finally:
                if socket is not None and way == "WEBSOCKET":
                    self._server.abandon_probe(socket)

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open a socket in its turn, which ends with the first thing that is sent."""
        await self._handshakes.acquire()
        is_held = True

        def end() -> None:
            nonlocal is_held
            if is_held:
                is_held = False
                self._handshakes.release()

        async def sent(event: Event) -> None:
            end()
            await send(event)

        try:
            await self._app(scope, receive, sent)
        finally:
            end()

    @contextmanager
    def _alone(self, socket: str | None, way: str) -> Iterator[None]:
        if socket is None or not self._server.knows(socket):
            yield
            return
        if (socket, way) in self._busy:
            raise Refused(400, "Bad Request", f"another {way} of this socket is under way")
        self._busy.add((socket, way))
        try:
            yield
        finally:
            self._busy.discard((socket, way))

    async def _body(self, scope: Scope, receive: Receive, socket: str | None) -> Receive:
        """Read a payload within its bound, and pass it on in one piece."""
        if socket is None or not self._server.knows(socket):
            raise Refused(400, "Bad Request", "there is no such socket; connect anew")
        body = await _read(receive, self._limits.packet_bytes)
        if fault := fault_of_payload(body, self._limits.packets_a_post):
            self._server.drop(socket, MALFORMED)
            raise Refused(400, "Bad Request", fault)
        others = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
        scope["headers"] = [*others, (b"content-length", str(len(body)).encode())]
        return _replayed(body, receive)

    def _looked_at(self, receive: Receive, send: Send, probes: bool) -> Receive:
        """Check each frame; after a malformed one, or too many, the client is cut off. A WebSocket that upgrades from
        polling (`probes`) has a time to do so; others have the server's time to authenticate."""
        seen, pace, clock = 0, Pace(self._limits.packets), asyncio.get_running_loop().time

        async def looked_at() -> Event:
            nonlocal seen
            async with asyncio.timeout(self._limits.silence_s if probes and seen < PROBING else None):
                event = await receive()
            if event["type"] != "websocket.receive":
                return event
            seen += 1
            frame = event.get("text") if event.get("bytes") is None else event["bytes"]
            fault = fault_of(frame, early=seen <= PROBING) or ("too many packets" if pace.spend(clock()) else None)
            return await self._cut_off(send, fault) if fault else event

        async def patient() -> Event:
            try:
                return await looked_at()
            except TimeoutError:
                return await self._cut_off(send, "nothing was sent in time")

        return patient

    async def _cut_off(self, send: Send, fault: str) -> Event:
        log.warning("socket cut off", fault=fault)
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": fault})
        return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}


def _socket_named(scope: Scope) -> str | None:
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return query["sid"][0] if "sid" in query else None


def _head_bytes(scope: Scope) -> int:
    headers = sum(len(name) + len(value) for name, value in scope["headers"])
    return headers + len(scope["path"]) + len(scope.get("query_string", b""))


def _with_reason(scope: Scope, send: Send) -> Send:
    """Answer a handshake that the libraries refuse with a problem, not an empty 403."""
    accepted = False

    async def sent(event: Event) -> None:
        nonlocal accepted
        if event["type"] == "websocket.close" and not accepted:
            await _refuse(Refused(400, "Bad Request", event.get("reason") or "no handshake"), scope, send)
            return
        accepted = accepted or event["type"] == "websocket.accept"
        await send(event)

    return sent


async def _read(receive: Receive, limit: int) -> bytes:
    content = bytearray()
    while True:
        event = await receive()
        if event["type"] != "http.request":
            raise ConnectionResetError("the client is gone")
        content += event.get("body", b"")
        if len(content) > limit:
            raise Refused(413, "Content Too Large", f"the body has more than {limit // 1024} kB")
        if not event.get("more_body"):
            return bytes(content)


def _replayed(body: bytes, receive: Receive) -> Receive:
    is_replayed = False

    async def replay() -> Event:
        nonlocal is_replayed
        if is_replayed:
            return await receive()
        is_replayed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _refuse(refused: Refused, scope: Scope, send: Send) -> None:
    """Answer with a problem, a WebSocket's handshake too where the server can."""
    kind = "http" if scope["type"] == "http" else "websocket.http"
    if kind != "http" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "reason": refused.detail})
        return
    problem = {"type": "about:blank", "title": refused.title, "status": refused.status, "detail": refused.detail}
    content = msgspec.json.encode(problem)
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(content)).encode())]
    if refused.status == 503:
        headers.append((b"retry-after", str(RETRY_AFTER_S).encode()))
    await send({"type": f"{kind}.response.start", "status": refused.status, "headers": headers})
    await send({"type": f"{kind}.response.body", "body": content})
