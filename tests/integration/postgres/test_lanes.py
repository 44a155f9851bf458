"""Lanes: order, leases, fences, pacing; never two senders in one lane."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

from whatsapp_hub.application.ports.queues.lanes import Claim, Release
from whatsapp_hub.application.ports.queues.wakeups import Work
from whatsapp_hub.domain.messaging.capabilities import Rate
from whatsapp_hub.domain.messaging.contact import IdentityKind
from whatsapp_hub.domain.messaging.message import Direction, MessageStatus
from whatsapp_hub.domain.messaging.pacing import HumanPace, Pacing

from .conftest import NOW, World

FREE = {"SANDBOX": Pacing(None, None)}


async def claim(world: World, limit: int = 16, lease_s: float = 30, pacing: Any = None) -> list[Claim]:
    async with world.uow() as uow:
        claims, _ = await uow.lanes.claim(pacing or FREE, limit, lease_s)
        await uow.commit()
    return claims


async def release(world: World, *claims: Claim, **how: Any) -> list[Claim]:
    async with world.uow() as uow:
        ours = await uow.lanes.release([Release(c, **how) for c in claims])
        await uow.commit()
    return ours


async def stale(world: World, wait_s: float = 60) -> list[str]:
    async with world.uow() as uow:
        messages = await uow.lanes.stale(10, wait_s)
        await uow.commit()
    return [m.content.text for m in messages]


async def test_a_lane_gives_its_messages_in_order_one_at_a_time(world: World) -> None:
    conversation = await world.conversation("551199998888")
    await world.enqueue(conversation, "one", "two")
    await world.enqueue(conversation, "three")
    for text in ("one", "two", "three"):
        [c] = await claim(world)
        assert (c.message.content.text, c.tries) == (text, 1)
        assert [i.kind for i in c.recipient] == [IdentityKind.PHONE]
        assert c.recipient[0].address == "551199998888"
        assert await claim(world) == []
        assert await release(world, c) == [c]
    assert await claim(world) == []


async def test_of_new_messages_those_with_a_provider_wait_in_their_lanes_in_order(world: World) -> None:
    one, other = await world.conversation("551199998881"), await world.conversation("551199998882")
    said = [world.make_message(c, f"{c.chat}: {n}") for n in range(3) for c in (one, other)]
    heard = world.make_message(one, "heard", direction=Direction.INBOUND, status=MessageStatus.DELIVERED)
    async with world.uow() as uow:
        await uow.lanes.add([*said[:2], heard, *said[2:]], {m.id: "SANDBOX" for m in said})
        await uow.commit()
    sent: dict[str, list[str]] = {}
    while claims := await claim(world):
        for c in claims:
            sent.setdefault(c.lane.chat, []).append(c.message.content.text or "")
        await release(world, *claims)
    assert sent == {c.chat: [m.content.text for m in said if m.chat == c.chat] for c in (one, other)}
    async with world.hub.storage.connection(world.tenant.id) as connection:
        rows = await connection.fetch("SELECT content FROM messages WHERE conversation_id = $1 ORDER BY seq", one.id)
    assert [row["content"] for row in rows] == [f"{one.chat}: 0", "heard", f"{one.chat}: 1", f"{one.chat}: 2"]


async def test_a_message_that_stays_comes_again_and_counts_its_tries(world: World) -> None:
    await world.enqueue(await world.conversation(), "one", "two")
    [first] = await claim(world)
    await release(world, first, settled=False, again_in_s=0.2)
    assert await claim(world) == []
    await asyncio.sleep(0.25)
    [second] = await claim(world)
    assert (second.message.content.text, second.tries) == ("one", 2)
    assert second.fence > first.fence
    assert await release(world, first) == [], "an older fence releases nothing"
    assert await release(world, second) == [second]
    [third] = await claim(world)
    assert (third.message.content.text, third.tries) == ("two", 1)


async def test_a_lease_that_ran_out_is_never_sent_again_by_itself(world: World) -> None:
    await world.enqueue(await world.conversation(), "one", "two")
    [c] = await claim(world, lease_s=0.1)
    assert await stale(world) == []
    await asyncio.sleep(0.15)
    assert await claim(world) == [], "the attempt is still open"
    assert world.tenant.id in await world.hub.directory.tenants_with_lanes(["SANDBOX"], None)
    assert await stale(world, wait_s=0.3) == ["one"]
    assert await stale(world) == []
    assert await release(world, c) == [], "the late answer finds its lane gone on"
    assert await claim(world) == [], "it waits for a receipt"
    await asyncio.sleep(0.35)
    [after] = await claim(world)
    assert after.message.content.text == "two"


async def test_a_receipt_ends_the_wait(world: World) -> None:
    [one, _] = await world.enqueue(await world.conversation(), "one", "two")
    [c] = await claim(world)
    await release(world, c, settled=True, again_in_s=60, awaits_receipt=True)
    assert await claim(world) == []
    world.hub.woken.take()
    async with world.uow() as uow:
        await uow.lanes.settled([one])
        await uow.commit()
    assert world.hub.woken.take()[Work.LANES] == 1
    assert [c.message.content.text for c in await claim(world)] == ["two"]


async def test_a_stale_attempt_whose_receipt_came_need_not_wait(world: World) -> None:
    [one, _] = await world.enqueue(await world.conversation(), "one", "two")
    await claim(world, lease_s=0.05)
    async with world.uow() as uow:
        m = await uow.messages.get(one.id)
        m.advance(MessageStatus.DELIVERED, NOW)
        await uow.messages.save([m])
        await uow.commit()
    await asyncio.sleep(0.1)
    assert await stale(world, wait_s=60) == ["one"]
    assert [c.message.content.text for c in await claim(world)] == ["two"]


async def test_a_session_on_hold_sends_nothing_until_resumed(world: World) -> None:
    await world.enqueue(await world.conversation(), "one")
    async with world.uow() as uow:
        await uow.lanes.hold(world.session.id, None)
        await uow.lanes.hold(world.session.id, 0.1)
        await uow.commit()
    assert await claim(world) == []
    assert world.tenant.id not in await world.hub.directory.tenants_with_lanes(["SANDBOX"], None)
    async with world.uow() as uow:
        await uow.lanes.resume(world.session.id)
        await uow.commit()
    assert world.tenant.id in await world.hub.directory.tenants_with_lanes(["SANDBOX"], [world.session.id])
    assert len(await claim(world)) == 1


async def test_only_the_asked_providers_are_claimed(world: World) -> None:
    other = await world.add_session("META")
    await world.enqueue(await world.conversation(), "mine")
    await world.enqueue(await world.conversation(session=other), "theirs", provider="META")
    async with world.uow() as uow:
        assert (await uow.lanes.claim({"WAHA": Pacing(None, None)}, 9, 9)).claims == []
        both, _ = await uow.lanes.claim(FREE | {"META": Pacing(None, None)}, 9, 9)
        assert {c.message.content.text for c in both} == {"mine", "theirs"}


async def test_a_session_is_paced_over_all_its_chats(world: World) -> None:
    for n in range(6):
        await world.enqueue(await world.conversation(), f"m{n}")
    pacing = {"SANDBOX": Pacing(Rate(0.2, burst=2), None)}
    loop = asyncio.get_running_loop()
    began, sent = loop.time(), []
    while len(sent) < 6 and loop.time() - began < 5:
        for c in await claim(world, pacing=pacing):
            sent.append(loop.time() - began)
            await release(world, c)
        await asyncio.sleep(0.01)
    assert len(sent) == 6
    assert sent[1] < 0.15, "the burst"
    for n in range(2, 6):
        assert sent[n] > 0.2 * (n - 1) - 0.05
    assert sent[5] < 1.3


async def test_missed_slots_are_not_made_up_for_in_a_burst(world: World) -> None:
    for n in range(5):
        await world.enqueue(await world.conversation(), f"m{n}")
    pacing = {"SANDBOX": Pacing(Rate(0.1), None)}
    assert len(await claim(world, pacing=pacing)) == 1
    await asyncio.sleep(0.6)
    assert len(await claim(world, pacing=pacing)) <= 2


async def test_a_chat_is_paced_apart_from_others(world: World) -> None:
    await world.enqueue(await world.conversation(), "a1", "a2")
    await world.enqueue(await world.conversation(), "b1")
    pacing = {"SANDBOX": Pacing(None, Rate(0.3))}
    first = await claim(world, pacing=pacing)
    assert {c.message.content.text for c in first} == {"a1", "b1"}
    await release(world, *first)
    assert await claim(world, pacing=pacing) == []
    await asyncio.sleep(0.35)
    assert [c.message.content.text for c in await claim(world, pacing=pacing)] == ["a2"]


async def test_many_claimers_never_share_a_lane_and_keep_its_order(world: World) -> None:
    conversations = [await world.conversation() for _ in range(12)]
    for n in range(15):
        for c in conversations:
            await world.enqueue(c, f"{n:02}")
    sent: dict[str, list[str]] = defaultdict(list)
    busy: set[str] = set()

    async def work() -> None:
        idle = 0
        while idle < 30:
            claims = await claim(world, 4)
            for c in claims:
                assert c.lane.chat not in busy
                busy.add(c.lane.chat)
            await asyncio.sleep(0.001)
            for c in claims:
                sent[c.lane.chat].append(c.message.content.text)
                busy.discard(c.lane.chat)
            assert await release(world, *claims) == claims
            idle = 0 if claims else idle + 1
            if not claims:
                await asyncio.sleep(0.005)

    await asyncio.gather(*(work() for _ in range(8)))
    assert dict(sent) == {c.chat: [f"{n:02}" for n in range(15)] for c in conversations}


async def test_paced_claimers_share_one_pace(world: World) -> None:
    for n in range(10):
        await world.enqueue(await world.conversation(), f"m{n}")
    pacing = {"SANDBOX": Pacing(Rate(60.0, burst=3), None)}
    batches = await asyncio.gather(*(claim(world, pacing=pacing) for _ in range(8)))
    batches += await asyncio.gather(*(claim(world, pacing=pacing) for _ in range(8)))
    assert sum(map(len, batches)) == 3


async def test_enqueueing_while_claiming_loses_nothing(world: World) -> None:
    conversations = [await world.conversation() for _ in range(5)]
    done: list[str] = []

    async def fill() -> None:
        for n in range(20):
            for c in conversations:
                await world.enqueue(c, f"{c.chat}/{n}")

    async def drain() -> None:
        for _ in range(600):
            claims = await claim(world)
            await release(world, *claims)
            done.extend(c.message.content.text for c in claims)
            if len(done) == 100:
                return
            await asyncio.sleep(0.005)

    await asyncio.gather(fill(), drain(), drain())
    assert sorted(done) == sorted(f"{c.chat}/{n}" for c in conversations for n in range(20))


async def test_an_abandoned_session_has_empty_lanes(world: World) -> None:
    await world.enqueue(await world.conversation(), "one", "two")
    [c] = await claim(world)
    async with world.uow() as uow:
        assert {m.content.text for m in await uow.lanes.abandon(world.session.id)} == {"one", "two"}
        await uow.commit()
    assert await release(world, c) == []
    assert await claim(world) == []
    async with world.uow() as uow:
        assert not await uow.lanes.open_attempts([world.session.id])


async def test_what_a_person_writes_is_typed_first(world: World) -> None:
    pacing = {"SANDBOX": Pacing(None, None, HumanPace(characters_per_s=10, longest_typing_s=0.3))}
    conversation = await world.conversation()
    await world.enqueue(conversation, "a text of some length")

    async def look() -> tuple[list[str], list[str]]:
        async with world.uow() as uow:
            claims, typing = await uow.lanes.claim(pacing, 9, 30)
            await uow.commit()
        return [c.message.content.text for c in claims], [lane.chat for lane in typing]

    assert await look() == ([], [conversation.chat])
    assert await look() == ([], []), "typing is shown once"
    await asyncio.sleep(0.45)
    assert await look() == (["a text of some length"], [])


async def test_first_contacts_wait_for_a_slot_of_their_own(world: World) -> None:
    pacing = {"SANDBOX": Pacing(None, None, HumanPace(strangers=Rate(0.4)))}
    known = await world.conversation()
    async with world.uow() as uow:
        was = world.make_message(known, "hello from me", direction=Direction.INBOUND, status=MessageStatus.DELIVERED)
        await uow.messages.add([was])
        await uow.commit()
    for n in range(3):
        await world.enqueue(await world.conversation(), f"stranger {n}")
    await world.enqueue(known, "known")
    texts = [c.message.content.text for c in await claim(world, pacing=pacing)]
    assert "known" in texts
    assert len(texts) == 2, "one first contact at once"
    await asyncio.sleep(0.45)
    assert len(await claim(world, pacing=pacing)) == 1
    await asyncio.sleep(0.45)
    assert len(await claim(world, pacing=pacing)) == 1


async def test_a_young_number_waits(world: World) -> None:
    pacing = {"SANDBOX": Pacing(None, None, HumanPace(warm_days=7, warm_first_day=8))}
    await world.hub.owner.execute("UPDATE hub.sessions SET created_at = now() WHERE id = $1", world.session.id)
    for n in range(5):
        await world.enqueue(await world.conversation(), f"m{n}")
    assert len(await claim(world, pacing=pacing)) == 2, "a quarter of the first day's"
    waits = "SELECT next_at - now() AS wait FROM hub.lanes WHERE session_id = $1 AND attempt_message IS NULL"
    later = await world.hub.owner.fetch(waits, world.session.id)
    assert all(row["wait"].total_seconds() > 3600 for row in later)


async def move(world: World, conversation: Any, to: str) -> None:
    async with world.uow() as uow:
        await uow.lanes.move(conversation.session_id, conversation.chat, to, conversation.contact_id)
        await uow.commit()


async def drained(world: World) -> list[tuple[str, str]]:
    """What is sent until nothing is due, with the lane that it comes from."""
    said = []
    while claims := await claim(world, limit=1):
        said += [(c.lane.chat, c.message.content.text) for c in claims]
        await release(world, *claims)
    return said


async def test_what_waits_follows_the_customer_to_the_new_address_in_its_order(world: World) -> None:
    one = await world.conversation("551199998883", chat="old")
    other = await world.conversation("551199998884", chat="new")
    await world.enqueue(one, "1")
    await world.enqueue(other, "2")
    await world.enqueue(one, "3", "4")
    await move(world, one, "new")
    assert await drained(world) == [("new", text) for text in "1234"]


async def test_what_is_being_sent_ends_in_its_lane_before_the_rest_goes_on_in_the_new_one(world: World) -> None:
    one = await world.conversation("551199998885", chat="old")
    await world.enqueue(one, "1", "2", "3")
    [under_way] = await claim(world, lease_s=0.3)
    await move(world, one, "new")
    assert await claim(world) == []
    assert await release(world, under_way) == [under_way]
    async with asyncio.timeout(5):  # until the lease of the call is over
        while not (said := await drained(world)):
            await asyncio.sleep(0.05)
    assert said == [("new", "2"), ("new", "3")]


async def test_anothers_messages_stay_in_the_lane(world: World) -> None:
    one = await world.conversation("551199998886", chat="old")
    stranger = await world.conversation("551199998887", chat="old")
    await world.enqueue(one, "1")
    await world.enqueue(stranger, "2")
    await move(world, one, "new")
    assert sorted(await drained(world)) == [("new", "1"), ("old", "2")]
