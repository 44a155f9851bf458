"""What every file store holds to. In a module with a fixture `files`:

from tests.contracts.file_store import *  # noqa: F403 (all that a file store must hold to)
"""

import os
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from tests.fakes.files import digest_of, in_pieces
from whatsapp_hub.application.ports.storage.files import FileStore, FileTooLarge
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import TenantId

MB = 1024 * 1024
SMALL, LARGE = b"a small file", os.urandom(11 * MB + 17)


def a_tenant() -> TenantId:
    return TenantId(uuid4())


async def kept(files: FileStore, tenant_id: TenantId, content: bytes) -> str:
    async with files.receive(in_pieces(content, 70_000), len(content)) as incoming:
        await files.keep(tenant_id, incoming)
        return incoming.digest.sha256


async def read(files: FileStore, tenant_id: TenantId, sha256: str, start: int, end: int) -> bytes:
    return b"".join([piece async for piece in files.read(tenant_id, sha256, start, end)])


class TestFileStore:
    async def test_what_arrives_is_known_by_its_bytes(self, files: FileStore) -> None:
        async with files.receive(in_pieces(LARGE, 65_536), len(LARGE)) as incoming:
            assert incoming.digest == digest_of(LARGE)
            incoming.file.seek(5)
            assert incoming.file.read(3) == LARGE[5:8]

    async def test_a_file_of_more_bytes_than_it_may_have_is_not_read_to_its_end(self, files: FileStore) -> None:
        seen: list[bytes] = []

        async def endless() -> AsyncIterator[bytes]:
            while True:
                seen.append(b"x" * 1000)
                yield seen[-1]

        with pytest.raises(FileTooLarge):
            async with files.receive(endless(), 10_000):
                raise AssertionError
        assert len(seen) == 11

    @pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
    async def test_what_is_kept_is_read_again_whole_and_in_part(self, files: FileStore, content: bytes) -> None:
        tenant_id = a_tenant()
        sha256 = await kept(files, tenant_id, content)
        assert await kept(files, tenant_id, content) == sha256, "again: no harm"
        assert await read(files, tenant_id, sha256, 0, len(content)) == content
        assert await read(files, tenant_id, sha256, 3, 7) == content[3:7]
        assert await read(files, tenant_id, sha256, len(content) - 4, len(content)) == content[-4:]

    async def test_pieces_have_a_megabyte_at_most(self, files: FileStore) -> None:
        tenant_id = a_tenant()
        sha256 = await kept(files, tenant_id, LARGE)
        assert max([len(piece) async for piece in files.read(tenant_id, sha256, 0, len(LARGE))]) <= MB

    async def test_another_tenant_s_file_is_not_there(self, files: FileStore) -> None:
        mine, theirs = a_tenant(), a_tenant()
        sha256 = await kept(files, mine, SMALL)
        with pytest.raises(NotFound):
            await read(files, theirs, sha256, 0, 1)
        await files.delete(theirs, [sha256])
        await files.delete_all(theirs)
        assert await read(files, mine, sha256, 0, len(SMALL)) == SMALL

    async def test_a_deleted_file_is_gone_and_deleting_it_again_does_no_harm(self, files: FileStore) -> None:
        tenant_id = a_tenant()
        sha256, other = await kept(files, tenant_id, SMALL), await kept(files, tenant_id, b"another")
        for _ in range(2):
            await files.delete(tenant_id, [sha256, "0" * 64])
        with pytest.raises(NotFound):
            await read(files, tenant_id, sha256, 0, 1)
        assert await read(files, tenant_id, other, 0, 7) == b"another"

    async def test_all_files_of_a_tenant_are_deleted(self, files: FileStore) -> None:
        tenant_id = a_tenant()
        every = [await kept(files, tenant_id, f"file {number}".encode()) for number in range(5)]
        await files.delete_all(tenant_id)
        for sha256 in every:
            with pytest.raises(NotFound):
                await read(files, tenant_id, sha256, 0, 1)
        await files.delete_all(tenant_id)
