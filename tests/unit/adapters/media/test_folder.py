"""A folder of this machine holds to the contract of file stores."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.contracts.file_store import *  # noqa: F403 (all that a file store must hold to)
from tests.contracts.file_store import kept
from tests.fakes.files import in_pieces
from whatsapp_hub.adapters.media.object_store import ObjectFiles
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.ids import TenantId


@pytest_asyncio.fixture
async def files(tmp_path: Path) -> AsyncIterator[ObjectFiles]:
    files = ObjectFiles(tmp_path / "media")
    yield files
    await files.aclose()


async def test_nothing_is_left_of_what_was_not_kept(files: ObjectFiles, tmp_path: Path) -> None:
    async with files.receive(in_pieces(b"x" * 10_000), 10_000):
        pass
    assert [path for path in (tmp_path / "media").rglob("*") if path.is_file()] == []


async def test_the_folder_is_the_hubs_alone(files: ObjectFiles, tmp_path: Path) -> None:
    await kept(files, TenantId(uuid4()), b"x")
    assert (tmp_path / "media").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_that_cannot_be_written_is_unavailable(files: ObjectFiles, tmp_path: Path) -> None:
    (tmp_path / "media").chmod(0o500)
    with pytest.raises(Unavailable):
        await kept(files, TenantId(uuid4()), b"x")
