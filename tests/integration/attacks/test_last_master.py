"""Somebody must always administer the hub."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.postgres.conftest import World, new_id
from whatsapp_hub.application.accounts.users import UpdateUser, UserChanges
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.routing.redistribute import RedistributeConversations
from whatsapp_hub.application.routing.serve_queue import ServeQueue
from whatsapp_hub.domain.accounts.user import Role, User
from whatsapp_hub.domain.errors import Conflict


def now() -> datetime:
    return datetime.now(UTC)


async def masters(new_world: Any, *, active: tuple[bool, ...]) -> list[tuple[World, User]]:
    """Each in a tenant of its own; there are no others."""
    made: list[tuple[World, User]] = []
    for is_active in active:
        world: World = await new_world()
        if not made:
            await world.hub.owner.execute("UPDATE hub.users SET role = 'AGENT'")
        made.append((world, await promoted(world, await world.add_user(is_active=is_active))))
    return made


async def promoted(world: World, user: User) -> User:
    await world.hub.owner.execute("UPDATE hub.users SET role = 'MASTER' WHERE id = $1", user.id)
    return replace(user, role=Role.MASTER)


async def update(world: World, user: User, changes: UserChanges) -> User:
    caller = Caller(world.tenant.id, Role.MASTER, "master", user.id)
    storage = world.hub.storage
    serve, redistribute = ServeQueue(storage, now, new_id), RedistributeConversations(storage, now, new_id)
    return await UpdateUser(storage, now, redistribute, serve)(caller, user.id, changes)


@pytest.mark.parametrize("changes", [UserChanges(role=Role.ADMIN), UserChanges(is_active=False)], ids=repr)
async def test_the_last_active_master_stays_one(new_world: Any, changes: UserChanges) -> None:
    [(world, user), _] = await masters(new_world, active=(True, False))
    with pytest.raises(Conflict) as caught:
        await update(world, user, changes)
    assert caught.value.code == "last_master"
    assert (await update(world, user, UserChanges(name="Ana"))).role is Role.MASTER
    assert await world.hub.directory.has_master()
    assert not await world.hub.directory.has_master(other_than=user.id)


async def test_two_masters_who_leave_at_once_leave_one(new_world: Any) -> None:
    both = await masters(new_world, active=(True, True))
    left = await asyncio.gather(
        *(update(world, user, UserChanges(is_active=False)) for world, user in both), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in left) == ["Conflict", "User"]
    assert await both[0][0].hub.directory.has_master()


async def test_inactive_masters_do_not_count(new_world: Any) -> None:
    [(world, _)] = await masters(new_world, active=(False,))
    assert not await world.hub.directory.has_master()
