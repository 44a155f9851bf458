"""Heartbeats, and what becomes of the conversations of whoever leaves (contract E.5)."""

from tests.integration.service.conftest import Desk, a_phone
from whatsapp_hub.domain.accounts.user import OnlineStatus
from whatsapp_hub.domain.conversations.conversation import ConversationStatus

OPEN, ASSIGNED = ConversationStatus.OPEN, ConversationStatus.ASSIGNED
ONLINE, BUSY, OFFLINE = OnlineStatus.ONLINE, OnlineStatus.BUSY, OnlineStatus.OFFLINE


async def test_two_minutes_without_a_heartbeat_make_a_user_offline(desk: Desk) -> None:
    user = await desk.person(None)
    desk.clock.pass_(seconds=120)
    await desk.expire_presence(desk.id)
    assert (await desk.user(user)).online_status is ONLINE
    desk.clock.pass_(seconds=1)
    assert await desk.expire_presence(desk.id) == 1
    assert (await desk.user(user)).online_status is OFFLINE
    assert await desk.expire_presence(desk.id) == 0


async def test_a_heartbeat_keeps_a_user_there_and_busy_is_there_too(desk: Desk) -> None:
    beats, silent = await desk.person(None), await desk.person(None, BUSY)
    desk.clock.pass_(seconds=100)
    await desk.heartbeat(desk.as_(beats))
    desk.clock.pass_(seconds=60)
    await desk.expire_presence(desk.id)
    assert (await desk.user(beats)).online_status is ONLINE
    assert (await desk.user(silent)).online_status is OFFLINE


async def test_whoever_goes_offline_gives_what_they_hold_to_others(desk: Desk) -> None:
    sales = await desk.department()
    leaves = await desk.person(sales)
    held = [await desk.queued(sales) for _ in range(3)]
    stays = await desk.person(sales, max_conversations=2)
    await desk.goes(leaves, OFFLINE)
    now = [await desk.get(c) for c in held]
    assert [c.assigned_user_id for c in now] == [stays.id, stays.id, None]
    assert [c.status for c in now] == [ASSIGNED, ASSIGNED, OPEN]
    assert now[2].timeout_at is not None
    assert (await desk.events(held[0]))[-2:] == ["conversation.unassigned", "conversation.assigned"]
    assert (await desk.events(held[2]))[-2:] == ["conversation.unassigned", "conversation.queued"]
    assert not (await desk.user(leaves)).hands_over


async def test_silence_redistributes_as_well(desk: Desk) -> None:
    sales = await desk.department()
    silent = await desk.person(sales)
    held = await desk.queued(sales)
    assert held.assigned_user_id == silent.id
    desk.clock.pass_(minutes=3)
    stays = await desk.person(sales)
    await desk.expire_presence(desk.id)
    assert (await desk.get(held)).assigned_user_id == stays.id


async def test_a_crash_between_leaving_and_handing_over_is_made_up_for_by_the_sweep(desk: Desk) -> None:
    sales = await desk.department()
    leaves = await desk.person(sales)
    held = await desk.queued(sales)
    async with desk.hub.storage.tenant(desk.id) as uow:  # what SetPresence commits first, and then nothing
        user = await uow.users.get(leaves.id)
        user.set_presence(OFFLINE, desk.clock.now)
        await uow.users.save([user])
        await uow.commit()
    assert (await desk.get(held)).assigned_user_id == leaves.id
    await desk.expire_presence(desk.id)
    assert (await desk.get(held)).status is OPEN


async def test_whoever_comes_back_in_time_keeps_what_they_hold(desk: Desk) -> None:
    sales = await desk.department()
    leaves = await desk.person(sales)
    held = await desk.queued(sales)
    async with desk.hub.storage.tenant(desk.id) as uow:
        user = await uow.users.get(leaves.id)
        user.set_presence(OFFLINE, desk.clock.now)
        await uow.users.save([user])
        await uow.commit()
    await desk.goes(leaves, ONLINE)
    await desk.expire_presence(desk.id)
    assert (await desk.get(held)).assigned_user_id == leaves.id


async def test_busy_keeps_what_it_has_and_gets_no_more(desk: Desk) -> None:
    sales = await desk.department()
    agent = await desk.person(sales)
    held = await desk.queued(sales)
    await desk.goes(agent, BUSY)
    more = await desk.queued(sales)
    assert (await desk.get(held)).assigned_user_id == agent.id
    assert more.status is OPEN


async def test_coming_online_takes_from_the_queue_oldest_first(desk: Desk) -> None:
    sales = await desk.department()
    phones = [a_phone() for _ in range(3)]
    for phone in phones:
        await desk.queued(sales, phone)
        desk.clock.pass_(seconds=10)
    agent = await desk.person(sales, OFFLINE, max_conversations=2)
    await desk.goes(agent, ONLINE)
    assert [(await desk.round(p)).assigned_user_id for p in phones] == [agent.id, agent.id, None]


async def test_the_customer_is_told_of_the_queue_only_while_waiting_for_an_answer(desk: Desk) -> None:
    sales = await desk.department()
    agent = await desk.person(sales)
    waiting, answered = await desk.queued(sales), await desk.queued(sales)
    await desk.answers(agent, answered)
    before = len(await desk.said(waiting)), len(await desk.said(answered))
    await desk.goes(agent, OFFLINE)
    assert (len(await desk.said(waiting)), len(await desk.said(answered))) == (before[0] + 1, before[1])


async def test_who_was_read_but_not_answered_still_has_a_time_out_with_the_next_agent(desk: Desk) -> None:
    sales = await desk.department()
    reads = await desk.person(sales)
    held = await desk.queued(sales)
    async with desk.hub.storage.tenant(desk.id) as uow:
        stored = await uow.conversations.get(held.id)
        stored.unread_count = 0
        await uow.conversations.save([stored])
        await uow.commit()
    stays = await desk.person(sales)
    desk.clock.pass_(minutes=1)
    await desk.goes(reads, OFFLINE)
    now = await desk.get(held)
    assert now.assigned_user_id == stays.id
    assert now.timeout_at is not None
