"""What happens to people while a conversation is on its way to them."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.postgres.conftest import World, new_id
from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.application.routing.route_conversation import RouteConversation
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role, User
from whatsapp_hub.domain.conversations.assignment import Candidate
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.ids import ConversationId


async def change(world: World, user: User, **fields: Any) -> None:
    """As an administrator or the user would, in a transaction of their own."""
    async with world.uow() as uow:
        stored = await uow.users.get(user.id)
        for name, value in fields.items():
            setattr(stored, name, value)
        await uow.users.save([stored])
        await uow.commit()


async def routed(world: World, conversation_id: ConversationId, department: Department, meanwhile: Any) -> bool:
    """Route it; `meanwhile` happens after the department's people were looked at."""
    async with world.uow() as uow:
        [conversation] = [await uow.conversations.get(conversation_id)]
        changes = Changes(_interrupted(uow, meanwhile), new_id, datetime.now(UTC))
        route = RouteConversation(changes)
        got = await route.to_free_agent(conversation, department, None)
        await changes.write()
        await uow.commit()
    return got


def _interrupted(uow: UnitOfWork, meanwhile: Any) -> UnitOfWork:
    looked = uow.users.candidates

    async def candidates(department_id: Any) -> Any:
        found = await looked(department_id)
        await meanwhile()
        return found

    uow.users.candidates = candidates  # type: ignore[method-assign]
    return uow


@pytest.mark.parametrize(
    "fields",
    [{"is_active": False}, {"role": Role.AGENT}, {"password_hash": "new"}, {"online_status": OnlineStatus.OFFLINE}],
    ids=["dismissed", "demoted", "new password", "gone"],
)
async def test_an_assignment_does_not_undo_what_happened_to_its_user(world: World, fields: dict[str, Any]) -> None:
    department = await world.add_department()
    user = await world.add_user(department_id=department.id, online_status=OnlineStatus.ONLINE)
    await change(world, user, role=Role.ADMIN)
    conversation = await world.conversation()
    got = await routed(world, conversation.id, department, lambda: change(world, user, **fields))
    async with world.uow() as uow:
        stored = await uow.users.get(user.id)
    assert {name: getattr(stored, name) for name in fields} == fields
    assert got is Candidate(stored, 0).is_free


async def test_whoever_left_while_being_chosen_gets_nothing_and_the_next_one_does(world: World) -> None:
    department, other = await world.add_department(), await world.add_department("Other")
    online: dict[str, Any] = {"department_id": department.id, "online_status": OnlineStatus.ONLINE}
    leaves, moves, stays = [await world.add_user(**online) for _ in range(3)]
    conversation = await world.conversation()

    async def meanwhile() -> None:
        await change(world, leaves, online_status=OnlineStatus.OFFLINE)
        await change(world, moves, department_id=other.id)

    assert await routed(world, conversation.id, department, meanwhile)
    async with world.uow() as uow:
        assert (await uow.conversations.get(conversation.id)).assigned_user_id == stays.id


async def test_two_batches_that_meet_departments_the_other_way_round_both_get_through(world: World) -> None:
    departments = [await world.add_department() for _ in range(2)]
    for department in departments:
        await world.add_user(department_id=department.id, online_status=OnlineStatus.ONLINE)
    conversations = [await world.conversation() for _ in range(4)]

    async def batch(mine: list[Conversation], there: list[Department]) -> None:
        async with world.uow() as uow:
            changes = Changes(uow, new_id, datetime.now(UTC))
            route = RouteConversation(changes)
            for conversation, department in zip(mine, there, strict=True):
                stored = await uow.conversations.get(conversation.id)
                assert await route.to_free_agent(stored, department, None)
                await asyncio.sleep(0.1)
            await changes.write()
            await uow.commit()

    await asyncio.gather(batch(conversations[:2], departments), batch(conversations[2:], departments[::-1]))
    async with world.uow() as uow:
        stored = [await uow.conversations.get(c.id) for c in conversations]
    assert [c.department_id for c in stored] == [d.id for d in (*departments, *departments[::-1])]
