"""Files in a folder or in an S3-compatible bucket, through obstore.

obstore's blocking calls, in threads of our own: a call of its asynchronous ones that is under way when the loop ends
aborts the process (seen with 0.12).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from functools import cached_property
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from whatsapp_hub.adapters.media.spool import spooled
from whatsapp_hub.application.ports.storage.files import Incoming
from whatsapp_hub.domain.errors import NotFound, Unavailable
from whatsapp_hub.domain.ids import TenantId

PIECE_BYTES = 1024 * 1024
THREADS = 16

T = TypeVar("T")
P = ParamSpec("P")


class ObjectFiles:
    """Implements `FileStore`. A file is `{tenant}/{first two digits}/{digest}`. `folder`: where files stand, or (with a
    `bucket`, an URL `s3://name/prefix`) only arrive."""

    def __init__(self, folder: Path, bucket: str | None = None) -> None:
        self._folder, self._bucket = folder, bucket
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="files")

    @cached_property
    def _objects(self) -> Any:
        """Load obstore at the first use."""
        from whatsapp_hub.adapters.media.objects import Objects

        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Objects(self._folder, self._bucket)

    def receive(self, pieces: AsyncIterator[bytes], most: int) -> AbstractAsyncContextManager[Incoming]:
        """Take the file into a temporary one."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return spooled(pieces, most, self._folder / "incoming")

    async def keep(self, tenant_id: TenantId, incoming: Incoming) -> None:
        """Upload it, or write it to disk."""
        await self._call(lambda: self._objects.put(_path(tenant_id, incoming.digest.sha256), incoming.file))

    async def read(self, tenant_id: TenantId, sha256: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Read piece by piece."""
        path = _path(tenant_id, sha256)
        for place in range(start, end, PIECE_BYTES):
            until = min(place + PIECE_BYTES, end)
            piece: bytes = await self._call(self._piece, path, place, until)
            yield piece

    def _piece(self, path: str, start: int, end: int) -> bytes:
        found: bytes = self._objects.piece(path, start, end)
        return found

    async def delete(self, tenant_id: TenantId, sha256s: Sequence[str]) -> None:
        """Delete one by one: a file that is gone already must not stop the others."""
        for sha256 in sha256s:
            await self._call(self._delete, _path(tenant_id, sha256))

    def _delete(self, path: str) -> None:
        self._objects.delete(path)

    async def delete_all(self, tenant_id: TenantId) -> None:
        """List and delete, page by page."""
        while paths := await self._call(self._some, f"{tenant_id}/"):
            for path in paths:
                await self._call(self._delete, path)

    def _some(self, prefix: str) -> list[str]:
        found: list[str] = self._objects.some(prefix)
        return found

    async def aclose(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _call(self, call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        from whatsapp_hub.adapters.media.objects import FAILURES

        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, lambda: call(*arguments, **named))
        except NotFound:
            raise
        except FAILURES as error:
            raise Unavailable(f"the file store does not answer: {type(error).__name__}") from error


def _path(tenant_id: TenantId, sha256: str) -> str:
    return f"{tenant_id}/{sha256[:2]}/{sha256}"
