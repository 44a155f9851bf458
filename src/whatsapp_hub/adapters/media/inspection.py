"""Look into files: pictures in a process of their own, voice notes here, both within bounds."""

import asyncio
import json
import logging
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import IO

from whatsapp_hub.adapters.media.ogg import read_voice
from whatsapp_hub.adapters.media.scanning import VirusScanner
from whatsapp_hub.application.fair_shares import FairShares
from whatsapp_hub.application.ports.edge.inspection import FileFacts
from whatsapp_hub.domain.ids import TenantId

log = logging.getLogger(__name__)

PICTURES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp"})
PICTURE_BYTES = 32 * 1024 * 1024
ANSWER_S = 10.0
TURN_S = 15.0
"""How long a picture waits while others are decoded; after that it has no thumbnail."""
IDLE_S = 60.0
MOST_ANSWER = 4 * 1024 * 1024


class PictureProcess:
    """Owns the process that decodes pictures: started at the first one, ended when none came for a while."""

    def __init__(self, answer_s: float = ANSWER_S, idle_s: float = IDLE_S, turn_s: float = TURN_S) -> None:
        self._answer_s, self._idle_s, self._turn_s = answer_s, idle_s, turn_s
        self._one_at_a_time = FairShares[TenantId](places=1, of_one=1)
        self._process: asyncio.subprocess.Process | None = None
        self._ending: asyncio.TimerHandle | None = None

    async def __call__(self, owner: TenantId, content: Callable[[], bytes]) -> tuple[dict[str, int], bytes]:
        """Return what the process found; nothing where it died or took too long, or the picture's turn did not come.
        `content` is read in its turn, so that one picture at a time is in memory."""
        try:
            async with asyncio.timeout(self._turn_s):
                await self._one_at_a_time.enter(owner)
        except TimeoutError:
            log.warning("media.picture_not_decoded", extra={"error": "no turn"})
            return {}, b""
        try:
            return await self._in_turn(content)
        finally:
            self._one_at_a_time.leave(owner)

    async def _in_turn(self, content: Callable[[], bytes]) -> tuple[dict[str, int], bytes]:
        picture = await asyncio.to_thread(content)
        self._stay()
        try:
            async with asyncio.timeout(self._answer_s):
                return await self._ask(picture)
        except (TimeoutError, OSError, EOFError, ValueError) as error:
            log.warning("media.picture_not_decoded", extra={"error": type(error).__name__})
            self._end()
            return {}, b""
        except asyncio.CancelledError:
            self._end()  # half an answer may be under way
            raise
        finally:
            self._ending = asyncio.get_running_loop().call_later(self._idle_s, self._end)

    async def _ask(self, content: bytes) -> tuple[dict[str, int], bytes]:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "whatsapp_hub.adapters.media.picture_process"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        to, back = self._process.stdin, self._process.stdout
        if to is None or back is None:
            raise OSError("the process has no pipes")
        to.write(struct.pack("<I", len(content)))
        to.write(content)
        await to.drain()
        said, small = struct.unpack("<II", await back.readexactly(8))
        if said + small > MOST_ANSWER:
            raise ValueError("the answer is too long")
        return json.loads(await back.readexactly(said)), await back.readexactly(small)

    def _stay(self) -> None:
        if self._ending:
            self._ending.cancel()

    def _end(self) -> None:
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        self._process = None

    async def aclose(self) -> None:
        """End the process."""
        self._stay()
        process = self._process
        self._end()
        if process:
            await process.wait()


class FileInspection:
    """Implements `InspectsFiles`."""

    def __init__(self, pictures: PictureProcess, scanner: VirusScanner | None = None) -> None:
        self._pictures, self._scanner = pictures, scanner

    async def __call__(self, owner: TenantId, file: IO[bytes], mime_type: str, size: int) -> FileFacts:
        """Ask the virus scanner, then look into pictures and voice notes; nothing is known of other files. Raises
        Infected, Unavailable."""
        if self._scanner:
            await self._scanner(owner, file, size)
        plain = mime_type.partition(";")[0]
        if plain in PICTURES and size <= PICTURE_BYTES:
            found, small = await self._pictures(owner, partial(_whole, file))
            return FileFacts(found.get("width"), found.get("height"), thumbnail=small or None)
        if plain in ("audio/ogg", "application/ogg", "audio/opus"):
            seconds, waveform = await asyncio.to_thread(read_voice, file, size)
            return FileFacts(seconds=seconds, waveform=waveform)
        return FileFacts()


def _whole(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
