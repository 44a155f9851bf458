"""Frames between a connector and its pairing process, over a pair of sockets: length, then msgpack."""

import asyncio
import socket
import struct
from typing import Literal

import msgspec

from whatsapp_hub.adapters.providers.neonize.native.library import Dial

_LENGTH = struct.Struct(">I")


class Request(msgspec.Struct):
    """To the pairing process. `code`: request a code to type on the phone; `data` are its parameters."""

    what: Literal["dial", "stop", "code"]
    uuid: str
    dial: Dial | None = None
    data: bytes = b""


class Notice(msgspec.Struct):
    """From the pairing process: a Listener's callback, or the answer to `code` and `stop`."""

    what: Literal["event", "qr", "login", "ended", "code", "stopped"]
    uuid: str
    code: int = 0
    data: bytes = b""
    text: str = ""


_encode = msgspec.msgpack.encode
_requests, _notices = msgspec.msgpack.Decoder(Request), msgspec.msgpack.Decoder(Notice)


def framed(frame: Request | Notice) -> bytes:
    body = _encode(frame)
    return _LENGTH.pack(len(body)) + body


async def next_notice(reader: asyncio.StreamReader) -> Notice | None:
    """Read the next notice; None when the pairing process has closed."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        return _notices.decode(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, OSError, msgspec.DecodeError):
        return None


def next_request(connection: socket.socket) -> Request | None:
    """Read the next request, blocking; None when the connector has closed, or died."""
    head = _exactly(connection, _LENGTH.size)
    body = _exactly(connection, _LENGTH.unpack(head)[0]) if head else b""
    return _requests.decode(body) if body else None


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        try:
            piece = connection.recv(size - len(parts))
        except OSError:
            return b""
        if not piece:
            return b""
        parts += piece
    return parts
