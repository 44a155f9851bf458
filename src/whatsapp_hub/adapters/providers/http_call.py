"""Call a provider over HTTP, with a hard deadline and errors that say whether the request can have arrived.

A failure before the request began to leave this machine is Transient (certainly not sent); from then on it is
OutcomeUnknown, unless the call is idempotent and can simply be repeated.
Answers are bounded: compressed ones are not requested and not unpacked (half a megabyte of gzip can be gigabytes), and
one that is longer than `ANSWER_BYTES` is aborted.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from whatsapp_hub.adapters.providers.reach import OWNER, NotPublic, Reach, ReachingTransport
from whatsapp_hub.adapters.tls import client_context
from whatsapp_hub.application.ports.provider.plugin import OutgoingFile
from whatsapp_hub.domain.errors import NotFound, OutcomeUnknown, Rejected, Scope, Transient, Unavailable

_RETRY_AFTER_S = 2.0
_CONNECT_TIMEOUT_S = 5.0
ANSWER_BYTES = 8 * 1024 * 1024
"""A hundred WAHA messages with their thumbnails are a fifth of it."""
STEP_S = 30.0
"""The longest that the next bytes of a file may take."""
_WRITING = ("http11.send_request_headers.started", "http2.send_request_headers.started")


@dataclass(frozen=True, slots=True)
class Form:
    """A multipart form: text fields, then one file as the field `name`, which goes out as it is read."""

    fields: Mapping[str, str]
    name: str
    file: OutgoingFile

    def encoded(self) -> tuple[Mapping[str, str], AsyncIterator[bytes]]:
        """Return headers and body. A file name cannot end its line or its quotation."""
        boundary = secrets.token_hex(16)
        lines = [_field(boundary, key) + f"\r\n\r\n{value}\r\n" for key, value in self.fields.items()]
        name = self.file.file_name.translate(_ESCAPED)
        lines.append(
            _field(boundary, self.name) + f'; filename="{name}"\r\nContent-Type: {self.file.mime_type}\r\n\r\n'
        )
        head, tail = "".join(lines).encode(), f"\r\n--{boundary}--\r\n".encode()
        length = str(len(head) + self.file.size + len(tail))
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Content-Length": length}
        return headers, self._body(head, tail)

    async def _body(self, head: bytes, tail: bytes) -> AsyncIterator[bytes]:
        yield head
        async for piece in self.file.pieces():
            yield piece
        yield tail


_ESCAPED = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A", "\\": "%5C"})


def _field(boundary: str, name: str) -> str:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'


@dataclass(frozen=True, slots=True)
class Call:
    """One request, with a `body` or a `form`. `idempotent`: doing it twice does no harm (look-ups, read marks).
    `owner`: the company that named the server, where one did; its slow names delay its own calls alone."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    idempotent: bool = False
    form: Form | None = None
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's response. `retry_after_s`: what its `Retry-After` asks for."""

    status: int
    body: bytes
    retry_after_s: float | None = None


class BadAnswer(Exception):
    """The answer exceeds the limit, or is compressed though that was not requested."""


class HttpPool:
    """Connections to one provider.

    Several small pools instead of a large one: httpx looks through all connections of a pool for each request
    (measured with 128 calls at once: 1.4 ms of processor time a call, against 3.2 in one pool). The least
    busy takes the call. Idle connections are dropped before the other side does it (Node, and so WAHA, after
    5 s): one that closes while we write costs an unknown outcome.
    """

    def __init__(self, pools: int = 16, connections: int = 16, reach: Reach | None = None) -> None:
        """`reach` bounds which servers are called, where companies name them; no proxy of the environment is asked
        then, which would resolve names itself."""
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=4)
        timeout = httpx.Timeout(None, connect=_CONNECT_TIMEOUT_S, pool=_CONNECT_TIMEOUT_S)
        self._clients = [_client(limits, timeout, reach) for _ in range(pools)]
        self._busy = [0] * pools

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """Lend the client with the fewest calls under way."""
        chosen = min(range(len(self._clients)), key=self._busy.__getitem__)
        self._busy[chosen] += 1
        try:
            yield self._clients[chosen]
        finally:
            self._busy[chosen] -= 1

    async def aclose(self) -> None:
        """Close all clients and their connections."""
        for client in self._clients:
            await client.aclose()


