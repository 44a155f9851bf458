"""Contacts: one person, whatever identity shows them; merges, and changes of number."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.contracts.storage.world import NOW, World, a_phone, new_id, seen, told_since
from whatsapp_hub.application.ports.storage.contacts import Sighting
from whatsapp_hub.application.ports.storage.unit_of_work import UnitOfWork
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus
from whatsapp_hub.domain.errors import Conflict, Invalid, NotFound
from whatsapp_hub.domain.ids import ContactId, UserId
from whatsapp_hub.domain.messaging.contact import Card, Contact, Identity
from whatsapp_hub.domain.messaging.message import MessageStatus

LATER = NOW + timedelta(hours=1)


class ContactContract:
    async def test_a_person_is_created_once_and_found_by_any_identity(self, world: World) -> None:
        phone, lid = a_phone(), Identity.lid(a_phone())
        async with world.uow() as uow:
            [(created, is_new)], _ = await uow.contacts.find_or_create([seen(phone, lid, name="Ana")], NOW)
            assert is_new
            await uow.commit()
        async with world.uow() as uow:
            [(by_phone, new_1), (by_lid, new_2)], _ = await uow.contacts.find_or_create(
                [seen(phone), Sighting((lid,), None)], LATER
            )
            assert (new_1, new_2) == (False, False)
            assert by_phone is by_lid
            assert by_phone == created
            assert await uow.contacts.get(created.id) == created
            assert await uow.contacts.known(lid) == lid
            with pytest.raises(NotFound):
                await uow.contacts.get(ContactId(new_id()))

    async def test_what_a_later_message_shows_is_learned(self, world: World) -> None:
        phone, lid = a_phone(), Identity.lid(a_phone())
        contact = await world.contact(phone, "Ana")
        async with world.uow() as uow:
            [(found, is_new)], _ = await uow.contacts.find_or_create([seen(phone, lid, name="Ana Maria")], LATER)
            assert (found.id, found.name, is_new) == (contact.id, "Ana Maria", True)
            await uow.commit()
        async with world.uow() as uow:
            assert lid in (await uow.contacts.get(contact.id)).identities

    async def test_the_latest_username_is_kept_beside_what_the_company_keeps(self, world: World) -> None:
        bsuid = Identity.bsuid(f"BR.{a_phone()}")
        async with world.uow() as uow:
            shown = Sighting((bsuid,), "Ana", username="ana.lima")
            [(ana, _), *_], _ = await uow.contacts.find_or_create([shown, Sighting((bsuid,), "Ana")], NOW)
            assert ana.username == "ana.lima"
            await uow.commit()
        async with world.uow() as uow:
            ana = await uow.contacts.get(ana.id)
            assert ana.username == "ana.lima"
            ana.keep(ana.card.labelled(["vip"]), NOW)
            await uow.contacts.save([ana])
            await uow.commit()
        async with world.uow() as uow:
            [(found, is_new)], _ = await uow.contacts.find_or_create(
                [Sighting((bsuid,), None, username="ana.silva")], LATER
            )
            assert (found.username, found.card.labels, is_new) == ("ana.silva", ("vip",), True)
            await uow.commit()
        other = await world.contact(a_phone())
        merged = await world.done(lambda uow: uow.contacts.merge(other.id, ana.id, LATER))
        assert merged.username == "ana.silva"
        kept = await world.done(lambda uow: uow.contacts.get(other.id))
        assert (kept.username, kept.card.labels) == ("ana.silva", ("vip",))

    async def test_a_group_is_a_contact_of_its_own(self, world: World) -> None:
        jid = Identity.chat("123-456@g.us")
        async with world.uow() as uow:
            [(group, _), (person, _)], _ = await uow.contacts.find_or_create(
                [Sighting((jid,), "Family", is_group=True), seen(a_phone())], NOW
            )
            assert await uow.contacts.is_group(group.id)
            assert not await uow.contacts.is_group(person.id)

    async def test_the_same_new_person_met_twice_at_once_is_one_contact(self, world: World) -> None:
        phone = a_phone()
        met = await asyncio.gather(*(world.contact(phone) for _ in range(4)))
        assert len({contact.id for contact in met}) == 1

    async def test_two_that_turn_out_to_be_one_are_merged_into_the_older(self, world: World) -> None:
        phone, lid = a_phone(), Identity.lid(a_phone())
        older = await world.contact(phone)
        async with world.uow() as uow:
            [(newer, _)], _ = await uow.contacts.find_or_create([Sighting((lid,), "Ana")], LATER)
            theirs = world.make_conversation(newer, created_at=LATER)
            await uow.conversations.add([theirs])
            await uow.messages.add([world.make_message(theirs)])
            await uow.commit()
        before = await world.hub.log.head()
        async with world.uow() as uow:
            [(kept, is_new)], _ = await uow.contacts.find_or_create([seen(phone, lid)], LATER)
            assert (kept.id, kept.name, is_new) == (older.id, "Ana", True)
            await uow.commit()
        moves_and_gets_its_phone = ["conversation.updated"] * 2
        assert await told_since(world, before) == ["contact.merged", *moves_and_gets_its_phone]
        async with world.uow() as uow:
            assert (await uow.conversations.peek(theirs.id)).contact_id == older.id
            assert [c.id for c in await uow.conversations.live_of(older.id)] == [theirs.id]
            with pytest.raises(NotFound):
                await uow.contacts.get(newer.id)

    async def test_of_two_live_rounds_of_one_person_one_goes_on_with_the_messages_of_both(self, world: World) -> None:
        phone, lid = a_phone(), Identity.lid(a_phone())
        ours = await world.conversation(phone)
        async with world.uow() as uow:
            [(newer, _)], _ = await uow.contacts.find_or_create([Sighting((lid,), None)], LATER)
            theirs = world.make_conversation(newer, unread_count=2)
            await uow.conversations.add([theirs])
            message = world.make_message(theirs)
            await uow.messages.add([message])
            await uow.commit()
        before = await world.hub.log.head()
        async with world.uow() as uow:
            await uow.contacts.find_or_create([seen(phone, lid)], LATER)
            await uow.commit()
        told = await told_since(world, before)
        assert told == ["contact.merged", "conversation.archived", "conversation.updated", "conversation.updated"]
        async with world.uow() as uow:
            assert (await uow.conversations.peek(theirs.id)).status is ConversationStatus.ARCHIVED
            kept = await uow.conversations.peek(ours.id)
            assert (kept.status, kept.unread_count) == (ConversationStatus.OPEN, 2)
            assert (await uow.messages.get(message.id)).conversation_id == ours.id

    @pytest.mark.parametrize("is_live", [True, False])
    async def test_a_message_that_came_in_both_spellings_of_a_chat_is_one(self, world: World, is_live: bool) -> None:
        phone, lid = a_phone(), Identity.lid(a_phone())
        ours = await world.conversation(
            phone, status=ConversationStatus.OPEN if is_live else ConversationStatus.RESOLVED
        )
        async with world.uow() as uow:
            [(newer, _)], _ = await uow.contacts.find_or_create([Sighting((lid,), None)], LATER)
            theirs = world.make_conversation(newer)
            await uow.conversations.add([theirs])
            await uow.commit()
        for conversation in (ours, theirs):
            await world.inbound(conversation, whatsapp_message_id="3EB0")
        echo, typed = {"whatsapp_message_id": "3EB1", "status": MessageStatus.SENT}, {"sender_id": UserId(new_id())}
        await world.add_message(ours, **echo)
        sent = await world.add_message(theirs, **echo | typed)
        await world.done(lambda uow: uow.contacts.find_or_create([seen(phone, lid)], LATER))
        async with world.uow() as uow:
            [received] = await uow.messages.known([(world.session.id, "3EB0")])
            [kept] = await uow.messages.known([(world.session.id, "3EB1")])
        assert (kept.id, kept.sender_id) == (sent.id, sent.sender_id)
        assert {received.contact_id, kept.contact_id} == {ours.contact_id}

    async def test_a_phone_that_becomes_known_is_shown_in_the_conversations(self, world: World) -> None:
        phone, lid = a_phone(), Identity.lid(a_phone())
        async with world.uow() as uow:
            [(contact, _)], _ = await uow.contacts.find_or_create([Sighting((lid,), None)], NOW)
            conversation = world.make_conversation(contact)
            await uow.conversations.add([conversation])
            await uow.commit()
        await world.done(lambda uow: uow.contacts.find_or_create([seen(phone, lid)], LATER))
        async with world.uow() as uow:
            assert (await uow.conversations.peek(conversation.id)).customer_phone == phone

    async def test_a_number_that_changed_is_the_same_contact(self, world: World) -> None:
        old, new = Identity.phone(a_phone()), Identity.phone(a_phone())
        contact = await world.contact(old.address)
        async with world.uow() as uow:
            moved = await uow.contacts.move([old], [new], NOW, LATER)
            assert moved is not None
            assert (moved.contact.id, moved.left, moved.taken) == (contact.id, (old,), (new,))
            again = await uow.contacts.move([old], [new], NOW, LATER)
            assert again is not None
            assert again.left == ()
            assert await uow.contacts.move([], [new], NOW, LATER) is None
            await uow.commit()
        async with world.uow() as uow:
            assert (await uow.contacts.get(contact.id)).identities == (new,)

    async def test_a_number_that_was_left_is_another_persons_from_then_on(self, world: World) -> None:
        old, new = Identity.phone(a_phone()), Identity.phone(a_phone())
        contact = await world.contact(old.address)
        await world.done(lambda uow: uow.contacts.move([old], [new], NOW, LATER))
        before, after = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
        async with world.uow() as uow:
            [(first, _)], _ = await uow.contacts.find_or_create([Sighting((old,), None, at=before)], LATER)
            [(second, is_new)], _ = await uow.contacts.find_or_create([Sighting((old,), None, at=after)], LATER)
            assert first.id == contact.id
            assert second.id != contact.id
            assert is_new

    async def test_a_live_sighting_beside_the_same_lid_changes_the_number(self, world: World) -> None:
        old, new, lid = Identity.phone(a_phone()), Identity.phone(a_phone()), Identity.lid(a_phone())
        await world.done(lambda uow: uow.contacts.find_or_create([seen(old.address, lid)], NOW))
        async with world.uow() as uow:
            now = seen(new.address, lid, at=LATER, is_live=True)
            [(contact, _)], [moved] = await uow.contacts.find_or_create([now], LATER)
            assert set(contact.identities) == {lid, new}
            assert (moved.contact, moved.left) == (contact, (old,))

    async def test_what_the_company_keeps_comes_back_with_every_way_to_find_the_contact(self, world: World) -> None:
        phone = a_phone()
        contact = await world.contact(phone, "Ana")
        card = Card("Ana Souza", ("vip",), {"cpf": "1"}, NOW)
        async with world.uow() as uow:
            locked = await uow.contacts.get(contact.id)
            assert locked.keep(card, NOW)
            await uow.contacts.save([locked])
            await uow.commit()
        async with world.uow() as uow:
            [(found, _)], _ = await uow.contacts.find_or_create([seen(phone, name="Aninha")], LATER)
            assert (found.card, found.name, found.shown_name) == (card, "Aninha", "Ana Souza")
            assert (await uow.contacts.get(contact.id)).card == card
            locked = await uow.contacts.get(contact.id)
            locked.keep(Card(), LATER)
            await uow.contacts.save([locked])
            await uow.commit()
        async with world.uow() as uow:
            assert (await uow.contacts.get(contact.id)).card == Card()

    async def test_a_person_merges_two_and_what_is_kept_of_both_stays(self, world: World) -> None:
        newer, older = await world.contact(a_phone(), "Bia"), await world.contact(a_phone(), "Ana")
        theirs = await world.done(lambda uow: self._round(world, uow, older))
        async with world.uow() as uow:
            for contact, card in ((newer, Card(labels=("a",))), (older, Card("Ana S.", ("b",), {}, NOW))):
                locked = await uow.contacts.get(contact.id)
                locked.keep(card, NOW)
                await uow.contacts.save([locked])
            await uow.commit()
        before = await world.hub.log.head()
        kept = await world.done(lambda uow: uow.contacts.merge(newer.id, older.id, LATER))
        assert (kept.id, kept.name, kept.card) == (newer.id, "Bia", Card("Ana S.", ("a", "b"), {}, NOW))
        assert (await told_since(world, before))[0] == "contact.merged"
        async with world.uow() as uow:
            assert await uow.contacts.get(newer.id) == kept
            assert (await uow.conversations.peek(theirs.id)).contact_id == newer.id
            with pytest.raises(NotFound):
                await uow.contacts.get(older.id)
            with pytest.raises(Conflict):
                await uow.contacts.merge(newer.id, newer.id, LATER)

    async def test_a_split_takes_the_rounds_of_its_chats_and_leaves_the_others(self, world: World) -> None:
        ana, bia = await world.contact(a_phone(), "Ana"), await world.contact(a_phone(), "Bia")
        of_bia = await world.done(lambda uow: self._round(world, uow, bia))
        await world.done(lambda uow: uow.contacts.merge(ana.id, bia.id, NOW))
        before = await world.hub.log.head()
        other = await world.done(lambda uow: uow.contacts.split(ana.id, bia.identities, LATER))
        assert other.identities == bia.identities
        assert other.id not in (ana.id, bia.id)
        told = await told_since(world, before)
        assert told.count("contact.updated") == 2
        async with world.uow() as uow:
            assert (await uow.contacts.get(ana.id)).identities == ana.identities
            assert await uow.contacts.get(other.id) == other
            assert [c.id for c in await uow.conversations.live_of(other.id)] == [of_bia.id]
            [message] = await uow.messages.known([(world.session.id, str(of_bia.id))])
            assert message.contact_id == other.id
            with pytest.raises(Conflict):
                await uow.contacts.split(ana.id, ana.identities, LATER)
            with pytest.raises(Invalid):
                await uow.contacts.split(ana.id, bia.identities, LATER)

    @staticmethod
    async def _round(world: World, uow: UnitOfWork, contact: Contact) -> Conversation:
        conversation = world.make_conversation(contact, chat=contact.phone_number)
        await uow.conversations.add([conversation])
        await uow.messages.add([world.make_message(conversation, whatsapp_message_id=str(conversation.id))])
        return conversation
