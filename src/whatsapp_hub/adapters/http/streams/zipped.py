"""Write a ZIP while sending it."""

import io
from collections.abc import AsyncIterator
from datetime import datetime
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from whatsapp_hub.application.ports.operations.privacy import Part

STORED = "media/"
"""Pictures and films are compressed already."""


class _Sink(io.RawIOBase):
    """A buffer of what was written since it was last emptied."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        before = len(self._held)
        self._held += memoryview(data)  # type: ignore[arg-type] # whatever zipfile gives
        return len(self._held) - before

    def take(self) -> bytes:
        taken = bytes(self._held)
        self._held.clear()
        return taken


async def zipped(parts: AsyncIterator[Part], at: datetime) -> AsyncIterator[bytes]:
    """Yield a ZIP, with one piece in memory at a time. An aborted one has no directory at its end and cannot be
    opened."""
    sink = _Sink()
    with ZipFile(sink, "w") as archive:
        async for part in parts:
            about = ZipInfo(part.name, at.timetuple()[:6])
            about.compress_type = ZIP_STORED if part.name.startswith(STORED) else ZIP_DEFLATED
            with archive.open(about, "w", force_zip64=True) as file:
                async for piece in part.pieces:
                    file.write(piece)
                    yield sink.take()
    yield sink.take()
