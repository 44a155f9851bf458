"""A fetch is killed at any point: the next one ends it, with one file, one row, and nothing that nobody knows of."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.storage.world import NOW, new_id
from tests.fakes.files import digest_of
from tests.integration.postgres import fetch_and_die
from whatsapp_hub.application.ports.queues.fetches import Fetch
from whatsapp_hub.domain.ids import MediaId
from whatsapp_hub.domain.messaging.content import Image, MediaSource, MediaState, StoredMedia
from whatsapp_hub.domain.messaging.message import Message

from .conftest import World

KILLED = Path(fetch_and_die.__file__)
POINTS = [
    ("UPDATE hub.fetches", 1),
    ("a piece", 1),
    ("a piece", 40),
    ("INSERT INTO files", 1),
    ("INSERT INTO files", 2),
    ("INSERT INTO media", 1),
    ("DELETE FROM hub.fetches", 1),
    *(("COMMIT", number) for number in range(1, 8)),
]
"""Within a transaction, between them, and while the file comes."""


async def pending(world: World) -> Message:
    conversation = await world.conversation()
    media = StoredMedia(MediaId(new_id()), MediaState.PENDING)
    content = Image("veja", media=media, source=MediaSource(id="7"), mime_type="image/jpeg")
    message = await world.inbound(conversation, content=content)
    fetch = Fetch(media.id, message.id, world.session.id, False, NOW)
    await world.done(lambda uow: uow.fetches.add([fetch]))
    return message


@pytest.mark.parametrize(("words", "nth"), POINTS)
async def test_killed_at_any_point_the_next_one_ends_it(world: World, tmp_path: Path, words: str, nth: int) -> None:
    message, owner = await pending(world), world.hub.owner
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(KILLED), world.hub.url, str(world.tenant.id), str(tmp_path / "media"), words, str(nth)),
        env={**os.environ, "PYTHONPATH": str(KILLED.parents[3])},
    )
    died = await process.wait() == -9
    assert died or words == "COMMIT"
    await owner.execute("UPDATE hub.fetches SET next_at = now() WHERE tenant_id = $1", world.tenant.id)
    fetch = fetch_and_die.fetcher(world.hub.storage, tmp_path / "media")
    while await fetch(world.tenant.id):
        await fetch._running.drain()
    await _is_whole(world, message, tmp_path / "media")


async def _is_whole(world: World, message: Message, folder: Path) -> None:
    async with world.uow() as uow:
        stored = await uow.messages.get(message.id)
        media: Any = stored.content.media  # type: ignore[union-attr]
        row = await uow.media.get(media.id)
        assert await uow.fetches.claim(9, 1) == []
    assert (media.state, stored.content.width) == (MediaState.READY, 640)  # type: ignore[union-attr]
    assert row.sha256 == digest_of(fetch_and_die.CONTENT).sha256
    there = {path.name for path in folder.rglob("*") if path.is_file()}
    small = digest_of(b"\xff\xd8\xffsmall").sha256
    assert there == {row.sha256, small}
    known = await world.hub.owner.fetch("SELECT sha256 FROM pooled.files WHERE tenant_id = $1", world.tenant.id)
    assert {one["sha256"] for one in known} == there, "nothing is stored that the record does not know"
    used = await world.hub.owner.fetchval("SELECT bytes FROM hub.media_use WHERE tenant_id = $1", world.tenant.id)
    assert used == len(fetch_and_die.CONTENT)
