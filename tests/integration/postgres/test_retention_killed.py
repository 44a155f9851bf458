"""The deletion of what is old is killed at any point: nothing young goes, and the next run comes to the end."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.files import digest_of, uploaded
from whatsapp_hub.adapters.postgres.privacy.retention import PostgresRetentionSweep
from whatsapp_hub.application.privacy.keep_retention import KeepRetention

from .conftest import NOW, World

KILLED = Path(__file__).with_name("trim_and_die.py")
KINDS = ("conversations", "messages", "media", "events", "updates")
KEEPS = json.dumps({"auditDays": 30} | {f"{kind}Days": 5 for kind in KINDS})
POINTS = [
    ("DELETE FROM messages", 1),
    ("DELETE FROM notes", 1),
    ("DELETE FROM assignments", 1),
    ("DELETE FROM conversations", 1),
    ("DELETE FROM media", 1),
    ("UPDATE hub.events", 1),
    ("DELETE FROM hub.audit", 1),
    ("UPDATE hub.inbox", 1),
    *(("COMMIT", number) for number in range(1, 12)),
]
"""Within a transaction, and right after the end of each."""

RETENTION = "UPDATE hub.tenants SET retention = $2::text::jsonb WHERE id = $1"
ROUNDS = "SELECT count(*) FROM pooled.conversations WHERE tenant_id = $1"
HANGING = """
    SELECT (SELECT count(*) FROM pooled.messages m WHERE tenant_id = $1
        AND NOT EXISTS (SELECT FROM pooled.conversations c WHERE c.id = m.conversation_id))
      + (SELECT count(*) FROM pooled.messages m WHERE tenant_id = $1 AND media_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM pooled.media f WHERE f.id = m.media_id))"""
COUNTED = """
    SELECT coalesce((SELECT bytes FROM hub.media_use WHERE tenant_id = $1), 0)
      - coalesce((SELECT sum(size) FROM pooled.media WHERE tenant_id = $1), 0)"""
UNWATCHED = """
    SELECT count(*) FROM pooled.files f WHERE tenant_id = $1 AND look_at IS NULL
      AND NOT EXISTS (SELECT FROM pooled.media m WHERE m.tenant_id = f.tenant_id AND m.sha256 = f.sha256)"""
"""Stored files that nothing names and nobody looks for."""
OLD = (
    "UPDATE pooled.messages SET queue_seq = NULL, created_at = now() - interval '9 days' WHERE conversation_id = $1",
    "UPDATE pooled.conversations SET status = 'RESOLVED', assigned_user_id = NULL,"
    " created_at = now() - interval '9 days', updated_at = now() - interval '9 days' WHERE id = $1",
)
AGES = (
    "UPDATE hub.events SET occurred_at = now() - interval '9 days' WHERE tenant_id = $1 AND body::text LIKE '%old%'",
    "UPDATE pooled.media SET created_at = now() - interval '9 days' WHERE tenant_id = $1 AND file_name = 'old file'",
    "UPDATE hub.audit SET at = now() - interval '40 days' WHERE tenant_id = $1",
    "UPDATE hub.inbox SET state = 'done', received_at = now() - interval '9 days' WHERE tenant_id = $1",
)


class Company:
    """With a round, a file and an update that are old, and a round and a file that are not."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.owner = world.hub.owner
        self.id = world.tenant.id

    @classmethod
    async def of(cls, world: World) -> Company:
        company = cls(world)
        old, young = await world.conversation(), await world.conversation()
        await world.enqueue(old, "old words")
        await world.enqueue(young, "young words")
        for content in (b"old file", b"young file"):
            size = len(content)
            async with world.uow() as uow:
                await uow.quotas.add_media(size)
                await uow.files.announce(digest_of(content))
                await uow.media.add(uploaded(company.id, content, "text/plain", content.decode(), NOW))
                await uow.commit()
        await company.owner.execute(
            "INSERT INTO hub.inbox (source, dedupe_key, tenant_id, session_id, provider, chat, body)"
            " VALUES ($1::uuid::text, 'k', $2, $1, 'SANDBOX', 'c', 'an update')",
            world.session.id,
            company.id,
        )
        await company.owner.execute(RETENTION, company.id, KEEPS)
        for statement in OLD:
            await company.owner.execute(statement, old.id)
        await company.owner.execute("UPDATE pooled.files SET look_at = NULL WHERE tenant_id = $1", company.id)
        await company.owner.execute("UPDATE pooled.media SET created_at = now() WHERE tenant_id = $1", company.id)
        for statement in AGES:
            await company.owner.execute(statement, company.id)
        return company

    async def dies(self, words: str, nth: int) -> bool:
        """Delete in a process of its own that dies there; False: it came to its end before."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(KILLED), self.world.hub.url, str(self.id), words, str(nth)),
            env={**os.environ, "PYTHONPATH": str(KILLED.parents[3])},  # packages bring a folder `tests` of their own
        )
        return await process.wait() == -9

    async def trims(self) -> None:
        hub = self.world.hub
        sweep = PostgresRetentionSweep(hub.database, hub.storage)
        await KeepRetention(hub.directory, sweep, lambda: datetime.now(UTC))(self.id)

    async def words(self) -> set[str]:
        rows = await self.owner.fetch("SELECT content FROM pooled.messages WHERE tenant_id = $1", self.id)
        files = await self.owner.fetch("SELECT file_name FROM pooled.media WHERE tenant_id = $1", self.id)
        updates = await self.owner.fetch("SELECT body FROM hub.inbox WHERE tenant_id = $1 AND body <> ''", self.id)
        return {row[0] if isinstance(row[0], str) else row[0].decode() for row in [*rows, *files, *updates]}


@pytest.mark.parametrize(("words", "nth"), POINTS)
async def test_killed_at_any_point_nothing_young_goes_and_the_next_run_ends_it(
    world: World, words: str, nth: int
) -> None:
    company = await Company.of(world)
    before: Any = await company.words()
    assert before == {"old words", "young words", "old file", "young file", "an update"}
    died = await company.dies(words, nth)
    assert died or words == "COMMIT"
    left = await company.words()
    assert left <= before
    assert {"young words", "young file"} <= left
    assert await company.owner.fetchval(HANGING, company.id) == 0
    assert await company.owner.fetchval(COUNTED, company.id) == 0
    assert await company.owner.fetchval(UNWATCHED, company.id) == 0
    async with asyncio.timeout(20):  # what the dead process still held is skipped until PostgreSQL sees that it is dead
        await company.trims()
        while await company.owner.fetchval(ROUNDS, company.id) != 1:
            await asyncio.sleep(0.1)
            await company.trims()
    assert await company.words() == {"young words", "young file"}
    assert await company.owner.fetchval(HANGING, company.id) == 0
    assert await company.owner.fetchval(COUNTED, company.id) == 0
    assert await company.owner.fetchval(UNWATCHED, company.id) == 0
    assert await company.owner.fetchval(ROUNDS, company.id) == 1
