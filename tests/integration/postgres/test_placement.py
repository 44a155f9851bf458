"""A tenant's rows move between the shared schema and one of their own, while the hub works."""

from __future__ import annotations

import asyncio
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from whatsapp_hub.adapters.postgres.engine.database import prelude
from whatsapp_hub.adapters.postgres.engine.failures import Displaced
from whatsapp_hub.adapters.postgres.placement.move import PostgresPlacementMoves
from whatsapp_hub.adapters.postgres.repositories.accounts.directory import PostgresDirectory
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.accounts.move_tenants import MoveTenant
from whatsapp_hub.application.ports.storage.contacts import Sighting
from whatsapp_hub.domain.accounts.tenant import Placement, Tenant
from whatsapp_hub.domain.errors import NotFound
from whatsapp_hub.domain.messaging.contact import Identity

from .conftest import NOW, World, new_id
from .test_tenancy import fill

OWN, POOLED = Placement.DEDICATED, Placement.POOLED
KILLED = Path(__file__).with_name("move_and_die.py")
TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
    WHERE c.relnamespace = 'pooled'::regnamespace AND c.relkind = 'r' ORDER BY 1"""
LEFT = """
    SELECT (SELECT count(*) FROM hub.placement_moves WHERE tenant_id = $1)
      + (SELECT count(*) FROM hub.placement_changes WHERE tenant_id = $1)
      + (SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'moving_' || replace($1::text, '-', '') || '%')"""


def schema(tenant: Tenant, placement: Placement) -> str:
    return "pooled" if placement is POOLED else f"client_{tenant.slug}"


async def rows(world: World, placement: Placement) -> dict[str, list[str]]:
    """Every row of the tenant there, by table."""
    place = schema(world.tenant, placement)
    if not await world.hub.owner.fetchval("SELECT to_regnamespace($1) IS NOT NULL", place):
        return {}
    found = {}
    for (table,) in await world.hub.owner.fetch(TABLES):
        query = f"SELECT t::text FROM {place}.{table} AS t WHERE tenant_id = $1 ORDER BY 1"
        if texts := await world.hub.owner.fetch(query, world.tenant.id):
            found[table] = [text for (text,) in texts]
    return found


@pytest_asyncio.fixture
async def move(hub: Any) -> MoveTenant:
    return MoveTenant(hub.directory, PostgresPlacementMoves(hub.url))


def another_process(hub: Any) -> PostgresStorage:
    """The same database with what it remembers of its own."""
    directory = PostgresDirectory(hub.database, hub.vault)
    return PostgresStorage(hub.database, directory, hub.vault, hub.woken, new_id)


async def test_row_for_row_it_arrives_and_comes_back(world: World, move: MoveTenant) -> None:
    await fill(world)
    before = await rows(world, POOLED)
    assert {"messages", "contacts", "assignments", "media", "left_identities"} <= before.keys()
    moved = await move(world.tenant.slug, OWN)
    assert moved is not None
    assert moved.rows == sum(map(len, before.values()))
    assert (await rows(world, OWN), await rows(world, POOLED)) == (before, {})
    await move(world.tenant.slug, POOLED)
    assert (await rows(world, POOLED), await rows(world, OWN)) == (before, {})
    assert await world.hub.owner.fetchval(LEFT, world.tenant.id) == 0
    assert not await world.hub.owner.fetchval("SELECT to_regnamespace($1)", schema(world.tenant, OWN))


async def test_all_others_rows_stay_where_they_are(new_world: Any, move: MoveTenant) -> None:
    world, other = await new_world(), await new_world()
    await fill(other)
    before = await rows(other, POOLED)
    await fill(world)
    for to in (OWN, POOLED):
        await move(world.tenant.slug, to)
        assert await rows(other, POOLED) == before


async def test_where_it_is_already_nothing_is_done(world: World, move: MoveTenant) -> None:
    assert await move(world.tenant.slug, POOLED) is None
    with pytest.raises(NotFound):
        await move("nobody", OWN)


async def test_a_process_that_remembers_the_old_place_cannot_write_there(world: World, move: MoveTenant) -> None:
    remembered = await world.hub.storage.known_tenant(world.tenant.id)
    await move(world.tenant.slug, OWN)
    with pytest.raises(Displaced):
        await world.hub.database.begin(prelude(remembered), remembered.schema)
    world.hub.storage._tenants[world.tenant.id] = (time.monotonic(), remembered)
    conversation = await world.conversation()
    await world.enqueue(conversation, "in the new place")
    assert "in the new place" in str((await rows(world, OWN))["messages"])
    assert await rows(world, POOLED) == {}


async def test_a_transaction_under_way_is_waited_for_and_nobody_else_waits(new_world: Any, move: MoveTenant) -> None:
    world, other = await new_world(), await new_world()
    async with world.uow() as uow:
        moving = asyncio.create_task(move(world.tenant.slug, OWN))
        while not await world.hub.owner.fetchval(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1886151012 AND NOT granted"
        ):
            await asyncio.sleep(0.01)
        writing = asyncio.create_task(world.conversation())
        await asyncio.wait_for(other.enqueue(await other.conversation(), "hello"), 20)
        assert not writing.done()
        [(contact, _)], _ = await uow.contacts.find_or_create(
            [Sighting((Identity.phone("5511977776666"),), "Late")], NOW
        )
        await uow.commit()
    await moving
    await writing
    assert str(contact.id) in str((await rows(world, OWN))["contacts"])
    assert len((await rows(world, OWN))["conversations"]) == 1


NUMBERS = count()


async def work(world: World, storage: PostgresStorage, until: asyncio.Event, kept: dict[str, str]) -> None:
    """What a busy tenant does: rows made, changed, removed, moved to other keys. `kept`: what was committed."""
    number = 0
    while not until.is_set():
        number += 1
        async with storage.tenant(world.tenant.id) as uow:
            phone = f"55119{next(NUMBERS):08}"
            [(contact, _)], _ = await uow.contacts.find_or_create(
                [Sighting((Identity.phone(phone),), f"n{number}")], NOW
            )
            conversation = world.make_conversation(contact)
            await uow.conversations.add([conversation])
            message = world.make_message(conversation, f"text {number}")
            await uow.lanes.add([message], {message.id: "SANDBOX"})
            await uow.commit()
        async with storage.tenant(world.tenant.id) as uow:
            changed = await uow.conversations.get(conversation.id)
            changed.customer_name = f"renamed {number}"
            await uow.conversations.save([changed])
            await uow.commit()
        if number % 5 == 0:
            async with storage.connection(world.tenant.id) as connection:
                await connection.execute("DELETE FROM messages WHERE conversation_id = $1", conversation.id)
                await connection.execute("DELETE FROM conversations WHERE id = $1", conversation.id)
                await connection.execute("DELETE FROM contacts WHERE id = $1", contact.id)
        else:
            kept[str(message.id)] = f"renamed {number}"
        await asyncio.sleep(0)


async def test_under_traffic_nothing_is_lost_and_nothing_doubled(new_world: Any, move: MoveTenant, hub: Any) -> None:
    world, other = await new_world(), await new_world()
    await fill(world)
    until, kept, others = asyncio.Event(), [{} for _ in range(3)], {}  # type: ignore[var-annotated]
    busy = [asyncio.create_task(work(world, another_process(hub), until, one)) for one in kept]
    busy.append(asyncio.create_task(work(other, hub.storage, until, others)))
    waited = []
    try:
        for placement in (OWN, POOLED, OWN, POOLED):
            at_least = len(kept[0]) + 10
            while len(kept[0]) < at_least:
                await asyncio.sleep(0.01)
                assert not any(task.done() for task in busy)
            moved = await move(world.tenant.slug, placement)
            assert moved is not None
            waited.append(moved.waited_s)
    finally:
        until.set()
        await asyncio.gather(*busy)
    everything = {ident: name for one in kept for ident, name in one.items()}
    found = await hub.owner.fetch(
        "SELECT m.id, c.customer_name FROM pooled.messages m JOIN pooled.conversations c ON c.id = m.conversation_id "
        "WHERE m.tenant_id = $1 AND m.content LIKE 'text %'",
        world.tenant.id,
    )
    assert {str(row["id"]): row["customer_name"] for row in found} == everything
    assert await rows(world, OWN) == {}
    lanes = (
        "SELECT queue_seq FROM pooled.messages WHERE tenant_id = $1 AND content LIKE 'text %' ORDER BY created_at, id"
    )
    places = [row["queue_seq"] for row in await hub.owner.fetch(lanes, world.tenant.id)]
    assert len(places) == len({*places})
    assert max(waited) < 1.0, waited


async def test_places_in_lanes_go_on_after_those_that_were_moved(world: World, move: MoveTenant) -> None:
    conversation = await world.conversation()
    [first] = await world.enqueue(conversation, "first")
    for to in (OWN, POOLED):
        await move(world.tenant.slug, to)
        [last] = await world.enqueue(conversation, "last")
        query = f"SELECT id, queue_seq, seq FROM {schema(world.tenant, to)}.messages WHERE tenant_id = $1"
        found = {row["id"]: row for row in await world.hub.owner.fetch(query, world.tenant.id)}
        for column in ("queue_seq", "seq"):
            assert found[first.id][column] < found[last.id][column]
        first = last


POINTS = {
    OWN: ("CREATE TRIGGER", "INSERT INTO", "SET CONSTRAINTS ALL IMMEDIATE", "SET stage = 'clearing'", "DROP TRIGGER"),
    POOLED: ("DELETE FROM pooled", "INSERT INTO", "SET stage = 'clearing'", "DROP SCHEMA"),
}
"""In the order in which a move comes to them."""


async def dies(world: World, to: Placement, after: str) -> None:
    """Move in a process of its own that dies by SIGKILL right after a statement with these words."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(KILLED), world.hub.url, world.tenant.slug, to, after
    )
    assert await process.wait() == -9


