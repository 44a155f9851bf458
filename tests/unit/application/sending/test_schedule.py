"""Messages to be sent later: judged when they are due, sent once, shown and cancelled until then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contracts.storage.world import World, a_phone
from tests.unit.application.office import LINE, Office, text
from whatsapp_hub.application.accounts.users import UpdateUser, UserChanges
from whatsapp_hub.application.handling.close_conversation import ResolveConversation
from whatsapp_hub.application.handling.transfer_conversation import TransferConversation
from whatsapp_hub.application.sending.schedule_message import CancelScheduled, ListScheduled, ScheduleMessage
from whatsapp_hub.application.sending.send_message import StartConversation
from whatsapp_hub.application.sending.send_scheduled import AT_ONCE, SendScheduled
from whatsapp_hub.application.sending.send_to import SendTo
from whatsapp_hub.application.sessions.manage_sessions import DeleteSession
from whatsapp_hub.application.sessions.run_sessions import StopSession
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.user import Role, User
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus
from whatsapp_hub.domain.errors import Forbidden, Invalid, NotFound
from whatsapp_hub.domain.ids import MessageId, TenantId
from whatsapp_hub.domain.messaging.message import Message, MessageStatus
from whatsapp_hub.domain.sessions.session import Routing

LATER = timedelta(hours=2)


async def scheduled(office: Office, conversation: Conversation, said: str = "Até já", **more: object) -> Message:
    schedule = office.use(ScheduleMessage)
    return await schedule(office.admin, conversation.id, text(said), office.clock() + LATER, **more)  # type: ignore[arg-type]


async def due(office: Office) -> None:
    office.clock.pass_(hours=2)
    await office.use(SendScheduled)(office.id)


async def stored(office: Office, message: Message) -> Message:
    found: Message = await office.done(lambda uow: uow.messages.get(message.id))
    return found


async def test_it_is_sent_at_its_time_and_once(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    message = await scheduled(office, conversation)
    assert (message.status, message.send_at) == (MessageStatus.PENDING, office.clock() + LATER)
    await office.use(SendScheduled)(office.id)
    assert await office.sends() == []
    await due(office)
    await office.use(SendScheduled)(office.id)
    assert await office.sends() == ["Até já"]
    sent = await stored(office, message)
    assert (sent.status, sent.created_at) == (MessageStatus.SENT, office.clock())
    assert await office.use(ListScheduled)(office.admin, None, 9, None) == []


async def test_a_process_that_ends_in_the_middle_loses_nothing_and_sends_nothing_twice(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    message = await scheduled(office, conversation)
    office.clock.pass_(hours=2)
    async with office.world.uow() as uow:
        assert await uow.scheduled.take(message.id) is not None  # and it ends before its commit
    await office.use(SendScheduled)(office.id)
    await office.use(SendScheduled)(office.id)
    assert await office.sends() == ["Até já"]


async def test_a_closed_conversation_is_followed_by_one_of_who_wrote_it(office: Office) -> None:
    agent = await office.person(await office.department())
    conversation = await office.writes(a_phone(), "Oi")
    await office.sends()
    by = replace(office.admin, user_id=agent.id)
    await office.use(ScheduleMessage)(by, conversation.id, text("Chegou!"), office.clock() + LATER)
    await office.use(ResolveConversation)(office.admin, conversation.id)
    await due(office)
    assert await office.sends() == ["Chegou!"]
    async with office.world.uow() as uow:
        key = (conversation.session_id, conversation.contact_id)
        now = (await uow.conversations.latest([key]))[key]
    assert (now.id != conversation.id, now.status) == (True, ConversationStatus.ASSIGNED)
    assert now.assigned_user_id == agent.id


async def test_the_window_is_judged_when_it_is_due(office: Office) -> None:
    plugin = office.plugins[LINE]
    plugin.capabilities = replace(plugin.capabilities, reply_window_h=24)
    conversation = await office.writes(a_phone(), "Oi")
    office.clock.pass_(hours=23)
    message = await scheduled(office, conversation)
    await due(office)
    assert await office.sends() == []
    failed = await stored(office, message)
    assert (failed.status, failed.error and failed.error.code) == (MessageStatus.FAILED, "window_closed")
    assert office.told(conversation)[-2:] == ["message.queued", "message.failed"]


async def test_of_a_number_that_was_stopped_or_deleted_it_fails_and_says_so(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    stopped = await scheduled(office, conversation)
    await office.use(StopSession)(office.admin, office.session.id)
    await due(office)
    failed = await stored(office, stopped)
    assert failed.error is not None
    assert failed.error.code == "session_off"
    deleted = await scheduled(office, conversation)
    await office.use(DeleteSession)(office.admin, office.session.id)
    await due(office)
    failed = await stored(office, deleted)
    assert failed.error is not None
    assert failed.error.code == "session_deleted"


async def test_the_same_request_twice_is_one_message_before_and_after_it_is_sent(office: Office) -> None:
    conversation, at = await office.writes(a_phone(), "Oi"), office.clock() + LATER
    schedule = office.use(ScheduleMessage)
    one = await schedule(office.admin, conversation.id, text("x"), at, "key")
    assert (await schedule(office.admin, conversation.id, text("x"), at, "key")).id == one.id
    await due(office)
    assert (await schedule(office.admin, conversation.id, text("x"), at, "key")).id == one.id
    assert await office.sends() == ["x"]


async def test_it_is_listed_for_who_sees_it_and_cancelled(office: Office) -> None:
    first, second = await office.writes(a_phone(), "Oi"), await office.writes(a_phone(), "Oi")
    one, two = await scheduled(office, first), await scheduled(office, second)
    show, cancel = office.use(ListScheduled), office.use(CancelScheduled)
    assert await show(office.admin, None, 9, None) == [one, two]
    assert await show(office.admin, second.id, 9, None) == [two]
    agent = office.as_(await office.person(await office.department()))
    assert await show(agent, None, 9, None) == []
    await cancel(office.admin, one.id)
    assert office.told(first)[-1] == "conversation.updated"
    for gone in (one, replace(two, id=first.id)):
        with pytest.raises(NotFound):
            await cancel(office.admin, gone.id)  # type: ignore[arg-type]
    with pytest.raises(Forbidden):
        await cancel(replace(office.admin, scopes=frozenset()), two.id)
    await due(office)
    assert await office.sends() == ["Até já"]


async def test_what_can_be_said_of_it_now_is_said_now(office: Office) -> None:
    conversation, schedule = await office.writes(a_phone(), "Oi"), office.use(ScheduleMessage)
    for at in (office.clock(), office.clock() + timedelta(days=400)):
        with pytest.raises(Invalid, match="send_at"):
            await schedule(office.admin, conversation.id, text("x"), at)


async def test_the_first_message_to_a_customer_waits_as_well_and_opens_one_round(office: Office) -> None:
    agent, phone = office.as_(await office.person(await office.department())), f"+{a_phone()}"
    start, at = office.use(StartConversation), office.clock() + LATER
    conversation, message = await start.message(agent, office.session.id, phone, text("Bom dia"), "key", at)
    assert (conversation.assigned_user_id, message.send_at) == (agent.user_id, at)
    assert (await start(agent, office.session.id, phone, text("Bom dia"), "key", at)).id == conversation.id
    assert [m.id for m in await office.use(ListScheduled)(agent, conversation.id, 9, None)] == [message.id]
    assert await office.sends() == []
    await due(office)
    assert await office.sends() == ["Bom dia"]
    with pytest.raises(Invalid, match="send_at"):
        await start(agent, office.session.id, phone, text("x"), None, office.clock())


async def test_in_a_resolved_round_that_one_sees_it_waits_without_a_new_one(office: Office) -> None:
    phone = a_phone()
    await office.person(await office.department("Vendas"))
    resolved = await office.writes(phone, "Oi", "Vendas")
    await office.use(ResolveConversation)(office.admin, resolved.id)
    await office.sends()
    start = office.use(StartConversation)
    waits = await start(office.admin, office.session.id, f"+{phone}", text("Olá"), None, office.clock() + LATER)
    assert (waits.id, waits.status) == (resolved.id, ConversationStatus.RESOLVED)
    agent = office.as_(await office.person(await office.department("Suporte")))
    other = await start(agent, office.session.id, f"+{phone}", text("Olá"), None, office.clock() + LATER)
    assert other.id != resolved.id  # which the agent does not see


async def test_a_gateways_program_lets_a_text_wait(office: Office) -> None:
    await office.world.add_session(LINE, routing=Routing.NONE, key="sales", settings={"phone": "1"})
    await office.use(SendTo)(office.admin, "sales", a_phone(), "Hello", None, office.clock() + LATER)
    assert await office.sends() == []
    await due(office)
    assert await office.sends() == ["Hello"]


async def test_a_key_lists_what_waits_in_conversations_that_it_sees_and_nothing_else(office: Office) -> None:
    sales = await office.department("Vendas")
    mine = await office.person(sales)
    held, free = await office.queued(sales), await office.writes(a_phone(), "Oi")
    hidden, shown = await scheduled(office, held), await scheduled(office, free)
    key = replace(office.admin, scopes=frozenset({Action.READ_CONVERSATIONS}))
    show = office.use(ListScheduled)
    assert await show(key, None, 9, None) == [shown]
    with pytest.raises(NotFound):
        await show(key, held.id, 9, None)
    assert await show(office.admin, None, 9, None) == [hidden, shown]
    assert (await office.get(held)).assigned_user_id == mine.id


async def test_who_does_not_see_a_conversation_any_more_does_not_see_what_waits_in_it(office: Office) -> None:
    sales, support = await office.department("Vendas"), await office.department("Suporte")
    agent, colleague = await office.person(sales), await office.person(support)
    conversation = await office.queued(sales)
    await by(office, agent, conversation)
    assert len(await office.use(ListScheduled)(office.as_(agent), None, 9, None)) == 1
    await office.use(TransferConversation)(office.admin, conversation.id, support.id)
    assert (await office.get(conversation)).assigned_user_id == colleague.id
    assert await office.use(ListScheduled)(office.as_(agent), None, 9, None) == []


async def by(office: Office, user: User, conversation: Conversation) -> Message:
    schedule = office.use(ScheduleMessage)
    return await schedule(office.as_(user), conversation.id, text("Chegou!"), office.clock() + LATER)


async def test_of_who_was_dismissed_nothing_goes_out_and_supervisors_hear_of_it(office: Office) -> None:
    boss, agent = await office.person(role=Role.ADMIN), await office.person(await office.department())
    resolved, live = await office.writes(a_phone(), "Oi"), await office.writes(a_phone(), "Oi")
    messages = [await by(office, agent, resolved), await by(office, agent, live)]
    await office.use(ResolveConversation)(office.admin, resolved.id)
    await office.sends()
    await office.notified(boss)
    await office.use(UpdateUser)(office.as_(boss), agent.id, UserChanges(is_active=False))
    await due(office)
    assert await office.sends() == []
    failed = [await stored(office, message) for message in messages]
    assert [m.error and m.error.code for m in failed] == ["sender_gone"] * 2
    assert [m.conversation_id for m in failed] == [resolved.id, live.id]  # no new round of who is gone
    assert await office.notified(boss) == 2


async def test_who_is_back_when_it_is_due_sends_it(office: Office) -> None:
    boss, agent = await office.person(role=Role.ADMIN), await office.person(await office.department())
    await by(office, agent, await office.writes(a_phone(), "Oi"))
    for is_active in (False, True):
        await office.use(UpdateUser)(office.as_(boss), agent.id, UserChanges(is_active=is_active))
    await due(office)
    assert "Chegou!" in await office.sends()


async def test_what_another_department_has_by_now_gets_nothing_of_the_former_agents(office: Office) -> None:
    sales, support = await office.department("Vendas"), await office.department("Suporte")
    agent, colleague = await office.person(sales), await office.person(support)
    conversation = await office.queued(sales)
    message = await by(office, agent, conversation)
    await office.use(TransferConversation)(office.admin, conversation.id, support.id)
    await office.sends()
    await office.notified(colleague)
    await due(office)
    assert await office.sends() == []
    failed = await stored(office, message)
    assert (failed.status, failed.error and failed.error.code) == (MessageStatus.FAILED, "not_yours")
    assert await office.notified(colleague) == 1


async def test_a_masters_of_another_company_goes_out_for_as_long_as_they_are_one(office: Office) -> None:
    home = await World.of(office, await office.tenant(), LINE)
    master = home.make_user(role=Role.MASTER)
    await home.done(lambda uow: uow.users.add(master))
    caller = replace(office.as_(master), tenant_id=office.id)
    conversation = await office.writes(a_phone(), "Oi")
    await office.sends()
    schedule = office.use(ScheduleMessage)
    await schedule(caller, conversation.id, text("um"), office.clock() + LATER)
    await due(office)
    assert await office.sends() == ["um"]
    await schedule(caller, conversation.id, text("dois"), office.clock() + LATER)
    master.role = Role.AGENT
    await home.done(lambda uow: uow.users.save([master]))
    await due(office)
    assert await office.sends() == []


async def test_some_that_cannot_be_stored_stop_no_other_however_many_they_are(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    await office.sends()
    broken = {(await scheduled(office, conversation)).id for _ in range(AT_ONCE)}
    office.clock.pass_(seconds=1)
    await scheduled(office, conversation, "inteira")
    send = SendScheduled._send

    async def breaks(self: SendScheduled, tenant_id: TenantId, message_id: MessageId) -> None:
        if message_id in broken:
            raise KeyError(message_id)
        await send(self, tenant_id, message_id)

    monkeypatch.setattr(SendScheduled, "_send", breaks)
    await due(office)
    assert await office.sends() == ["inteira"]


async def test_who_wrote_one_that_failed_is_notified_and_a_program_hears_the_event(office: Office) -> None:
    agent = await office.person(await office.department())
    conversation = await office.writes(a_phone(), "Oi")
    by = replace(office.admin, user_id=agent.id)
    await office.use(ScheduleMessage)(by, conversation.id, text("Chegou!"), office.clock() + LATER)
    await scheduled(office, conversation)
    await office.notified(agent)
    before = office.told(conversation).count("notification.created")
    await office.use(StopSession)(office.admin, office.session.id)
    await due(office)
    assert await office.notified(agent) == 1
    assert office.told(conversation).count("notification.created") == before + 1  # not for the program's
    assert office.told(conversation).count("message.failed") == 2
