"""ReadFile: read a stored file, wherever its bytes stand."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from whatsapp_hub.application.ports.storage.files import FileStore
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.messaging.media import Media

PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ReadFile:
    """Read from the store; from the database what was stored there and is not moved yet."""

    storage: Storage
    files: FileStore

    async def __call__(self, media: Media, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` to before `end`, a piece when it is asked for: a slow reader holds nothing.
        Raises NotFound (its bytes are gone), Unavailable."""
        end = media.size if end is None else end
        if media.sha256 is None:
            pieces = self._old(media, start, end)
        else:
            pieces = self.files.read(media.tenant_id, media.sha256, start, end)
        async for piece in pieces:
            yield piece

    async def _old(self, media: Media, start: int, end: int) -> AsyncIterator[bytes]:
        for place in range(start, end, PIECE_BYTES):
            async with self.storage.tenant(media.tenant_id) as uow:
                piece = await uow.old_files.piece(media.id, place, min(PIECE_BYTES, end - place))
                moved = None if piece is not None else await uow.media.get(media.id)
            if piece is None:
                if moved is None or moved.sha256 is None:
                    raise NotFound("file", media.id)
                async for rest in self.files.read(media.tenant_id, moved.sha256, place, end):
                    yield rest
                return
            yield piece