def _client(limits: httpx.Limits, timeout: httpx.Timeout, reach: Reach | None) -> httpx.AsyncClient:
    if reach is None:
        return httpx.AsyncClient(limits=limits, timeout=timeout, verify=client_context())
    transport = ReachingTransport(reach, limits, client_context())
    return httpx.AsyncClient(limits=limits, timeout=timeout, verify=client_context(), transport=transport)


async def exchange(pool: HttpPool, call: Call, deadline_s: float) -> Answer:
    """Make the call within `deadline_s` seconds. Raises Transient or OutcomeUnknown, and what reading a form's file
    raises."""
    writing = False

    async def trace(event: str, _info: Mapping[str, object]) -> None:
        nonlocal writing
        writing = writing or event in _WRITING

    try:
        async with asyncio.timeout(deadline_s), pool.client() as client:
            OWNER.set(call.owner)
            of_form, body = call.form.encoded() if call.form else ({}, call.body)
            headers = {**call.headers, **of_form, "Accept-Encoding": "identity"}
            request = client.build_request(
                call.method, call.url, headers=headers, content=body, extensions={"trace": trace}
            )
            response = await client.send(request, stream=True)
            try:
                found = await _read(response)
            finally:
                await response.aclose()
    except (NotFound, Unavailable):  # the form's file
        raise
    except Exception as error:  # not only httpx's own: a connection that dies while it is made raises anything
        code = _code(error)
        if writing and not call.idempotent:
            raise OutcomeUnknown(code, _detail(error)) from error
        raise Transient(code, _detail(error), retry_after_s=_RETRY_AFTER_S, scope=Scope.SESSION) from error
    return Answer(response.status_code, found, _retry_after(response))


@dataclass(frozen=True, slots=True)
class Streamed:
    """A response whose body is read as it comes. `size`: what it says that it has."""

    status: int
    size: int | None
    pieces: AsyncIterator[bytes]
    retry_after_s: float | None = None


@asynccontextmanager
async def streamed(
    pool: HttpPool, url: str, headers: Mapping[str, str], most: int, owner: str = ""
) -> AsyncIterator[Streamed]:
    """GET a file of at most `most` bytes, with no limit of time but STEP_S for each step. Redirects are not followed.
    Raises Transient, Rejected (`media_too_large`)."""
    OWNER.set(owner)
    try:
        async with pool.client() as client:
            timeout = httpx.Timeout(STEP_S, connect=_CONNECT_TIMEOUT_S, pool=STEP_S)
            asked = client.build_request(
                "GET", url, headers={**headers, "Accept-Encoding": "identity"}, timeout=timeout
            )
            response = await client.send(asked, stream=True)
            try:
                length = response.headers.get("content-length", "")
                size = int(length) if length.isascii() and length.isdigit() else None
                yield Streamed(response.status_code, size, _bounded(response, most), _retry_after(response))
            finally:
                await response.aclose()
    except (httpx.HTTPError, httpx.InvalidURL, OSError, BadAnswer) as error:
        detail = _detail(error)
        raise Transient(_code(error), detail, retry_after_s=_RETRY_AFTER_S, scope=Scope.SESSION) from error


async def _bounded(response: httpx.Response, most: int) -> AsyncIterator[bytes]:
    _require_plain(response)
    taken = 0
    async for piece in response.aiter_raw():
        taken += len(piece)
        if taken > most:
            raise Rejected("media_too_large", f"the file has more than {most} bytes")
        yield piece


async def _read(response: httpx.Response) -> bytes:
    """Read the body as it comes over the wire. Raises BadAnswer."""
    _require_plain(response)
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > ANSWER_BYTES:
            raise BadAnswer(f"the answer has more than {ANSWER_BYTES} bytes")
    return bytes(body)


def _require_plain(response: httpx.Response) -> None:
    if (packed := response.headers.get("content-encoding", "identity").strip().lower()) not in ("", "identity"):
        raise BadAnswer(f"the answer is packed ({packed[:40]})")


def _code(error: Exception) -> str:
    if isinstance(error, BadAnswer):
        return "bad_answer"
    if isinstance(error.__cause__, NotPublic):
        return "not_public"
    return "timeout" if isinstance(error, TimeoutError | httpx.TimeoutException) else "connection"


def _detail(error: Exception) -> str:
    """Describe an error by our own text or its type: a library's text may carry an address with its secrets."""
    if isinstance(error.__cause__, NotPublic):
        return str(error.__cause__)
    return str(error) if isinstance(error, BadAnswer) else type(error).__name__


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return min(float(value), 3600.0) if value.isascii() and value.isdigit() else None
