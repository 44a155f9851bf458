"""ASGI helpers for what is served outside Litestar."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from whatsapp_hub.adapters.http.problems import MEDIA_TYPE, Problem

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

WRITES_WHOLE = "whatsapp_hub.writes_whole"
"""Key of the scope, set by our own server: a function that takes the scope and the bytes of a whole answer, and returns
whether it could write them as they are."""

AUTHENTICATED = "whatsapp_hub.authenticated"
"""Key of the scope, set by our own server: a function to call with the company once it is known who asks."""

_POLICY = (
    b"default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    b"form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"x-xss-protection", b"0"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", _POLICY),
    (b"cache-control", b"no-store"),
)
"""On every answer. `X-XSS-Protection: 0` switches off a filter of old browsers that opens holes of its own."""


class Headers(Mapping[str, str]):
    """A request's headers by lower-case name, decoded on access (a webhook reads one or two of twenty).
    Of a repeated header the first counts."""

    __slots__ = ("_by_name", "_raw")

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        self._raw = raw
        self._by_name = dict(reversed(raw))

    def __getitem__(self, name: str) -> str:
        return self._by_name[name.encode("latin-1", "replace")].decode("latin-1")

    def get(self, name: str, default: Any = None) -> Any:
        """Return a header by its lower-case name."""
        value = self._by_name.get(name.encode("latin-1", "replace"))
        return default if value is None else value.decode("latin-1")

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.decode("latin-1") for name, _ in self._raw))

    def __len__(self) -> int:
        return len(self._by_name)


def start(status: int, headers: Mapping[str, str]) -> Event:
    """Begin a response, security headers added where they are missing."""
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": with_missing(raw, SECURITY_HEADERS)}


def with_missing(
    present: Sequence[tuple[bytes, bytes]], more: Sequence[tuple[bytes, bytes]]
) -> list[tuple[bytes, bytes]]:
    """Add those of `more` whose names are not present yet."""
    names = {name.lower() for name, _ in present}
    return [*present, *(header for header in more if header[0] not in names)]


def secured(app: App) -> App:
    """Add the security headers to every HTTP answer of `app`, including those to refused WebSockets."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(event: Event) -> None:
            if event["type"] in ("http.response.start", "websocket.http.response.start"):
                event["headers"] = with_missing(event.get("headers", ()), SECURITY_HEADERS)
            await send(event)

        await app(scope, receive, sent)

    return call


class Prepared:
    """A constant answer. Its bytes are assembled once, since checking and joining ten headers
    takes longer than verifying and reading a webhook's body."""

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes = b"") -> None:
        head = start(status, {**headers, "Content-Length": str(len(content))})
        lines = [b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode())]
        lines += [b"%s: %s" % header for header in head["headers"]]
        self._whole = b"\r\n".join([*lines, b"", content])
        self._events = (head, body(content))

    async def __call__(self, scope: Scope, send: Send) -> None:
        writes = scope.get(WRITES_WHOLE)
        if writes is None or not writes(scope, self._whole):
            for event in self._events:
                await send(event)


def body(content: bytes) -> Event:
    """End a response with its content."""
    return {"type": "http.response.body", "body": content}


async def send_problem(problem: Problem, scope: Scope, send: Send) -> None:
    """Answer with a problem."""
    content = msgspec.json.encode(problem.document(scope["path"]))
    length = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(content))}
    await send(start(problem.status, {**problem.headers, **length}))
    await send(body(content))


async def read(receive: Receive, declared: str | None, limit: int) -> bytes | None:
    """Read the whole request body; None if it is (or declares to be) over `limit` bytes."""
    if declared and declared.isdigit() and int(declared) > limit:
        return None
    content = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ConnectionResetError("the client is gone")
        piece: bytes = message.get("body", b"")
        if len(content) + len(piece) > limit:
            return None
        if not message.get("more_body"):
            return bytes(content + piece) if content else piece
        content += piece  # in place: a body in very many pieces is copied once, not once a piece
