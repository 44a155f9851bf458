"""Ask the operator's virus scanner about a file: a command of this machine, or an ICAP server (MEDIA_SCANNER)."""

import asyncio
import logging
import os
import shlex
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import IO
from urllib.parse import urlsplit

from whatsapp_hub.adapters.media.icap import IcapService
from whatsapp_hub.application.fair_shares import FairShares
from whatsapp_hub.application.ports.edge.inspection import Infected
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.ids import TenantId

log = logging.getLogger(__name__)

Scan = Callable[[IO[bytes], int], Awaitable[str | None]]
"""Of a file and its size: the name of what was found, or None. Raises OSError, ValueError."""

ANSWER_S = 60.0
AT_ONCE, OF_ONE = 4, 2
NAME_LENGTH = 100
_MOST_OUTPUT = 64 * 1024
CLEAN, FOUND = 0, 1
"""Exit codes, as of clamscan and clamdscan; any other is a failure."""

SHOWN = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
"""All that a command sees of the hub's environment, which has secrets."""


class BadScanner(ValueError):
    """MEDIA_SCANNER is neither a command nor an ICAP address; the text continues a sentence that begins with its
    name."""


class VirusScanner:
    """Some files at once, companies by turns, each within a minute."""

    def __init__(self, scan: Scan, answer_s: float = ANSWER_S) -> None:
        self._scan, self._answer_s = scan, answer_s
        self._places = FairShares[TenantId](places=AT_ONCE, of_one=OF_ONE, kept=1)

    @classmethod
    def of(cls, setting: str) -> "VirusScanner":
        """Make the scanner that MEDIA_SCANNER names. Raises BadScanner."""
        if "://" in setting.split(" ", 1)[0]:
            return cls(_icap(setting))
        try:
            command = shlex.split(setting)
        except ValueError as error:
            raise BadScanner(f"cannot be read as a command: {error}") from None
        if not command:
            raise BadScanner("is empty")
        return cls(partial(_by_command, command))

    async def __call__(self, owner: TenantId, file: IO[bytes], size: int) -> None:
        """Return if nothing was found. Raises Infected, and Unavailable where the scanner gives no clear answer: a file
        is never taken unread."""
        async with self._places.place(owner):
            found = await self.ask(file, size)
        if found is not None:
            log.warning("media.infected", extra={"tenant_id": str(owner), "found": found})
            raise Infected(found)

    async def ask(self, file: IO[bytes], size: int) -> str | None:
        """Return the name of what was found, or None. Raises Unavailable."""
        try:
            async with asyncio.timeout(self._answer_s):
                found = await self._scan(file, size)
        except (TimeoutError, OSError, EOFError, ValueError) as error:
            log.warning("media.scanner_failed", extra={"error": f"{type(error).__name__}: {error}"[:200]})
            raise Unavailable("the virus scanner does not answer; try again") from error
        finally:
            await asyncio.to_thread(file.seek, 0)
        return None if found is None else _printable(found) or "unnamed"


def _icap(setting: str) -> Scan:
    try:
        address = urlsplit(setting)
        port = address.port or 1344
    except ValueError:
        raise BadScanner("has no port from 1 to 65535") from None
    if address.scheme != "icap" or not address.hostname or any(c.isspace() for c in setting):
        raise BadScanner("expected an address such as icap://127.0.0.1:1344/avscan, or a command")
    return IcapService(address.hostname, port, address.path or "/", address.query).scan


async def _by_command(command: Sequence[str], file: IO[bytes], _: int) -> str | None:
    """Run it with the file as its input; what it prints names what it found."""
    await asyncio.to_thread(file.flush)
    await asyncio.to_thread(os.lseek, file.fileno(), 0, os.SEEK_SET)
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=file.fileno(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in SHOWN if name in os.environ},
    )
    try:
        said = await _beginning(process)
        code = await process.wait()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if code not in (CLEAN, FOUND):
        raise ValueError(f"exit code {code}")
    return said.decode(errors="replace") if code == FOUND else None


async def _beginning(process: asyncio.subprocess.Process) -> bytes:
    """Return the first line that is printed; the rest is read and thrown away, so that it can go on."""
    said, output = b"", process.stdout
    while output and (piece := await output.read(_MOST_OUTPUT)):
        said = (said + piece)[:_MOST_OUTPUT]
    return said.strip().split(b"\n", 1)[0]


def _printable(found: str) -> str:
    """Return `Eicar-Test-Signature` of `stream: Eicar-Test-Signature FOUND`."""
    text = "".join(c if c.isprintable() else " " for c in found).strip()
    return text.removesuffix(" FOUND").rpartition(": ")[2][:NAME_LENGTH]
