"""Which message an event is about: a customer's by contact and id, our own number's by id alone."""

from __future__ import annotations

from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.storage.world import a_phone
from tests.unit.application.office import LINE, Office, text
from whatsapp_hub.application.ports.provider.events import ChatKind, IdentitySeen, MessageSeen, ReceiptSeen
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.message import Direction, MessageStatus

ANA, BEA = 0, 1
Person = tuple[Identity, Identity]


def a_person() -> Person:
    return Identity.phone(a_phone()), Identity.lid(uuid4().hex)


async def says(office: Office, identities: tuple[Identity, ...], id: str, *, from_me: bool = False) -> None:
    """A message, as WhatsApp shows it in the chat with the first of these identities."""
    chat = identities[0].value
    seen = MessageSeen(id, chat, ChatKind.PERSON, identities, text("Oi"), office.clock(), from_me)
    await office.sees(office.plugins[LINE].sees(chat, seen))


SPELLINGS = {"phone": slice(0, 1), "lid": slice(1, 2), "both": slice(0, 2), "lid first": slice(None, None, -1)}
SAID = st.tuples(st.sampled_from([ANA, BEA]), st.sampled_from(sorted(SPELLINGS)), st.sampled_from("ABC"), st.booleans())


@settings(max_examples=60, deadline=None)
@given(st.lists(SAID, max_size=12))
async def test_each_customers_message_is_stored_once_in_whatever_spelling_it_comes(
    said: list[tuple[int, str, str, bool]],
) -> None:
    """Our own messages have ids that no other has; customers' ids may be the same."""
    office, people = await Office.opened(), (a_person(), a_person())
    expected = set()
    for person, spelling, letter, from_me in said:
        id = f"{person}{letter}" if from_me else letter
        expected.add((person, id, from_me))
        await says(office, people[person][SPELLINGS[spelling]], id, from_me=from_me)
    for person in people:
        await office.sees(office.plugins[LINE].sees("lids", IdentitySeen(person, office.clock())))
    ids = {id for _, id, _ in expected}
    async with office.world.uow() as uow:
        known = await uow.messages.known([(office.session.id, id) for id in ids])
        whose = {people[n][0].value: n for n in (ANA, BEA)}
        stored = [
            (whose[phone], m.whatsapp_message_id, m.direction is Direction.OUTBOUND)
            for m in known
            for phone in [(await uow.contacts.get(m.contact_id)).phone_number]
            if phone in whose
        ]
    assert sorted(stored) == sorted(expected)


async def test_a_receipt_finds_our_message_though_a_customer_used_its_id(office: Office) -> None:
    ana, bea = a_person(), a_person()
    await says(office, ana, "3EB0")
    await says(office, bea, "3EB0", from_me=True)
    await office.sees(office.plugins[LINE].sees("x", ReceiptSeen("3EB0", MessageStatus.READ, office.clock())))
    async with office.world.uow() as uow:
        known = await uow.messages.known([(office.session.id, "3EB0")])
    statuses = {m.direction: m.status for m in known}
    assert statuses == {Direction.INBOUND: MessageStatus.DELIVERED, Direction.OUTBOUND: MessageStatus.READ}


async def test_an_echo_of_our_own_send_is_found_in_a_chat_of_another_spelling(office: Office) -> None:
    phone, lid = a_person()
    await says(office, (phone,), "3EB0", from_me=True)
    await says(office, (lid,), "3EB0", from_me=True)
    async with office.world.uow() as uow:
        assert len(await uow.messages.known([(office.session.id, "3EB0")])) == 1
