"""The little of ASGI that stands outside Litestar."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

import msgspec

from whatsapp_hub.adapters.http.problems import MEDIA_TYPE, Problem

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]


class Headers(Mapping[str, str]):
    """A request's headers by lower-case name, decoded when asked for (a webhook asks for one or two of twenty).
    Of a header that came twice, the first counts."""

    __slots__ = ("_by_name", "_raw")

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        self._raw = raw
        self._by_name = dict(reversed(raw))

    def __getitem__(self, name: str) -> str:
        return self._by_name[name.encode("latin-1", "replace")].decode("latin-1")

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.decode("latin-1") for name, _ in self._raw))

    def __len__(self) -> int:
        return len(self._by_name)


def start(status: int, headers: Mapping[str, str]) -> Event:
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": raw}


def body(content: bytes) -> Event:
    return {"type": "http.response.body", "body": content}


async def tell(problem: Problem, scope: Scope, send: Send) -> None:
    """Answer with a problem."""
    content = msgspec.json.encode(problem.document(scope["path"]))
    length = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(content))}
    await send(start(problem.status, {**problem.headers, **length}))
    await send(body(content))


async def read(receive: Receive, declared: str | None, limit: int) -> bytes | None:
    """The whole request body, or None if it is (or says that it is) over `limit` bytes."""
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
