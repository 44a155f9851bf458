"""Rounds of a bot's session at the desk: nobody is stuck when the bot is silent, and people have them by contract E."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest_asyncio

from tests.integration.conftest import HAPPENED, new_id
from tests.integration.service.conftest import Desk, a_phone
from whatsapp_hub.application.ports.provider.events import ChatKind, Origin
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role
from whatsapp_hub.domain.conversations.bot import BotPart
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus, FlowState
from whatsapp_hub.domain.conversations.routing_rules import Actions, Conditions, Rule
from whatsapp_hub.domain.ids import RuleId
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import Text
from whatsapp_hub.domain.sessions.session import Routing

UNROUTED = "conversation.unrouted"


@pytest_asyncio.fixture
async def bots(desk: Desk) -> Desk:
    """A desk whose session has a bot that never answers."""
    await desk.binds_bot()
    return desk


async def bot_answers(desk: Desk, conversation: Conversation) -> None:
    async with desk.hub.storage.tenant(desk.id) as uow:
        stored = await uow.conversations.get(conversation.id)
        stored.program_wrote(desk.clock.now)
        await uow.conversations.save([stored])
        await uow.commit()


async def sees(desk: Desk, phone: str, **more: Any) -> Conversation:
    """A message that is not simply a customer's new text."""
    await desk.sees(phone, Text("oi"), chat_names=(Identity.phone(phone),), **more)
    return await desk.round(phone)


async def heard_by_bot(desk: Desk, conversation: Conversation) -> int:
    """How many messages are marked as the bot's to hear."""
    bodies = await desk.hub.owner.fetch(
        f"SELECT body FROM {HAPPENED} WHERE conversation_id = $1 AND type = 'message.received'", conversation.id
    )
    return sum(b'"handledBy":"bot"' in row["body"] for row in bodies)


async def test_a_customer_whom_the_bot_leaves_unanswered_gets_a_person(bots: Desk) -> None:
    root = await bots.department("Recepção", is_root=True)
    agent = await bots.person(root)
    conversation = await bots.writes(a_phone(), "oi")
    bots.clock.pass_(minutes=4)
    await bots.heartbeat(bots.as_(agent))
    await bots.sweeps()
    assert (await bots.get(conversation)).bot_part is BotPart.TALKING
    bots.clock.pass_(minutes=2)
    await bots.heartbeat(bots.as_(agent))
    await bots.sweeps()
    found = await bots.get(conversation)
    assert (found.assigned_user_id, found.bot_part) == (agent.id, BotPart.HANDED_OVER)
    assert "the bot did not answer within 5 min: to Recepção" in (found.routing_reason or "")
    assert found.timeout_at is not None
    assert await bots.events(conversation) == [
        "conversation.opened",
        "conversation.handed_over",
        "conversation.assigned",
    ]


async def test_a_customer_whom_the_bot_answers_stays_with_it(bots: Desk) -> None:
    await bots.department("Recepção", is_root=True)
    conversation = await bots.writes(a_phone(), "oi")
    await bot_answers(bots, conversation)
    bots.clock.pass_(hours=3)
    await bots.sweeps()
    assert (await bots.get(conversation)).bot_part is BotPart.TALKING
    assert await bots.said(conversation) == []


async def test_the_customer_is_told_of_the_queue_and_an_overdue_one_is_redirected(bots: Desk) -> None:
    root, other = await bots.department("Recepção", is_root=True), await bots.department("Vendas")
    conversation = await bots.writes(a_phone(), "oi")
    bots.clock.pass_(minutes=6)
    await bots.sweeps()
    queued = await bots.get(conversation)
    assert (queued.department_id, queued.status) == (root.id, ConversationStatus.OPEN)
    assert len(await bots.said(conversation)) == 1
    agent = await bots.person(other)
    bots.clock.pass_(minutes=6)
    await bots.heartbeat(bots.as_(agent))
    await bots.sweeps()
    taken = await bots.get(conversation)
    assert (taken.assigned_user_id, taken.flow_state) == (agent.id, FlowState.TIMEOUT_REDIRECT)


async def test_who_leaves_hands_on_what_a_bot_gave_them(bots: Desk) -> None:
    root = await bots.department("Recepção", is_root=True)
    first = await bots.person(root)
    conversation = await bots.writes(a_phone(), "oi")
    bots.clock.pass_(minutes=6)
    await bots.heartbeat(bots.as_(first))
    await bots.sweeps()
    second = await bots.person(root)
    await bots.set_presence(bots.as_(first), OnlineStatus.OFFLINE)
    assert (await bots.get(conversation)).assigned_user_id == second.id


async def test_an_agent_who_was_given_it_has_so_long_to_answer_each_message(bots: Desk) -> None:
    root = await bots.department("Recepção", is_root=True, response_timeout_minutes=7)
    agent = await bots.person(root)
    phone = a_phone()
    conversation = await bots.writes(phone, "oi")
    await bots.assign(bots.as_(agent), conversation.id)
    await bots.answers(agent, conversation)
    assert (await bots.get(conversation)).timeout_at is None
    await bots.writes(phone, "oi")
    found = await bots.get(conversation)
    assert found.timeout_at is not None
    assert (found.timeout_at - bots.clock.now).total_seconds() == 7 * 60


