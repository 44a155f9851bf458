"""A customer is erased while the company's rows move: nothing of them survives at either place."""

from __future__ import annotations

import asyncio
import sys
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from whatsapp_hub.adapters.postgres.placement.move import PostgresPlacementMoves
from whatsapp_hub.adapters.postgres.privacy.sweep import PostgresErasureSweep
from whatsapp_hub.application.accounts.move_tenants import MoveTenant
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.privacy.erase_contact import EraseContact, EraseContacts
from whatsapp_hub.domain.accounts.tenant import Placement
from whatsapp_hub.domain.accounts.user import Role

from .conftest import NOW, World, new_id
from .test_placement import KILLED, OWN, POINTS, POOLED, rows

ERASED = "SELECT finished_at IS NOT NULL FROM hub.contact_erasures WHERE tenant_id = $1"

BEGUN = "SELECT EXISTS (SELECT FROM hub.placement_moves WHERE tenant_id = $1)"


@pytest_asyncio.fixture
async def move(hub: Any) -> MoveTenant:
    return MoveTenant(hub.directory, PostgresPlacementMoves(hub.url))


class Customers:
    """One who is to be erased, and one who stays."""

    def __init__(self, world: World, theirs: UUID, others: UUID) -> None:
        self.world = world
        self.theirs = theirs
        self.others = others

    @classmethod
    async def of(cls, world: World) -> Customers:
        found = []
        for words in ("their secret", "other words"):
            conversation = await world.conversation()
            await world.enqueue(conversation, words)
            found.append(conversation.contact_id)
        return cls(world, *found)

    async def erase(self) -> None:
        """Ask for it."""
        caller = Caller(self.world.tenant.id, Role.ADMIN, "user:x")
        begin = EraseContact(self.world.hub.storage, lambda: NOW, new_id)
        await begin(caller, self.theirs, str(self.theirs))

    async def sweep(self) -> bool:
        """Do some of it; return whether it is done and proven."""
        hub = self.world.hub
        await EraseContacts(PostgresErasureSweep(hub.database, hub.storage))()
        return bool(await hub.owner.fetchval(ERASED, self.world.tenant.id))

    async def left(self) -> list[str]:
        """Say where anything of the erased one stands, at either place."""
        found = []
        for placement in (POOLED, OWN):
            for table, texts in (await rows(self.world, placement)).items():
                found += [f"{placement} {table}" for t in texts if str(self.theirs) in t or "their secret" in t]
        return found

    async def others_are_whole(self, placement: Placement) -> bool:
        there = await rows(self.world, placement)
        return str(self.others) in str(there["contacts"]) and "other words" in str(there["messages"])


@pytest.mark.parametrize("to", [OWN, POOLED])
async def test_erased_between_the_copy_and_the_change_over(new_world: Any, move: MoveTenant, to: Placement) -> None:
    customers = await Customers.of(await new_world(POOLED if to is OWN else OWN))
    async with move.moves.of(customers.world.tenant) as half:
        await half.prepare(to)
        await half.copy()
        await customers.erase()
        assert not await customers.sweep()
        await half.switch()
        assert not await customers.sweep()
        await half.clear()
    assert await customers.sweep()
    assert await customers.left() == []
    assert await customers.others_are_whole(to)


@pytest.mark.parametrize("to", [OWN, POOLED])
async def test_erased_before_a_move_that_was_broken_off_is_taken_up_again(
    new_world: Any, move: MoveTenant, to: Placement
) -> None:
    """The proof is not given while a copy may stand somewhere, wherever the move died."""
    begun = []
    for point in POINTS[to]:
        world = await new_world(POOLED if to is OWN else OWN)
        customers = await Customers.of(world)
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(KILLED), world.hub.url, world.tenant.slug, to, point
        )
        assert await process.wait() == -9
        await customers.erase()
        is_begun = await world.hub.owner.fetchval(BEGUN, world.tenant.id)
        assert await customers.sweep() is not is_begun, point
        begun.append(is_begun)
        await move(world.tenant.slug, to)
        assert await customers.sweep(), point
        assert await customers.left() == [], point
        assert await customers.others_are_whole(to), point
    assert begun.count(True) >= 2


async def test_erased_while_it_moves_to_and_fro(new_world: Any, move: MoveTenant) -> None:
    customers = await Customers.of(await new_world(POOLED))

    async def moves() -> None:
        for to in (OWN, POOLED, OWN):
            await move(customers.world.tenant.slug, to)

    moving = asyncio.create_task(moves())
    await customers.erase()
    while not moving.done():
        await customers.sweep()
    await moving
    assert await customers.sweep()
    assert await customers.left() == []
    assert await customers.others_are_whole(OWN)
