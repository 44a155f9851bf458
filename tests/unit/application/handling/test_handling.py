"""What agents do with a conversation: take, give, classify, close, read, and show that they type."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest

from tests.contracts.storage.world import a_phone, eventually
from tests.unit.application.office import Office
from whatsapp_hub.application.accounts.company import CompanyChanges, UpdateCompany
from whatsapp_hub.application.handling.assign_conversation import AssignConversation
from whatsapp_hub.application.handling.classify_conversation import ClassifyConversation, RenameCustomer
from whatsapp_hub.application.handling.close_conversation import (
    ArchiveConversation,
    ReopenConversation,
    ResolveConversation,
)
from whatsapp_hub.application.handling.hand_off_conversation import HandOffConversation
from whatsapp_hub.application.handling.mark_read import MarkConversationRead, MarkConversationUnread
from whatsapp_hub.application.handling.read_notifications import ReadNotifications
from whatsapp_hub.application.handling.show_typing import ShowTyping
from whatsapp_hub.application.handling.snooze_conversation import SnoozeConversation, WakeSnoozed
from whatsapp_hub.application.handling.transfer_conversation import TransferConversation, UnassignConversation
from whatsapp_hub.application.sessions.bind_bot import BindBot, WantedBot
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role
from whatsapp_hub.domain.conversations.bot import BotPart
from whatsapp_hub.domain.conversations.conversation import ConversationStatus, Priority
from whatsapp_hub.domain.errors import Conflict, Forbidden, Invalid, NotFound
from whatsapp_hub.domain.ids import ConversationId, NotificationId


async def test_an_agent_takes_a_queued_conversation_and_a_colleague_cannot_take_it_away(office: Office) -> None:
    sales = await office.department()
    ana, bia = (
        await office.person(sales, status=OnlineStatus.BUSY),
        await office.person(sales, status=OnlineStatus.BUSY),
    )
    conversation = await office.queued(sales)
    assign = office.use(AssignConversation)
    taken = await assign(office.as_(ana), conversation.id)
    assert (taken.status, taken.assigned_user_id) == (ConversationStatus.ASSIGNED, ana.id)
    assert (await assign(office.as_(ana), conversation.id)).assigned_user_id == ana.id
    with pytest.raises(Conflict):
        await assign(office.as_(bia), conversation.id)
    given = await assign(office.admin, conversation.id, bia.id)
    assert given.assigned_user_id == bia.id
    with pytest.raises(Invalid):
        await assign(office.admin, conversation.id)


async def test_nobody_is_given_more_than_their_bound(office: Office) -> None:
    sales = await office.department()
    ana = await office.person(sales, max_conversations=1)
    await office.queued(sales)
    second = await office.queued(sales)
    with pytest.raises(Conflict):
        await office.use(AssignConversation)(office.as_(ana), second.id)


async def test_an_unassigned_conversation_goes_back_to_where_it_came_from(office: Office) -> None:
    sales = await office.department()
    ana = await office.person(sales)
    conversation = await office.queued(sales)
    left = await office.use(UnassignConversation)(office.as_(ana), conversation.id)
    assert left.assigned_user_id is None
    assert "conversation.unassigned" in office.told(conversation)
    with pytest.raises(Conflict):
        await office.use(UnassignConversation)(office.as_(ana), conversation.id)


async def test_a_transfer_finds_the_other_departments_agent_or_queue(office: Office) -> None:
    sales, support = await office.department("Vendas"), await office.department("Suporte")
    ana, bia = await office.person(sales), await office.person(support)
    conversation = await office.queued(sales)
    transfer = office.use(TransferConversation)
    moved = await transfer(office.as_(ana), conversation.id, support.id)
    assert (moved.department_id, moved.assigned_user_id) == (support.id, bia.id)
    billing = await office.department("Financeiro")
    queued = await transfer(office.as_(bia), conversation.id, billing.id)
    assert queued.is_queued
    assert queued.department_id == billing.id
    with pytest.raises((Invalid, NotFound)):
        await transfer(office.admin, conversation.id, sales.id, bia.id)


async def test_a_resolved_conversation_frees_its_agent_and_can_be_reopened(office: Office) -> None:
    sales = await office.department(max_conversations=1)
    ana = await office.person(sales)
    first, second = await office.queued(sales), await office.queued(sales)
    resolved = await office.use(ResolveConversation)(office.as_(ana), first.id)
    assert (resolved.status, resolved.resolved_at) == (ConversationStatus.RESOLVED, office.clock())
    assert (await office.get(second)).assigned_user_id == ana.id
    with pytest.raises(Conflict):
        await office.use(ResolveConversation)(office.as_(ana), first.id)
    reopened = await office.use(ReopenConversation)(office.admin, first.id)
    assert reopened.is_live
    with pytest.raises(Conflict):
        await office.use(ReopenConversation)(office.admin, first.id)


async def test_a_round_is_not_reopened_beside_a_newer_one(office: Office) -> None:
    phone = a_phone()
    first = await office.writes(phone, "Oi")
    await office.use(ResolveConversation)(office.admin, first.id)
    office.clock.pass_(minutes=1)
    second = await office.writes(phone, "Oi de novo")
    assert second.id != first.id
    with pytest.raises(Conflict):
        await office.use(ReopenConversation)(office.admin, first.id)


async def test_an_archived_conversation_is_out_of_the_way(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    archived = await office.use(ArchiveConversation)(office.admin, conversation.id)
    assert archived.status is ConversationStatus.ARCHIVED
    assert office.told(conversation)[-1] == "conversation.archived"
    with pytest.raises(Conflict):
        await office.use(ArchiveConversation)(office.admin, conversation.id)


async def test_labels_priority_and_name_are_set_and_bad_ones_refused(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi")
    classify = office.use(ClassifyConversation)
    classified = await classify(office.admin, conversation.id, Priority.URGENT, ["vip"])
    assert (classified.priority, classified.labels) == (Priority.URGENT, ("vip",))
    assert (await classify(office.admin, conversation.id, Priority.LOW)).labels == ("vip",)
    renamed = await office.use(RenameCustomer)(office.admin, conversation.id, "Zoë")
    assert renamed.customer_name == "Zoë"
    with pytest.raises(Invalid):
        await office.use(RenameCustomer)(office.admin, conversation.id, "")
    with pytest.raises(Invalid):
        await classify(office.admin, conversation.id, labels=["x" * 500])


async def test_a_bots_customer_is_handed_to_people_once_with_a_note(office: Office) -> None:
    root = await office.department("Geral", is_root=True)
    ana = await office.person(root)
    await office.use(BindBot)(office.admin, office.session.id, WantedBot("https://bot.example/in"))
    conversation = await office.writes(a_phone(), "Oi")
    assert conversation.bot_part is BotPart.TALKING
    hand_off = office.use(HandOffConversation)
    handed = await hand_off(office.admin, conversation.id, note="wants a refund")
    assert (handed.bot_part, handed.assigned_user_id) == (BotPart.HANDED_OVER, ana.id)
    with pytest.raises(Conflict):
        await hand_off(office.admin, conversation.id)


async def test_reading_clears_the_count_and_shows_the_customer(office: Office) -> None:
    conversation = await office.writes(a_phone(), "Oi", "Alguém?")
    read = await office.use(MarkConversationRead)(office.admin, conversation.id)
    assert read.unread_count == 0
    assert (await office.use(MarkConversationRead)(office.admin, conversation.id)).unread_count == 0


async def test_typing_is_shown_to_the_customer_but_not_at_every_key(office: Office) -> None:
    sales = await office.department()
    ana = await office.person(sales)
    conversation = await office.queued(sales)
    show = office.use(ShowTyping)
    for _ in range(5):
        await show(office.as_(ana), conversation.id, is_typing=True)

    async def is_shown() -> bool:
        return any(what[0] == "show_typing" for what in office.line.shown)

    await eventually(is_shown)
    await asyncio.sleep(0)
    assert sum(what[0] == "show_typing" for what in office.line.shown) == 1
    with pytest.raises(NotFound):
        await show(office.as_(ana), ConversationId(office.id), is_typing=True)


async def test_notifications_are_read_by_who_has_them(office: Office) -> None:
    sales = await office.department()
    ana = await office.person(sales)
    supervisor = await office.person(role=Role.ADMIN, status=OnlineStatus.OFFLINE)
    await office.queued(sales)
    read = office.use(ReadNotifications)
    assert await read(office.as_(ana)) == 1
    assert await read(office.as_(ana)) == 0
    with pytest.raises(NotFound):
        await read(office.as_(supervisor), NotificationId(office.id))
    with pytest.raises(Forbidden):
        await read(office.admin)


async def test_resolving_takes_the_companys_reason_and_a_note(office: Office) -> None:
    sales = await office.department()
    agent = await office.person(sales)
    await office.use(UpdateCompany)(
        office.admin, CompanyChanges(resolve_reasons=["Sold", "Lost"], resolve_reason_required=True)
    )
    conversation, resolve = await office.queued(sales), office.use(ResolveConversation)
    for reason in (None, "Other"):
        with pytest.raises(Invalid) as refused:
            await resolve(office.as_(agent), conversation.id, reason, "a note")
        assert refused.value.flaws[0].pointer == "/reason"
    with pytest.raises(Invalid):
        await resolve(office.as_(agent), conversation.id, "Sold", " ")
    assert "note.added" not in office.told(conversation)
    done = await resolve(office.as_(agent), conversation.id, "Sold", "two pairs")
    assert (done.status, done.resolve_reason) == (ConversationStatus.RESOLVED, "Sold")
    assert office.told(conversation)[-2:] == ["note.added", "conversation.resolved"]


async def test_a_snoozed_conversation_comes_back_and_its_agent_is_notified(office: Office) -> None:
    sales = await office.department()
    agent = await office.person(sales)
    conversation, wake = await office.queued(sales), office.use(WakeSnoozed)
    await office.notified(agent)
    until = office.clock() + timedelta(hours=1)
    snoozed = await office.use(SnoozeConversation)(office.as_(agent), conversation.id, until)
    assert snoozed.snoozed_until == until
    assert await wake(office.id) == 0
    office.clock.pass_(hours=1)
    assert await wake(office.id) == 1
    assert await wake(office.id) == 0
    assert (await office.get(conversation)).snoozed_until is None
    assert await office.notified(agent) == 1


async def test_a_customer_who_writes_ends_the_snooze(office: Office) -> None:
    sales, phone = await office.department(), a_phone()
    agent = await office.person(sales)
    conversation = await office.queued(sales, phone)
    await office.use(SnoozeConversation)(office.as_(agent), conversation.id, office.clock() + timedelta(days=1))
    assert (await office.writes(phone, "Ainda?")).snoozed_until is None


async def test_a_conversation_is_marked_unread_for_later(office: Office) -> None:
    sales = await office.department()
    agent = await office.person(sales)
    conversation = await office.queued(sales)
    await office.use(MarkConversationRead)(office.as_(agent), conversation.id)
    assert (await office.use(MarkConversationUnread)(office.as_(agent), conversation.id)).unread_count == 1
    other = await office.person(await office.department("Suporte"))
    with pytest.raises(NotFound):
        await office.use(MarkConversationUnread)(office.as_(other), conversation.id)
    with pytest.raises(NotFound):
        await office.use(SnoozeConversation)(office.as_(other), conversation.id, None)


async def test_labels_are_added_and_removed_beside_those_that_it_has(office: Office) -> None:
    conversation, classify = await office.writes(a_phone(), "Oi"), office.use(ClassifyConversation)
    await classify(office.admin, conversation.id, None, ["a", "b"])
    assert (await classify(office.admin, conversation.id, add=["c", "a"], remove=["b"])).labels == ("a", "c")
    assert (await classify(office.admin, conversation.id, Priority.HIGH)).labels == ("a", "c")
    assert (await classify(office.admin, conversation.id, add=["Á"], remove=["C"])).labels == ("a",)


async def test_labels_without_end_are_refused_in_a_moment(office: Office) -> None:
    """A hundred conversations times a quarter of a million labels to remove stopped the process for seconds."""
    conversation, classify = await office.writes(a_phone(), "Oi"), office.use(ClassifyConversation)
    began = time.perf_counter()
    for _ in range(100):
        for field in ("add", "remove"):
            with pytest.raises(Invalid, match="must be at most 20"):
                await classify(office.admin, conversation.id, labels=list("abcdefgh"), **{field: ["x"] * 200_000})
    assert time.perf_counter() - began < 2
