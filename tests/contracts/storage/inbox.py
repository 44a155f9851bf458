"""The inbox: stored once, claimed in order by chat, set back, set aside."""

from __future__ import annotations

import pytest

from tests.contracts.storage.world import World, eventually
from whatsapp_hub.application.ports.queues.inbox import InboxItem
from whatsapp_hub.domain.errors import Invalid

SHORT_S = 0.02


async def claim(world: World, limit: int = 9) -> list[InboxItem]:
    """Claim, and keep nothing locked."""
    async with world.uow() as uow:
        return (await uow.inbox.claim(limit)).items


class InboxContract:
    async def test_an_update_is_stored_once_and_claimed_as_it_was(self, world: World) -> None:
        await world.update("one", "ana", fence=7)
        await world.update("one", "ana")
        [item] = await claim(world)
        assert (item.session_id, item.provider, item.chat) == (world.session.id, "SANDBOX", "ana")
        assert (item.body, item.tries, item.fence) == (b"one", 0, 7)

    async def test_two_sessions_may_have_the_same_key(self, world: World) -> None:
        await world.update("one")
        await world.update("one", session=await world.add_session())
        assert len(await claim(world)) == 2

    async def test_an_update_is_known_by_its_session_and_key_also_when_it_is_done(self, world: World) -> None:
        await world.update("one")
        await world.update("two")
        async with world.uow() as uow:
            uow.inbox.done([(await uow.inbox.claim(1)).items[0].id])
            await uow.commit()
        other = await world.add_session()
        asked = {(id, key) for id in (world.session.id, other.id) for key in ("one", "two", "three")}
        async with world.uow() as uow:
            known = await uow.inbox.known(asked)
            assert await uow.inbox.known([]) == set()
        assert known == {(world.session.id, "one"), (world.session.id, "two")}

    async def test_updates_of_a_chat_are_claimed_in_their_order(self, world: World) -> None:
        for number in range(4):
            await world.update(f"{number}", "ana")
        items = await claim(world)
        assert [item.body for item in items] == [b"0", b"1", b"2", b"3"]

    async def test_what_is_done_is_not_claimed_again_once_it_is_committed(self, world: World) -> None:
        await world.update("one")
        await world.update("two")
        async with world.uow() as uow:
            uow.inbox.done([item.id for item in (await uow.inbox.claim(9)).items])
        async with world.uow() as uow:
            items, _ = await uow.inbox.claim(9)
            uow.inbox.done([items[0].id])
            await uow.commit()
        assert [item.body for item in await claim(world)] == [b"two"]

    async def test_a_chat_that_another_worker_has_is_left_to_it(self, world: World) -> None:
        await world.update("a1", "ana")
        await world.update("b1", "bia")
        async with world.uow() as one:
            taken, _ = await one.inbox.claim(1)
            async with world.uow() as two:
                others, has_more = await two.inbox.claim(9)
                assert has_more
            assert {taken[0].chat, *(item.chat for item in others)} == {"ana", "bia"}
            assert len(others) == 1

    async def test_every_chat_has_its_turn(self, world: World) -> None:
        for number in range(20):
            await world.update(f"ana {number}", "ana")
        await world.update("bia", "bia")
        seen = set()
        for _ in range(10):
            async with world.uow() as uow:
                items, _ = await uow.inbox.claim(2)
                seen |= {item.chat for item in items}
                uow.inbox.done([item.id for item in items])
                await uow.commit()
        assert seen == {"ana", "bia"}

    async def test_a_limit_that_was_reached_says_that_there_may_be_more(self, world: World) -> None:
        for number in range(3):
            await world.update(f"{number}", f"chat {number}")
        async with world.uow() as uow:
            items, has_more = await uow.inbox.claim(2)
            assert (len(items), has_more) == (2, True)
        async with world.uow() as uow:
            items, has_more = await uow.inbox.claim(9)
            assert (len(items), has_more) == (3, False)

    async def test_a_failed_try_is_counted_and_its_chat_waits(self, world: World) -> None:
        await world.update("a1", "ana")
        await world.update("a2", "ana")
        await world.update("b1", "bia")
        first = (await claim(world))[0]
        await world.done(lambda uow: uow.inbox.retry(first, "ouch \x00", 60))
        assert [item.body for item in await claim(world)] == [b"b1"]
        await world.done(lambda uow: uow.inbox.wait([first.id], SHORT_S))

        async def again() -> list[InboxItem]:
            return [item for item in await claim(world) if item.chat == "ana"]

        items = await eventually(again)
        assert [(item.body, item.tries) for item in items] == [(b"a1", 1), (b"a2", 0)]

    async def test_what_is_set_aside_lets_its_chat_go_on(self, world: World) -> None:
        await world.update("a1", "ana")
        await world.update("a2", "ana")
        first = (await claim(world))[0]
        await world.done(lambda uow: uow.inbox.quarantine(first, "hopeless"))
        assert [item.body for item in await claim(world)] == [b"a2"]

    async def test_a_failure_of_an_earlier_claim_says_nothing_of_what_became_of_it_since(self, world: World) -> None:
        await world.update("a1", "ana")
        [first] = await claim(world)
        await world.done(lambda uow: uow.inbox.retry(first, "ouch", 0))
        await world.done(lambda uow: uow.inbox.quarantine(first, "late"))
        await world.done(lambda uow: uow.inbox.retry(first, "late", 600))
        [again] = await claim(world)
        assert again.tries == 1
        async with world.uow() as uow:
            uow.inbox.done([again.id])
            await uow.commit()
        await world.done(lambda uow: uow.inbox.retry(again, "late", 0))
        assert await claim(world) == []

    async def test_an_update_that_came_malformed_is_not_claimed(self, world: World) -> None:
        await world.update("one", quarantined="not JSON")
        assert await claim(world) == []

    async def test_a_bad_row_is_refused(self, world: World) -> None:
        with pytest.raises(Invalid):
            await world.update("")
        with pytest.raises(Invalid):
            await world.update("one", tenant_id=None)

    async def test_tenants_with_updates_are_found(self, world: World) -> None:
        directory = world.hub.storage.directory
        assert world.tenant.id not in await directory.tenants_with_inbox()
        await world.update("one")
        assert world.tenant.id in await directory.tenants_with_inbox()
        [item] = await claim(world)
        await world.done(lambda uow: uow.inbox.wait([item.id], 60))
        assert world.tenant.id not in await directory.tenants_with_inbox()
