"""A real disk that is full, where this machine lets a test mount one (Linux, as root)."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from tests.integration.conftest import drop, of_database
from whatsapp_hub.adapters.postgres.engine import write_probe
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.domain.errors import StoresNothing
from whatsapp_hub.main.commands.doctor import examine

MOUNT, UMOUNT = shutil.which("mount"), shutil.which("umount")
SECRET = "fedcba9876543210fedcba9876543210"


@pytest.fixture
def disk(servers_folder: Path) -> Iterator[Path]:
    """96 MB, of the user as whom PostgreSQL runs."""
    if not MOUNT or not UMOUNT or os.environ.get("HUB_TEST_DATABASE_URL"):
        pytest.skip("no mount, or PostgreSQL is elsewhere")
    folder = Path(tempfile.mkdtemp(prefix="hub-disk-"))
    options = "size=96m,mode=755"
    if subprocess.run([MOUNT, "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True).returncode:
        folder.rmdir()
        pytest.skip("may not mount here")
    try:
        tablespace = folder / "tablespace"
        tablespace.mkdir()
        owner = next((servers_folder / "postgres").rglob("PG_VERSION")).stat()
        os.chown(tablespace, owner.st_uid, owner.st_gid)
        yield folder
    finally:
        subprocess.run([UMOUNT, "--lazy", folder], check=True)
        folder.rmdir()


@pytest_asyncio.fixture
async def url(disk: Path, postgres_url: str, template: str) -> AsyncIterator[str]:
    """A migrated database on that disk."""
    admin = await asyncpg.connect(postgres_url)
    await admin.execute(f"CREATE TABLESPACE small_disk LOCATION '{disk / 'tablespace'}'")
    await admin.execute(f'CREATE DATABASE hub_small_disk TEMPLATE "{template}" TABLESPACE small_disk')
    yield of_database(postgres_url, "hub_small_disk")
    await drop(admin, "hub_small_disk")
    await admin.execute("DROP TABLESPACE small_disk")
    await admin.close()


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(65_536))


async def test_a_full_disk_is_told_and_over_when_there_is_room(
    disk: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads go on, and so do writes where a page has room: only what takes room shows it."""
    monkeypatch.setattr(write_probe, "EVERY_S", 0.0)
    monkeypatch.setattr(write_probe, "AGAIN_S", 0.0)
    old = "UPDATE hub.write_probe SET stored_at = '-infinity'"
    database = Database(url, app_connections=1, system_connections=1)
    await database.open()
    await database.ping()
    filler = disk / "filler"
    with pytest.raises(OSError, match="No space"):
        fill(filler)
    await database.system(lambda db: db.execute(old))
    with pytest.raises(StoresNothing, match="disk full"):
        await database.ping()
    findings = await examine({"DATABASE_URL": url, "HUB_SECRET_KEY": SECRET, "JWT_SECRET": SECRET})
    assert any("stores nothing: disk full" in one.says for one in findings if one.good is False)
    filler.unlink()
    async with asyncio.timeout(10):
        await database.ping()
    await database.close()
