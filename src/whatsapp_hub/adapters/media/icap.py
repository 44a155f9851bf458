"""ICAP (RFC 3507): ask a content scanner what it would do with a file that a server answers with."""

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

PIECE_BYTES = 64 * 1024
MOST_HEAD = 64 * 1024
NAMES = ("x-infection-found", "x-virus-id", "x-violations-found", "x-virus-name")
"""Headers by which servers say what they found."""
UNCHANGED, CHANGED = 204, 200


@dataclass(frozen=True, slots=True)
class IcapService:
    """One service of one server; a connection a file."""

    host: str
    port: int
    path: str
    query: str = ""

    async def scan(self, file: IO[bytes], size: int) -> str | None:
        """Return what was found in the file, or None. Raises OSError, EOFError, ValueError (not ICAP, or refused)."""
        await asyncio.to_thread(file.flush)
        reader, writer = await asyncio.open_connection(self.host, self.port, limit=MOST_HEAD)
        sending = asyncio.create_task(self._send(writer, file.fileno(), size))
        try:
            return await self._verdict(reader, file.fileno(), size)
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await sending
            writer.transport.abort()

    async def _send(self, writer: asyncio.StreamWriter, file: int, size: int) -> None:
        """Send the file as the answer to a GET. A server may answer, and close, before it has seen all."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        request = b"GET /file HTTP/1.1\r\nHost: whatsapp-hub\r\n\r\n"
        answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % size
        where = f"icap://{host}:{self.port}{self.path}{f'?{self.query}' if self.query else ''}"
        parts = f"req-hdr=0, res-hdr={len(request)}, res-body={len(request) + len(answer)}"
        head = (
            f"RESPMOD {where} ICAP/1.0\r\nHost: {host}:{self.port}\r\nUser-Agent: whatsapp-hub\r\n"
            f"Allow: 204\r\nConnection: close\r\nEncapsulated: {parts}\r\n\r\n"
        )
        with suppress(ConnectionError):
            writer.write(head.encode() + request + answer)
            sent = 0
            while piece := await asyncio.to_thread(os.pread, file, PIECE_BYTES, sent):
                sent += len(piece)
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                await writer.drain()
            writer.write(b"0\r\n\r\n")
            await writer.drain()

    async def _verdict(self, reader: asyncio.StreamReader, file: int, size: int) -> str | None:
        status, headers = await _head(reader)
        found = next((headers[name] for name in NAMES if headers.get(name)), None)
        if found is not None:
            return _name(found)
        if status == UNCHANGED:
            return None
        if status != CHANGED:
            raise ValueError(f"the server answered {status}")
        if "req-hdr" in headers.get("encapsulated", ""):
            await _http_head(reader)
        status, headers = await _http_head(reader)
        if status != CHANGED:
            return "blocked"
        return None if await _is_the_same(reader, file, size) else "changed by the scanner"


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """Read status and headers, names in lower case."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.LimitOverrunError:
        raise ValueError("the answer's head is too long") from None
    first, *lines = head.split("\r\n")
    _, _, rest = first.partition(" ")
    if not first.startswith(("ICAP/", "HTTP/")) or not rest[:3].isdecimal():
        raise ValueError("the server does not speak ICAP")
    pairs = (line.partition(":") for line in lines if ":" in line)
    return int(rest[:3]), {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _http_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    try:
        return await _head(reader)
    except asyncio.IncompleteReadError:
        raise ValueError("the answer ends in its middle") from None


async def _is_the_same(reader: asyncio.StreamReader, file: int, size: int) -> bool:
    """Compare the body of the answer (in chunks) with the file, while that is still sent."""
    seen = 0
    while left := int((await reader.readuntil(b"\n")).split(b";")[0], 16):
        if seen + left > size:
            return False
        while left:
            piece = await reader.readexactly(min(left, PIECE_BYTES))
            if piece != await asyncio.to_thread(os.pread, file, len(piece), seen):
                return False
            seen, left = seen + len(piece), left - len(piece)
        await reader.readexactly(2)
    return seen == size


def _name(found: str) -> str:
    """Return `Eicar` of `Type=0; Resolution=2; Threat=Eicar;`."""
    parts = (part.strip().partition("=") for part in found.split(";"))
    return next((value for name, _, value in parts if name.lower() == "threat" and value), found)
