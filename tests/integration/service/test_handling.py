"""Assign, unassign, transfer, resolve, archive, reopen (contract E, E.6 and E.7)."""

import pytest

from tests.integration.service.conftest import Desk, a_phone
from whatsapp_hub.application.accounts.departments import DeleteDepartment
from whatsapp_hub.application.ports.provider.events import ChatKind
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role
from whatsapp_hub.domain.conversations.conversation import ConversationStatus, FlowState
from whatsapp_hub.domain.errors import Conflict, Forbidden, Invalid, NotFound
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import Text

OPEN, ASSIGNED = ConversationStatus.OPEN, ConversationStatus.ASSIGNED
OFFLINE = OnlineStatus.OFFLINE


async def test_a_transfer_reaches_a_free_user_of_the_target_and_the_customer_is_told(desk: Desk) -> None:
    sales, support = await desk.department("Vendas"), await desk.department("Suporte")
    seller, helper = await desk.person(sales), await desk.person(support)
    conversation = await desk.queued(sales)
    moved = await desk.transfer(desk.as_(seller), conversation.id, support.id)
    assert (moved.status, moved.department_id, moved.assigned_user_id) == (ASSIGNED, support.id, helper.id)
    assert (await desk.said(conversation))[-1] == (
        "Seu atendimento foi transferido para Suporte. Aguarde um momento, por favor."
    )
    assert await desk.told(helper) == ["conversation.assigned"]
    assert (await desk.events(conversation))[-2:] == ["conversation.transferred", "conversation.assigned"]
    assert seller.email in (moved.routing_reason or "")


async def test_a_customer_without_a_phone_is_told_of_a_transfer_though_a_person_answered_and_a_group_is_not(
    desk: Desk,
) -> None:
    sales, support = await desk.department("Vendas"), await desk.department("Suporte")
    seller, text = await desk.person(sales), Text("Oi")
    for chat, more, told in (
        ("155511@lid", {"chat_names": (Identity.lid("155511"),)}, 1),
        ("12036302@g.us", {"kind": ChatKind.GROUP}, 0),
    ):
        await desk.sees(chat, text, from_me=True, **more)
        [row] = await desk.hub.owner.fetch(
            "SELECT id FROM pooled.conversations WHERE chat = $1 AND tenant_id = $2", chat, desk.id
        )
        given = await desk.assign(desk.as_(seller), row["id"])
        moved = await desk.transfer(desk.as_(seller), given.id, support.id)
        assert len(await desk.said(moved)) == told


async def test_a_transfer_to_a_person_reaches_that_person_though_others_have_less(desk: Desk) -> None:
    sales, support = await desk.department("Vendas"), await desk.department("Suporte")
    seller, named, idle = await desk.person(sales), await desk.person(support), await desk.person(support)
    first = await desk.queued(sales)
    await desk.transfer(desk.as_(seller), first.id, support.id, named.id)
    second = await desk.queued(sales)
    moved = await desk.transfer(desk.as_(seller), second.id, support.id, named.id)
    assert moved.assigned_user_id == named.id != idle.id


async def test_a_transfer_where_nobody_is_free_joins_the_queue(desk: Desk) -> None:
    sales, support = await desk.department("Vendas"), await desk.department("Suporte", response_timeout_minutes=9)
    seller = await desk.person(sales)
    conversation = await desk.queued(sales)
    moved = await desk.transfer(desk.as_(seller), conversation.id, support.id)
    assert (moved.status, moved.department_id, moved.assigned_user_id) == (OPEN, support.id, None)
    assert moved.timeout_at is not None
    assert (await desk.events(conversation))[-2:] == ["conversation.transferred", "conversation.queued"]


async def test_a_transfer_within_the_department_never_comes_back_to_whoever_gave_it_away(desk: Desk) -> None:
    sales = await desk.department()
    seller = await desk.person(sales)
    conversation = await desk.queued(sales)
    other = await desk.person(sales)
    moved = await desk.transfer(desk.as_(seller), conversation.id, sales.id)
    assert moved.assigned_user_id == other.id


async def test_bad_targets_of_a_transfer_are_named(desk: Desk) -> None:
    sales, support = await desk.department("Vendas"), await desk.department("Suporte")
    seller, helper = await desk.person(sales), await desk.person(support)
    conversation = await desk.queued(sales)
    with pytest.raises(Invalid, match="department_id"):
        await desk.transfer(desk.as_(seller), conversation.id, conversation.id)  # type: ignore[arg-type]
    with pytest.raises(Invalid, match="user_id"):
        await desk.transfer(desk.as_(seller), conversation.id, sales.id, helper.id)
    assert (await desk.get(conversation)).assigned_user_id == seller.id


async def test_only_its_holder_or_a_supervisor_passes_a_conversation_on(desk: Desk) -> None:
    sales = await desk.department()
    await desk.person(sales)
    conversation = await desk.queued(sales)
    colleague, admin = await desk.person(sales), await desk.person(None, role=Role.ADMIN)
    for act in (desk.unassign, desk.archive):
        with pytest.raises(Conflict):
            await act(desk.as_(colleague), conversation.id)
    with pytest.raises(Conflict):
        await desk.transfer(desk.as_(colleague), conversation.id, sales.id)
    stranger = await desk.person(await desk.department("Outro"))
    with pytest.raises(NotFound):
        await desk.unassign(desk.as_(stranger), conversation.id)
    assert (await desk.unassign(desk.as_(admin), conversation.id)).assigned_user_id == colleague.id


