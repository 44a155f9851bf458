"""Checks of `whatsapp-hub doctor` for files of messages: where they stand, and whether every machine reaches them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable

import asyncpg

from whatsapp_hub.adapters.media.scanning import VirusScanner
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.main.commands.doctor_connectors import Says
from whatsapp_hub.main.settings import Settings

LITTLE_BYTES = 2 * 1024**3
_MACHINES = """
    SELECT DISTINCT name FROM hub.processes
    WHERE seen_at > (SELECT now FROM hub.time) - interval '30 seconds'"""


def place(settings: Settings) -> Says:
    """Say where files stand, and whether there is room."""
    folder = settings.data_dir / "media"
    if settings.media_url:
        return Says(True, f"in {settings.media_url}; what arrives is in {folder / 'incoming'} meanwhile")
    there = folder if folder.exists() else next(one for one in folder.parents if one.exists())
    if not os.access(there, os.W_OK):
        return Says(False, f"{there} cannot be written: files are neither taken nor fetched")
    free = shutil.disk_usage(there).free
    if free < LITTLE_BYTES:
        return Says(None, f"in {folder}, with {free / 1e9:.1f} GB left on its disk")
    return Says(True, f"in {folder}, with {free / 1e9:.0f} GB left on its disk")


async def scanner(settings: Settings) -> list[Says]:
    """Ask the virus scanner, where one is set up, about a few harmless bytes."""
    if not settings.media_scanner:
        return []
    with tempfile.TemporaryFile() as file:
        file.write(b"harmless")
        try:
            found = await VirusScanner.of(settings.media_scanner).ask(file, len(b"harmless"))
        except Unavailable:
            return [Says(False, "MEDIA_SCANNER: gives no clear answer: files are neither taken nor fetched")]
    if found:
        return [Says(False, f"MEDIA_SCANNER: finds {found} in eight harmless bytes")]
    return [Says(True, "the virus scanner answers")]


async def in_database(connection: asyncpg.Connection, settings: Settings) -> list[Says]:
    """Check as the migrating role; report nothing for a database that was never migrated."""
    if await connection.fetchval("SELECT to_regclass('hub.processes')") is None:
        return []
    async with connection.transaction(readonly=True):
        await connection.execute("SET LOCAL ROLE hub_system")
        names = [row["name"] for row in await connection.fetch(_MACHINES)]
    return list(shared(names, settings))


def shared(names: Iterable[str], settings: Settings) -> Iterable[Says]:
    """Warn where processes run on several machines and files stand on one. `names`: `machine:process`."""
    machines = sorted({name.rpartition(":")[0] for name in names})
    if len(machines) > 1 and not settings.media_url:
        listed = ", ".join(machines)
        yield Says(None, f"processes run on {listed}: they must share HUB_DATA_DIR/media, or MEDIA_URL names a bucket")
