"""What a company does with a contact: it names, labels, blocks, merges and splits it."""

from __future__ import annotations

import pytest

from tests.contracts.storage.world import a_phone
from tests.unit.application.office import Office
from whatsapp_hub.application.contacts.edit_contact import BlockContact, ContactChanges, EditContact
from whatsapp_hub.application.contacts.join_contacts import MergeContacts, SplitContact
from whatsapp_hub.domain.errors import Forbidden, Invalid
from whatsapp_hub.domain.messaging.contact import MOST_FIELDS, Identity


async def test_a_given_name_is_shown_in_the_live_conversation_and_in_later_ones(office: Office) -> None:
    phone = a_phone()
    conversation = await office.writes(phone, "Oi", name="aninha")
    edit = office.use(EditContact)
    contact = await edit(office.admin, conversation.contact_id, ContactChanges("Ana Souza"))
    assert (contact.name, contact.shown_name) == ("aninha", "Ana Souza")
    assert (await office.get(conversation)).customer_name == "Ana Souza"
    await office.writes(phone, "Oi de novo", name="aninha 2")
    assert (await office.get(conversation)).customer_name == "Ana Souza"
    assert (await edit(office.admin, conversation.contact_id, ContactChanges(None))).shown_name == "aninha 2"


async def test_a_change_of_one_label_or_field_leaves_the_others(office: Office) -> None:
    contact_id = (await office.writes(a_phone(), "Oi")).contact_id
    edit = office.use(EditContact)
    first = ContactChanges(labels=["VIP", "atacado"], fields={"cpf": "1", "cidade": "Recife"})
    await edit(office.admin, contact_id, first)
    kept = await edit(office.admin, contact_id, ContactChanges(add=["novo"], remove=["vip"], fields={"cpf": None}))
    assert (kept.card.labels, kept.card.fields) == (("atacado", "novo"), {"cidade": "Recife"})
    with pytest.raises(Invalid):
        await edit(office.admin, contact_id, ContactChanges(fields={str(n): "x" for n in range(MOST_FIELDS)}))
    with pytest.raises(Forbidden):
        await edit(office.as_(await office.person()), contact_id, ContactChanges("X"))


async def test_what_a_blocked_contact_writes_is_declined_until_it_is_unblocked(office: Office) -> None:
    phone = a_phone()
    conversation = await office.writes(phone, "Oi")
    block = office.use(BlockContact)
    await block(office.admin, conversation.contact_id, blocked=True)
    office.clock.pass_(seconds=2)
    before = len(office.told())
    await office.sees(office.says(phone, "Comprem!", at=office.clock()))
    assert len(office.told()) == before
    await block(office.admin, conversation.contact_id, blocked=False)
    office.clock.pass_(seconds=2)
    await office.sees(office.says(phone, "Desculpe", at=office.clock()))
    assert office.told()[before:][:2] == ["contact.updated", "message.received"]


async def test_two_contacts_of_one_person_are_merged_and_split_again(office: Office) -> None:
    one, two = await office.writes(a_phone(), "Oi"), await office.writes(phone := a_phone(), "Olá")
    kept = await office.use(MergeContacts)(office.admin, one.contact_id, two.contact_id)
    assert (kept.id, len(kept.identities)) == (one.contact_id, 2)
    other = await office.use(SplitContact)(office.admin, one.contact_id, [Identity.phone(phone)])
    assert other.identities == (Identity.phone(phone),)
