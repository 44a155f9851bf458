"""Contacts of a table are stored, all of them or none."""

from __future__ import annotations

import pytest

from tests.contracts.storage.world import a_phone
from tests.unit.application.office import Office
from whatsapp_hub.application.contacts.exchange_contacts import ExportContacts, ImportContacts, Imported
from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.reading.contacts import ContactFilter
from whatsapp_hub.application.reading.queries import Page
from whatsapp_hub.domain.errors import Forbidden, Invalid
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.messaging.contact import Contact


async def test_a_table_makes_contacts_and_adds_to_those_that_are_known(office: Office) -> None:
    phone = a_phone()
    known = await office.writes(phone, "Oi", name="Ana")
    take = office.use(ImportContacts)
    text = f"phone,name,labels,rota\n{phone},Ana Souza,vip,\n{a_phone()},,,7\n"
    assert await take(office.admin, text) == Imported(1, 1, 0)
    assert await take(office.admin, text) == Imported(0, 0, 2)
    contact = await office.done(lambda uow: uow.contacts.get(known.contact_id))
    assert (contact.shown_name, contact.card.labels, contact.card.fields) == ("Ana Souza", ("vip",), {})
    assert office.told().count("contact.updated") == 3


async def test_of_a_table_with_one_wrong_line_nothing_is_stored(office: Office) -> None:
    before, take = len(office.told()), office.use(ImportContacts)
    good, again = a_phone(), a_phone()
    for wrong, pointer in ((f"12,,\n{again},,\n{again},,", "/3/phone"), (f"{again},{'x' * 257},", "/3/name")):
        with pytest.raises(Invalid) as refused:
            await take(office.admin, f"phone,name,labels\n{good},Ana,\n{wrong}\n")
        assert refused.value.flaws[0].pointer == pointer
    assert len(office.told()) == before
    with pytest.raises(Forbidden):
        await take(office.as_(await office.person()), f"phone\n{good}\n")


class Book:
    """Two pages of one contact each."""

    def __init__(self, *contacts: Contact) -> None:
        self._contacts = contacts

    async def field_names(self, tenant_id: TenantId) -> list[str]:
        return ["rota"]

    async def page(self, tenant_id: TenantId, wanted: ContactFilter, limit: int, cursor: str | None) -> Page[Contact]:
        at = int(cursor or 0)
        return Page([self._contacts[at]], str(at + 1) if at + 1 < len(self._contacts) else None)

    async def one(self, tenant_id: TenantId, contact_id: object) -> Contact:
        raise NotImplementedError


async def written(office: Office, by: Caller) -> str:
    phones = "5511999990001", "5511999990002"
    book = Book(*[await office.world.contact(phone, "Ana") for phone in phones])
    return "".join([piece async for piece in await ExportContacts(book)(by, ContactFilter())])


async def test_all_pages_become_one_table(office: Office) -> None:
    lines = (await written(office, office.admin)).splitlines()
    assert lines == ["phone,name,labels,blocked,rota", "5511999990001,Ana,,,", "5511999990002,Ana,,,"]
    with pytest.raises(Forbidden):
        await written(office, office.as_(await office.person()))
