"""Customers find people: the menu, the queue, the agent with the fewest conversations, and what happens when nobody
answers in time."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.storage.world import a_phone
from tests.unit.application.office import Office
from whatsapp_hub.application.changes import Changes
from whatsapp_hub.application.presence.set_presence import SetPresence
from whatsapp_hub.application.routing.check_deadlines import CheckDeadlines
from whatsapp_hub.application.routing.expire_flows import ExpireFlows
from whatsapp_hub.application.routing.reassign import Reassign
from whatsapp_hub.application.routing.redirect_overdue import RedirectOverdue
from whatsapp_hub.application.routing.redistribute import RedistributeAll, RedistributeConversations
from whatsapp_hub.application.routing.route_conversation import RouteConversation
from whatsapp_hub.application.routing.serve_queue import ServeAllQueues, ServeFreed, ServeQueue
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role
from whatsapp_hub.domain.conversations.conversation import ConversationStatus
from whatsapp_hub.domain.conversations.flow import Route
from whatsapp_hub.domain.service.service_level import ServiceLevel


async def test_a_new_customer_is_greeted_with_the_menu_and_routed_by_their_answer(office: Office) -> None:
    sales = await office.department("Vendas")
    await office.department("Suporte")
    agent, phone = await office.person(sales), a_phone()
    greeted = await office.writes(phone, "Oi")
    [menu] = await office.sends()
    assert "Vendas" in menu
    assert "Suporte" in menu
    assert greeted.assigned_user_id is None
    routed = await office.writes(phone, "Vendas")
    assert (routed.status, routed.assigned_user_id) == (ConversationStatus.ASSIGNED, agent.id)
    assert office.told(routed).count("conversation.assigned") == 1
    assert await office.notified(agent) == 1


async def test_where_nobody_is_free_the_customer_queues_until_somebody_comes(office: Office) -> None:
    sales = await office.department("Vendas")
    agent = await office.person(sales, status=OnlineStatus.OFFLINE)
    conversation = await office.queued(sales)
    assert conversation.is_queued
    assert "offline" in (conversation.routing_reason or "")
    await office.use(SetPresence)(office.as_(agent), OnlineStatus.ONLINE)
    assert (await office.get(conversation)).assigned_user_id == agent.id


async def test_the_queue_is_served_up_to_the_agents_bound_oldest_first(office: Office) -> None:
    sales = await office.department("Vendas", max_conversations=2)
    waiting = []
    for _ in range(3):
        waiting.append(await office.queued(sales))
        office.clock.pass_(minutes=1)
    await office.person(sales)
    assert await office.use(ServeQueue)(office.id, sales.id) == 2
    assert [(await office.get(c)).is_queued for c in waiting] == [False, False, True]
    assert await office.use(ServeAllQueues)(office.id) == 0


async def test_a_freed_agent_gets_the_next_one(office: Office) -> None:
    sales = await office.department("Vendas", max_conversations=1)
    agent = await office.person(sales)
    first, second = await office.queued(sales), await office.queued(sales)
    await office.world.changes(first, lambda c: c.resolve(office.clock()))
    await office.use(ServeFreed)(office.id, agent.id)
    assert (await office.get(second)).assigned_user_id == agent.id
    await office.use(ServeFreed)(office.id, None)


@settings(max_examples=20, deadline=None)
@given(agents=st.integers(1, 4), customers=st.integers(0, 10))
async def test_loads_stay_even_whoever_comes(agents: int, customers: int) -> None:
    office = await Office.opened()
    sales = await office.department("Vendas")
    people = [await office.person(sales) for _ in range(agents)]
    taken = [(await office.queued(sales)).assigned_user_id for _ in range(customers)]
    loads = Counter(taken)
    assert None not in loads
    counts = [loads[person.id] for person in people]
    assert max(counts) - min(counts) <= 1


async def test_a_route_goes_to_one_department_and_is_queued_where_nobody_is_free(office: Office) -> None:
    sales, conversation = await office.department("Vendas"), await office.writes(a_phone(), "Oi")
    async with office.world.uow() as uow:
        changes = Changes(uow, office.storage.new_id, office.clock())
        found = await uow.conversations.get(conversation.id)
        assert not await RouteConversation(changes)(found, Route(sales, "by hand"), None)
        await changes.write()
        await uow.commit()
    assert (await office.get(conversation)).department_id == sales.id


async def test_an_unanswered_menu_ends_with_people(office: Office) -> None:
    root = await office.department("Geral", is_root=True)
    await office.department("Vendas")
    agent = await office.person(root)
    conversation = await office.writes(a_phone(), "Oi")
    assert await office.use(ExpireFlows)(office.id) == 0
    for _ in range(5):
        office.clock.pass_(minutes=30)
        await office.use(ExpireFlows)(office.id)
    assert (await office.get(conversation)).assigned_user_id == agent.id


async def test_who_waits_too_long_goes_to_a_free_agent_of_any_department(office: Office) -> None:
    sales, support = await office.department("Vendas"), await office.department("Suporte")
    conversation = await office.queued(sales)
    helper = await office.person(support)
    assert await office.use(RedirectOverdue)(office.id) == 0
    office.clock.pass_(minutes=10)
    assert await office.use(RedirectOverdue)(office.id) == 1
    assert (await office.get(conversation)).assigned_user_id == helper.id


async def test_where_nobody_is_free_supervisors_are_notified_once(office: Office) -> None:
    sales = await office.department("Vendas")
    supervisor = await office.person(role=Role.ADMIN, status=OnlineStatus.OFFLINE)
    await office.queued(sales)
    office.clock.pass_(minutes=10)
    for _ in range(2):
        await office.use(RedirectOverdue)(office.id)
    assert await office.notified(supervisor) == 1


async def test_targets_warn_and_then_breach_once_each(office: Office) -> None:
    async with office.world.uow() as uow:
        company = await uow.tenants.own()
        company.level = ServiceLevel(first_response_target_minutes=10)
        await uow.tenants.save(company)
        await uow.commit()
    sales = await office.department("Vendas")
    conversation = await office.queued(sales)
    for minutes in (9, 2, 2):
        office.clock.pass_(minutes=minutes)
        await office.use(CheckDeadlines)(office.id)
    told = office.told(conversation)
    assert told.count("conversation.target_warned") == 1
    assert told.count("conversation.target_breached") == 1


async def test_conversations_of_who_left_go_to_colleagues_or_back_to_the_queue(office: Office) -> None:
    sales = await office.department("Vendas")
    leaving = await office.person(sales)
    conversation = await office.queued(sales)
    colleague = await office.person(sales)
    assert await office.use(RedistributeAll)(office.id) == 0
    async with office.world.uow() as uow:
        user = await uow.users.get(leaving.id)
        user.set_presence(OnlineStatus.OFFLINE, office.clock())
        await uow.users.save([user])
        await uow.commit()
    assert await office.use(RedistributeAll)(office.id) == 1
    assert (await office.get(conversation)).assigned_user_id == colleague.id
    assert await office.use(RedistributeConversations)(office.id, leaving.id) == 0


async def test_reassigning_avoids_the_former_agent(office: Office) -> None:
    sales = await office.department("Vendas")
    former = await office.person(sales)
    conversation = await office.queued(sales)
    async with office.world.uow() as uow:
        changes = Changes(uow, office.storage.new_id, office.clock())
        found = await uow.conversations.get(conversation.id)
        found.unassign(office.clock(), "because")
        assert not await Reassign(changes)(found, "because", "LINE", avoid=former.id)
        await changes.write()
        await uow.commit()
    assert (await office.get(conversation)).is_queued
