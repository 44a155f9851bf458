"""Messages to be sent later: one transaction has one, and it is gone with what that stores."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.contracts.storage.world import NOW, World, a_phone, new_id
from whatsapp_hub.application.ports.queues.scheduled import Place
from whatsapp_hub.application.reading.queries import Sight
from whatsapp_hub.application.reading.visibility import is_in
from whatsapp_hub.domain.conversations.conversation import ConversationStatus
from whatsapp_hub.domain.ids import MessageId
from whatsapp_hub.domain.messaging.content import Image, StoredMedia
from whatsapp_hub.domain.messaging.message import Message

ALL = Sight(everything=True)
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
            listed = await uow.scheduled.page(9, None, None, None, ALL)
            assert [m.id for m in listed if m.id in (late.id, soon.id)] == [soon.id, late.id]
            assert await uow.scheduled.page(9, None, soon.conversation_id, None, ALL) == [soon]
            after = Place(soon.send_at or soon.created_at, soon.id)
            assert soon.id not in [m.id for m in await uow.scheduled.page(9, after, None, None, ALL)]
            assert await uow.scheduled.page(9, None, None, new_id(), ALL) == []

    async def test_a_page_has_those_whose_conversations_are_in_sight(self, world: World) -> None:
        sales, support = await world.add_department(), await world.add_department("Support")
        ana, bea = await world.add_user(), await world.add_user()
        places: list[dict[str, Any]] = [
            {},
            {"department_id": sales.id},
            {"department_id": sales.id, "assigned_user_id": ana.id, "status": ConversationStatus.ASSIGNED},
            {"department_id": support.id, "assigned_user_id": bea.id, "status": ConversationStatus.ASSIGNED},
            {"assigned_user_id": bea.id, "status": ConversationStatus.ASSIGNED},
        ]
        of = [await world.conversation(**place) for place in places]
        waiting = [world.make_message(one, send_at=SOON) for one in of]
        for message in waiting:
            await world.done(lambda uow, message=message: uow.scheduled.add(message))

        async def seen(sight: Sight) -> list[int]:
            async with world.uow() as uow:
                found = {m.id for m in await uow.scheduled.page(999, None, None, None, sight)}
            return [n for n, message in enumerate(waiting) if message.id in found]

        assert await seen(ALL) == [0, 1, 2, 3, 4]
        assert await seen(Sight()) == [0]
        assert await seen(Sight(ana.id)) == [0, 2]
        assert await seen(Sight(bea.id, sales.id)) == [0, 1, 2, 3, 4]
        assert await seen(Sight(ana.id, support.id)) == [0, 2, 3]
        for sight in (Sight(), Sight(ana.id, support.id)):
            assert await seen(sight) == [n for n, one in enumerate(of) if is_in(sight, one)]

    async def test_one_that_is_due_is_taken_once_however_many_try(self, world: World) -> None:
        waits, due = await self._waiting(world), await self._waiting(world, PAST)
        async with world.uow() as uow:
            found = await uow.scheduled.due(9)
            assert due.id in [place.id for place in found]
            assert waits.id not in [place.id for place in found]
            assert found[0] not in await uow.scheduled.due(9, found[0])
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

    async def test_it_follows_the_round_that_a_merge_ends(self, world: World) -> None:
        phones = a_phone(), a_phone()
        kept = await world.conversation(phones[0], chat=phones[0])
        message = await self._waiting(world, phone=phones[1])
        await world.done(lambda uow: uow.contacts.merge(kept.contact_id, message.contact_id, message.created_at))
        async with world.uow() as uow:
            stays = [c.id for c in await uow.conversations.live_of(kept.contact_id)]
            found = await uow.scheduled.find(message.id)
        assert found is not None
        assert [found.conversation_id] == stays

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
