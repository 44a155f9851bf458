"""Conversations whose customer answers no more are resolved by themselves, where a company or a department wants it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contracts.storage.world import a_phone
from tests.unit.application.office import LINE, Office
from whatsapp_hub.application.accounts.company import CompanyChanges, UpdateCompany
from whatsapp_hub.application.routing import resolve_quiet
from whatsapp_hub.application.routing.resolve_quiet import ResolveQuiet
from whatsapp_hub.application.sending.send_message import SendMessage
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus
from whatsapp_hub.domain.conversations.reasons import parts_of
from whatsapp_hub.domain.messaging.content import Text
from whatsapp_hub.domain.service.service_level import ServiceLevel

DAY = ServiceLevel(resolve_quiet_after_hours=24)


async def answered(office: Office, agent: User, conversation: Conversation) -> None:
    await office.use(SendMessage)(office.as_(agent), conversation.id, Text("Temos sim"), None)
    await office.sends()


async def after(office: Office, hours: float) -> int:
    office.clock.pass_(hours=hours)
    return int(await office.use(ResolveQuiet)(office.id))


async def test_a_customer_who_answers_no_more_is_closed_with_a_text_and_the_reason(office: Office) -> None:
    sales = await office.department(level=DAY)
    agent = await office.person(sales)
    conversation = await office.queued(sales)
    await answered(office, agent, conversation)
    assert await after(office, 23.9) == 0
    assert await after(office, 0.1) == 1
    done = await office.get(conversation)
    assert (done.status, done.last_attendant_id) == (ConversationStatus.RESOLVED, agent.id)
    assert [(part.code, part.values) for part in parts_of(done.routing_reason)] == [("customer_quiet", {"hours": 24})]
    assert await office.sends() == [
        "Como não tivemos resposta, encerramos este atendimento. Se precisar, é só escrever de novo."
    ]
    assert office.told(conversation).count("conversation.resolved") == 1
    assert await after(office, 100) == 0


async def test_one_that_waits_for_an_answer_is_never_closed(office: Office) -> None:
    sales, phone = await office.department(level=DAY), a_phone()
    agent = await office.person(sales)
    conversation = await office.queued(sales, phone)
    assert await after(office, 1000) == 0
    await answered(office, agent, conversation)
    await office.writes(phone, "E no 39?")
    assert await after(office, 1000) == 0


async def test_a_department_overrides_the_company_and_zero_is_never(office: Office) -> None:
    await office.use(UpdateCompany)(office.admin, CompanyChanges(level={"resolve_quiet_after_hours": 2}))
    sales = await office.department()
    support = await office.department("Suporte", level=ServiceLevel(resolve_quiet_after_hours=0))
    usual, never = await office.queued(sales), await office.queued(support)
    for conversation, department in ((usual, sales), (never, support)):
        agent = await office.person(department)
        await answered(office, agent, conversation)
    assert await after(office, 3) == 1
    assert (await office.get(usual)).status is ConversationStatus.RESOLVED
    assert (await office.get(never)).is_live


async def test_the_freed_agent_gets_the_next_of_the_queue(office: Office) -> None:
    sales = await office.department(level=DAY, max_conversations=1)
    agent = await office.person(sales)
    first = await office.queued(sales)
    await answered(office, agent, first)
    waiting = await office.queued(sales)
    assert await after(office, 24) == 1
    assert (await office.get(waiting)).assigned_user_id == agent.id


async def test_whom_free_text_does_not_reach_any_more_gets_none(office: Office) -> None:
    sales = await office.department(level=DAY)
    agent = await office.person(sales)
    conversation = await office.queued(sales)
    await answered(office, agent, conversation)
    windowed = replace(office.plugins[LINE].capabilities, reply_window_h=24)
    office.plugins[LINE].capabilities = windowed
    await office.world.saved(conversation, window_closes_at=office.clock() + timedelta(hours=12))
    assert await after(office, 24) == 1
    assert await office.sends() == []


async def test_one_run_is_bounded_however_many_departments_there_are(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolve_quiet, "TRANSACTIONS", 2)
    for name in ("Vendas", "Suporte"):
        department = await office.department(name, level=DAY)
        agent = await office.person(department)
        for _ in range(2):
            await answered(office, agent, await office.queued(department))
    office.clock.pass_(hours=24)
    sweep = office.use(ResolveQuiet)
    assert await sweep(office.id, limit=1) == 2
    assert await sweep(office.id, limit=1) + await sweep(office.id, limit=1) + await sweep(office.id, limit=1) == 2
