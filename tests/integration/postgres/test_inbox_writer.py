"""Group commit: what is answered is stored, and one bad call fails alone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import pytest_asyncio

from whatsapp_hub.adapters.postgres.queues.inbox_writer import GroupCommitInbox
from whatsapp_hub.application.ports.queues.inbox import NewUpdate
from whatsapp_hub.application.ports.queues.wakeups import Work
from whatsapp_hub.domain.errors import Invalid, Unavailable

from .conftest import World


@pytest_asyncio.fixture
async def writer(hub: Any) -> Any:
    async with GroupCommitInbox(hub.url, hub.woken) as writer:
        yield writer


def update(world: World, key: str) -> NewUpdate:
    return NewUpdate("SANDBOX", key, "chat", b"{}", world.tenant.id, world.session.id)


async def stored(world: World) -> dict[str, str]:
    rows = await world.hub.owner.fetch(
        "SELECT dedupe_key, chat, state FROM hub.inbox WHERE tenant_id = $1", world.tenant.id
    )
    return {row["dedupe_key"]: row["chat"] for row in rows}


async def test_concurrent_calls_share_few_commits(world: World, writer: GroupCommitInbox) -> None:
    world.hub.woken.take()
    await asyncio.gather(*(writer.append([update(world, f"k{n}")]) for n in range(300)))
    assert len(await stored(world)) == 300
    assert world.hub.woken.take()[Work.INBOX] <= 3


async def test_nobody_waits_behind_another_companys_flood(
    world: World, new_world: Any, writer: GroupCommitInbox
) -> None:
    other = await new_world()
    flood = [asyncio.create_task(writer.append([update(world, f"f{n}")])) for n in range(10_000)]
    await asyncio.sleep(0)
    await writer.append([update(other, "one")])
    assert not all(task.done() for task in flood), "it came in turn, not last"
    await asyncio.gather(*flood)
    assert (len(await stored(world)), await stored(other)) == (10_000, {"one": "chat"})


async def test_one_bad_call_fails_alone(world: World, writer: GroupCommitInbox) -> None:
    bad: Any = update(world, "bad")._replace(body="not bytes")
    worse: Any = update(world, "worse")._replace(session_id="no uuid")
    calls = [[update(world, f"k{n}")] for n in range(20)]
    calls[7], calls[11] = [update(world, "beside"), bad], [worse]
    answers = await asyncio.gather(*(writer.append(call) for call in calls), return_exceptions=True)
    failed = [n for n, answer in enumerate(answers) if isinstance(answer, Invalid)]
    assert failed == [7, 11]
    assert len(await stored(world)) == 18


async def test_names_that_cannot_be_stored_are_mended_not_refused(world: World, writer: GroupCommitInbox) -> None:
    chats = ["nul\x00", "lone\ud800", "x" * 5000, "nul\x00"]
    keys = ["k\x00", "k\ud800", "k" * 5000, "other"]
    for chat, key in zip(chats, keys, strict=True):
        await writer.append([update(world, key)._replace(chat=chat)])
        await writer.append([update(world, key)._replace(chat=chat)])
    found = await stored(world)
    assert len(found) == 4
    assert len(set(found.values())) == 3, "the same chat is the same chat"
    assert max(map(len, found)) <= 300
    assert max(map(len, found.values())) <= 200


async def test_an_update_of_no_session_is_set_aside(world: World, writer: GroupCommitInbox) -> None:
    await writer.append(
        [NewUpdate("META", "nobody's", "c", b"{}"), update(world, "odd")._replace(quarantined="no JSON \x00")]
    )
    rows = await world.hub.owner.fetch(
        "SELECT source, state FROM hub.inbox WHERE dedupe_key IN ('nobody''s', 'odd') ORDER BY dedupe_key"
    )
    assert [tuple(row) for row in rows] == [("app", "unassigned"), (str(world.session.id), "quarantined")]


async def test_a_lost_connection_fails_who_waits_and_is_replaced(world: World, writer: GroupCommitInbox) -> None:
    await writer.append([update(world, "before")])
    lock = world.hub.owner.transaction()
    await lock.start()
    await world.hub.owner.execute("LOCK TABLE hub.inbox IN ACCESS EXCLUSIVE MODE")
    waiting = [asyncio.create_task(writer.append([update(world, f"w{n}")])) for n in range(5)]
    await asyncio.sleep(0.2)
    await world.hub.owner.execute(
        """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND query LIKE '%INSERT INTO hub.inbox%' AND pid <> pg_backend_pid()"""
    )
    await lock.rollback()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(answers[0], Unavailable)
    await writer.append([update(world, "after")])
    assert "after" in await stored(world)


async def test_an_update_without_a_key_is_refused(world: World, writer: GroupCommitInbox) -> None:
    with pytest.raises(Invalid):
        await writer.append([update(world, "")])


async def test_closing_stores_what_was_given(world: World) -> None:
    async with GroupCommitInbox(world.hub.url, world.hub.woken) as writer:
        calls = [asyncio.create_task(writer.append([update(world, f"last{n}")])) for n in range(50)]
        await asyncio.sleep(0)
    await asyncio.gather(*calls)
    assert len(await stored(world)) == 50
