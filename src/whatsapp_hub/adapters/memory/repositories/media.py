"""What is known of files, and of those that the file store holds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from whatsapp_hub.adapters.memory.engine.database import Rows, Table
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.ports.storage.files import ABANDONED, UNNAMED
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import MediaId, SessionId
from whatsapp_hub.domain.messaging.media import Digest, Media


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stored file: when to look whether a row names it, and since when it is being deleted."""

    file: Digest
    look_at: datetime | None = None
    doomed_at: datetime | None = None


MEDIA: Table[MediaId, Media] = Table("media")
FILES: Table[str, Recorded] = Table("files")
UPLOADS: Table[tuple[SessionId, MediaId], tuple[str, datetime]] = Table("uploads")


class MemoryMedia:
    """Implements `MediaFiles`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def get(self, media_id: MediaId) -> Media:
        if (found := self._rows.peek(MEDIA, media_id)) is None:
            raise NotFound("media", media_id)
        return found

    async def add(self, media: Media) -> bool:
        is_new = await self._rows.get(MEDIA, media.id) is None
        await self._rows.put(MEDIA, media.id, media)
        return is_new

    async def upload(self, session_id: SessionId, media_id: MediaId, since: datetime) -> str | None:
        kept = self._rows.peek(UPLOADS, (session_id, media_id))
        return kept[0] if kept and kept[1] >= since else None

    async def keep_upload(self, session_id: SessionId, media_id: MediaId, provider_id: str, at: datetime) -> None:
        if self._rows.peek(MEDIA, media_id):
            await self._rows.put(UPLOADS, (session_id, media_id), (provider_id, at))

    async def forget_upload(self, session_id: SessionId, media_id: MediaId) -> None:
        await self._rows.drop(UPLOADS, (session_id, media_id))


class MemoryStoredFiles:
    """Implements `StoredFiles`."""

    def __init__(self, rows: Rows, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock

    async def announce(self, file: Digest, unnamed: timedelta = UNNAMED) -> bool:
        known = await self._rows.get(FILES, file.sha256)
        if known and known.doomed_at:
            return False
        await self._rows.put(FILES, file.sha256, Recorded(file, self._clock() + unnamed))
        return True

    async def take_unnamed(self, limit: int, abandoned: timedelta = ABANDONED) -> list[str]:
        now, named = self._clock(), {sha256 for m in self._rows.each(MEDIA) for sha256 in _files_of(m)}
        looked = [f for f in self._rows.each(FILES) if f.look_at and f.look_at <= now]
        due = [f for f in looked if f.doomed_at is None or f.doomed_at <= now - abandoned][:limit]
        for one in due:
            is_named = one.file.sha256 in named
            changed = replace(one, look_at=None) if is_named else replace(one, doomed_at=now)
            await self._rows.put(FILES, one.file.sha256, changed)
        return [one.file.sha256 for one in due if one.file.sha256 not in named]

    async def forget(self, sha256s: Sequence[str]) -> None:
        for sha256 in sha256s:
            await self._rows.drop(FILES, sha256)


async def let_go(rows: Rows, media: Sequence[Media], now: datetime) -> None:
    """Delete what is known of files, and have their bytes looked at."""
    for one in media:
        await rows.drop(MEDIA, one.id)
        for sha256 in _files_of(one):
            if known := await rows.get(FILES, sha256):
                await rows.put(FILES, sha256, replace(known, look_at=max(known.look_at or now, now)))


def _files_of(media: Media) -> list[str]:
    return [name for name in (media.sha256, media.thumbnail and media.thumbnail.sha256) if name]


class MemoryOldFiles:
    """Implements `OldFiles`: this storage never had any."""

    async def some(self, limit: int) -> list[MediaId]:
        return []

    async def piece(self, media_id: MediaId, start: int, size: int) -> bytes | None:
        return None

    async def moved(self, media_id: MediaId, file: Digest) -> None:
        """Leave everything as it is."""
