"""Departments and users."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.contracts.storage.world import NOW, World, new_id
from whatsapp_hub.domain.accounts.preferences import Preferences, SavedView, Theme
from whatsapp_hub.domain.accounts.tenant import Language
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role
from whatsapp_hub.domain.conversations.conversation import ConversationStatus
from whatsapp_hub.domain.errors import Conflict, NotFound
from whatsapp_hub.domain.ids import DepartmentId, UserId
from whatsapp_hub.domain.service.service_level import ServiceLevel


class DepartmentContract:
    async def test_a_department_comes_back_as_it_went_in(self, world: World) -> None:
        department = await world.add_department("Vendas", is_root=True, max_conversations=3, color="#AABBCC")
        async with world.uow() as uow:
            assert await uow.departments.get(department.id) == department

    async def test_departments_are_listed_the_older_first(self, world: World) -> None:
        newer = await world.add_department("B", created_at=NOW + timedelta(hours=1))
        older = await world.add_department("C", created_at=NOW)
        async with world.uow() as uow:
            assert [d.id for d in await uow.departments.all()] == [older.id, newer.id]

    async def test_a_slug_is_taken_once(self, world: World) -> None:
        await world.add_department(slug="sales")
        with pytest.raises(Conflict) as refused:
            await world.add_department(slug="sales")
        assert refused.value.code == "slug_taken"

    async def test_there_is_one_root(self, world: World) -> None:
        await world.add_department(is_root=True)
        with pytest.raises(Conflict) as refused:
            await world.add_department(is_root=True)
        assert refused.value.code == "second_root"

    async def test_the_companys_level_is_shown_where_a_department_has_none(self, world: World) -> None:
        department = await world.add_department()
        async with world.uow() as uow:
            company = await uow.tenants.own()
            company.level = ServiceLevel(first_response_target_minutes=7)
            await uow.tenants.save(company)
            await uow.commit()
        async with world.uow() as uow:
            assert (await uow.departments.get(department.id)).usual_level == company.level
            assert [d.usual_level for d in await uow.departments.all()] == [company.level]

    async def test_a_department_with_users_or_live_conversations_stays(self, world: World) -> None:
        with_user, with_round, empty = [await world.add_department() for _ in range(3)]
        await world.add_user(department_id=with_user.id)
        conversation = await world.conversation(department_id=with_round.id)
        for kept in (with_user, with_round):
            async with world.uow() as uow:
                with pytest.raises(Conflict):
                    await uow.departments.remove(kept.id)
        await world.saved(conversation, status=ConversationStatus.RESOLVED)
        await world.done(lambda uow: uow.departments.remove(empty.id))
        async with world.uow() as uow:
            assert {d.id for d in await uow.departments.all()} == {with_user.id, with_round.id}
            with pytest.raises(NotFound):
                await uow.departments.get(DepartmentId(new_id()))

    async def test_assignment_in_a_locked_department_waits(self, world: World) -> None:
        department = await world.add_department()

        async def lock() -> None:
            async with world.uow() as uow:
                await uow.departments.lock_all()

        async with world.uow() as uow:
            await uow.departments.lock([department.id])
            waiting = asyncio.create_task(lock())
            await asyncio.sleep(0.05)
            assert not waiting.done()
        await asyncio.wait_for(waiting, 5)


class UserContract:
    async def test_a_user_comes_back_as_it_went_in(self, world: World) -> None:
        user = await world.add_user(skills=("english", "billing"), max_conversations=4, last_heartbeat=NOW)
        async with world.uow() as uow:
            assert await uow.users.get(user.id) == user
            assert await uow.users.peek(user.id) == user
            assert await uow.users.all() == [user]
            with pytest.raises(NotFound):
                await uow.users.get(UserId(new_id()))

    async def test_an_address_is_one_users_in_the_whole_hub(self, world: World, other: World) -> None:
        user = await world.add_user()
        with pytest.raises(Conflict) as refused:
            await other.add_user(email=user.email)
        assert refused.value.code == "email_taken"

    async def test_an_address_cannot_be_changed_to_anothers(self, world: World) -> None:
        user, another = await world.add_user(), await world.add_user()
        another.email = user.email
        with pytest.raises(Conflict):
            await world.done(lambda uow: uow.users.save([another]))

    async def test_of_two_that_take_an_address_at_once_one_is_refused(self, world: World) -> None:
        users = [world.make_user(email="both@example.com"), world.make_user(email="both@example.com")]

        async def add(number: int) -> bool:
            try:
                await world.done(lambda uow: uow.users.add(users[number]))
            except Conflict:
                return False
            return True

        assert sorted(await asyncio.gather(add(0), add(1))) == [False, True]

    async def test_users_are_listed_by_address(self, world: World) -> None:
        await world.add_user(email="b@zz.example")
        await world.add_user(email="a@zz.example")
        async with world.uow() as uow:
            assert [u.email for u in await uow.users.all()] == ["a@zz.example", "b@zz.example"]

    async def test_a_candidates_load_is_what_they_are_assigned(self, world: World) -> None:
        department = await world.add_department(max_conversations=2)
        user = await world.add_user(department_id=department.id)
        await world.add_user(is_active=False, department_id=department.id)
        for _ in range(2):
            conversation = await world.conversation()
            await world.changes(conversation, lambda c: c.assign(user.id, department.id, NOW, "because"))
        async with world.uow() as uow:
            [candidate] = await uow.users.candidates(department.id)
            assert (candidate.user.id, candidate.load, candidate.bound) == (user.id, 2, 2)
            assert not candidate.has_room
            assert await uow.users.candidate(user.id) == candidate
            assert await uow.users.count(department.id) == 2
        await world.changes(conversation, lambda c: c.resolve(NOW))
        async with world.uow() as uow:
            assert (await uow.users.candidate(user.id)).load == 1

    async def test_the_silent_are_found_but_not_those_somebody_is_at(self, world: World) -> None:
        silent = await world.add_user(online_status=OnlineStatus.ONLINE, last_heartbeat=NOW - timedelta(minutes=5))
        never = await world.add_user(online_status=OnlineStatus.BUSY)
        await world.add_user(online_status=OnlineStatus.ONLINE, last_heartbeat=NOW)
        await world.add_user(last_heartbeat=NOW - timedelta(minutes=5))
        async with world.uow() as one, world.uow() as two:
            assert {u.id for u in await one.users.silent_since(NOW - timedelta(minutes=1))} == {silent.id, never.id}
            assert await two.users.silent_since(NOW - timedelta(minutes=1)) == []

    async def test_those_who_left_their_conversations_are_listed(self, world: World) -> None:
        leaving = await world.add_user(hands_over=True)
        await world.add_user()
        async with world.uow() as uow:
            assert await uow.users.leaving() == [leaving.id]

    async def test_the_last_administrator_is_known(self, world: World) -> None:
        admin = await world.add_user(role=Role.ADMIN)
        await world.add_user(role=Role.ADMIN, is_active=False)
        async with world.uow() as uow:
            await uow.users.lock_administrators()
            assert not await uow.users.has_administrator(other_than=admin.id)
            assert await uow.users.has_administrator(other_than=UserId(new_id()))

    async def test_preferences_are_kept_and_read_as_a_whole(self, world: World) -> None:
        user = await world.add_user()
        async with world.uow() as uow:
            assert await uow.users.preferences(user.id) == Preferences()
        kept = Preferences((SavedView("Late", "view=all&late=1"),), Language.ES, Theme.DARK, enter_sends=False)
        await world.done(lambda uow: uow.users.keep_preferences(user.id, kept))
        async with world.uow() as uow:
            assert await uow.users.preferences(user.id) == kept
            assert await uow.users.peek(user.id) == user
            with pytest.raises(NotFound):
                await uow.users.preferences(UserId(new_id()))
            with pytest.raises(NotFound):
                await uow.users.keep_preferences(UserId(new_id()), kept)
