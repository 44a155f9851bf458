"""SendMessage and StartConversation: stored as PENDING in its lane, once for each idempotency key."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.storage.world import a_phone
from tests.unit.application.office import LINE, Office, text
from whatsapp_hub.application.accounts.company import CompanyChanges, UpdateCompany
from whatsapp_hub.application.sending.schedule_message import ScheduleMessage
from whatsapp_hub.application.sending.send_again import SendAgain
from whatsapp_hub.application.sending.send_message import SendMessage, StartConversation
from whatsapp_hub.application.sending.send_to import SendTo
from whatsapp_hub.domain.conversations.conversation import ConversationStatus
from whatsapp_hub.domain.errors import Conflict, Forbidden, HeldElsewhere, Invalid, KeyReused, NotFound, Rejected
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.messaging.message import MessageStatus
from whatsapp_hub.domain.sessions.session import Routing


async def test_a_message_waits_in_its_lane_and_is_sent_in_order(office: Office) -> None:
    agent = office.as_(await office.person(await office.department()))
    conversation = await office.writes(a_phone(), "Oi", "Vendas")
    await office.sends()
    for written in ("one", "two", "three"):
        message = await office.use(SendMessage)(agent, conversation.id, text(written))
        assert message.status is MessageStatus.PENDING
    assert await office.sends() == ["one", "two", "three"]
    assert office.told(conversation)[-6:] == ["message.queued"] * 3 + ["message.sent"] * 3


async def test_an_agents_answer_counts_as_the_first_response_and_marks_messages_read(office: Office) -> None:
    agent = office.as_(await office.person(await office.department()))
    conversation = await office.writes(a_phone(), "Oi", "Vendas")
    office.clock.pass_(minutes=2)
    await office.use(SendMessage)(agent, conversation.id, text("Hello"))
    answered = await office.get(conversation)
    assert answered.clock.first_response_at == office.clock()
    assert (answered.unread_count, answered.waiting_since) == (0, None)


async def test_the_same_key_sends_once_and_another_request_under_it_is_refused(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    send = office.use(SendMessage)
    first = await send(office.admin, conversation.id, text("Hello"), "key-1")
    again = await send(office.admin, conversation.id, text("Hello"), "key-1")
    assert again.id == first.id
    with pytest.raises(KeyReused):
        await send(office.admin, conversation.id, text("Something else"), "key-1")
    with pytest.raises(Invalid):
        await send(office.admin, conversation.id, text("Hello"), "\n")
    assert await office.sends() == ["Hello"]


async def test_what_is_refused_leaves_nothing_behind(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    send = office.use(SendMessage)
    with pytest.raises(Invalid):
        await send(office.admin, conversation.id, text("x" * 5000), "key-1")
    await office.world.saved(conversation, status=ConversationStatus.RESOLVED)
    with pytest.raises(Conflict) as refused:
        await send(office.admin, conversation.id, text("Hello"), "key-1")
    assert refused.value.code == "not_open"
    assert await office.sends() == []


async def test_a_session_that_is_off_accepts_nothing(office: Office) -> None:
    session = await office.world.add_session(LINE, connected=False)
    with pytest.raises(Conflict) as refused:
        await office.use(StartConversation)(office.admin, session.id, a_phone(), text("Hello"))
    assert refused.value.code == "session_off"
    with pytest.raises(Invalid):
        await office.use(StartConversation)(office.admin, SessionId(office.id), a_phone(), text("Hello"))


async def test_another_agents_conversation_cannot_be_answered(office: Office) -> None:
    ours, theirs = await office.department("Vendas"), await office.department("Suporte")
    await office.person(ours)
    outsider = await office.person(theirs)
    conversation = await office.writes(a_phone(), "Oi", "Vendas")
    with pytest.raises((NotFound, Forbidden)):
        await office.use(SendMessage)(office.as_(outsider), conversation.id, text("Hello"))


async def test_writing_first_opens_one_round_and_takes_it(office: Office) -> None:
    agent, phone = await office.person(await office.department()), a_phone()
    start = office.use(StartConversation)
    conversation = await start(office.as_(agent), office.session.id, f"+{phone}", text("Hello"))
    assert (conversation.assigned_user_id, conversation.dialogue.silenced) == (agent.id, True)
    again = await start(office.as_(agent), office.session.id, f"+{phone}", text("Are you there?"))
    assert again.id == conversation.id
    assert await office.sends() == ["Hello", "Are you there?"]
    with pytest.raises(Invalid):
        await start(office.as_(agent), office.session.id, "12", text("Hello"))


async def test_a_gateways_program_sends_by_the_sessions_name(office: Office) -> None:
    gateway = await office.world.add_session(LINE, routing=Routing.NONE, key="sales", settings={"phone": "1"})
    sent = await office.use(SendTo)(office.admin, "sales", a_phone(), "Hello")
    assert (sent.message.session_id, sent.session_failure) == (gateway.id, None)
    assert await office.sends() == ["Hello"]
    with pytest.raises(NotFound):
        await office.use(SendTo)(office.admin, "nothing", a_phone(), "Hello")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1)),
                max_size=12))  # fmt: skip
async def test_whatever_is_sent_to_whom_each_chat_gets_its_messages_in_order(sends: list[tuple[int, str]]) -> None:
    office = await Office.opened()
    chats = [await office.writes(a_phone(), "Oi") for _ in range(3)]
    for chat, written in sends:
        await office.use(SendMessage)(office.admin, chats[chat].id, text(written))
    await office.sends()
    for number, chat in enumerate(chats):
        arrived = [m.content.text for m in office.line.sent if m.chat == chat.chat]
        assert arrived == [written for to, written in sends if to == number]


async def test_where_the_company_wants_it_customers_see_who_wrote_a_text_once(office: Office) -> None:
    ana = office.as_(await office.person(await office.department(), name="Ana *Souza*"))
    await office.use(UpdateCompany)(office.admin, CompanyChanges(agent_name_before_texts=True))
    conversation = await office.writes(a_phone(), "Oi", "Vendas")
    await office.sends()
    send, head = office.use(SendMessage), "*Ana Souza*\n"
    first = await send(ana, conversation.id, text("Hello"), "key-1")
    assert (await send(ana, conversation.id, text("Hello"), "key-1")).id == first.id
    await send(ana, conversation.id, text(f"{head}Once"))
    with pytest.raises(Invalid):  # too long with the name
        await send(ana, conversation.id, text("x" * 4096))
    due = office.clock() + timedelta(hours=1)
    later = await office.use(ScheduleMessage)(ana, conversation.id, text("Later"), due)
    assert later.content.text == f"{head}Later"
    started = await office.use(StartConversation)(ana, office.session.id, a_phone(), text("First"))
    assert sorted(await office.sends()) == [f"{head}First", f"{head}Hello", f"{head}Once"]
    await office.use(SendMessage)(office.admin, started.id, text("from a program"))
    assert await office.sends() == ["from a program"]


async def test_what_failed_is_sent_again_as_a_new_message_once_for_each_key(office: Office) -> None:
    agent = office.as_(await office.person(await office.department()))
    started = await office.use(StartConversation).message(agent, office.session.id, a_phone(), text("Hello"))
    failed = started[1]
    office.line.fails.append(Rejected("131026", "Not deliverable"))
    again = office.use(SendAgain)
    with pytest.raises(Conflict) as refused:
        await again(agent, failed.id)
    assert refused.value.code == "not_failed"
    assert await office.sends() == []
    new = await again(agent, failed.id, "key-1")
    assert (await again(agent, failed.id, "key-1")).id == new.id != failed.id
    assert await office.sends() == ["Hello"]
    other = office.as_(await office.person(await office.department("Suporte")))
    with pytest.raises(NotFound):
        await again(other, failed.id)


async def test_who_may_not_see_a_customers_round_learns_who_has_it(office: Office) -> None:
    sales = await office.department("Vendas")
    ana = await office.person(sales, name="Ana")
    other = office.as_(await office.person(await office.department("Suporte")))
    phone = a_phone()
    await office.writes(phone, "Oi", "Vendas")
    start = office.use(StartConversation)
    with pytest.raises(HeldElsewhere) as refused:
        await start(other, office.session.id, phone, text("Hello"))
    assert (refused.value.department, refused.value.user, refused.value.code) == ("Vendas", "Ana", "held_elsewhere")
    assert (await start(office.as_(ana), office.session.id, phone, text("Hello"))).assigned_user_id == ana.id