async def test_without_any_department_supervisors_are_told_at_each_time_out(bots: Desk) -> None:
    admin = await bots.person(None, role=Role.ADMIN)
    phone = a_phone()
    conversation = await bots.writes(phone, "oi")
    for times in (1, 2):
        bots.clock.pass_(minutes=6)
        await bots.sweeps()
        await bots.sweeps()
        assert (await bots.told(admin)).count(UNROUTED) == times
        await bots.writes(phone, "oi")
        found = await bots.get(conversation)
        assert (found.status, found.timeout_at is not None) == (ConversationStatus.OPEN, True)


async def test_whom_a_person_answered_without_taking_them_is_not_forgotten(bots: Desk) -> None:
    root = await bots.department("Recepção", is_root=True)
    agent = await bots.person(root, OnlineStatus.OFFLINE)
    phone = a_phone()
    conversation = await bots.writes(phone, "oi")
    await bots.answers(agent, conversation)
    assert (await bots.get(conversation)).bot_part is BotPart.HANDED_OVER
    await bots.writes(phone, "oi")
    bots.clock.pass_(minutes=6)
    await bots.sweeps()
    found = await bots.get(conversation)
    assert (found.department_id, found.is_queued) == (root.id, True)


async def test_a_round_that_a_bot_had_when_it_was_taken_away_goes_to_people(bots: Desk) -> None:
    root = await bots.department("Recepção", is_root=True)
    phone = a_phone()
    conversation = await bots.writes(phone, "oi")
    await bot_answers(bots, conversation)
    async with bots.hub.storage.tenant(bots.id) as uow:
        session = await uow.sessions.get(bots.session.id)
        session.unbind(bots.clock.now)
        session.reroute(Routing.DEPARTMENTS)
        await uow.sessions.save(session)
        await uow.commit()
    bots.session = session
    await bots.writes(phone, "oi")
    assert await bots.said(conversation) == []
    bots.clock.pass_(minutes=6)
    await bots.sweeps()
    found = await bots.get(conversation)
    assert (found.department_id, "no bot any more" in (found.routing_reason or "")) == (root.id, True)


async def test_an_old_message_is_nothing_for_the_bot_and_enters_the_queue_without_a_word(bots: Desk) -> None:
    root = await bots.department("Recepção", is_root=True)
    for old in ({"at": bots.clock.now - timedelta(minutes=11)}, {"origin": Origin.HISTORY}):
        found = await sees(bots, a_phone(), **old)
        assert (found.department_id, found.is_queued, found.bot_part) == (root.id, True, BotPart.HANDED_OVER)
        assert (await bots.said(found), await heard_by_bot(bots, found)) == ([], 0)


async def test_a_history_disturbs_nobody_where_there_is_no_department(bots: Desk) -> None:
    admin = await bots.person(None, role=Role.ADMIN)
    phone = a_phone()
    found = await sees(bots, phone, origin=Origin.HISTORY)
    assert (found.timeout_at, await bots.told(admin)) == (None, [])
    live = await bots.writes(phone, "oi")
    assert (live.id, live.bot_part, await heard_by_bot(bots, live)) == (found.id, BotPart.TALKING, 1)
    assert live.timeout_at is not None


async def test_whoever_answers_on_the_phone_has_the_word(bots: Desk) -> None:
    phone = a_phone()
    await bots.writes(phone, "oi")
    found = await sees(bots, phone, from_me=True)
    assert (found.bot_part, found.timeout_at) == (BotPart.HANDED_OVER, None)
    await bots.writes(phone, "e agora?")
    assert await heard_by_bot(bots, found) == 1


async def test_a_group_is_never_the_bots(bots: Desk) -> None:
    found = await sees(bots, a_phone(), kind=ChatKind.GROUP)
    assert (found.bot_part, found.timeout_at, await heard_by_bot(bots, found)) == (BotPart.NONE, None, 0)


async def test_a_rule_labels_a_bots_round_and_leaves_it_with_the_bot(bots: Desk) -> None:
    money = await bots.department("Financeiro")
    async with bots.hub.storage.tenant(bots.id) as uow:
        then = Actions(("fatura",), None, money.id)
        now = bots.clock.now
        await uow.rules.save([Rule(RuleId(new_id()), bots.id, 1, "R", Conditions(words=("boleto",)), then, now, now)])
        await uow.commit()
    found = await bots.writes(a_phone(), "boleto")
    assert (found.labels, found.department_id, found.bot_part) == (("fatura",), None, BotPart.TALKING)


async def test_what_a_bot_gave_to_people_is_kept_and_its_own_rounds_are_forgotten_as_a_gateways(bots: Desk) -> None:
    await bots.department("Recepção", is_root=True)
    given, own = await bots.writes(a_phone(), "um"), await bots.writes(a_phone(), "dois")
    await bot_answers(bots, own)
    bots.clock.pass_(minutes=6)
    await bots.sweeps()
    async with bots.hub.storage.tenant(bots.id) as uow:
        assert await uow.messages.forget(bots.clock.now + timedelta(days=1), 100) == 1
        await uow.commit()
    left = await bots.hub.owner.fetch("SELECT conversation_id FROM pooled.messages WHERE tenant_id = $1", bots.id)
    assert {row["conversation_id"] for row in left} == {given.id}
