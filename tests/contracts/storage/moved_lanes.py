"""Lanes of a customer whose address changes while a provider call is under way: the order holds, and nothing waits
longer than that call."""

from __future__ import annotations

from tests.contracts.storage.lanes import SHORT_S, claim, release
from tests.contracts.storage.world import World, eventually
from whatsapp_hub.application.ports.queues.lanes import Claim, Release
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.messaging.message import Message

ELSEWHERE = "elsewhere"


async def moves(world: World, conversation: Conversation, to: str = ELSEWHERE) -> Conversation:
    """The lane and the round move on to another address."""
    where = (world.session.id, conversation.chat, to, conversation.contact_id)
    await world.done(lambda uow: uow.lanes.move(*where))
    return await world.saved(conversation, chat=to)


async def texts(world: World, *chats: str, count: int) -> list[str]:
    """Send what is due, one after the other."""
    sent = []
    for _ in range(count):
        [claimed] = await claim(world)
        assert claimed.lane.chat in (chats or (ELSEWHERE,))
        sent.append(claimed.message.content.text)
        await release(world, Release(claimed))
    assert await claim(world) == []
    return sent


async def begun(world: World, conversation: Conversation, *written: str) -> Claim:
    """The first one's call is under way; the others wait."""
    await world.enqueue(conversation, *written)
    [claimed] = await claim(world)
    return claimed


class MovedLaneContract:
    async def test_what_moved_goes_on_when_the_call_under_way_ends(self, world: World) -> None:
        conversation = await world.conversation()
        claimed = await begun(world, conversation, "under way", "one", "two")
        await moves(world, conversation)
        assert await claim(world) == []
        await release(world, Release(claimed))
        assert await texts(world, count=2) == ["one", "two"]

    async def test_a_failed_call_lets_it_go_on_as_well(self, world: World) -> None:
        conversation = await world.conversation()
        claimed = await begun(world, conversation, "failed", "one")
        await moves(world, conversation)
        await release(world, Release(claimed, settled=True))
        assert await texts(world, count=1) == ["one"]

    async def test_what_is_written_after_the_move_waits_for_the_only_message_under_way(self, world: World) -> None:
        conversation = await world.conversation()
        claimed = await begun(world, conversation, "under way")
        moved = await moves(world, conversation)
        await world.enqueue(moved, "next", "last")
        assert await claim(world) == []
        await release(world, Release(claimed))
        assert await texts(world, count=2) == ["next", "last"]

    async def test_an_unknown_outcome_holds_the_new_lane_until_its_receipt(self, world: World) -> None:
        conversation = await world.conversation()
        claimed = await begun(world, conversation, "unknown", "one")
        await moves(world, conversation)
        await release(world, Release(claimed, again_in_s=60, awaits_receipt=True))
        assert await claim(world) == []
        await world.done(lambda uow: uow.lanes.settled([claimed.message]))
        assert await texts(world, count=1) == ["one"]

    async def test_an_awaited_receipt_is_awaited_after_the_move(self, world: World) -> None:
        conversation = await world.conversation()
        claimed = await begun(world, conversation, "unknown")
        await release(world, Release(claimed, again_in_s=60, awaits_receipt=True))
        moved = await moves(world, conversation)
        await world.enqueue(moved, "next")
        assert await claim(world) == []
        await world.done(lambda uow: uow.lanes.settled([claimed.message]))
        assert await texts(world, count=1) == ["next"]

    async def test_without_a_receipt_it_goes_on_after_a_while(self, world: World) -> None:
        conversation = await world.conversation()
        claimed = await begun(world, conversation, "unknown", "one")
        await moves(world, conversation)
        await release(world, Release(claimed, again_in_s=SHORT_S, awaits_receipt=True))
        [moved] = await eventually(lambda: claim(world))
        assert moved.message.content.text == "one"

    async def test_a_message_that_is_tried_again_stays_the_first(self, world: World) -> None:
        conversation = await world.conversation()
        claimed = await begun(world, conversation, "again", "one")
        await moves(world, conversation)
        await release(world, Release(claimed, settled=False))
        [again] = await eventually(lambda: claim(world))
        assert (again.message.content.text, again.tries, again.lane.chat) == ("again", 2, ELSEWHERE)
        assert await claim(world) == []
        await release(world, Release(again))
        assert await texts(world, count=1) == ["one"]

    async def test_a_message_that_is_tried_again_later_holds_what_moved(self, world: World) -> None:
        conversation = await world.conversation()
        claimed = await begun(world, conversation, "again", "one")
        await moves(world, conversation)
        await release(world, Release(claimed, settled=False, again_in_s=60))
        assert await claim(world) == []

    async def test_a_process_that_dies_in_the_call_holds_the_new_lane_until_the_receipt(self, world: World) -> None:
        conversation = await world.conversation()
        await world.enqueue(conversation, "lost", "one")
        [claimed] = await claim(world, lease_s=SHORT_S)
        await moves(world, conversation)

        async def stale() -> list[Message]:
            messages: list[Message] = await world.done(lambda uow: uow.lanes.stale(9, 60))
            return messages

        [lost] = await eventually(stale)
        assert lost.id == claimed.message.id
        assert await claim(world) == []
        await world.done(lambda uow: uow.lanes.settled([lost]))
        assert await texts(world, count=1) == ["one"]

    async def test_it_may_move_on_and_back_before_the_call_ends(self, world: World) -> None:
        conversation = await world.conversation()
        claimed = await begun(world, conversation, "under way", "one")
        second = await moves(world, conversation)
        third = await moves(world, second, "third")
        await world.enqueue(third, "two")
        assert await claim(world) == []
        back = await moves(world, third)
        await world.enqueue(back, "three")
        assert await claim(world) == []
        await release(world, Release(claimed))
        assert await texts(world, count=3) == ["one", "two", "three"]

    async def test_it_comes_back_to_the_lane_whose_call_is_under_way(self, world: World) -> None:
        conversation = await world.conversation()
        claimed = await begun(world, conversation, "under way", "one")
        first = conversation.chat
        back = await moves(world, await moves(world, conversation), first)
        await world.enqueue(back, "two")
        assert await claim(world) == []
        await release(world, Release(claimed))
        assert await texts(world, first, count=2) == ["one", "two"]

    async def test_a_call_of_the_lane_that_it_joins_ends_as_well(self, world: World) -> None:
        conversation = await world.conversation()
        old = await begun(world, conversation, "old", "one")
        there = await world.conversation(chat=ELSEWHERE)
        new = await begun(world, there, "new")
        await moves(world, conversation)
        await release(world, Release(new))
        assert await claim(world) == []
        await release(world, Release(old))
        assert await texts(world, count=1) == ["one"]

    async def test_others_of_the_old_lane_wait_for_nothing_of_the_new_one(self, world: World) -> None:
        """A number that another person has by now: each customer's messages are in the order of their own."""
        conversation = await world.conversation()
        claimed = await begun(world, conversation, "under way", "one")
        other = await world.conversation(chat=conversation.chat)
        await moves(world, conversation)
        await world.enqueue(other, "another person's")
        await release(world, Release(claimed))
        sent = {c.message.content.text: c for c in await claim(world)}
        assert sorted(sent) == ["another person's", "one"]
