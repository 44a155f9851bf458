"""One person is one contact, however many names and transactions they come under."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from whatsapp_hub.application.ports.storage.contacts import Sighting
from whatsapp_hub.domain.accounts.tenant import Placement
from whatsapp_hub.domain.conversations.conversation import ConversationStatus
from whatsapp_hub.domain.messaging.contact import Contact, Identity

from .conftest import NOW, World

PHONE, LID = Identity.phone("5511912345678"), Identity.lid("99887766")


async def meet(world: World, *names: Identity, name: str | None = None, hold_s: float = 0) -> tuple[Contact, bool]:
    async with world.uow() as uow:
        [met], _ = await uow.contacts.find_or_create([Sighting(names, name)], NOW)
        await asyncio.sleep(hold_s)
        await uow.commit()
    return met


async def test_a_known_contact_is_found_by_any_name_and_learns(world: World) -> None:
    first, new = await meet(world, PHONE, name="Ana")
    assert new
    again, new = await meet(world, PHONE, name="Ana")
    assert (again, new) == (first, False)
    taught, new = await meet(world, PHONE, LID, name="Ana Maria")
    assert (taught.id, new) == (first.id, True)
    by_lid, new = await meet(world, LID)
    assert (by_lid, new) == (taught, False)
    assert by_lid.name == "Ana Maria"


async def test_the_ninth_digit_makes_no_second_person(world: World) -> None:
    first, _ = await meet(world, Identity.phone("551187654321"))
    second, new = await meet(world, Identity.phone("5511987654321"))
    assert (second.id, new) == (first.id, False)
    assert second.phone_number == "551187654321"


async def test_two_transactions_meet_one_new_person_at_once(world: World) -> None:
    names = [(PHONE,), (PHONE, LID), (LID, PHONE), (PHONE,), (LID, PHONE)]
    met = await asyncio.gather(*(meet(world, *n, hold_s=0.05) for n in names))
    assert len({contact.id for contact, _ in met}) == 1
    rows = await world.hub.owner.fetchval("SELECT count(*) FROM pooled.contacts WHERE tenant_id = $1", world.tenant.id)
    assert rows == 1
    final, _ = await meet(world, PHONE)
    assert set(final.identities) == {PHONE, LID}


async def test_phone_and_lid_met_apart_are_merged_when_known_to_be_one(world: World) -> None:
    by_phone, by_lid = (await meet(world, PHONE))[0], (await meet(world, LID))[0]
    assert by_phone.id != by_lid.id
    rounds = {}
    for contact in (by_phone, by_lid):
        async with world.uow() as uow:
            rounds[contact.id] = c = world.make_conversation(contact)
            await uow.conversations.add([c])
            await uow.messages.add([world.make_message(c, f"of {contact.id}")])
            await uow.commit()
    merged = await asyncio.gather(meet(world, PHONE, LID), meet(world, LID, PHONE), meet(world, LID))
    assert merged[0][0].id == merged[1][0].id
    assert (await meet(world, LID))[0].id == merged[0][0].id, "the third may have come before the merge"
    kept = merged[0][0]
    assert kept.id in (by_phone.id, by_lid.id)
    assert set(kept.identities) == {PHONE, LID}
    other = by_lid if kept.id == by_phone.id else by_phone
    async with world.uow() as uow:
        moved = await uow.conversations.get(rounds[other.id].id)
        assert (moved.contact_id, moved.status) == (kept.id, ConversationStatus.ARCHIVED)
        assert (await uow.conversations.get(rounds[kept.id].id)).is_live


async def test_sightings_of_one_batch_that_share_a_name_are_one(world: World) -> None:
    other = Identity.phone("4915112345678")
    async with world.uow() as uow:
        met, _ = await uow.contacts.find_or_create(
            [Sighting((PHONE,), "A"), Sighting((other,), "B"), Sighting((LID,), None), Sighting((LID, PHONE), "A2")],
            NOW + timedelta(seconds=1),
        )
        await uow.commit()
    a, b, c, d = (contact for contact, _ in met)
    assert a is c is d
    assert a is not b
    assert (await meet(world, LID))[0] == a


async def test_a_very_long_name_is_cut_when_it_is_first_seen(world: World) -> None:
    await meet(world, PHONE, name="a" * 5_000)
    assert (await meet(world, PHONE))[0].name == "a" * 256


async def test_people_are_met_though_their_schema_is_not_migrated_yet(new_world: Callable[..., Any]) -> None:
    """hub.meet is replaced before the tenants' tables are made, which takes as long as their indexes do: what customers
    write meanwhile, to processes of the version before, must not fail."""
    world = await new_world(Placement.DEDICATED)
    await world.hub.owner.execute(f"DROP TABLE {world.tenant.schema}.left_identities")
    first = await world.conversation("49301234567")
    async with world.uow() as uow:
        [(contact, _)], _ = await uow.contacts.find_or_create([Sighting((Identity.phone("49301234567"),), "Ana")], NOW)
    assert contact.id == first.contact_id
