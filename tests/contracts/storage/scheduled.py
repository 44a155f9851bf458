"""Messages to be sent later: one transaction has one, and it is gone with what that stores."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.contracts.storage.world import NOW, World, a_phone, new_id
from whatsapp_hub.application.ports.queues.scheduled import Place
from whatsapp_hub.domain.ids import MessageId
from whatsapp_hub.domain.messaging.content import Image, StoredMedia
from whatsapp_hub.domain.messaging.message import Message

PAST, SOON = NOW, datetime(2100, 1, 1, tzinfo=UTC)


class ScheduledContract:
    async def test_it_comes_back_as_it_was_stored(self, world: World) -> None:
        message = await self._waiting(world, content=Image("veja", media=StoredMedia(new_id())), reply_to="3A")
        async with world.uow() as uow:
            found = await uow.scheduled.find(message.id)
            assert found is not None
            assert (found, found.send_at) == (message, message.send_at)
            assert await uow.scheduled.find(MessageId(new_id())) is None

    async def test_they_are_listed_in_the_order_of_their_times_and_cut_into_pages(self, world: World) -> None:
        late, soon = await self._waiting(world, SOON + timedelta(1)), await self._waiting(world)
        async with world.uow() as uow:
            listed = await uow.scheduled.page(9, None, None, None)
            assert [m.id for m in listed if m.id in (late.id, soon.id)] == [soon.id, late.id]
            assert await uow.scheduled.page(9, None, soon.conversation_id, None) == [soon]
            after = Place(soon.send_at or soon.created_at, soon.id)
            assert soon.id not in [m.id for m in await uow.scheduled.page(9, after, None, None)]
            assert await uow.scheduled.page(9, None, None, new_id()) == []

    async def test_one_that_is_due_is_taken_once_however_many_try(self, world: World) -> None:
        waits, due = await self._waiting(world), await self._waiting(world, PAST)
        async with world.uow() as uow:
            assert due.id in await uow.scheduled.due(9)
            assert waits.id not in await uow.scheduled.due(9)
        assert world.tenant.id in await world.hub.storage.directory.tenants_with_scheduled()
        taken = await asyncio.gather(*(world.done(lambda uow: uow.scheduled.take(due.id)) for _ in range(4)))
        assert [m for m in taken if m] == [due]
        assert await world.done(lambda uow: uow.scheduled.take(waits.id)) is None
        assert world.tenant.id not in await world.hub.storage.directory.tenants_with_scheduled()

    async def test_a_transaction_that_ends_without_a_commit_took_nothing(self, world: World) -> None:
        due = await self._waiting(world, PAST)
        async with world.uow() as uow:
            assert await uow.scheduled.take(due.id) == due
        async with world.uow() as uow:
            assert await uow.scheduled.take(due.id) == due

    async def test_one_that_was_cancelled_is_not_sent_and_one_that_was_sent_is_not_cancelled(
        self, world: World
    ) -> None:
        one, two = await self._waiting(world, PAST), await self._waiting(world, PAST)
        assert await world.done(lambda uow: uow.scheduled.cancel(one.id))
        assert await world.done(lambda uow: uow.scheduled.take(one.id)) is None
        assert await world.done(lambda uow: uow.scheduled.take(two.id)) == two
        assert not await world.done(lambda uow: uow.scheduled.cancel(two.id))

    async def test_it_follows_its_contact_into_a_merge_and_its_conversation_out_of_one(self, world: World) -> None:
        phones = a_phone(), a_phone()
        message = await self._waiting(world, phone=phones[0])
        kept = await world.contact(phones[1])
        mine = (await world.done(lambda uow: uow.contacts.get(message.contact_id))).identities
        await world.done(lambda uow: uow.contacts.merge(kept.id, message.contact_id, message.created_at))
        assert await self._owner(world, message) == kept.id
        other = await world.done(lambda uow: uow.contacts.split(kept.id, mine, message.created_at))
        assert await self._owner(world, message) == other.id

    @staticmethod
    async def _owner(world: World, message: Message) -> object:
        async with world.uow() as uow:
            found = await uow.scheduled.find(message.id)
            return found and found.contact_id

    @staticmethod
    async def _waiting(world: World, at: datetime = SOON, phone: str | None = None, **more: Any) -> Message:
        number = phone or a_phone()
        message = world.make_message(await world.conversation(number, chat=number), send_at=at, **more)
        await world.done(lambda uow: uow.scheduled.add(message))
        return message
