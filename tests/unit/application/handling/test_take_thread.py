"""Threads that another program has: watched, not answered, taken."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.storage.world import a_phone
from tests.unit.application.office import Office, text
from whatsapp_hub.application.handling.take_thread import TakeThread
from whatsapp_hub.application.ports.provider.events import ThreadSeen
from whatsapp_hub.application.sending.send_message import SendMessage
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus
from whatsapp_hub.domain.errors import Conflict, NotSupported, Rejected, Scope, Transient, Unavailable
from whatsapp_hub.domain.messaging.capabilities import Capabilities
from whatsapp_hub.domain.messaging.content import System
from whatsapp_hub.domain.sessions.session import SessionStatus

WATCHED = ThreadSeen("ai_agent")
PASSED = ThreadSeen(None, is_passed=True)


async def watched(office: Office, phone: str) -> Conversation:
    """A customer who talks to another program."""
    await office.writes(phone, "Oi", thread=WATCHED)
    await office.sees(office.says(phone, "sou o robô", from_me=True, thread=WATCHED))
    return await office.round(phone)


async def test_what_another_program_and_its_customer_say_is_kept_and_not_answered() -> None:
    office, phone = await Office.opened(), a_phone()
    await office.department(is_root=True)
    round_ = await watched(office, phone)
    assert round_.thread_holder == "ai_agent"
    assert await office.sends() == []
    assert "message.received" in office.told(round_)
    assert "message.sent" in office.told(round_)
    assert (round_.unread_count, round_.timeout_at, round_.waiting_since) == (1, None, None)


async def test_nobody_writes_into_a_thread_that_another_program_has() -> None:
    office, phone = await Office.opened(), a_phone()
    agent = await office.person(await office.department(is_root=True), role=office.admin.role)
    round_ = await watched(office, phone)
    for caller in (office.admin, office.as_(agent)):
        with pytest.raises(Conflict) as refused:
            await office.use(SendMessage)(caller, round_.id, text("não"))
        assert refused.value.code == "thread_held"


async def test_the_customers_next_message_to_us_says_that_the_thread_is_ours() -> None:
    office, phone = await Office.opened(), a_phone()
    await office.department(is_root=True)
    await watched(office, phone)
    round_ = await office.writes(phone, "E agora?")
    assert round_.thread_holder is None
    assert await office.sends() != []
    assert "conversation.updated" in office.told(round_)


async def test_a_thread_that_is_passed_to_us_waits_for_people_without_a_menu() -> None:
    office, phone = await Office.opened(), a_phone()
    department = await office.department(is_root=True)
    agent = await office.person(department)
    await watched(office, phone)
    await office.sees(office.says(phone, "", content=System("passed"), thread=PASSED))
    round_ = await office.round(phone)
    assert round_.thread_holder is None
    assert (round_.status, round_.assigned_user_id) == (ConversationStatus.ASSIGNED, agent.id)
    assert round_.waiting_since is not None
    assert await office.sends() == []


async def test_an_agent_takes_the_thread_and_writes() -> None:
    office, phone = await Office.opened(), a_phone()
    await office.department(is_root=True)
    round_ = await watched(office, phone)
    taken = await office.use(TakeThread)(office.admin, round_.id)
    assert taken.thread_holder is None
    assert office.line.shown[-1][0] == "take_thread"
    await office.use(SendMessage)(office.admin, round_.id, text("Olá, aqui é uma pessoa"))
    assert await office.sends() == ["Olá, aqui é uma pessoa"]
    before = len(office.line.shown)
    await office.use(TakeThread)(office.admin, round_.id)
    assert len(office.line.shown) == before, "it is ours already"


@pytest.mark.parametrize(
    ("error", "raised"),
    [(Rejected("100"), Conflict), (Transient("503", retry_after_s=1, scope=Scope.SESSION), Unavailable)],
)
async def test_a_thread_that_may_not_be_taken_stays_with_the_other(error: Exception, raised: Any) -> None:
    office, phone = await Office.opened(), a_phone()
    round_ = await watched(office, phone)
    office.line.fails = [error]
    with pytest.raises(raised):
        await office.use(TakeThread)(office.admin, round_.id)
    assert (await office.get(round_)).thread_holder == "ai_agent"


async def test_threads_are_taken_where_the_provider_has_them_and_the_session_is_on() -> None:
    office, phone = await Office.opened(), a_phone()
    round_ = await watched(office, phone)
    async with office.world.uow() as uow:
        session = await uow.sessions.get(office.session.id)
        session.stop(office.clock())
        await uow.sessions.save(session)
        await uow.commit()
    with pytest.raises(Conflict):
        await office.use(TakeThread)(office.admin, round_.id)
    assert session.status is SessionStatus.DISCONNECTED
    other = await office.world.add_session("CODED")
    there = await office.writes(a_phone(), "Oi", session=other)
    office.plugins["CODED"].capabilities = Capabilities("CODED", {})
    with pytest.raises(NotSupported):
        await office.use(TakeThread)(office.admin, there.id)


async def test_where_a_session_moved_to_a_provider_without_threads_there_is_nobody_to_ask() -> None:
    office, phone = await Office.opened(), a_phone()
    await office.department(is_root=True)
    round_ = await watched(office, phone)
    office.plugins["LINE"].capabilities = Capabilities("LINE", office.plugins["LINE"].capabilities.sends)
    await office.use(SendMessage)(office.admin, round_.id, text("podemos"))
    taken = await office.use(TakeThread)(office.admin, round_.id)
    assert taken.thread_holder is None
    assert "take_thread" not in [what[0] for what in office.line.shown]
