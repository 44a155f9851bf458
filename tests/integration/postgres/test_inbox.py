"""The inbox: order per chat, locks, retries, quarantine, replay safety."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

import pytest_asyncio

from whatsapp_hub.adapters.postgres.queues.inbox_writer import GroupCommitInbox
from whatsapp_hub.application.ports.queues.inbox import NewUpdate

from .conftest import World


@pytest_asyncio.fixture
async def writer(hub: Any) -> Any:
    async with GroupCommitInbox(hub.url, hub.woken) as writer:
        yield writer


def update(world: World, chat: str, key: str) -> NewUpdate:
    return NewUpdate("SANDBOX", key, chat, key.encode(), world.tenant.id, world.session.id)


async def fill(world: World, writer: GroupCommitInbox, *chats: str, each: int = 3) -> None:
    await writer.append([update(world, chat, f"{chat}-{n:05}") for n in range(each) for chat in chats])


async def test_a_claim_gives_each_chat_in_order(world: World, writer: GroupCommitInbox) -> None:
    await fill(world, writer, "a", "b", "c")
    async with world.uow() as uow:
        items = (await uow.inbox.claim(100)).items
        assert [i.id for i in items] == sorted(i.id for i in items)
        uow.inbox.done([i.id for i in items])
        await uow.commit()
    bodies = defaultdict(list)
    for item in items:
        bodies[item.chat].append(item.body.decode())
    assert bodies == {c: [f"{c}-{n:05}" for n in range(3)] for c in "abc"}
    async with world.uow() as uow:
        assert (await uow.inbox.claim(100)).items == []


async def test_a_limit_cuts_prefixes_and_starves_no_chat(world: World, writer: GroupCommitInbox) -> None:
    await fill(world, writer, "long", each=50)
    await fill(world, writer, "x", "y", each=1)
    async with world.uow() as uow:
        items = (await uow.inbox.claim(10)).items
        assert len(items) == 10
        assert {"x", "y", "long"} == {i.chat for i in items}
        long = [i.body.decode() for i in items if i.chat == "long"]
        assert long == [f"long-{n:05}" for n in range(len(long))]


async def test_chats_under_work_are_left_to_whoever_works_on_them(world: World, writer: GroupCommitInbox) -> None:
    await fill(world, writer, "a", "b")
    async with world.uow() as first, world.uow() as second:
        mine = (await first.inbox.claim(1)).items
        theirs = (await second.inbox.claim(100)).items
        assert {i.chat for i in mine} | {i.chat for i in theirs} == {"a", "b"}
        assert not {i.chat for i in mine} & {i.chat for i in theirs}
        async with world.uow() as third:
            assert (await third.inbox.claim(100)).items == []


async def test_a_claim_tells_whether_more_may_be_due(world: World, writer: GroupCommitInbox) -> None:
    await fill(world, writer, "a", "b", each=1)
    async with world.uow() as first, world.uow() as second:
        bounded, beside = await first.inbox.claim(1), await second.inbox.claim(100)
        assert (len(bounded.items), bounded.has_more) == (1, True)
        assert (len(beside.items), beside.has_more) == (1, True)  # somebody works on the other chat
    async with world.uow() as uow:
        claimed = await uow.inbox.claim(100)
        assert (len(claimed.items), claimed.has_more) == (2, False)
    await fill(world, writer, "c", each=2)
    async with world.uow() as uow:
        assert (await uow.inbox.claim(100)).has_more  # a chat may have more than was read of it
        await uow.commit()


async def test_claims_of_one_step_past_a_chat_that_somebody_works_on(world: World, writer: GroupCommitInbox) -> None:
    await fill(world, writer, "a", "b", each=1)
    async with world.uow() as theirs:
        [held] = (await theirs.inbox.claim(1)).items
        seen = []
        for _ in range(3):
            async with world.uow() as ours:
                items, has_more = await ours.inbox.claim(1)
                seen += items
                assert has_more
        assert {item.chat for item in seen} == {"a", "b"} - {held.chat}


async def test_a_retry_holds_its_chat_whole_and_only_its_chat(world: World, writer: GroupCommitInbox) -> None:
    await fill(world, writer, "a", "b")
    async with world.uow() as uow:
        first = next(i for i in (await uow.inbox.claim(100)).items if i.chat == "a")
        await uow.inbox.retry(first, "boom \x00", 0.5)
        await uow.commit()
    async with world.uow() as uow:
        assert {i.chat for i in (await uow.inbox.claim(100)).items} == {"b"}
    assert world.tenant.id in await world.hub.directory.tenants_with_inbox()
    await asyncio.sleep(0.6)
    async with world.uow() as uow:
        again = [i for i in (await uow.inbox.claim(100)).items if i.chat == "a"]
        assert [i.tries for i in again] == [1, 0, 0]


async def test_a_later_update_that_waits_ends_the_prefix(world: World, writer: GroupCommitInbox) -> None:
    await fill(world, writer, "a", each=4)
    async with world.uow() as uow:
        items = (await uow.inbox.claim(100)).items
        await uow.inbox.retry(items[2], "boom", 60)
        await uow.commit()
    async with world.uow() as uow:
        assert [i.id for i in (await uow.inbox.claim(100)).items] == [i.id for i in items[:2]]


async def test_a_quarantined_update_lets_its_chat_go_on(world: World, writer: GroupCommitInbox) -> None:
    await fill(world, writer, "a")
    async with world.uow() as uow:
        items = (await uow.inbox.claim(100)).items
        await uow.inbox.quarantine(items[0], "nonsense")
        await uow.commit()
    async with world.uow() as uow:
        assert [i.id for i in (await uow.inbox.claim(100)).items] == [i.id for i in items[1:]]


async def test_what_another_worker_applied_is_not_quarantined_any_more(world: World, writer: GroupCommitInbox) -> None:
    await fill(world, writer, "a", each=1)
    async with world.uow() as uow:
        [item] = (await uow.inbox.claim(100)).items
        uow.inbox.done([item.id])
        await uow.commit()
    async with world.uow() as uow:
        await uow.inbox.quarantine(item, "boom")
        await uow.commit()
    state = await world.hub.owner.fetchval("SELECT state FROM hub.inbox WHERE id = $1", item.id)
    assert state == "done"


async def test_concurrent_workers_keep_every_chat_in_order(world: World, writer: GroupCommitInbox) -> None:
    chats = [f"chat{n}" for n in range(30)]
    await fill(world, writer, *chats, each=20)
    seen: dict[str, list[str]] = defaultdict(list)

    async def work(number: int) -> None:
        empty = 0
        while empty < 20:
            async with world.uow() as uow:
                items = (await uow.inbox.claim(7)).items
                await asyncio.sleep(0.001 * (number % 3))
                uow.inbox.done([i.id for i in items])
                for item in items:  # before the commit: its chat is still ours alone
                    seen[item.chat].append(item.body.decode())
                await uow.commit()
            empty = 0 if items else empty + 1
            if not items:
                await asyncio.sleep(0.01)

    await asyncio.gather(*(work(n) for n in range(8)))
    assert seen == {c: [f"{c}-{n:05}" for n in range(20)] for c in chats}


_ROWS_READ = """
    SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_all_tables WHERE relid = 'hub.inbox'::regclass"""


async def test_a_claim_reads_little_of_a_great_backlog(world: World, writer: GroupCommitInbox) -> None:
    await world.hub.owner.execute(
        """INSERT INTO hub.inbox (source, dedupe_key, tenant_id, session_id, provider, chat, body)
           SELECT 'bulk', n::text, $1, $2, 'SANDBOX', CASE WHEN n <= 20000 THEN 'one' ELSE (n % 5000)::text END, 'x'
           FROM generate_series(1, 100000) AS n""",
        world.tenant.id,
        world.session.id,
    )
    await world.hub.owner.execute("ANALYZE hub.inbox")
    for _ in range(20):
        async with world.uow() as uow:
            before = await uow.inbox._connection.fetchval(_ROWS_READ)
            items = (await uow.inbox.claim(64)).items
            assert len(items) == 64
            assert 64 <= await uow.inbox._connection.fetchval(_ROWS_READ) - before < 2000, "of 100,000"
            uow.inbox.done([i.id for i in items])
            await uow.commit()


async def test_updates_delivered_again_are_dropped(world: World, writer: GroupCommitInbox) -> None:
    await writer.append([update(world, "a", "k1"), update(world, "a", "k2")])
    await writer.append([update(world, "a", "k2"), update(world, "a", "k3"), update(world, "a", "k3")])
    await asyncio.gather(*(writer.append([update(world, "a", "k9")]) for _ in range(50)))
    stored = await world.hub.owner.fetch("SELECT dedupe_key FROM hub.inbox WHERE tenant_id = $1", world.tenant.id)
    assert sorted(row["dedupe_key"] for row in stored) == ["k1", "k2", "k3", "k9"]
