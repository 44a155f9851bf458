"""One asks colleagues for a customer whom they have, and the holder hears of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contracts.storage.world import a_phone
from tests.unit.application.office import Office
from whatsapp_hub.application.handling.ask_for_conversation import MOST_ASKED, AskForConversation
from whatsapp_hub.domain.accounts.department import Department
from whatsapp_hub.domain.accounts.user import User
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus
from whatsapp_hub.domain.errors import Conflict, Forbidden, NotFound, TooMany


async def held(office: Office, holder: User, department: Department) -> Conversation:
    conversation = await office.queued(department)
    conversation.status, conversation.assigned_user_id = ConversationStatus.ASSIGNED, holder.id
    await office.done(lambda uow: uow.conversations.save([conversation]))
    return conversation


async def test_a_note_and_a_notification_say_that_somebody_asks(office: Office) -> None:
    holder = await office.person(await office.department("Vendas"))
    stranger = await office.person(await office.department("Suporte"))
    conversation = await held(office, holder, await office.department("Caixa"))
    ask, before = office.use(AskForConversation), await office.notified(holder)
    await ask(office.as_(stranger), office.session.id, conversation.chat)
    assert await office.notified(holder) == before + 1
    with pytest.raises(Conflict):
        await ask(office.as_(holder), office.session.id, conversation.chat)
    with pytest.raises(NotFound):
        await ask(office.as_(stranger), office.session.id, a_phone())
    with pytest.raises(Forbidden):
        await ask(replace(office.as_(stranger), user_id=None), office.session.id, conversation.chat)


async def test_who_asks_again_at_once_adds_nothing(office: Office) -> None:
    holder = await office.person(await office.department("Vendas"))
    stranger, other = [await office.person(await office.department(name)) for name in ("Suporte", "Cobrança")]
    conversation = await held(office, holder, await office.department("Caixa"))
    ask, before = office.use(AskForConversation), office.told(conversation).count("note.added")
    await office.notified(holder)
    for _ in range(3):
        await ask(office.as_(stranger), office.session.id, conversation.chat)
    assert office.told(conversation).count("note.added") == before + 1
    assert await office.notified(holder) == 1
    await ask(office.as_(other), office.session.id, conversation.chat)
    office.clock.pass_(minutes=10, seconds=1)
    await ask(office.as_(stranger), office.session.id, conversation.chat)
    assert office.told(conversation).count("note.added") == before + 3


async def test_a_person_asks_for_some_conversations_an_hour(office: Office) -> None:
    holder = await office.person(await office.department("Vendas"))
    stranger = await office.person(await office.department("Suporte"))
    till = await office.department("Caixa")
    ask = office.use(AskForConversation)
    conversations = [await held(office, holder, till) for _ in range(MOST_ASKED + 1)]
    for conversation in conversations[:-1]:
        await ask(office.as_(stranger), office.session.id, conversation.chat)
        office.clock.pass_(seconds=1)
    with pytest.raises(TooMany) as refused:
        await ask(office.as_(stranger), office.session.id, conversations[-1].chat)
    office.clock.pass_(seconds=refused.value.retry_after_s + 1)
    await ask(office.as_(stranger), office.session.id, conversations[-1].chat)
