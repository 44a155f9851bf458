"""Blocks that providers are still to be told of: one a number that spoke with the contact, the newest order counts."""

from datetime import timedelta

from tests.contracts.storage.world import NOW, World, a_phone
from whatsapp_hub.application.ports.queues.blocks import ProviderBlock
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
        await world.done(lambda uow: uow.blocks.failed(claimed, "busy", 0))
        [again] = await self._claim(world, spoken)
        assert (again.tries, again.error, again.is_given_up) == (2, "busy", False)
        await world.done(lambda uow: uow.blocks.done(claimed))  # of the earlier claim
        await world.done(lambda uow: uow.blocks.failed(again, "139101", None))
        assert await self._claim(world, spoken) == []
        [shown] = await self._of(world, spoken)
        assert (shown.error, shown.is_given_up) == ("139101", True)

    async def test_a_newer_order_replaces_the_older_one_which_can_do_nothing_more(self, world: World) -> None:
        spoken = await self._asked(world)
        [old] = await self._claim(world, spoken)
        kinds = [world.session.provider]
        await world.done(lambda uow: uow.blocks.ask(spoken.contact_id, kinds, LATER, blocked=False))
        await world.done(lambda uow: uow.blocks.done(old))
        await world.done(lambda uow: uow.blocks.failed(old, "x", None))
        [new] = await self._claim(world, spoken)
        assert (new.blocked, new.tries, new.error) == (False, 1, None)
        await world.done(lambda uow: uow.blocks.done(new))
        assert await self._of(world, spoken) == []

    async def _asked(self, world: World) -> Conversation:
        spoken = await world.conversation(a_phone())
        kinds = [world.session.provider]
        await world.done(lambda uow: uow.blocks.ask(spoken.contact_id, kinds, NOW, blocked=True))
        return spoken

    async def _claim(self, world: World, spoken: Conversation) -> list[ProviderBlock]:
        found = await world.done(lambda uow: uow.blocks.claim(99, 60))
        return [block for block in found if block.contact_id == spoken.contact_id]

    async def _of(self, world: World, spoken: Conversation) -> list[ProviderBlock]:
        found: list[ProviderBlock] = await world.done(lambda uow: uow.blocks.of(spoken.contact_id))
        return found
