"""Files in the process's memory."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import IO

from whatsapp_hub.application.ports.storage.files import FileTooLarge, Incoming
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.messaging.media import Digest

PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class MemoryIncoming:
    """Implements `Incoming`."""

    digest: Digest
    file: IO[bytes]


@dataclass(slots=True)
class MemoryFileStore:
    """Implements `FileStore`."""

    kept: dict[tuple[TenantId, str], bytes] = field(default_factory=dict)

    @asynccontextmanager
    async def receive(self, pieces: AsyncIterator[bytes], most: int) -> AsyncIterator[Incoming]:
        """Collect the pieces."""
        taken = bytearray()
        async for piece in pieces:
            taken += piece
            if len(taken) > most:
                raise FileTooLarge(most)
        digest = Digest(hashlib.sha256(taken).hexdigest(), len(taken))
        yield MemoryIncoming(digest, BytesIO(bytes(taken)))

    async def keep(self, tenant_id: TenantId, incoming: Incoming) -> None:
        incoming.file.seek(0)
        self.kept[tenant_id, incoming.digest.sha256] = incoming.file.read()

    async def read(self, tenant_id: TenantId, sha256: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield pieces of it."""
        if (found := self.kept.get((tenant_id, sha256))) is None:
            raise NotFound("file", "of that digest")
        wanted = found[start:end]
        for place in range(0, len(wanted), PIECE_BYTES):
            yield wanted[place : place + PIECE_BYTES]

    async def delete(self, tenant_id: TenantId, sha256s: Sequence[str]) -> None:
        for sha256 in sha256s:
            self.kept.pop((tenant_id, sha256), None)

    async def delete_all(self, tenant_id: TenantId) -> None:
        for key in [key for key in self.kept if key[0] == tenant_id]:
            del self.kept[key]
