"""Colleagues note, mention one another, and change or delete what they themselves wrote."""

from __future__ import annotations

import pytest

from tests.unit.application.office import Office
from whatsapp_hub.adapters.memory.engine.ids import new_id
from whatsapp_hub.application.handling.notes import AddNote, ChangeNote, DeleteNote
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.conversations.note import MOST_MENTIONS
from whatsapp_hub.domain.errors import Conflict, Invalid, NotFound
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import UserId


async def test_a_note_is_for_those_who_see_the_conversation(office: Office) -> None:
    sales, other = await office.department("Vendas"), await office.department("Suporte")
    ana, stranger = await office.person(sales), await office.person(other)
    conversation = await office.queued(sales)
    note = await office.use(AddNote)(office.as_(ana), conversation.id, "call back")
    assert (note.user_id, note.content) == (ana.id, "call back")
    for refused in (
        office.use(AddNote)(office.as_(stranger), conversation.id, "hello"),
        office.use(ChangeNote)(office.as_(stranger), conversation.id, note.id, "hello"),
        office.use(DeleteNote)(office.as_(stranger), conversation.id, note.id),
    ):
        with pytest.raises(NotFound):
            await refused
    with pytest.raises(Invalid):
        await office.use(AddNote)(office.as_(ana), conversation.id, "  ")


async def test_who_is_mentioned_is_notified_once_and_nobody_else(office: Office) -> None:
    sales = await office.department()
    ana, bia = await office.person(sales), await office.person(sales)
    boss = await office.person(role=Role.ADMIN)
    conversation = await office.queued(sales)
    for one in (ana, bia, boss):
        await office.notified(one)
    mentioned = [bia.id, boss.id, bia.id, ana.id]
    note = await office.use(AddNote)(office.as_(ana), conversation.id, "@Bia @Boss @Ana look", mentioned)
    assert note.mentions == (bia.id, boss.id, ana.id)
    assert [await office.notified(one) for one in (ana, bia, boss)] == [0, 1, 1]
    [to_bia, _] = office.storage.events(office.id)[-2:]
    assert (to_bia.type, to_bia.detail["kind"]) == (EventType.NOTIFICATION_CREATED, "note.mentioned")
    assert (to_bia.detail["user_id"], to_bia.detail["note_id"]) == (str(bia.id), note.id)


async def test_who_does_not_see_the_conversation_cannot_be_mentioned(office: Office) -> None:
    sales, other = await office.department("Vendas"), await office.department("Suporte")
    ana, stranger, gone = await office.person(sales), await office.person(other), await office.person(sales)
    gone.is_active = False
    await office.done(lambda uow: uow.users.save([gone]))
    conversation, add = await office.queued(sales), office.use(AddNote)
    for mentioned in (stranger.id, gone.id, UserId(office.id)):
        with pytest.raises(Invalid) as refused:
            await add(office.as_(ana), conversation.id, "look", [ana.id, mentioned])
        assert refused.value.flaws[0].pointer == "/mentions/1"
    with pytest.raises(Invalid):
        await add(office.as_(ana), conversation.id, "look", [UserId(new_id()) for _ in range(MOST_MENTIONS + 1)])
    assert "note.added" not in office.told(conversation)
    assert await office.notified(stranger) == 0


async def test_an_author_changes_a_note_and_notifies_whom_it_mentions_only_now(office: Office) -> None:
    sales = await office.department()
    ana, bia, caio = await office.person(sales), await office.person(sales), await office.person(sales)
    conversation, change = await office.queued(sales), office.use(ChangeNote)
    note = await office.use(AddNote)(office.as_(ana), conversation.id, "@Bia look", [bia.id])
    for one in (bia, caio):
        await office.notified(one)
    changed = await change(office.as_(ana), conversation.id, note.id, "@Bia @Caio look", [bia.id, caio.id])
    assert (changed.content, changed.mentions) == ("@Bia @Caio look", (bia.id, caio.id))
    assert (changed.created_at, changed.edited_at) == (note.created_at, office.clock())
    assert [await office.notified(one) for one in (bia, caio)] == [0, 1]
    same = await change(office.as_(ana), conversation.id, note.id, None)
    assert same == changed
    assert office.told(conversation).count("note.edited") == 1
    with pytest.raises(Invalid):
        await change(office.as_(ana), conversation.id, note.id, " ")


async def test_a_note_is_its_authors_alone(office: Office) -> None:
    sales = await office.department()
    ana, bia = await office.person(sales), await office.person(sales)
    conversation, elsewhere = await office.queued(sales), await office.queued(sales)
    note = await office.use(AddNote)(office.as_(ana), conversation.id, "call back")
    change, delete = office.use(ChangeNote), office.use(DeleteNote)
    for other in (office.as_(bia), office.admin):
        with pytest.raises(Conflict):
            await change(other, conversation.id, note.id, "no")
        with pytest.raises(Conflict):
            await delete(other, conversation.id, note.id)
    with pytest.raises(NotFound):
        await delete(office.as_(ana), elsewhere.id, note.id)
    await delete(office.as_(ana), conversation.id, note.id)
    assert office.told(conversation)[-2:] == ["note.added", "note.deleted"]
    with pytest.raises(NotFound):
        await delete(office.as_(ana), conversation.id, note.id)


async def test_a_program_changes_what_programs_noted(office: Office) -> None:
    conversation = await office.queued(await office.department())
    note = await office.use(AddNote)(office.admin, conversation.id, "order 7 is late")
    changed = await office.use(ChangeNote)(office.admin, conversation.id, note.id, "order 7 was late")
    assert (changed.user_id, changed.content) == (None, "order 7 was late")
