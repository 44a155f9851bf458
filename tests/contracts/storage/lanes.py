"""Lanes: order, leases and fences, pace, receipts."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.contracts.storage.world import HELD, NOW, World, eventually, new_id
from whatsapp_hub.application.ports.connections.connections import Connector, ConnectorId
from whatsapp_hub.application.ports.provider.events import ReceiptSeen
from whatsapp_hub.application.ports.queues.inbox import Charge
from whatsapp_hub.application.ports.queues.lanes import Claim, ClaimedLanes, Holding, LaneKey, Release
from whatsapp_hub.domain.messaging.capabilities import Rate
from whatsapp_hub.domain.messaging.message import Message, MessageStatus
from whatsapp_hub.domain.messaging.pacing import HumanPace, Pacing
from whatsapp_hub.domain.sessions.connection import ReconnectPolicy

FREE = {"SANDBOX": Pacing(None, None)}
SHORT_S = 0.02


async def claim(world: World, limit: int = 9, lease_s: float = 30, pacing: Any = None) -> list[Claim]:
    claimed: ClaimedLanes = await world.done(lambda uow: uow.lanes.claim(pacing or FREE, limit, lease_s))
    return claimed.claims


async def release(world: World, *releases: Release) -> list[Claim]:
    ours: list[Claim] = await world.done(lambda uow: uow.lanes.release(releases))
    return ours


class LaneContract:
    async def test_messages_of_a_lane_are_sent_one_after_the_other_in_order(self, world: World) -> None:
        conversation = await world.conversation()
        queued = await world.enqueue(conversation, "one", "two", "three")
        sent = []
        for _ in queued:
            [claimed] = await claim(world)
            assert await claim(world) == []
            sent.append(claimed.message)
            await release(world, Release(claimed))
        assert [m.content.text for m in sent] == ["one", "two", "three"]
        assert await claim(world) == []

    async def test_a_claim_says_whom_it_is_for(self, world: World) -> None:
        conversation = await world.conversation()
        [message] = await world.enqueue(conversation, "hello")
        [claimed] = await claim(world)
        async with world.uow() as uow:
            contact = await uow.contacts.get(conversation.contact_id)
        assert (claimed.message, claimed.recipient, claimed.tries) == (message, contact.identities, 1)
        assert claimed.lane == LaneKey(world.session.id, conversation.chat)

    async def test_two_claimers_never_get_the_same_lane(self, world: World) -> None:
        for _ in range(4):
            await world.enqueue(await world.conversation(), "hello")
        async with world.uow() as one, world.uow() as two:
            (a, _), (b, _) = await one.lanes.claim(FREE, 3, 30), await two.lanes.claim(FREE, 3, 30)
            assert (len(a), len(b)) == (3, 1)
            assert len({c.message.id for c in a + b}) == 4

    async def test_a_claim_that_was_rolled_back_is_made_again(self, world: World) -> None:
        await world.enqueue(await world.conversation(), "hello")
        async with world.uow() as uow:
            assert len((await uow.lanes.claim(FREE, 9, 30)).claims) == 1
        assert len(await claim(world)) == 1

    async def test_a_message_that_was_not_sent_stays_the_head(self, world: World) -> None:
        await world.enqueue(await world.conversation(), "one", "two")
        [first] = await claim(world)
        await release(world, Release(first, settled=False, again_in_s=0.0))
        [again] = await eventually(lambda: claim(world))
        assert (again.message.id, again.tries) == (first.message.id, 2)
        assert again.fence > first.fence
        await release(world, Release(again, settled=False, again_in_s=60))
        assert await claim(world) == []

    async def test_a_release_counts_under_the_claims_own_fence_alone(self, world: World) -> None:
        await world.enqueue(await world.conversation(), "one")
        [first] = await claim(world)
        assert await release(world, Release(first, settled=False)) == [first]
        [second] = await eventually(lambda: claim(world))
        assert await release(world, Release(first)) == []
        assert await release(world, Release(second)) == [second]

    async def test_an_attempt_that_outlives_its_lease_is_closed_and_its_lane_waits(self, world: World) -> None:
        conversation = await world.conversation()
        [lost, _] = await world.enqueue(conversation, "lost", "next")
        [claimed] = await claim(world, lease_s=SHORT_S)

        async def stale(wait_s: float) -> list[Message]:
            messages: list[Message] = await world.done(lambda uow: uow.lanes.stale(9, wait_s))
            return messages

        [found] = await eventually(lambda: stale(60))
        assert found == lost
        assert await stale(60) == []
        assert await release(world, Release(claimed)) == []
        assert await claim(world) == []
        await world.done(lambda uow: uow.lanes.settled([found]))
        [following] = await eventually(lambda: claim(world))
        assert following.message.content.text == "next"

    async def test_a_receipt_ends_the_wait_of_its_own_message_alone(self, world: World) -> None:
        conversation = await world.conversation()
        [first, _] = await world.enqueue(conversation, "unknown", "next")
        [claimed] = await claim(world)
        await release(world, Release(claimed, again_in_s=60, awaits_receipt=True))
        await world.done(lambda uow: uow.lanes.settled([world.make_message(conversation)]))
        assert await claim(world) == []
        await world.done(lambda uow: uow.lanes.settled([first]))
        assert len(await eventually(lambda: claim(world))) == 1

    async def test_a_session_on_hold_sends_nothing_until_it_is_resumed(self, world: World) -> None:
        await world.enqueue(await world.conversation(), "one")
        await world.done(lambda uow: uow.lanes.hold(world.session.id, None))
        await world.done(lambda uow: uow.lanes.hold(world.session.id, SHORT_S))
        assert await claim(world) == []
        await world.done(lambda uow: uow.lanes.resume(world.session.id))
        assert len(await claim(world)) == 1

    async def test_a_hold_for_a_while_ends_by_itself(self, world: World) -> None:
        await world.enqueue(await world.conversation(), "one")
        await world.done(lambda uow: uow.lanes.hold(world.session.id, SHORT_S))
        assert len(await eventually(lambda: claim(world))) == 1

    async def test_a_sessions_rate_is_kept(self, world: World) -> None:
        for _ in range(3):
            await world.enqueue(await world.conversation(), "hello")
        slow = {"SANDBOX": Pacing(Rate(3600, 2), None)}
        assert len(await claim(world, pacing=slow)) == 2
        assert await claim(world, pacing=slow) == []

    async def test_a_chats_rate_is_kept(self, world: World) -> None:
        await world.enqueue(await world.conversation(), "one", "two")
        slow = {"SANDBOX": Pacing(None, Rate(3600, 1))}
        [first] = await claim(world, pacing=slow)
        await release(world, Release(first))
        assert await claim(world, pacing=slow) == []

    async def test_typing_is_shown_before_a_human_paced_message(self, world: World) -> None:
        conversation = await world.conversation()
        await world.enqueue(conversation, "x" * 50)
        human = {"SANDBOX": Pacing(None, None, HumanPace(characters_per_s=1000.0))}
        async with world.uow() as uow:
            claimed = await uow.lanes.claim(human, 9, 30)
            assert claimed == ([], [LaneKey(world.session.id, conversation.chat)])
            await uow.commit()
        assert len(await eventually(lambda: claim(world, pacing=human))) == 1

    async def test_first_contacts_may_wait_while_everybody_else_is_written_to(self, world: World) -> None:
        human = {"SANDBOX": Pacing(None, None, HumanPace())}
        known, stranger = await world.conversation(), await world.conversation()
        await world.inbound(known)
        for conversation in (known, stranger):
            await world.enqueue(conversation, "Oi")
        await world.done(lambda uow: uow.lanes.hold_first_contacts(world.session.id, 3600))
        [sent] = await claim(world, pacing=human)
        assert sent.lane.chat == known.chat
        await world.done(lambda uow: uow.lanes.hold_first_contacts(world.session.id, None))
        await world.enqueue(await world.conversation(), "Oi")
        assert len(await claim(world, pacing=human)) == 1

    async def test_only_the_providers_asked_for_are_claimed(self, world: World) -> None:
        await world.enqueue(await world.conversation(), "one")
        assert await claim(world, pacing={"META": Pacing(None, None)}) == []

    async def test_calls_under_way_are_listed(self, world: World) -> None:
        conversation = await world.conversation()
        await world.enqueue(conversation, "one")
        [claimed] = await claim(world)
        async with world.uow() as uow:
            found = await uow.lanes.open_attempts([world.session.id])
        [attempt] = found[world.session.id]
        assert (attempt.contact_id, attempt.content) == (conversation.contact_id, claimed.message.content)

    async def test_an_id_is_reserved_for_a_claim_that_is_still_ours(self, world: World) -> None:
        await world.enqueue(await world.conversation(), "one", "two")
        [claimed] = await claim(world)
        assert await world.done(lambda uow: uow.lanes.reserve_id(claimed, "own.1"))
        assert not await world.done(lambda uow: uow.lanes.reserve_id(claimed, "own.2"))
        async with world.uow() as uow:
            assert (await uow.messages.get(claimed.message.id)).whatsapp_message_id == "own.1"
        await release(world, Release(claimed))
        assert not await world.done(lambda uow: uow.lanes.reserve_id(claimed, "own.3"))

    async def test_waiting_messages_move_with_their_contact(self, world: World) -> None:
        conversation = await world.conversation()
        await world.enqueue(conversation, "under way", "one", "two")
        [claimed] = await claim(world)
        contact_id = conversation.contact_id
        await world.done(lambda uow: uow.lanes.move(world.session.id, conversation.chat, "elsewhere", contact_id))
        await release(world, Release(claimed))
        texts = []
        for _ in range(2):
            [moved] = await eventually(lambda: claim(world))
            assert moved.lane.chat == "elsewhere"
            texts.append(moved.message.content.text)
            await release(world, Release(moved))
        assert texts == ["one", "two"]

    async def test_a_deleted_sessions_lanes_are_emptied(self, world: World) -> None:
        conversation = await world.conversation()
        queued = await world.enqueue(conversation, "one", "two")
        [claimed] = await claim(world)
        abandoned = await world.done(lambda uow: uow.lanes.abandon(world.session.id))
        assert {m.id for m in abandoned} == {m.id for m in queued}
        assert await release(world, Release(claimed)) == []
        assert await claim(world) == []

    async def test_a_retried_message_goes_to_the_end_of_its_lane(self, world: World) -> None:
        conversation = await world.conversation()
        [first, _] = await world.enqueue(conversation, "first", "second")
        [claimed] = await claim(world)
        await release(world, Release(claimed))
        await world.done(lambda uow: uow.lanes.enqueue([first], "SANDBOX"))
        texts = []
        for _ in range(2):
            [again] = await claim(world)
            texts.append(again.message.content.text)
            await release(world, Release(again))
        assert texts == ["second", "first"]

    async def test_lanes_of_a_held_session_are_its_holders(self, world: World) -> None:
        session = await world.add_session(HELD)
        async with world.uow() as uow:
            line = await uow.connections.of(session)
            line.state = line.state.restarted(NOW, ReconnectPolicy())
            await uow.connections.save(line, session)
            await uow.commit()
        connector = Connector(ConnectorId(new_id()), "test", (HELD,), 1000)
        await world.hub.leases.enter(connector, 30)
        await world.hub.leases.take(connector, 1000)
        desired = await world.hub.leases.held(connector.id)
        fences = {d.session_id: d.fence for d in desired}
        await world.enqueue(await world.conversation(session=session), "hello", provider=HELD)
        held = {HELD: Pacing(None, None)}

        async def claimed(holding: Holding) -> int:
            return len((await world.done(lambda uow: uow.lanes.claim(held, 9, 30, holding))).claims)

        assert await claimed(Holding(connector.id, {session.id: fences[session.id] + 1})) == 0
        assert await claimed(Holding(ConnectorId(new_id()), fences)) == 0
        assert await claimed(Holding(connector.id, fences)) == 1
        await world.hub.leases.leave(connector.id, clean=True)

    async def test_tenants_with_work_are_found(self, world: World) -> None:
        directory = world.hub.storage.directory
        assert world.tenant.id not in await directory.tenants_with_lanes(["SANDBOX"], None)
        await world.enqueue(await world.conversation(), "one", "two")
        assert world.tenant.id in await directory.tenants_with_lanes(["SANDBOX"], None)
        assert world.tenant.id in await directory.tenants_with_lanes(["SANDBOX"], [world.session.id])
        assert world.tenant.id not in await directory.tenants_with_lanes(["META"], None)
        await claim(world, lease_s=SHORT_S)

        async def stale() -> bool:
            return world.tenant.id in await directory.tenants_with_stale_lanes(["SANDBOX"])

        assert await eventually(stale)


class ReceiptContract:
    async def test_two_processes_that_charge_the_same_message_do_not_disturb_each_other(self, world: World) -> None:
        charge = Charge(world.session.id, "wamid.9", NOW, "utility", None, True, "BR")
        later = charge._replace(at=NOW.replace(hour=6), kind="regular")
        add = [world.done(lambda uow, some=some: uow.charges.add(some)) for some in ([charge, later], [later, charge])]  # type: ignore[misc]
        await asyncio.gather(*add)

    async def test_early_receipts_are_kept_once_and_taken_once_in_order(self, world: World) -> None:
        read = ReceiptSeen("wamid.1", MessageStatus.READ, NOW.replace(hour=6))
        delivered = ReceiptSeen("wamid.1", MessageStatus.DELIVERED, NOW)
        whose, keys = world.session.id, [(world.session.id, "wamid.1")]
        for receipt in (read, delivered, delivered):
            await world.done(lambda uow, r=receipt: uow.receipts.keep([(whose, r)]))  # type: ignore[misc]
        async with world.uow() as uow:
            await uow.receipts.lock(keys)
            assert await uow.receipts.take([(whose, "another")]) == []
            assert await uow.receipts.take(keys) == [(whose, delivered), (whose, read)]
            assert await uow.receipts.take(keys) == []
