"""Leases: one holder a session, fences that rise, and nothing claimed by who lost its lease."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from whatsapp_hub.adapters.postgres.connectors import leases as leases_module
from whatsapp_hub.adapters.postgres.connectors.leases import PostgresLeases
from whatsapp_hub.application.ports.connections.connections import Connector, ConnectorId, DesiredConnection
from whatsapp_hub.application.ports.connections.sockets import store_name
from whatsapp_hub.application.ports.queues.lanes import Holding
from whatsapp_hub.application.ports.queues.wakeups import Work
from whatsapp_hub.domain.messaging.pacing import Pacing
from whatsapp_hub.domain.sessions.connection import ReconnectPolicy
from whatsapp_hub.domain.sessions.session import Session

from .conftest import NOW, World

FREE = {"HELD": Pacing(None, None)}


@pytest_asyncio.fixture
async def leases(hub: Any) -> AsyncIterator[PostgresLeases]:
    yield PostgresLeases(hub.database)
    await hub.owner.execute("DELETE FROM hub.connectors; DELETE FROM hub.lines")


@pytest.fixture
def connector(leases: PostgresLeases) -> Callable[..., Any]:
    async def enter(room: int = 100, lease_s: float = 30) -> Connector:
        made = Connector(ConnectorId(uuid4()), "test", ("HELD",), room)
        await leases.enter(made, lease_s)
        return made

    return enter


async def wanted(world: World) -> Session:
    """A session that a connector shall hold."""
    session = await world.add_session("HELD")
    async with world.uow() as uow:
        line = await uow.connections.of(session)
        line.state = line.state.restarted(NOW, ReconnectPolicy())
        await uow.connections.save(line, session)
        await uow.commit()
    return session


async def fence_of(world: World, session: Session) -> int:
    return int(await world.hub.owner.fetchval("SELECT fence FROM hub.lines WHERE session_id = $1", session.id))


async def test_two_takers_never_get_the_same_line(
    world: World, leases: PostgresLeases, connector: Callable[..., Any]
) -> None:
    sessions = {(await wanted(world)).id for _ in range(20)}
    a, b = await connector(), await connector()
    taken = await asyncio.gather(*(leases.take(c, 3) for c in (a, b) * 5))
    ids = [one.session_id for some in taken for one in some]
    assert set(ids) == sessions
    assert len(ids) == len(sessions)
    held = [len(await leases.held(c.id)) for c in (a, b)]
    assert sum(held) == 20


async def test_an_ended_lease_frees_its_lines_under_a_higher_fence(
    world: World, leases: PostgresLeases, connector: Callable[..., Any]
) -> None:
    session = await wanted(world)
    a, b = await connector(lease_s=0.3), await connector()
    assert await leases.take(a, 9)
    first = await fence_of(world, session)
    assert await leases.take(b, 9) == []
    assert await leases.reap_expired() == 0
    await asyncio.sleep(0.35)
    assert not await leases.renew(a.id, 30), "what has ended is not renewed"
    assert await leases.held(a.id) == []
    assert await leases.reap_expired() == 1
    [taken] = await leases.take(b, 9)
    assert (taken.session_id, taken.unclean) == (session.id, True)
    assert await fence_of(world, session) > first
    assert await leases.take(a, 9) == [], "one without a lease takes nothing"


async def test_what_was_hung_up_is_taken_as_clean(
    world: World, leases: PostgresLeases, connector: Callable[..., Any]
) -> None:
    await wanted(world)
    a, b = await connector(), await connector()
    await leases.take(a, 9)
    await leases.leave(a.id, clean=True)
    assert [one.unclean for one in await leases.take(b, 9)] == [False]
    await leases.leave(b.id, clean=False)
    assert [one.unclean for one in await leases.take(await connector(), 9)] == [True]


async def test_a_burial_never_overtakes_a_renewal(
    leases: PostgresLeases, connector: Callable[..., Any], hub: Any
) -> None:
    """The renewal began in time and commits late: whoever buries waits for it, and sees it."""
    a = await connector(lease_s=0.4)
    renewing = await asyncpg.connect(hub.url)
    transaction = renewing.transaction()
    await transaction.start()
    assert await renewing.execute(leases_module._RENEW, a.id, 30) == "UPDATE 1"
    await asyncio.sleep(0.5)
    burying = asyncio.create_task(leases.reap_expired())
    await asyncio.sleep(0.2)
    assert not burying.done()
    await transaction.commit()
    assert await burying == 0
    await renewing.close()


async def test_lanes_are_claimed_only_under_a_lease_and_its_fence(
    world: World, leases: PostgresLeases, connector: Callable[..., Any]
) -> None:
    session = await wanted(world)
    await world.enqueue(await world.conversation(session=session), "hello", provider="HELD")

    async def claims(holding: Holding) -> int:
        async with world.uow() as uow:
            return len((await uow.lanes.claim(FREE, 9, 30, holding)).claims)

    a, b = await connector(lease_s=1.0), await connector()
    await leases.take(a, 9)
    fence = await fence_of(world, session)
    assert await claims(Holding(b.id, {session.id: fence})) == 0, "another's"
    assert await claims(Holding(a.id, {session.id: fence - 1})) == 0, "an earlier fence"
    assert await claims(Holding(a.id, {session.id: fence})) == 1
    await asyncio.sleep(1.05)
    assert await claims(Holding(a.id, {session.id: fence})) == 0, "the lease has ended, though nobody has taken it yet"
    await leases.reap_expired()
    await leases.take(b, 9)
    assert await claims(Holding(a.id, {session.id: fence})) == 0
    assert await claims(Holding(b.id, {session.id: await fence_of(world, session)})) == 1


@pytest.mark.usefixtures("leases")
async def test_a_message_for_a_held_session_wakes_connectors_not_workers(world: World) -> None:
    session = await wanted(world)
    world.hub.woken.take()
    await world.enqueue(await world.conversation(session=session), "hello", provider="HELD")
    woken = world.hub.woken.take()
    assert (woken[Work.HELD_LANES], woken[Work.LANES]) == (1, 0)


async def test_what_a_dead_holder_left_connected_to_the_store_is_ended(
    world: World, leases: PostgresLeases, connector: Callable[..., Any]
) -> None:
    session, other = await wanted(world), await wanted(world)
    a, b = await connector(lease_s=0.3), await connector()
    await leases.take(a, 9)
    left, spared = [
        await asyncpg.connect(world.hub.url, server_settings={"application_name": store_name(one)})
        for one in (session.id, uuid4())
    ]
    assert await leases.store_connections([session.id, other.id]) == 1
    await asyncio.sleep(0.35)
    await leases.reap_expired()
    assert len(await leases.take(b, 9)) == 2
    assert await leases.store_connections([session.id, other.id]) == 0
    with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.AdminShutdownError)):
        await left.fetchval("SELECT 1")
    assert await spared.fetchval("SELECT 1") == 1
    await spared.close()


async def test_a_line_is_due_when_its_rest_is_over(
    world: World, leases: PostgresLeases, connector: Callable[..., Any]
) -> None:
    session = await wanted(world)
    a = await connector()
    await leases.take(a, 9)

    async def line() -> DesiredConnection:
        [found] = await leases.held(a.id)
        return found

    await world.hub.owner.execute("UPDATE hub.sessions SET is_active = true WHERE id = $1", session.id)
    assert (await line()).is_due
    wait = "UPDATE hub.lines SET dial_at = clock_timestamp() + interval '0.3 s' WHERE session_id = $1"
    await world.hub.owner.execute(wait, session.id)
    assert not (await line()).is_due
    await asyncio.sleep(0.35)
    assert (await line()).is_due


async def test_a_session_moved_to_another_provider_has_no_line_any_more(
    world: World, leases: PostgresLeases, connector: Callable[..., Any]
) -> None:
    session = await wanted(world)
    a = await connector()
    await leases.take(a, 9)
    async with world.uow() as uow:
        moved = await uow.sessions.get(session.id)
        moved.provider = "WAHA"
        await uow.sessions.save(moved)
        await uow.commit()
    assert await leases.held(a.id) == []


@pytest.mark.usefixtures("leases")
async def test_another_tenant_sees_no_line(world: World, new_world: Callable[..., Any]) -> None:
    session = await wanted(world)
    other: World = await new_world()
    async with other.uow() as uow:
        with pytest.raises(asyncpg.PostgresError):
            await uow.connections.of(replace(session, _events=[]))


async def test_how_crowded_it_is(world: World, leases: PostgresLeases, connector: Callable[..., Any]) -> None:
    assert await leases.capacity("HELD") == (0, 0)
    await connector(room=3)
    await connector(room=4)
    await wanted(world)
    assert await leases.capacity("HELD") == (7, 1)
    assert await leases.capacity("OTHER") == (0, 0)
