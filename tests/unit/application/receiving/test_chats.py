"""What is shown of a chat besides its messages: who types in it, what it is called, whose number it is."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.contracts.storage.world import a_phone
from tests.unit.application.office import LINE, Office
from whatsapp_hub.application.handling.classify_conversation import RenameCustomer
from whatsapp_hub.application.ports.provider.events import ChatKind, ChatNamed, IdentitySeen, ProviderEvent, TypingSeen
from whatsapp_hub.application.receiving.receive_events import TYPING_LASTS, ReceiveEvents
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.ids import ConversationId
from whatsapp_hub.domain.messaging.contact import Identity


class Shown:
    """Agents' sockets."""

    def __init__(self) -> None:
        self.signs: list[tuple[ConversationId, bool]] = []

    def __call__(self, conversation_id: ConversationId, *, is_typing: bool) -> None:
        self.signs.append((conversation_id, is_typing))


async def sees(office: Office, *events: ProviderEvent, shown: Shown | None = None) -> None:
    update = office.plugins[LINE].sees("chat", *events)
    await office.world.update(update.body.decode(), update.chat, office.session)
    while await office.use(ReceiveEvents, show_agents=shown)(office.id):
        pass


async def test_agents_see_that_a_customer_types_and_that_they_stopped(office: Office) -> None:
    phone, shown = a_phone(), Shown()
    conversation = await office.writes(phone, "Oi")
    for is_typing in (True, False):
        await sees(office, TypingSeen((Identity.phone(phone),), is_typing, office.clock()), shown=shown)
    assert shown.signs == [(conversation.id, True), (conversation.id, False)]


async def test_an_old_sign_and_a_strangers_are_not_shown_and_make_nothing(office: Office) -> None:
    phone, shown = a_phone(), Shown()
    await office.writes(phone, "Oi")
    old = TypingSeen((Identity.phone(phone),), True, office.clock() - TYPING_LASTS * 2)
    stranger = Identity.phone(a_phone())
    await sees(office, old, TypingSeen((stranger,), True, office.clock()), shown=shown)
    assert shown.signs == []
    async with office.world.uow() as uow:
        assert await uow.contacts.known(stranger) is None


async def group(office: Office) -> tuple[Identity, Conversation]:
    chat = f"{uuid4().int % 10**18}@g.us"
    identity = Identity.chat(chat)
    await office.sees(office.says(chat, "Oi", kind=ChatKind.GROUP, chat_names=(identity,), name="Ana"))
    async with office.world.uow() as uow:
        found = await uow.conversations.live_with(office.session.id, [identity])
        assert found
        return identity, await uow.conversations.peek(found)


async def test_a_groups_name_is_shown_in_its_conversation_and_follows_its_subject(office: Office) -> None:
    identity, conversation = await group(office)
    assert conversation.customer_name is None
    for name in ("Condomínio", "Condomínio Sol"):
        await sees(office, ChatNamed((identity,), name, office.clock()))
        found = await office.get(conversation)
        assert (found.customer_name, found.profile_name) == (name, name)
    assert office.told(conversation).count("conversation.updated") == 2


async def test_a_name_that_an_agent_gave_a_group_stays(office: Office) -> None:
    identity, conversation = await group(office)
    await office.use(RenameCustomer)(office.admin, conversation.id, "Vizinhos")
    await sees(office, ChatNamed((identity,), "Condomínio", office.clock()))
    found = await office.get(conversation)
    assert (found.customer_name, found.profile_name) == ("Vizinhos", "Condomínio")


async def test_the_next_round_of_a_group_has_its_name(office: Office) -> None:
    identity = Identity.chat("1@g.us")
    await sees(office, ChatNamed((identity,), "Condomínio", office.clock()))
    await office.sees(office.says("1@g.us", "Oi", kind=ChatKind.GROUP, chat_names=(identity,), name="Ana"))
    async with office.world.uow() as uow:
        found = await uow.conversations.live_with(office.session.id, [identity])
        assert found
        assert (await uow.conversations.peek(found)).customer_name == "Condomínio"


PHONE, LID = Identity.phone("5511987650101"), Identity.lid("84500000000001")


@pytest.mark.parametrize("way", ["beside the LID", "by phone", "from us", "mapped", "of another contact"])
async def test_a_phone_that_is_learnt_later_reaches_the_conversation(office: Office, way: str) -> None:
    chat = f"{LID.value}@lid"
    if way == "of another contact":
        await office.sees(office.says(PHONE.value, "Oi", chat_names=(PHONE,)))
    await office.sees(office.says(chat, "Oi", chat_names=(LID,)))
    async with office.world.uow() as uow:
        found = await uow.conversations.live_with(office.session.id, [LID])
        assert found
        assert (await uow.conversations.peek(found)).customer_phone is None
    match way:
        case "beside the LID" | "of another contact":
            await office.sees(office.says(chat, "E aí?", chat_names=(LID, PHONE)))
        case "by phone":
            await office.sees(office.says(PHONE.value, "E aí?", chat_names=(PHONE, LID)))
        case "from us":
            await office.sees(office.says(chat, "Bom dia", chat_names=(LID, PHONE), from_me=True))
        case "mapped":
            await sees(office, IdentitySeen((PHONE, LID), office.clock()))
    async with office.world.uow() as uow:
        found = await uow.conversations.live_with(office.session.id, [LID])
        assert found
        assert (await uow.conversations.peek(found)).customer_phone == PHONE.address
