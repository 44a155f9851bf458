"""Blocks that providers are still to be told of: one a number that spoke with the contact, the newest order counts."""

from datetime import timedelta

import pytest

from tests.contracts.storage.world import NOW, World, a_phone
from whatsapp_hub.application.ports.queues.blocks import ProviderBlock
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.domain.conversations.conversation import Conversation

LATER = NOW + timedelta(minutes=1)


class ProviderBlockContract:
    async def test_every_number_that_spoke_with_the_contact_is_to_be_told(self, world: World) -> None:
        spoken = await world.conversation(a_phone())
        kinds, contact_id = [world.session.provider], spoken.contact_id
        ask = world.done
        assert await ask(lambda uow: uow.blocks.ask(contact_id, ["OTHER"], NOW, blocked=True)) == 0
        assert await ask(lambda uow: uow.blocks.ask(contact_id, kinds, NOW, blocked=True)) == 1
        assert await self._of(world, spoken) == [ProviderBlock(world.session.id, contact_id, True, NOW)]
        silent = await world.contact(a_phone())
        assert await ask(lambda uow: uow.blocks.ask(silent.id, kinds, NOW, blocked=True)) == 0
        assert world.tenant.id in await world.hub.storage.directory.tenants_with_blocks()

    async def test_it_is_leased_tried_again_and_given_up(self, world: World) -> None:
        spoken = await self._asked(world)
        [claimed] = await self._claim(world, spoken)
        assert claimed.tries == 1
        assert await self._claim(world, spoken) == []
        await world.done(lambda uow: uow.blocks.failed(claimed, "busy", 0, is_certain=True))
        [again] = await self._claim(world, spoken)
        assert (again.tries, again.error, again.is_given_up) == (2, "busy", False)
        await world.done(lambda uow: uow.blocks.done(claimed))  # of the earlier claim
        await world.done(lambda uow: uow.blocks.failed(again, "139101", None, is_certain=True))
        assert await self._claim(world, spoken) == []
        [shown] = await self._of(world, spoken)
        assert (shown.error, shown.is_given_up) == ("139101", True)

    async def test_a_newer_order_replaces_the_older_one_which_can_do_nothing_more(self, world: World) -> None:
        spoken = await self._asked(world)
        [old] = await self._claim(world, spoken)
        kinds = [world.session.provider]
        await world.done(lambda uow: uow.blocks.ask(spoken.contact_id, kinds, LATER, blocked=False))
        assert await self._claim(world, spoken) == []  # the call that is under way might come last
        await world.done(lambda uow: uow.blocks.done(old))
        [new] = await self._claim(world, spoken)
        assert (new.blocked, new.tries, new.error) == (False, 1, None)
        await world.done(lambda uow: uow.blocks.done(old))
        await world.done(lambda uow: uow.blocks.failed(old, "x", None, is_certain=True))
        assert [b.error for b in await self._of(world, spoken)] == [None]
        await world.done(lambda uow: uow.blocks.done(new))
        assert await self._of(world, spoken) == []

    @pytest.mark.parametrize("is_certain", [True, False])
    async def test_a_newer_order_waits_where_the_older_one_may_still_be_carried_out(
        self, world: World, *, is_certain: bool
    ) -> None:
        spoken = await self._asked(world)
        [old] = await self._claim(world, spoken)
        kinds = [world.session.provider]
        await world.done(lambda uow: uow.blocks.ask(spoken.contact_id, kinds, LATER, blocked=False))
        await world.done(lambda uow: uow.blocks.failed(old, "timeout", 0, is_certain=is_certain))
        assert [b.blocked for b in await self._claim(world, spoken)] == ([False] if is_certain else [])
        again = await self._asked(world)
        [old] = await self._claim(world, again)
        await world.done(lambda uow: uow.blocks.failed(old, "timeout", 0, is_certain=is_certain))
        await world.done(lambda uow: uow.blocks.ask(again.contact_id, kinds, LATER, blocked=False))
        assert [b.blocked for b in await self._claim(world, again)] == ([False] if is_certain else [])

    async def test_at_the_lease_end_it_is_told_whatever_became_of_the_older_call(self, world: World) -> None:
        spoken = await self._asked(world)
        [old] = await self._claim(world, spoken, 0)
        kinds = [world.session.provider]
        await world.done(lambda uow: uow.blocks.ask(spoken.contact_id, kinds, LATER, blocked=False))
        [new] = await self._claim(world, spoken)
        assert (new.blocked, new.claims > old.claims) == (False, True)

    async def test_of_merged_contacts_what_waits_is_told_of_the_one_that_stays(self, world: World) -> None:
        gone, kept = await self._asked(world, blocked=False), await world.conversation(a_phone())
        await world.done(lambda uow: uow.contacts.merge(kept.contact_id, gone.contact_id, LATER))
        [claimed] = await self._claim(world, kept)
        assert (claimed.blocked, claimed.error) == (False, None)
        assert await self._of(world, gone) == []

    async def test_a_call_under_way_for_one_of_them_is_waited_for(self, world: World) -> None:
        gone = await self._asked(world)
        [old] = await self._claim(world, gone)
        kept = await self._asked(world, blocked=False)
        await world.done(lambda uow: uow.contacts.merge(kept.contact_id, gone.contact_id, LATER))
        await world.done(lambda uow: uow.blocks.done(old))
        assert await self._claim(world, kept) == []
        assert [b.blocked for b in await self._of(world, kept)] == [False]

    async def test_who_was_blocked_as_one_of_two_is_blocked_on_the_numbers_of_both(self, world: World) -> None:
        session = await world.add_session()
        kept, gone = await world.conversation(a_phone()), await world.conversation(a_phone(), session=session)

        async def blocked(uow: UnitOfWork) -> None:
            contact = await uow.contacts.get(gone.contact_id)
            contact.block(NOW)
            await uow.contacts.save([contact])

        await world.done(blocked)
        await world.done(lambda uow: uow.contacts.merge(kept.contact_id, gone.contact_id, LATER))
        found = await self._of(world, kept)
        assert {(b.session_id, b.blocked) for b in found} == {(world.session.id, True), (session.id, True)}

    async def test_whose_number_was_another_persons_is_unblocked(self, world: World) -> None:
        phones = a_phone(), a_phone()
        kept, gone = await world.conversation(phones[0]), await world.conversation(phones[1], chat=phones[1])
        theirs = (await world.done(lambda uow: uow.contacts.get(gone.contact_id))).identities
        await world.done(lambda uow: uow.contacts.merge(kept.contact_id, gone.contact_id, LATER))

        async def blocked(uow: UnitOfWork) -> None:
            contact = await uow.contacts.get(kept.contact_id)
            contact.block(NOW)
            await uow.contacts.save([contact])

        await world.done(blocked)
        other = await world.done(lambda uow: uow.contacts.split(kept.contact_id, theirs, LATER))
        async with world.uow() as uow:
            assert [b.blocked for b in await uow.blocks.of(other.id)] == [False]
            assert await uow.blocks.of(kept.contact_id) == []

    async def _asked(self, world: World, *, blocked: bool = True) -> Conversation:
        spoken = await world.conversation(a_phone())
        kinds = [world.session.provider]
        await world.done(lambda uow: uow.blocks.ask(spoken.contact_id, kinds, NOW, blocked=blocked))
        return spoken

    async def _claim(self, world: World, spoken: Conversation, lease_s: float = 60) -> list[ProviderBlock]:
        found = await world.done(lambda uow: uow.blocks.claim(99, lease_s))
        return [block for block in found if block.contact_id == spoken.contact_id]

    async def _of(self, world: World, spoken: Conversation) -> list[ProviderBlock]:
        found: list[ProviderBlock] = await world.done(lambda uow: uow.blocks.of(spoken.contact_id))
        return found
