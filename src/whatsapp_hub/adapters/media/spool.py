"""A file that arrives, in a temporary file without a name: whatever ends the process, nothing is left of it."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from whatsapp_hub.application.ports.storage.files import FileTooLarge
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.messaging.media import Digest

BUFFER_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SpooledFile:
    """Implements `Incoming`."""

    digest: Digest
    file: IO[bytes]


@asynccontextmanager
async def spooled(pieces: AsyncIterator[bytes], most: int, folder: Path) -> AsyncIterator[SpooledFile]:
    """Write to disk by the megabyte, in a thread: neither memory nor the loop notices. Raises FileTooLarge,
    Unavailable."""
    try:
        file = await asyncio.to_thread(_open, folder)
    except OSError as error:
        raise _no_room(error) from error
    with file:
        summed, size, buffer = hashlib.sha256(), 0, bytearray()

        def write(data: bytes) -> None:
            summed.update(data)
            file.write(data)

        async for piece in pieces:
            size += len(piece)
            if size > most:
                raise FileTooLarge(most)
            buffer += piece
            if len(buffer) >= BUFFER_BYTES:
                await _written(write, bytes(buffer))
                buffer.clear()
        await _written(write, bytes(buffer))
        yield SpooledFile(Digest(summed.hexdigest(), size), file)


def _open(folder: Path) -> IO[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder)


async def _written(write: Callable[[bytes], None], data: bytes) -> None:
    try:
        await asyncio.to_thread(write, data)
    except OSError as error:
        raise _no_room(error) from error


def _no_room(error: OSError) -> Unavailable:
    return Unavailable(f"files cannot be stored: {error.strerror or type(error).__name__}")
