"""Files that versions before kept in the database: readable there, and moved into the store."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.contracts.storage.world import NOW, new_id
from tests.fakes.files import digest_of, uploaded
from whatsapp_hub.adapters.memory.files import MemoryFileStore
from whatsapp_hub.application.media.keep_file import KeepFile
from whatsapp_hub.application.media.move_old_files import MoveOldFiles
from whatsapp_hub.application.media.read_file import ReadFile
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.ids import MediaId
from whatsapp_hub.domain.messaging.media import Media

from .conftest import World

CONTENT = bytes(range(256)) * 12_000
"""Three pieces."""


async def old_file(world: World, content: bytes = CONTENT, id: Any = None) -> Media:
    id = id or new_id()
    await world.hub.owner.execute(
        "INSERT INTO pooled.media (id, tenant_id, mime_type, file_name, content, created_at) "
        "VALUES ($1, $2, 'image/png', 'a.png', $3, now())",
        *(id, world.tenant.id, content),
    )
    async with world.uow() as uow:
        return await uow.media.get(MediaId(id))


def mover(world: World, files: MemoryFileStore) -> MoveOldFiles:
    return MoveOldFiles(world.hub.storage, files, KeepFile(world.hub.storage, files))


async def read(world: World, files: MemoryFileStore, media: Media, *part: int) -> bytes:
    return b"".join([piece async for piece in ReadFile(world.hub.storage, files)(media, *part)])


async def test_an_old_file_is_read_where_it_stands(world: World) -> None:
    media = await old_file(world)
    assert (media.size, media.sha256) == (len(CONTENT), None)
    assert await read(world, MemoryFileStore(), media) == CONTENT
    assert await read(world, MemoryFileStore(), media, 1_000_000, 2_000_001) == CONTENT[1_000_000:2_000_001]


async def test_it_is_moved_and_counts_as_before(world: World) -> None:
    files, media = MemoryFileStore(), await old_file(world)
    await world.done(lambda uow: uow.quotas.recount_media())
    await asyncio.gather(*(mover(world, files)(world.tenant.id) for _ in range(3)))
    async with world.uow() as uow:
        moved = await uow.media.get(media.id)
        assert await uow.old_files.some(9) == []
        await uow.quotas.recount_media()
    assert (moved.sha256, moved.size) == (digest_of(CONTENT).sha256, len(CONTENT))
    assert await read(world, files, moved) == CONTENT
    assert await read(world, files, media) == CONTENT, "who still thinks that it is in the database"


async def test_a_reader_goes_on_while_it_is_moved(world: World) -> None:
    files, media = MemoryFileStore(), await old_file(world)
    pieces = ReadFile(world.hub.storage, files)(media)
    taken = [await anext(pieces)]
    await mover(world, files)(world.tenant.id)
    taken += [piece async for piece in pieces]
    assert b"".join(taken) == CONTENT


async def test_one_that_is_deleted_meanwhile_is_not_found(world: World) -> None:
    media = await old_file(world)
    await world.hub.owner.execute("DELETE FROM pooled.media WHERE id = $1", media.id)
    with pytest.raises(NotFound):
        await read(world, MemoryFileStore(), media)


async def test_the_same_file_sent_again_is_the_same_row(world: World) -> None:
    again = uploaded(world.tenant.id, CONTENT, "image/png", "a.png", NOW)
    await old_file(world, id=again.id)
    assert not await world.done(lambda uow: uow.media.add(again))
    async with world.uow() as uow:
        assert await uow.media.get(again.id) == again
        assert await uow.old_files.some(9) == []
