"""Somebody must always administer a company."""

import asyncio
from typing import Any

import pytest

from tests.integration.attacks.test_last_master import update
from tests.integration.postgres.conftest import World
from whatsapp_hub.application.accounts.users import UserChanges
from whatsapp_hub.domain.accounts.user import Role, User
from whatsapp_hub.domain.errors import Conflict


async def admin(world: World, role: Role = Role.ADMIN, *, is_active: bool = True) -> User:
    user = await world.add_user(is_active=is_active)
    await world.hub.owner.execute("UPDATE hub.users SET role = $2 WHERE id = $1", user.id, role)
    return user


@pytest.mark.parametrize("changes", [UserChanges(role=Role.AGENT), UserChanges(is_active=False)], ids=repr)
async def test_the_last_active_admin_stays_one(new_world: Any, changes: UserChanges) -> None:
    world: World = await new_world()
    last = await admin(world)
    await admin(world, is_active=False)
    await admin(await new_world())
    with pytest.raises(Conflict) as caught:
        await update(world, last, changes)
    assert caught.value.code == "last_admin"
    assert (await update(world, last, UserChanges(name="Ana"))).role is Role.ADMIN
    await admin(world)
    await update(world, last, changes)


async def test_two_admins_who_demote_each_other_at_once_leave_one(new_world: Any) -> None:
    for _ in range(5):
        world: World = await new_world()
        both = [await admin(world) for _ in range(2)]
        left = await asyncio.gather(
            *(update(world, user, UserChanges(role=Role.AGENT)) for user in both), return_exceptions=True
        )
        assert sorted(type(result).__name__ for result in left) == ["Conflict", "User"]


async def test_a_master_at_home_administers_the_company(new_world: Any) -> None:
    world: World = await new_world()
    one = await admin(world)
    await admin(world, Role.MASTER)
    assert (await update(world, one, UserChanges(role=Role.AGENT))).role is Role.AGENT


async def test_an_admin_may_become_a_master(new_world: Any) -> None:
    world: World = await new_world()
    one = await admin(world)
    assert (await update(world, one, UserChanges(role=Role.MASTER))).role is Role.MASTER
