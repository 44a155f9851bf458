"""Customers who want no campaigns say so by a word, at WhatsApp, or to somebody of the company."""

from __future__ import annotations

import pytest

from tests.contracts.storage.world import a_phone
from tests.unit.application.office import LINE, Office
from whatsapp_hub.application.campaigns.opt_out import OptContactOut
from whatsapp_hub.application.ports.provider.events import Origin, PreferenceSeen
from whatsapp_hub.domain.campaigns.opt_out import OptOut
from whatsapp_hub.domain.conversations.conversation import ConversationStatus
from whatsapp_hub.domain.errors import Forbidden, NotFound
from whatsapp_hub.domain.ids import ContactId
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.sessions.session import Routing

DONE = "Pronto: você não receberá mais as nossas divulgações. Para voltar a receber, escreva VOLTAR."
AGAIN = "Pronto: você voltará a receber as nossas divulgações. Para sair, escreva SAIR."


async def card(office: Office, phone: str) -> OptOut | None:
    contact = await office.world.contact(phone)
    async with office.world.uow() as uow:
        return (await uow.contacts.get(contact.id)).card.opted_out


async def test_a_word_is_recorded_and_confirmed_once_and_is_no_work_for_anybody(office: Office) -> None:
    await office.department()
    phone = a_phone()
    conversation = await office.writes(phone, "Sair.")
    assert await office.sends() == [DONE]
    assert conversation.status is ConversationStatus.RESOLVED
    kept = await card(office, phone)
    assert kept
    assert (kept.reason.value, kept.detail, kept.at) == ("word", "sair", office.clock())
    await office.writes(phone, "SAIR")
    assert DONE not in await office.sends()


async def test_a_word_asks_for_them_again(office: Office) -> None:
    phone = a_phone()
    await office.writes(phone, "STOP")
    await office.writes(phone, "voltar")
    assert await office.sends() == [DONE, AGAIN]
    assert await card(office, phone) is None


async def test_who_never_left_and_writes_the_word_back_is_served_as_ever(office: Office) -> None:
    department = await office.department()
    phone = a_phone()
    conversation = await office.writes(phone, "voltar")
    assert conversation.is_live
    assert department.name in "".join(await office.sends())


async def test_a_live_conversation_goes_on(office: Office) -> None:
    phone = a_phone()
    await office.department()
    before = await office.writes(phone, "Oi")
    await office.sends()
    after = await office.writes(phone, "BAJA")
    assert (after.id, after.is_live) == (before.id, True)
    assert await office.sends() == [DONE]


async def test_a_gateway_s_customer_is_recorded_and_not_answered(office: Office) -> None:
    session = await office.world.add_session(LINE, settings={"phone": "1"}, routing=Routing.NONE)
    phone = a_phone()
    await office.writes(phone, "SAIR", session=session)
    assert await office.sends() == []
    assert await card(office, phone)


async def test_history_changes_nothing(office: Office) -> None:
    phone = a_phone()
    await office.writes(phone, "SAIR", origin=Origin.HISTORY)
    assert await card(office, phone) is None


async def test_whatsapp_s_own_switch_is_heeded_both_ways(office: Office) -> None:
    phone = a_phone()
    names = (Identity.phone(phone),)
    await office.sees(office.plugins[LINE].sees("account", PreferenceSeen(names, False, office.clock())))
    kept = await card(office, phone)
    assert kept
    assert kept.reason.value == "provider"
    await office.sees(office.plugins[LINE].sees("account", PreferenceSeen(names, True, office.clock())))
    assert await card(office, phone) is None


async def test_whatsapp_s_switch_does_not_undo_a_word(office: Office) -> None:
    phone = a_phone()
    await office.writes(phone, "SAIR")
    names = (Identity.phone(phone),)
    await office.sees(office.plugins[LINE].sees("account", PreferenceSeen(names, True, office.clock())))
    assert await card(office, phone)


async def test_a_person_records_and_undoes_it(office: Office) -> None:
    contact, opt = await office.world.contact(a_phone()), office.use(OptContactOut)
    for _ in range(2):
        assert (await opt(office.admin, contact.id, out=True)).card.opted_out
    assert (await opt(office.admin, contact.id, out=False)).card.opted_out is None
    assert office.told().count("contact.updated") == 2
    agent = office.as_(await office.person())
    with pytest.raises(Forbidden):
        await opt(agent, contact.id, out=True)
    with pytest.raises(NotFound):
        await opt(office.admin, ContactId(office.id), out=True)
