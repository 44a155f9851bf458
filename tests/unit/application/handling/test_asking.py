"""One asks colleagues for a customer whom they have, and the holder hears of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contracts.storage.world import a_phone
from tests.unit.application.office import Office
from whatsapp_hub.application.handling.ask_for_conversation import AskForConversation
from whatsapp_hub.domain.conversations.conversation import ConversationStatus
from whatsapp_hub.domain.errors import Conflict, Forbidden, NotFound


async def test_a_note_and_a_notification_say_that_somebody_asks(office: Office) -> None:
    holder = await office.person(await office.department("Vendas"))
    stranger = await office.person(await office.department("Suporte"))
    conversation = await office.queued(await office.department("Caixa"))
    conversation.status, conversation.assigned_user_id = ConversationStatus.ASSIGNED, holder.id
    await office.done(lambda uow: uow.conversations.save([conversation]))
    ask, before = office.use(AskForConversation), await office.notified(holder)
    await ask(office.as_(stranger), office.session.id, conversation.chat)
    assert await office.notified(holder) == before + 1
    with pytest.raises(Conflict):
        await ask(office.as_(holder), office.session.id, conversation.chat)
    with pytest.raises(NotFound):
        await ask(office.as_(stranger), office.session.id, a_phone())
    with pytest.raises(Forbidden):
        await ask(replace(office.as_(stranger), user_id=None), office.session.id, conversation.chat)
