"""What a file's bytes say of themselves."""

from dataclasses import dataclass
from typing import IO, Protocol

from whatsapp_hub.domain.ids import TenantId


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Pixels of a picture, seconds and loudness (64 values to 100) of a voice note, a small JPEG of a picture. What
    could not be found within the bounds is None."""

    width: int | None = None
    height: int | None = None
    seconds: int | None = None
    waveform: tuple[int, ...] | None = None
    thumbnail: bytes | None = None


class Infected(Exception):
    """The operator's virus scanner found something; the text is its name for it."""


class InspectsFiles(Protocol):
    """Looks into files without trusting them."""

    async def __call__(self, owner: TenantId, file: IO[bytes], mime_type: str, size: int) -> FileFacts:
        """Return what can be found in bounded time and memory. Companies take turns, so that one's difficult pictures
        delay another's by one at most. Raises Infected, and Unavailable where a virus scanner is set up and gives no
        answer; nothing else for what a file holds."""
        ...
