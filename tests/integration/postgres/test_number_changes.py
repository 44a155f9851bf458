"""A customer changes number: one person before and after, and the old number's next holder is somebody else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from whatsapp_hub.application.ports.storage.contacts import Moved, Sighting
from whatsapp_hub.domain.conversations.conversation import ConversationStatus
from whatsapp_hub.domain.messaging.contact import Contact, Identity, IdentityKind

from .conftest import NOW, World

OLD, NEW, THIRD = Identity.phone("5511912345678"), Identity.phone("5521911112222"), Identity.phone("5531922223333")
OLD_BSUID, NEW_BSUID, LID = Identity.bsuid("BR.1"), Identity.bsuid("BR.2"), Identity.lid("99887766")
CHANGED = NOW + timedelta(hours=1)
BEFORE, AFTER = CHANGED - timedelta(minutes=1), CHANGED + timedelta(minutes=1)


async def see(world: World, *names: Identity, at: datetime | None = None, name: str | None = None) -> Contact:
    async with world.uow() as uow:
        [(contact, _)], _ = await uow.contacts.find_or_create([Sighting(names, name, at=at)], NOW)
        await uow.commit()
    return contact


async def move(
    world: World, left: Sequence[Identity], taken: Sequence[Identity], at: datetime = CHANGED
) -> Moved | None:
    async with world.uow() as uow:
        moved = await uow.contacts.move(left, taken, at, NOW)
        await uow.commit()
    return moved


async def test_a_stranger_with_the_old_number_is_a_new_contact(world: World) -> None:
    ana = await see(world, OLD, at=BEFORE, name="Ana")
    moved = await move(world, [OLD], [NEW])
    assert moved is not None
    assert (moved.contact.id, moved.left) == (ana.id, (OLD,))
    assert (moved.contact.identities, moved.contact.phone_number) == ((NEW,), NEW.value)
    stranger = await see(world, OLD, at=AFTER)
    assert (stranger.id != ana.id, stranger.name) == (True, None)
    assert (await see(world, NEW, at=AFTER)).id == ana.id


async def test_who_wrote_from_the_new_number_first_is_the_same_person(world: World) -> None:
    ana = await see(world, OLD, at=BEFORE)
    other = await see(world, NEW, at=AFTER)
    moved = await move(world, [OLD], [NEW])
    assert moved is not None
    assert (moved.contact.id, other.id != ana.id) == (ana.id, True)
    assert (await see(world, NEW, at=AFTER)).id == ana.id
    assert (await see(world, OLD, at=AFTER)).id != ana.id


async def test_what_was_written_before_the_change_and_comes_late_is_the_customers(world: World) -> None:
    await move(world, [OLD], [NEW])
    stranger = await see(world, OLD, at=AFTER)
    late = await see(world, OLD, at=BEFORE)
    assert late.id == (await see(world, NEW)).id != stranger.id
    assert late.identities == (NEW,)


async def test_the_change_told_again_through_another_number_moves_nobody(world: World) -> None:
    ana = await see(world, OLD, at=BEFORE)
    await move(world, [OLD], [NEW])
    stranger = await see(world, OLD, at=AFTER, name="Stranger")
    for again in (CHANGED, CHANGED - timedelta(seconds=9), CHANGED + timedelta(hours=3)):
        moved = await move(world, [OLD], [NEW], again)
        assert moved is not None
        assert (moved.contact.id, moved.left) == (ana.id, ())
    assert (await see(world, OLD)).id == stranger.id
    assert (await see(world, OLD)).name == "Stranger"


async def test_a_change_and_the_way_back_told_late_again_leave_the_last_state(world: World) -> None:
    ana, later = await see(world, OLD, at=BEFORE), CHANGED + timedelta(days=1)
    await move(world, [OLD], [NEW])
    await move(world, [NEW], [OLD], later)
    await move(world, [OLD], [NEW], CHANGED + timedelta(seconds=5))
    assert (await see(world, OLD, at=later + timedelta(minutes=1))).id == ana.id
    assert (await see(world, NEW, at=later + timedelta(minutes=1))).id != ana.id
    await move(world, [OLD], [THIRD], later + timedelta(days=1))
    assert (await see(world, THIRD)).identities == (THIRD,)


@pytest.mark.parametrize("order", [*permutations(range(3))])
async def test_two_changes_in_any_order_lead_to_the_last_number(new_world: Any, order: tuple[int, ...]) -> None:
    world = await new_world()
    facts = (Seen((OLD,), BEFORE), Change((OLD,), (NEW,), CHANGED), Change((NEW,), (THIRD,), AFTER))
    await tell(world, [facts[n] for n in order])
    assert await people(world) == {frozenset({THIRD})}


async def test_a_new_bsuid_alone_says_that_the_number_is_no_longer_theirs(world: World) -> None:
    ana = await see(world, OLD, OLD_BSUID, LID, at=BEFORE)
    moved = await move(world, [OLD_BSUID], [NEW_BSUID])
    assert moved is not None
    assert (moved.contact.id, set(moved.contact.identities)) == (ana.id, {LID, NEW_BSUID})
    assert (await see(world, OLD, at=AFTER)).id != ana.id


async def test_another_phone_beside_a_lid_is_the_persons_new_number(world: World) -> None:
    """WhatsApp Web tells of no change of number; its LIDs stay."""
    ana = await see(world, OLD, LID, at=BEFORE)
    async with world.uow() as uow:
        [(contact, is_news)], [moved] = await uow.contacts.find_or_create(
            [Sighting((LID, NEW), None, at=AFTER, is_live=True)], NOW
        )
        await uow.commit()
    assert (contact.id, is_news, moved.left) == (ana.id, True, (OLD,))
    assert set((await see(world, LID)).identities) == {LID, NEW}
    assert (await see(world, OLD, LID, at=BEFORE)).phone_number == NEW.address
    assert (await see(world, OLD, at=AFTER + timedelta(days=90))).id != ana.id


async def test_a_number_is_spelled_as_whatsapp_writes_it(world: World) -> None:
    typed, written = Identity.phone("525512345678"), Identity.phone("5215512345678")
    contact = await see(world, typed)
    async with world.uow() as uow:
        _, [moved] = await uow.contacts.find_or_create([Sighting((written,), None, at=AFTER, is_live=True)], NOW)
        await uow.commit()
    assert (moved.contact.id, moved.left[0].address, moved.taken[0].address) == (
        contact.id,
        typed.address,
        written.address,
    )
    assert (await see(world, typed)).phone_number == written.address


async def test_what_is_no_live_message_says_nothing_of_a_new_number(world: World) -> None:
    await see(world, OLD, LID, at=AFTER)
    assert set((await see(world, LID, NEW, at=BEFORE)).identities) == {OLD, LID, NEW}


async def test_each_portfolio_tells_its_own_bsuid(world: World) -> None:
    theirs, renewed = Identity.bsuid("BR.theirs"), Identity.bsuid("BR.theirs2")
    ana = await see(world, OLD, OLD_BSUID, at=BEFORE)
    await see(world, OLD, theirs, at=BEFORE)
    await move(world, [OLD, OLD_BSUID], [NEW, NEW_BSUID])
    await move(world, [OLD, theirs], [NEW, renewed], CHANGED + timedelta(seconds=30))
    now = await see(world, NEW)
    assert (now.id, set(now.identities)) == (ana.id, {NEW, NEW_BSUID, renewed})


async def test_another_tenants_contact_of_that_number_stays(new_world: Any) -> None:
    ours, theirs = await new_world(), await new_world()
    await see(ours, OLD)
    other = await see(theirs, OLD)
    await move(ours, [OLD], [NEW])
    assert (await see(theirs, OLD)).id == other.id
    assert (await see(theirs, OLD)).identities == (OLD,)


async def test_with_a_round_on_both_numbers_one_goes_on(world: World) -> None:
    first = await world.conversation(OLD.value, customer_phone=OLD.value)
    second = await world.conversation(NEW.value, customer_phone=NEW.value)
    moved = await move(world, [OLD], [NEW])
    assert moved is not None
    async with world.uow() as uow:
        assert [c.id for c in await uow.conversations.live_of(moved.contact.id)] == [first.id]
        gone = await uow.conversations.get(second.id)
    assert (gone.status, gone.contact_id) == (ConversationStatus.ARCHIVED, moved.contact.id)


async def test_a_round_shows_the_phone_as_soon_as_it_is_known(world: World) -> None:
    lid = Identity.lid(str(NOW.microsecond) + "77")
    contact = await see(world, lid)
    conversations = [
        world.make_conversation(contact, session) for session in (world.session, await world.add_session())
    ]
    async with world.uow() as uow:
        await uow.conversations.add(conversations)
        await uow.commit()
    await see(world, lid, OLD)
    async with world.uow() as uow:
        assert [(await uow.conversations.get(c.id)).customer_phone for c in conversations] == [OLD.address] * 2


async def test_a_round_shows_the_phone_of_who_it_is_found_to_be(world: World) -> None:
    await world.conversation(OLD.value, await world.add_session(), customer_phone=OLD.value)
    contact = await see(world, LID)
    conversation = world.make_conversation(contact)
    async with world.uow() as uow:
        await uow.conversations.add([conversation])
        await uow.commit()
    await see(world, LID, OLD)
    async with world.uow() as uow:
        assert (await uow.conversations.get(conversation.id)).customer_phone == OLD.address


async def test_a_change_told_by_many_at_once_while_messages_come_moves_one_person_once(new_world: Any) -> None:
    for _ in range(5):
        world = await new_world()
        await see(world, OLD, at=BEFORE)
        async with asyncio.timeout(20):
            await asyncio.gather(
                *(move(world, [OLD], [NEW], CHANGED + timedelta(seconds=n)) for n in range(4)),
                *(see(world, NEW, at=AFTER) for _ in range(3)),
                *(see(world, OLD, at=BEFORE) for _ in range(3)),
            )
        assert await people(world) == {frozenset({NEW})}


@dataclass(frozen=True)
class Seen:
    """A message under these names."""

    names: tuple[Identity, ...]
    at: datetime


@dataclass(frozen=True)
class Change:
    left: tuple[Identity, ...]
    taken: tuple[Identity, ...]
    at: datetime


FACTS = (
    Seen((OLD,), BEFORE),
    Seen((OLD, LID), BEFORE + timedelta(seconds=20)),
    Seen((LID,), BEFORE),
    Seen((OLD, OLD_BSUID), BEFORE + timedelta(seconds=10)),
    Change((OLD, OLD_BSUID), (NEW, NEW_BSUID), CHANGED),
    Change((OLD, OLD_BSUID), (NEW, NEW_BSUID), CHANGED + timedelta(seconds=2)),
    Seen((NEW,), AFTER),
    Seen((NEW_BSUID,), AFTER),
    Seen((NEW, LID), AFTER + timedelta(hours=1)),
)


async def tell(world: World, facts: Sequence[Seen | Change]) -> None:
    for fact in facts:
        match fact:
            case Seen(names, at):
                await see(world, *names, at=at)
            case Change(left, taken, at):
                await move(world, left, taken, at)


async def people(world: World) -> set[frozenset[Identity]]:
    rows = await world.hub.owner.fetch(
        "SELECT contact_id, kind, value FROM pooled.contact_identities WHERE tenant_id = $1", world.tenant.id
    )
    of: dict[Any, set[Identity]] = {}
    for row in rows:
        of.setdefault(row["contact_id"], set()).add(Identity(IdentityKind(row["kind"]), row["value"]))
    return {frozenset(names) for names in of.values()}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(FACTS))
async def test_in_any_order_the_same_facts_give_the_same_person(new_world: Any, order: list[Seen | Change]) -> None:
    world = await new_world()
    await tell(world, order)
    assert await people(world) == {frozenset({NEW, NEW_BSUID, LID})}


STRANGER = (Change((OLD,), (NEW,), CHANGED), Seen((OLD,), BEFORE), Seen((NEW,), AFTER), Change((OLD,), (NEW,), CHANGED))


@pytest.mark.parametrize("order", [*permutations(STRANGER)])
async def test_a_stranger_who_comes_after_the_change_is_never_mixed_up(
    new_world: Any, order: tuple[Seen | Change, ...]
) -> None:
    """The change must have been told once before the stranger writes: until then nobody can know."""
    world = await new_world()
    first = order.index(STRANGER[0]) + 1
    await tell(world, order[:first])
    stranger = await see(world, OLD, at=AFTER + timedelta(days=90))
    await tell(world, order[first:])
    assert await people(world) == {frozenset({NEW}), frozenset({OLD})}
    assert (await see(world, OLD, at=AFTER + timedelta(days=91))).id == stranger.id
