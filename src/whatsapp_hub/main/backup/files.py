"""Stored files in a backup: copied from the folder of this machine, brought back into wherever the hub keeps them.

Those in a bucket stay there: it outlives the machine. What a restore brings does no harm where the restore fails
afterwards: files are known by their content.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

from whatsapp_hub.adapters.postgres.backup.dump import StoredFile
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.main.backup.file import Backup, BadBackup
from whatsapp_hub.main.settings import Settings

MOST_BYTES = 2**40


def folder_of(settings: Settings) -> Path:
    """Return the folder that holds the files, unless MEDIA_URL names a bucket."""
    return settings.data_dir / "media"


async def places(settings: Settings, stored: AsyncIterator[StoredFile]) -> AsyncIterator[tuple[str, Path]]:
    """Yield the name of each file in the archive, and where it stands; none where they are in a bucket."""
    async for file in stored:
        if not settings.media_url:
            name = f"{file.tenant_id}/{file.sha256[:2]}/{file.sha256}"
            yield name, folder_of(settings) / name


async def bring(settings: Settings, backup: Backup) -> None:
    """Store the backup's files. Raises Unavailable, BadBackup."""
    names = backup.stored()
    if not names:
        return
    from whatsapp_hub.main.wiring.storing import file_store

    store = file_store(settings)
    try:
        for name in names:
            tenant_id, _, sha256 = name.split("/")
            async with store.receive(_pieces(backup, name), MOST_BYTES) as incoming:
                if incoming.digest.sha256 != sha256:
                    raise BadBackup("a stored file is not the one that was written")
                await store.keep(TenantId(UUID(tenant_id)), incoming)
    finally:
        await store.aclose()


async def _pieces(backup: Backup, name: str) -> AsyncIterator[bytes]:
    for piece in backup.stored_file(name):
        yield piece


def remove_others(settings: Settings, backup: Backup) -> None:
    """Delete what the replaced hub had in the folder."""
    folder, kept = folder_of(settings), set(backup.stored())
    if settings.media_url:
        return
    for path in folder.glob("*/*/*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in kept:
            path.unlink(missing_ok=True)
