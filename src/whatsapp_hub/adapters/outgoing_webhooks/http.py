"""HTTP/1.1 (RFC 9112) as far as a webhook needs it: post a body, read the status and `retry-after`.

A general client costs a millisecond of CPU for each post, most of it for features that a webhook never uses. This one
is strict where it matters: it connects to the checked address, never follows redirects, drops bodies unread beyond a
bound, and reuses a connection only after a complete, well-formed response.
"""

import asyncio
import re
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote, urlsplit

CONNECT_S = 5.0
HEAD_BYTES = 64 * 1024
BODY_BYTES = 16 * 1024
BODY_S = 1.0
IDLE_S = 4.0
AGE_S = 60.0
"""The longest that a connection is reused; then the name is resolved anew."""

_STATUS = re.compile(rb"HTTP/1\.([01]) (\d{3})(?: [^\r\n]*)?\r?\n", re.ASCII)
_AS_THEY_ARE = "/?:@!$&'()*+,;=%-._~[]"


class NoAnswer(Exception):
    """The receiver closed the connection early, or does not speak HTTP."""


@dataclass(frozen=True, slots=True)
class Target:
    """The endpoint and request path of a URL."""

    is_tls: bool
    host: str
    port: int
    authority: str
    path: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Parse a URL. Raises ValueError."""
        parts = urlsplit(url)
        is_tls, host = parts.scheme == "https", (parts.hostname or "").rstrip(".")
        port = parts.port or (443 if is_tls else 80)
        shown = f"[{host}]" if ":" in host else host
        path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_AS_THEY_ARE)
        return cls(is_tls, host, port, shown if port == (443 if is_tls else 80) else f"{shown}:{port}", path)

    @property
    def origin(self) -> tuple[bool, str, int]:
        return self.is_tls, self.host, self.port


@dataclass(frozen=True, slots=True)
class Answer:
    """A response's status and its `retry-after`, empty without one."""

    status: int
    retry_after: str


@dataclass(slots=True)
class _Head:
    """A response's status and header `fields`, by name in lower case; repeated ones are joined with a comma."""

    status: int
    is_1_1: bool
    fields: dict[bytes, bytes]

    @property
    def keeps_alive(self) -> bool:
        return self.is_1_1 and self.status != 101 and b"close" not in self.fields.get(b"connection", b"").lower()


@dataclass(slots=True)
class Connection:
    """A connection to one receiver. `is_reusable`: the last response was read to its end."""

    target: Target
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    opened: float = field(default_factory=time.monotonic)
    used: float = 0.0
    is_reusable: bool = False

    @classmethod
    async def open(cls, target: Target, address: str, tls: ssl.SSLContext) -> Self:
        """Connect to the address; the certificate must match the target's host name. Raises OSError."""
        context, name = (tls, target.host) if target.is_tls else (None, None)
        where = (address, target.port)
        async with asyncio.timeout(CONNECT_S):
            streams = await asyncio.open_connection(*where, limit=BODY_BYTES, ssl=context, server_hostname=name)
        return cls(target, *streams)

    async def is_fresh(self) -> bool:
        """Check whether it can be reused: unsolicited bytes would be taken for the next response."""
        now = time.monotonic()
        if self.writer.is_closing() or now > self.used + IDLE_S or now > self.opened + AGE_S:
            return False
        try:
            async with asyncio.timeout(0):
                await self.reader.read(1)
        except TimeoutError:
            return True  # no data, and no end of file
        except OSError:
            return False
        return False

    async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post the body and return the response. Raises NoAnswer."""
        self.is_reusable = False
        fields = {"host": self.target.authority, **headers, "content-length": str(len(body))}
        lines = [f"POST {self.target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        self.writer.write("\r\n".join(lines).encode("ascii") + body)
        with suppress(ConnectionError):  # it may have answered before it read everything
            await self.writer.drain()
        head = await self._head()
        self.is_reusable, self.used = await self._body(head) and head.keeps_alive, time.monotonic()
        return Answer(head.status, head.fields.get(b"retry-after", b"").decode("latin-1"))

    def close(self) -> None:
        self.writer.transport.abort()

    async def _head(self) -> _Head:
        """Read the final response's head; informational ones (`100 Continue`) are skipped."""
        left = HEAD_BYTES
        while True:
            first = await self._line()
            if not (found := _STATUS.fullmatch(first)):
                raise NoAnswer("not HTTP")
            fields, left = await self._fields(left - len(first))
            status = int(found[2])
            if status == 101 or not 100 <= status < 200:
                return _Head(status, found[1] == b"1", fields)

    async def _fields(self, left: int) -> tuple[dict[bytes, bytes], int]:
        """Read header fields up to the empty line; return them and the bytes left of the bound."""
        fields: dict[bytes, bytes] = {}
        while True:
            line = await self._line()
            left -= len(line)
            if left < 0:
                raise NoAnswer("its head is too long")
            if not line.strip():
                return fields, left
            name, _, value = line.strip().partition(b":")
            name = name.lower()
            fields[name] = fields[name] + b"," + value.strip() if name in fields else value.strip()

    async def _line(self) -> bytes:
        try:
            line = await self.reader.readline()
        except ValueError:
            raise NoAnswer("its head is too long") from None
        except OSError as error:
            raise NoAnswer(type(error).__name__) from None
        if not line.endswith(b"\n"):
            raise NoAnswer("broken off")
        return line

    async def _body(self, head: _Head) -> bool:
        """Read the body; return whether to its end. Only the status counts: a slow, long or broken body is dropped."""
        with suppress(OSError, ValueError, asyncio.IncompleteReadError, NoAnswer, TimeoutError):
            async with asyncio.timeout(BODY_S):
                return await self._read(head)
        return False

    async def _read(self, head: _Head) -> bool:
        coding, length = head.fields.get(b"transfer-encoding"), head.fields.get(b"content-length")
        if head.status in (204, 304):
            return coding is None and length in (None, b"0")
        if coding is not None:
            return coding.lower() == b"chunked" and length is None and await self._chunks()
        if length is None or not length.isdigit() or len(length) > 9 or int(length) > BODY_BYTES:
            return False
        await self.reader.readexactly(int(length))
        return True

    async def _chunks(self) -> bool:
        left = BODY_BYTES
        while size := int((await self._line()).partition(b";")[0].strip(), 16):
            left -= size
            if size < 0 or left < 0:
                return False
            await self.reader.readexactly(size)
            await self._line()
        await self._fields(BODY_BYTES)
        return True


class Connections:
    """Connections to one receiver, never shared with another host name at the same address."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._idle: list[Connection] = []

    async def idle(self, target: Target) -> Connection | None:
        """Take a reusable connection to the target, if there is one."""
        while self._idle:
            connection = self._idle.pop()
            if connection.target.origin == target.origin and await connection.is_fresh():
                connection.target = target
                return connection
            connection.close()
        return None

    async def open(self, target: Target, addresses: list[str]) -> Connection:
        """Connect to the first address that accepts. Raises NoAnswer."""
        why = ""
        for address in addresses:
            try:
                return await Connection.open(target, address, self._tls)
            except OSError as error:  # TLS errors are OSErrors, too
                why = type(error).__name__
        raise NoAnswer(f"no connection ({why})")

    def give_back(self, connection: Connection) -> None:
        """Keep a reusable connection for the next post; close any other."""
        if connection.is_reusable:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()
