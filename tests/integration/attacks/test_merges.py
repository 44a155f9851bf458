"""One person under two names, with a live round under each."""

import pytest

from tests.integration.conftest import HAPPENED
from tests.integration.postgres.conftest import NOW, World, new_id
from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.ports.storage.contacts import Sighting
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus
from whatsapp_hub.domain.messaging.contact import Contact, Identity

PHONE, LID = Identity.phone("5511912345678"), Identity.lid("99887766")


async def a_round(world: World, name: Identity, *, assigned: bool) -> Conversation:
    user = await world.add_user() if assigned else None
    async with world.uow() as uow:
        [(contact, _)], _ = await uow.contacts.find_or_create([Sighting((name,), None)], NOW)
        conversation = world.make_conversation(contact)
        if user:
            conversation.assign(user.id, None, NOW, "a test")
        await uow.conversations.add([conversation])
        await uow.commit()
    return conversation


async def meet_both(world: World) -> Contact:
    async with world.uow() as uow:
        changes = Changes(uow, new_id, NOW)
        [(contact, _)], _ = await uow.contacts.find_or_create([Sighting((PHONE, LID), None)], NOW)
        latest = await uow.conversations.latest([(world.session.id, contact.id)])
        assert latest[world.session.id, contact.id].is_live
        await changes.write()
        await uow.commit()
    return contact


@pytest.mark.parametrize(
    ("older", "newer", "stays"),
    [(False, True, "newer"), (True, False, "older"), (True, True, "older"), (False, False, "older")],
)
async def test_the_round_that_is_somebodys_outlives_a_menu(world: World, older: bool, newer: bool, stays: str) -> None:
    rounds = {
        "older": await a_round(world, PHONE, assigned=older),
        "newer": await a_round(world, LID, assigned=newer),
    }
    contact = await meet_both(world)
    for name, before in rounds.items():
        async with world.uow() as uow:
            now = await uow.conversations.get(before.id)
        assert now.contact_id == contact.id
        assert now.status is (before.status if name == stays else ConversationStatus.ARCHIVED)
        open_records = await world.hub.owner.fetchval(
            "SELECT count(*) FROM pooled.assignments WHERE conversation_id = $1 AND unassigned_at IS NULL", before.id
        )
        assert open_records == (now.status is ConversationStatus.ASSIGNED)


async def test_a_merge_is_told(world: World) -> None:
    kept = await a_round(world, PHONE, assigned=False)
    archived = await a_round(world, LID, assigned=False)
    contact = await meet_both(world)
    rows = await world.hub.owner.fetch(
        "SELECT type, conversation_id, convert_from(body, 'UTF8')::jsonb #>> '{contact,id}' AS contact"
        f" FROM {HAPPENED} WHERE tenant_id = $1 ORDER BY n",
        world.tenant.id,
    )
    assert [tuple(row) for row in rows] == [
        ("contact.merged", None, str(contact.id)),
        ("conversation.archived", archived.id, None),
        ("conversation.updated", kept.id, None),  # it has a phone now, as WhatsApp showed it
    ]