async def test_what_is_given_back_goes_to_somebody_else_or_waits(desk: Desk) -> None:
    sales = await desk.department()
    first = await desk.person(sales)
    conversation = await desk.queued(sales)
    given = await desk.unassign(desk.as_(first), conversation.id)
    assert (given.status, given.assigned_user_id) == (OPEN, None)
    assert given.timeout_at is not None
    assert (await desk.events(conversation))[-2:] == ["conversation.unassigned", "conversation.queued"]
    with pytest.raises(Conflict):
        await desk.unassign(desk.as_(first), conversation.id)


async def test_nobody_is_given_more_than_their_bound_by_hand_either(desk: Desk) -> None:
    sales = await desk.department()
    full = await desk.person(sales, max_conversations=1)
    await desk.queued(sales)
    waiting = await desk.queued(sales)
    admin = await desk.person(None, role=Role.ADMIN)
    for caller in (full, admin):
        with pytest.raises(Conflict, match="as many"):
            await desk.assign(desk.as_(caller), waiting.id, full.id)
    assert (await desk.get(waiting)).status is OPEN


async def test_taking_a_conversation_from_somebody_serves_them_the_next(desk: Desk) -> None:
    sales = await desk.department()
    agent = await desk.person(sales, max_conversations=1)
    first, second = await desk.queued(sales), await desk.queued(sales)
    admin = await desk.person(None, role=Role.ADMIN)
    await desk.assign(desk.as_(admin), first.id)
    assert (await desk.get(second)).assigned_user_id == agent.id


async def test_resolving_keeps_department_and_attendant_and_frees_the_agent(desk: Desk) -> None:
    sales = await desk.department()
    agent = await desk.person(sales, max_conversations=1)
    first, second = await desk.queued(sales), await desk.queued(sales)
    done = await desk.resolve(desk.as_(agent), first.id)
    assert (done.status, done.flow_state) == (ConversationStatus.RESOLVED, FlowState.RESOLVED)
    assert (done.last_department_id, done.last_attendant_id) == (sales.id, agent.id)
    assert (await desk.get(second)).assigned_user_id == agent.id


async def test_whoever_resolves_a_redirected_conversation_serves_their_own_queue(desk: Desk) -> None:
    sales, support = await desk.department("Vendas"), await desk.department("Suporte")
    helper = await desk.person(support, max_conversations=1)
    overdue = await desk.queued(sales)
    desk.clock.pass_(minutes=6)
    await desk.redirect(desk.id)
    waiting = await desk.queued(support)
    await desk.resolve(desk.as_(helper), overdue.id)
    assert (await desk.get(waiting)).assigned_user_id == helper.id


async def test_an_archived_round_is_put_away_and_the_next_message_opens_another(desk: Desk) -> None:
    sales, phone = await desk.department(), a_phone()
    agent = await desk.person(sales)
    conversation = await desk.queued(sales, phone)
    await desk.resolve(desk.as_(agent), conversation.id)
    archived = await desk.archive(desk.as_(agent), conversation.id)
    assert archived.status is ConversationStatus.ARCHIVED
    with pytest.raises(Conflict):
        await desk.archive(desk.as_(agent), conversation.id)
    next_round = await desk.writes(phone, "Oi")
    assert next_round.id != conversation.id
    assert (next_round.last_department_id, next_round.last_attendant_id) == (sales.id, agent.id)


async def test_a_live_round_can_be_archived_and_frees_its_agent(desk: Desk) -> None:
    sales = await desk.department()
    agent = await desk.person(sales, max_conversations=1)
    first, second = await desk.queued(sales), await desk.queued(sales)
    archived = await desk.archive(desk.as_(agent), first.id)
    assert (archived.last_attendant_id, archived.timeout_at) == (agent.id, None)
    assert (await desk.get(second)).assigned_user_id == agent.id


async def test_a_reopened_round_goes_to_its_last_attendant(desk: Desk) -> None:
    sales = await desk.department()
    agent = await desk.person(sales)
    conversation = await desk.queued(sales)
    await desk.resolve(desk.as_(agent), conversation.id)
    await desk.person(sales)
    again = await desk.reopen(desk.as_(agent), conversation.id)
    assert (again.status, again.assigned_user_id) == (ASSIGNED, agent.id)
    assert "conversation.reopened" in await desk.events(conversation)
    with pytest.raises(Conflict):
        await desk.reopen(desk.as_(agent), conversation.id)


async def test_a_reopened_round_whose_department_is_gone_is_nobodys_and_supervisors_know(desk: Desk) -> None:
    sales, boss = await desk.department(), await desk.person(None, role=Role.ADMIN)
    conversation = await desk.queued(sales)
    await desk.resolve(desk.as_(boss), conversation.id)
    await DeleteDepartment(desk.hub.storage)(desk.as_(boss), sales.id)
    again = await desk.reopen(desk.as_(boss), conversation.id)
    assert (again.status, again.department_id, again.is_queued) == (OPEN, None, False)
    assert await desk.told(boss) == ["conversation.unrouted"]


async def test_a_round_is_not_reopened_beside_a_live_one(desk: Desk) -> None:
    sales, phone = await desk.department(), a_phone()
    agent = await desk.person(sales)
    old = await desk.queued(sales, phone)
    await desk.resolve(desk.as_(agent), old.id)
    await desk.writes(phone, "Oi")
    with pytest.raises(Conflict, match="open conversation"):
        await desk.reopen(desk.as_(agent), old.id)


async def test_an_agent_gives_conversations_to_nobody_else(desk: Desk) -> None:
    sales = await desk.department()
    agent, other = await desk.person(sales, OFFLINE), await desk.person(sales, OFFLINE)
    conversation = await desk.queued(sales)
    with pytest.raises(Forbidden):
        await desk.assign(desk.as_(agent), conversation.id, other.id)