@pytest.mark.parametrize("to", [OWN, POOLED])
async def test_killed_at_any_point_the_hub_works_and_the_next_call_completes(
    new_world: Any, move: MoveTenant, to: Placement
) -> None:
    source = POOLED if to is OWN else OWN
    world = await new_world(source)
    await fill(world)
    filled = len((await rows(world, source))["messages"])
    for number, point in enumerate(POINTS[to]):
        await dies(world, to, point)
        await world.enqueue(await world.conversation(), f"after death {number}")
    await move(world.tenant.slug, to)
    arrived = await rows(world, to)
    assert all(f"after death {number}" in str(arrived["messages"]) for number in range(len(POINTS[to])))
    assert len(arrived["messages"]) == filled + len(POINTS[to])
    assert await rows(world, source) == {}
    assert await world.hub.owner.fetchval(LEFT, world.tenant.id) == 0


@pytest.mark.parametrize("placement", [POOLED, OWN])
async def test_a_move_is_given_up_by_naming_the_present_place(
    new_world: Any, move: MoveTenant, placement: Placement
) -> None:
    world = await new_world(placement)
    await fill(world)
    before = await rows(world, placement)
    to = POOLED if placement is OWN else OWN
    async with move.moves.of(world.tenant) as half:
        await half.prepare(to)
        await half.copy()
    assert await rows(world, to) == before
    assert await move(world.tenant.slug, placement) is None
    assert (await rows(world, placement), await rows(world, to)) == (before, {})
    assert await world.hub.owner.fetchval(LEFT, world.tenant.id) == 0


async def test_every_foreign_key_can_wait_for_the_end_of_a_move(world: World) -> None:
    """Rows that changed are deleted and copied again, parents before children or not."""
    query = """
        SELECT conname FROM pg_constraint
        WHERE contype = 'f' AND connamespace = 'pooled'::regnamespace AND NOT condeferrable"""
    assert [row["conname"] for row in await world.hub.owner.fetch(query)] == []


async def test_every_primary_key_is_the_tenants_own_or_a_uuid(world: World) -> None:
    """A number from a sequence is unique in its schema only."""
    query = """
        SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        WHERE i.indisprimary AND c.relnamespace = 'pooled'::regnamespace AND c.relname <> 'alembic_version'
          AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
            AND (a.atttypid = 'uuid'::regtype OR a.attname = 'tenant_id'))"""
    assert [row["relname"] for row in await world.hub.owner.fetch(query)] == []
