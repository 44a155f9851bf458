"""MoveOldFiles: bring files from the database, where all of them were once, into the store."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from whatsapp_hub.application.media.keep_file import KeepFile
from whatsapp_hub.application.media.read_file import PIECE_BYTES
from whatsapp_hub.application.ports.storage.files import FileStore
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.ids import MediaId, TenantId

AT_ONCE = 50
TURN_S = 30.0
"""One company's share of a run; the next run goes on."""
MOST_BYTES = 1024**3
"""PostgreSQL's own bound."""


@dataclass(frozen=True, slots=True)
class MoveOldFiles:
    """Store first, let go afterwards: after a crash the file is there twice, never not at all."""

    storage: Storage
    files: FileStore
    keep_file: KeepFile

    async def __call__(self, tenant_id: TenantId) -> None:
        """Move some of one tenant's files. Raises Unavailable."""
        until = time.monotonic() + TURN_S
        while time.monotonic() < until:
            async with self.storage.tenant(tenant_id) as uow:
                old = await uow.old_files.some(AT_ONCE)
            if not any([await self._move(tenant_id, media_id) for media_id in old]):
                return

    async def _move(self, tenant_id: TenantId, media_id: MediaId) -> bool:
        async with self.files.receive(self._pieces(tenant_id, media_id), MOST_BYTES) as incoming:
            if not incoming.digest.size:
                return False  # it was deleted meanwhile
            await self.keep_file(tenant_id, incoming)
            async with self.storage.tenant(tenant_id) as uow:
                await uow.old_files.moved(media_id, incoming.digest)
                await uow.commit()
            return True

    async def _pieces(self, tenant_id: TenantId, media_id: MediaId) -> AsyncIterator[bytes]:
        start = 0
        while True:
            async with self.storage.tenant(tenant_id) as uow:
                piece = await uow.old_files.piece(media_id, start, PIECE_BYTES)
            if not piece:
                return
            yield piece
            start += len(piece)
