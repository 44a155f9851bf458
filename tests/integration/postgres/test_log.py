"""Outbox, sequencer, log: dense positions, one conversation's order, one sequencer at a time."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from whatsapp_hub.adapters.postgres.queues.log import PostgresEventLog
from whatsapp_hub.adapters.postgres.queues.sequencer import Sequencer
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.application.ports.queues.wakeups import Work
from whatsapp_hub.domain.errors import Contention
from whatsapp_hub.domain.events import Event, EventType

from .conftest import NOW, World

TELL = "SELECT hub.tell($1::text[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::bytea[])"
LEADER = """
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 2003661681 AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


@pytest_asyncio.fixture(autouse=True)
async def nothing_waits(world: World) -> None:
    """Other tests leave what no sequencer came for; where something waits, all that follows waits too."""
    await world.hub.owner.execute("DELETE FROM hub.outbox")


async def soon(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.02))


@asynccontextmanager
async def sequencing(world: World) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(Sequencer(world.hub.url, world.hub.woken, soon).run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(what: Callable[[], Any], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not await what():
            await asyncio.sleep(0.02)


async def publish(world: World, conversation_id: Any, *numbers: int, hold_s: float = 0, commit: bool = True) -> None:
    async with world.uow() as uow:
        c = await uow.conversations.get(conversation_id)
        uow.publish(c.event(EventType.CONVERSATION_OPENED, NOW, number=n) for n in numbers)
        await asyncio.sleep(hold_s)
        if commit:
            await uow.commit()


async def logged(world: World) -> list[LoggedEvent]:
    return await PostgresEventLog(world.hub.database).read(None, 100_000, world.tenant.id)


def number(event: LoggedEvent) -> int:
    n: int = msgspec.json.decode(event.body)["number"]
    return n


async def test_positions_are_dense_and_a_conversations_events_in_order(world: World) -> None:
    log = PostgresEventLog(world.hub.database)
    before = await log.head()
    conversations = [await world.conversation() for _ in range(6)]
    committed: dict[Any, list[int]] = defaultdict(list)

    async def write(conversation: Any, seed: int) -> None:
        jitter = random.Random(seed)
        for n in range(25):
            commit = jitter.random() > 0.2
            async with world.uow() as uow:
                c = await uow.conversations.get(conversation.id)
                uow.publish([c.event(EventType.CONVERSATION_OPENED, NOW, number=seed * 1000 + n + i) for i in (0, 500)])
                await asyncio.sleep(jitter.random() * 0.01)
                if commit:
                    committed[c.id] += [seed * 1000 + n, seed * 1000 + n + 500]
                    await uow.commit()

    async with sequencing(world):
        await asyncio.gather(*(write(c, seed) for seed in range(2) for c in conversations))

        async def all_there() -> bool:
            return len(await logged(world)) == sum(map(len, committed.values()))

        await until(all_there)
    everything = await log.read(before, 100_000)
    assert [e.position for e in everything] == list(range(before + 1, await log.head() + 1))
    seen: dict[Any, list[int]] = defaultdict(list)
    for event in await logged(world):
        seen[event.conversation_id].append(number(event))
    assert seen == committed


async def test_a_transaction_that_idles_stalls_nobody(world: World) -> None:
    slow, quick = await world.conversation(), await world.conversation()
    async with sequencing(world):
        idle = asyncio.create_task(publish(world, slow.id, 1, hold_s=1.0))
        await asyncio.sleep(0.1)
        await publish(world, quick.id, 2)

        async def quick_is_there() -> bool:
            return [number(e) for e in await logged(world)] == [2]

        await until(quick_is_there, 0.9)
        await idle

        async def both_are() -> bool:
            return [number(e) for e in await logged(world)] == [2, 1]

        await until(both_are)


async def test_another_sequencer_takes_over_when_one_dies(world: World) -> None:
    conversation = await world.conversation()

    async def led() -> Any:
        return await world.hub.owner.fetchval(LEADER)

    async with sequencing(world), sequencing(world):
        await until(led)
        for n in range(3):
            await publish(world, conversation.id, n)
            pid = await led()
            if pid:
                await world.hub.owner.execute("SELECT pg_terminate_backend($1)", pid)
            await publish(world, conversation.id, n + 100)

            async def there(count: int = 2 * n + 2) -> bool:
                return len(await logged(world)) == count

            await until(there)
        assert len(await world.hub.owner.fetch(LEADER)) <= 1
    assert [number(e) for e in await logged(world)] == [0, 100, 1, 101, 2, 102]


@asynccontextmanager
async def process_that_leads(world: World) -> AsyncIterator[asyncio.subprocess.Process]:
    script = Path(__file__).with_name("sequence_forever.py")
    process = await asyncio.create_subprocess_exec(sys.executable, str(script), world.hub.url)
    try:
        await until(lambda: world.hub.owner.fetchval(LEADER), 30)
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@pytest.mark.parametrize(("how", "within_s"), [(signal.SIGKILL, 3), (signal.SIGSTOP, 10)])
async def test_when_the_leading_process_dies_or_hangs_another_goes_on_without_hole_or_double(
    world: World, how: signal.Signals, within_s: float
) -> None:
    log = PostgresEventLog(world.hub.database)
    before = await log.head()
    conversation = await world.conversation()
    async with process_that_leads(world) as leader, sequencing(world):
        for n in range(60):
            await publish(world, conversation.id, n)
            if n == 30:
                leader.send_signal(how)

        async def all_there() -> bool:
            return len(await logged(world)) == 60

        await until(all_there, within_s)
        if how is signal.SIGSTOP:  # it wakes up, and must see that it leads no more
            leader.send_signal(signal.SIGCONT)
            await publish(world, conversation.id, 60)
            await asyncio.sleep(1.5)
            assert leader.returncode is None
            assert len(await world.hub.owner.fetch(LEADER)) == 1
    numbers = [number(event) for event in await logged(world)]
    assert numbers == list(range(len(numbers)))
    positions = [event.position for event in await log.read(before, 1000)]
    assert positions == list(range(before + 1, before + len(positions) + 1))


async def test_readers_are_woken_and_the_body_speaks_the_contract(world: World) -> None:
    conversation = await world.conversation(customer_name="Zoë")
    world.hub.woken.take()
    async with sequencing(world):
        await publish(world, conversation.id, 7)

        async def there() -> bool:
            return bool(await logged(world))

        await until(there)
    woken = world.hub.woken.take()
    assert woken[Work.EVENTS] >= 1
    [event] = await logged(world)
    assert (event.type, event.session_id, event.occurred_at) == ("conversation.opened", world.session.id, NOW)
    body = msgspec.json.decode(event.body)
    assert body["conversation"]["customerName"] == "Zoë"
    assert body["conversation"]["createdAt"] == "2026-03-04T05:06:07.890123Z"
    assert body["number"] == 7


@asynccontextmanager
async def giving_positions(world: World) -> AsyncIterator[Any]:
    """Somebody else's transaction, just before its commit."""
    connection = await asyncpg.connect(world.hub.url)
    try:
        await connection.execute("BEGIN; SET LOCAL ROLE hub_app")
        await connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(world.tenant.id))
        assert await connection.fetchval(TELL, ["trial"], [None], [None], [NOW], [b'{"number":0}'])
        yield connection
    finally:
        connection.terminate()


async def test_a_transactions_events_are_in_the_log_when_it_has_committed(world: World) -> None:
    conversation = await world.conversation()
    world.hub.woken.take()
    await publish(world, conversation.id, 1, 2)
    assert [number(e) for e in await logged(world)] == [1, 2]
    assert world.hub.woken.take() == {Work.EVENTS: 1}
    await publish(world, conversation.id, 3, commit=False)
    await publish(world, conversation.id, 4)
    events = await logged(world)
    assert [number(e) for e in events] == [1, 2, 4]
    assert [e.position - events[0].position for e in events] == [0, 1, 2]


async def test_who_gives_positions_keeps_nobody_waiting_and_later_events_come_later(world: World) -> None:
    one, other = await world.conversation(), await world.conversation()
    world.hub.woken.take()
    async with giving_positions(world) as first:
        async with asyncio.timeout(1):
            await publish(world, one.id, 1)
        await first.execute("COMMIT")
        assert world.hub.woken.take() == {Work.OUTBOX: 1}
        await publish(world, one.id, 2)  # nobody gives positions now, but its predecessor waits
        await publish(world, other.id, 3)
        assert world.hub.woken.take() == {Work.OUTBOX: 2}
    assert [number(e) for e in await logged(world)] == [0]
    async with sequencing(world):

        async def all_there() -> bool:
            return [number(e) for e in await logged(world)] == [0, 1, 2, 3]

        await until(all_there)
    await publish(world, one.id, 4)
    assert [number(e) for e in await logged(world)] == [0, 1, 2, 3, 4]


async def test_who_freezes_while_giving_positions_loses_them(world: World) -> None:
    """A process that is stopped between its last statement and its commit."""
    conversation = await world.conversation()
    async with sequencing(world), giving_positions(world) as frozen:
        await publish(world, conversation.id, 1)

        async def there() -> bool:
            return [number(e) for e in await logged(world)] == [1]

        await until(there, 30)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
            await frozen.execute("COMMIT")
    assert [number(e) for e in await logged(world)] == [1]


async def test_who_waits_for_somebody_frozen_while_giving_positions_gives_up(world: World) -> None:
    """Its other writes, which run in the same statement, want a row that a stopped process holds."""
    held, conversation = await world.add_user(), await world.conversation()
    frozen = await asyncpg.connect(world.hub.url)
    try:
        await frozen.execute("BEGIN")
        await frozen.execute("SELECT FROM hub.users WHERE id = $1 FOR UPDATE", held.id)

        async def waits() -> None:
            async with world.uow() as uow:
                user = await uow.users.peek(held.id)
                await uow.users.save([user])
                uow.publish([Event(EventType.USER_PRESENCE, world.tenant.id, NOW, detail={"number": 0})])
                await uow.commit()

        async with sequencing(world):
            waiting = asyncio.create_task(waits())
            await asyncio.sleep(0.3)
            await publish(world, conversation.id, 1)

            async def there() -> bool:
                return [number(e) for e in await logged(world)] == [1]

            await until(there, 30)
            with pytest.raises(Contention):
                await waiting
    finally:
        await frozen.close()


async def test_who_dies_while_giving_positions_leaves_no_hole(world: World) -> None:
    conversation = await world.conversation()
    before = await PostgresEventLog(world.hub.database).head()
    async with giving_positions(world):
        pass

    async def free() -> bool:
        await publish(world, conversation.id, 1)
        return bool(await logged(world))

    async with sequencing(world):
        await until(free)
    events = await logged(world)
    assert [e.position for e in events] == list(range(before + 1, before + 1 + len(events)))
    assert {number(e) for e in events} == {1}


async def test_retention_forgets_the_oldest_only(world: World) -> None:
    log = PostgresEventLog(world.hub.database)
    async with world.uow() as uow:
        for hours in (3, 2, 1, 2):
            at = NOW - timedelta(days=100_00) + timedelta(hours=-hours)
            uow.publish([Event(EventType.USER_PRESENCE, world.tenant.id, at, detail={"number": hours})])
        await uow.commit()
    async with sequencing(world):

        async def there() -> bool:
            return len(await logged(world)) == 4

        await until(there)
    head = await log.head()
    await world.hub.owner.execute("DELETE FROM hub.events WHERE tenant_id <> $1", world.tenant.id)
    assert await log.trim(NOW - timedelta(days=100_00, hours=1, minutes=30), head + 1) == 2
    assert [number(e) for e in await logged(world)] == [1, 2]
    assert await log.tail() == head - 1
    assert await log.trim(NOW, head) == 1
    assert await log.trim(NOW, head + 1) == 1
    assert (await log.head(), await log.tail()) == (head, head + 1)
