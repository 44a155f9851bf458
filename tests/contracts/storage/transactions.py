"""Transactions: what is seen, what is rolled back, who waits for whom, and what is no concern of another tenant."""

from __future__ import annotations

import asyncio

import pytest

from tests.contracts.storage.world import NOW, World, a_phone, new_id
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.domain.errors import Conflict, Contention, NotFound
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import TenantId


class TransactionContract:
    async def test_what_is_not_committed_leaves_nothing(self, world: World) -> None:
        conversation = await world.conversation()
        async with world.uow() as uow:
            found = await uow.conversations.get(conversation.id)
            found.customer_name = "Zoë"
            await uow.conversations.save([found])
            message = world.make_message(found)
            await uow.messages.add([message])
            assert (await uow.conversations.peek(conversation.id)).customer_name == "Zoë"
        async with world.uow() as uow:
            assert (await uow.conversations.peek(conversation.id)).customer_name is None
            assert await uow.messages.by_id([message.id]) == {}

    async def test_an_exception_rolls_back_and_frees_what_was_locked(self, world: World) -> None:
        user = await world.add_user()

        async def fail(uow: UnitOfWork) -> None:
            found = await uow.users.get(user.id)
            found.rename("Someone else")
            await uow.users.save([found])
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await world.done(fail)
        async with asyncio.timeout(5), world.uow() as uow:
            assert (await uow.users.get(user.id)).name == user.name

    async def test_others_see_a_change_once_it_is_committed(self, world: World) -> None:
        user = await world.add_user()
        async with world.uow() as writer, world.uow() as reader:
            found = await writer.users.get(user.id)
            found.rename("Renamed")
            await writer.users.save([found])
            assert (await reader.users.peek(user.id)).name == user.name
            await writer.commit()
            assert (await reader.users.peek(user.id)).name == "Renamed"

    async def test_an_entity_that_was_read_is_the_readers_own(self, world: World) -> None:
        user = await world.add_user()
        async with world.uow() as uow:
            (await uow.users.get(user.id)).rename("Never saved")
            assert (await uow.users.peek(user.id)).name == user.name
            await uow.commit()
        async with world.uow() as uow:
            assert (await uow.users.peek(user.id)).name == user.name

    async def test_a_locked_row_is_waited_for_and_then_read_as_it_is_by_then(self, world: World) -> None:
        user = await world.add_user()

        async def name_under_lock() -> str:
            async with world.uow() as uow:
                return (await uow.users.get(user.id)).name

        async with world.uow() as uow:
            found = await uow.users.get(user.id)
            waiting = asyncio.create_task(name_under_lock())
            found.rename("Renamed")
            await uow.users.save([found])
            await asyncio.sleep(0.05)
            assert not waiting.done()
            await uow.commit()
        assert await asyncio.wait_for(waiting, 5) == "Renamed"

    async def test_of_two_transactions_that_wait_for_each_other_one_fails(self, world: World) -> None:
        first, second = await world.add_user(), await world.add_user()

        async def lock_both(mine: object, others: object, have: asyncio.Event, may: asyncio.Event) -> str:
            try:
                async with world.uow() as uow:
                    await uow.users.get(mine)  # type: ignore[arg-type]
                    have.set()
                    await may.wait()
                    await uow.users.get(others)  # type: ignore[arg-type]
                    return "both"
            except Contention:
                return "failed"

        one, two = asyncio.Event(), asyncio.Event()
        async with asyncio.timeout(20):
            outcomes = await asyncio.gather(
                lock_both(first.id, second.id, one, two), lock_both(second.id, first.id, two, one)
            )
        assert sorted(outcomes) == ["both", "failed"]

    async def test_a_transaction_in_which_something_was_refused_stores_nothing(self, world: World) -> None:
        user = await world.add_user()
        async with world.uow() as uow:
            with pytest.raises(Conflict):
                await uow.users.add(world.make_user(email=user.email))
            with pytest.raises(Contention):
                await uow.commit()

    async def test_events_are_logged_with_the_commit_in_their_order(self, world: World) -> None:
        conversation, user = await world.conversation(), await world.add_user()
        before = await world.hub.log.head()
        async with world.uow() as uow:
            uow.publish([conversation.event(EventType.CONVERSATION_OPENED, NOW)])
            uow.publish([conversation.event(EventType.CONVERSATION_QUEUED, NOW, reason="because")])
            await uow.commit()
        async with world.uow() as uow:
            uow.publish([conversation.event(EventType.CONVERSATION_RESOLVED, NOW, by=user.id)])
        logged = await world.hub.log.read(before, 10, world.tenant.id)
        assert [e.type for e in logged] == ["conversation.opened", "conversation.queued"]
        assert [e.position for e in logged] == [before + 1, before + 2]
        assert {e.conversation_id for e in logged} == {conversation.id}

    async def test_a_repository_takes_the_events_of_what_it_stores(self, world: World) -> None:
        conversation, before = await world.conversation(), await world.hub.log.head()
        async with world.uow() as uow:
            found = await uow.conversations.get(conversation.id)
            found.resolve(NOW)
            await uow.conversations.save([found])
            assert found.take_events() == []
            await uow.commit()
        assert [e.type for e in await world.hub.log.read(before, 9)] == ["conversation.resolved"]

    async def test_an_unknown_tenant_has_no_transactions(self, world: World) -> None:
        with pytest.raises(NotFound):
            async with world.hub.storage.tenant(TenantId(new_id())):
                pass


class TenancyContract:
    async def test_a_tenant_sees_nothing_of_another(self, world: World, other: World) -> None:
        phone = a_phone()
        conversation, user, department = await world.conversation(phone), await world.add_user(), None
        department = await world.add_department()
        message = await world.add_message(conversation)
        async with other.uow() as uow:
            with pytest.raises(NotFound):
                await uow.conversations.get(conversation.id)
            with pytest.raises(NotFound):
                await uow.messages.get(message.id)
            with pytest.raises(NotFound):
                await uow.users.peek(user.id)
            with pytest.raises(NotFound):
                await uow.departments.get(department.id)
            with pytest.raises(NotFound):
                await uow.sessions.get(world.session.id)
            assert await uow.sessions.by_key(world.session.key) is None
            assert await uow.users.all() == []
            assert await uow.departments.all() == []

    async def test_two_tenants_may_know_the_same_person(self, world: World, other: World) -> None:
        phone = a_phone()
        ours, theirs = await world.contact(phone, "Ana"), await other.contact(phone, "Bia")
        assert ours.id != theirs.id
        assert (await world.contact(phone)).name == "Ana"
        assert (await other.contact(phone)).name == "Bia"

    async def test_two_tenants_may_use_the_same_names(self, world: World, other: World) -> None:
        await world.add_department(slug="sales")
        await other.add_department(slug="sales")
        await other.add_session(key=world.session.key)

    async def test_the_log_of_one_tenant_has_no_events_of_another(self, world: World, other: World) -> None:
        conversation, before = await world.conversation(), await world.hub.log.head()
        async with world.uow() as uow:
            uow.publish([conversation.event(EventType.CONVERSATION_OPENED, NOW)])
            await uow.commit()
        assert await world.hub.log.read(before, 10, other.tenant.id) == []
        assert len(await world.hub.log.read(before, 10, world.tenant.id)) == 1
