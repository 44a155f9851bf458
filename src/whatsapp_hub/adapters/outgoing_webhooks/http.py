"""HTTP/1.1 (RFC 9112) as far as a webhook needs it: post a body, read the status and `retry-after`.

A general client costs a millisecond of CPU for each post, most of it for features that a webhook never uses. This one
is strict where it matters: it connects to the checked address, never follows redirects, drops bodies unread beyond a
bound, and reuses a connection only after a complete, well-formed response.
"""

import asyncio
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote, urlsplit

from whatsapp_hub.adapters.outgoing_webhooks.response import Answer, NoAnswer, Response

CONNECT_S = 5.0
PIECE_BYTES = 16 * 1024
BODY_S = 1.0
IDLE_S = 4.0
AGE_S = 60.0
"""The longest that a connection is reused; then the name is resolved anew."""

_AS_THEY_ARE = "/?:@!$&'()*+,;=%-._~[]"


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
        """What a connection can be reused for: TLS or not, host, port."""
        return self.is_tls, self.host, self.port


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
            streams = await asyncio.open_connection(*where, limit=PIECE_BYTES, ssl=context, server_hostname=name)
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
        response = Response()
        while response.status is None:
            response.feed(await self._piece())
        await self._body(response)
        self.is_reusable, self.used = response.is_whole, time.monotonic()
        return Answer(response.status, response.retry_after)

    def close(self) -> None:
        """Cut the connection without a farewell."""
        self.writer.transport.abort()

    async def _body(self, response: Response) -> None:
        """Read the body, if the connection could be reused then. Only the status counts: a slow, long or broken body is
        dropped."""
        with suppress(NoAnswer, TimeoutError):
            async with asyncio.timeout(BODY_S):
                while response.is_open:
                    response.feed(await self._piece())

    async def _piece(self) -> bytes:
        try:
            piece = await self.reader.read(PIECE_BYTES)
        except OSError as error:
            raise NoAnswer(type(error).__name__) from None
        if not piece:
            raise NoAnswer("broken off")
        return piece


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
        """Cut all idle connections."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()
