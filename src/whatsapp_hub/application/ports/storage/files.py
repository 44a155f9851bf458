"""Bytes of files: a store that knows them by their content, and the record of what it holds.

A file is stored before the row that names it, and recorded before it is stored (`StoredFiles.announce`): what a crash
leaves behind is found by the record, and collected when its time has passed.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import IO, Protocol

from whatsapp_hub.domain.errors import HubError
from whatsapp_hub.domain.ids import MediaId, TenantId
from whatsapp_hub.domain.messaging.media import Digest

UNNAMED: timedelta = timedelta(hours=1)
"""How long a stored file may be without a row that names it: far longer than it takes to store one."""


ABANDONED: timedelta = timedelta(minutes=10)
"""After how long a deletion that did not end is taken over: far longer than one takes."""


class FileTooLarge(HubError):
    """A file has more bytes than it may; the rest was not read."""

    def __init__(self, most: int) -> None:
        super().__init__(f"the file has more than {most} bytes")
        self.most = most


class Incoming(Protocol):
    """A file that has arrived whole, in a temporary place of this process."""

    @property
    def digest(self) -> Digest: ...

    @property
    def file(self) -> IO[bytes]:
        """The bytes, to be read and sought; closed with the context that lent it."""
        ...


class FileStore(Protocol):
    """Files of each tenant, by SHA-256. No method holds a whole file in memory, and none reaches another tenant's."""

    def receive(self, pieces: AsyncIterator[bytes], most: int) -> AbstractAsyncContextManager[Incoming]:
        """Take at most `most` bytes into a temporary place, and their digest. Raises FileTooLarge, Unavailable, and
        what `pieces` raises."""
        ...

    async def keep(self, tenant_id: TenantId, incoming: Incoming) -> None:
        """Store it under its digest; durable when this returns. Idempotent. Raises Unavailable."""
        ...

    def read(self, tenant_id: TenantId, sha256: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` to before `end`, in pieces of a megabyte at most, each read when it is asked
        for: a slow reader holds nothing. Raises NotFound, Unavailable."""
        ...

    async def delete(self, tenant_id: TenantId, sha256s: Sequence[str]) -> None:
        """Delete files. Idempotent. Raises Unavailable."""
        ...

    async def delete_all(self, tenant_id: TenantId) -> None:
        """Delete every file of a tenant. Idempotent. Raises Unavailable."""
        ...


class StoredFiles(Protocol):
    """The record of a tenant's stored files."""

    async def announce(self, file: Digest, unnamed: timedelta = UNNAMED) -> bool:
        """Record that the file is about to be stored: so long it needs no row that names it. False: it is being deleted
        just now; try again in a moment."""
        ...

    async def take_unnamed(self, limit: int, abandoned: timedelta = ABANDONED) -> list[str]:
        """Of the files whose time has come, confirm those that a row names, and return the others, which are then being
        deleted until `forget`. Those whose deletion was `abandoned` so long ago are returned again."""
        ...

    async def forget(self, sha256s: Sequence[str]) -> None:
        """Remove files from the record: the store has deleted them."""
        ...


class OldFiles(Protocol):
    """Files whose bytes stand in the database, as all did before there was a store."""

    async def some(self, limit: int) -> list[MediaId]:
        """Return some of them."""
        ...

    async def piece(self, media_id: MediaId, start: int, size: int) -> bytes | None:
        """Return bytes of one; None where its bytes are not there (any more)."""
        ...

    async def moved(self, media_id: MediaId, file: Digest) -> None:
        """Let its bytes go: the store has them."""
        ...
