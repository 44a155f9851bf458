"""Time-outs and redirection (contract E.3 and E.4), with a clock that the test moves."""

from tests.integration.service.conftest import Desk, a_phone
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role
from whatsapp_hub.domain.conversations.conversation import ConversationStatus, FlowState

OPEN, ASSIGNED = ConversationStatus.OPEN, ConversationStatus.ASSIGNED


async def test_a_queued_conversation_waits_for_its_departments_time(desk: Desk) -> None:
    sales = await desk.department(response_timeout_minutes=7)
    queued = await desk.queued(sales)
    assert (queued.status, queued.flow_state) == (OPEN, FlowState.DEPARTMENT_SELECTED)
    assert queued.timeout_at is not None
    assert (queued.timeout_at - desk.clock.now).total_seconds() == 7 * 60


async def test_before_its_time_another_departments_free_user_leaves_it_alone(desk: Desk) -> None:
    sales, support = await desk.department("Vendas"), await desk.department("Suporte")
    await desk.person(support)
    queued = await desk.queued(sales)
    desk.clock.pass_(minutes=4, seconds=59)
    await desk.redirect(desk.id)
    assert (await desk.get(queued)).status is OPEN


async def test_past_its_time_any_free_user_of_any_department_takes_it(desk: Desk) -> None:
    sales, support = await desk.department("Vendas"), await desk.department("Suporte")
    helper = await desk.person(support)
    queued = await desk.queued(sales)
    desk.clock.pass_(minutes=5)
    await desk.redirect(desk.id)
    taken = await desk.get(queued)
    assert (taken.status, taken.flow_state) == (ASSIGNED, FlowState.TIMEOUT_REDIRECT)
    assert (taken.assigned_user_id, taken.department_id) == (helper.id, support.id)
    assert taken.routing_reason
    assert helper.name in taken.routing_reason
    assert await desk.told(helper) == ["conversation.assigned"]


async def test_an_unanswered_customer_goes_from_the_silent_agent_to_somebody_free(desk: Desk) -> None:
    sales, support = await desk.department("Vendas"), await desk.department("Suporte")
    silent, helper = await desk.person(sales), await desk.person(support)
    phone = a_phone()
    assigned = await desk.queued(sales, phone)
    assert assigned.assigned_user_id == silent.id
    desk.clock.pass_(minutes=3)
    await desk.writes(phone, "Alô?")  # the time runs from the first message that nobody answered
    desk.clock.pass_(minutes=2)
    await desk.redirect(desk.id)
    taken = await desk.get(assigned)
    assert (taken.assigned_user_id, taken.flow_state) == (helper.id, FlowState.TIMEOUT_REDIRECT)


async def test_a_persons_answer_stops_the_time(desk: Desk) -> None:
    sales, support = await desk.department("Vendas"), await desk.department("Suporte")
    agent, _ = await desk.person(sales), await desk.person(support)
    assigned = await desk.queued(sales)
    desk.clock.pass_(minutes=4)
    await desk.answers(agent, assigned)
    assert (await desk.get(assigned)).timeout_at is None
    desk.clock.pass_(minutes=60)
    await desk.heartbeat(desk.as_(agent))
    await desk.redirect(desk.id)
    assert (await desk.get(assigned)).assigned_user_id == agent.id


async def test_where_nobody_is_free_it_stays_and_supervisors_are_told_once_a_time_out(desk: Desk) -> None:
    sales = await desk.department()
    admin = await desk.person(None, OnlineStatus.OFFLINE, role=Role.ADMIN)
    agent = await desk.person(None, OnlineStatus.OFFLINE)
    phone = a_phone()
    queued = await desk.queued(sales, phone)
    desk.clock.pass_(minutes=6)
    for _ in range(3):
        await desk.redirect(desk.id)
    assert (await desk.get(queued)).status is OPEN
    assert await desk.told(admin) == ["conversation.timed_out"]
    assert await desk.told(agent) == []


async def test_whoever_becomes_free_later_takes_what_is_overdue_the_longest_waiting_first(desk: Desk) -> None:
    sales, support = await desk.department("Vendas"), await desk.department("Suporte")
    first = await desk.queued(sales)
    desk.clock.pass_(minutes=1)
    second = await desk.queued(sales)
    desk.clock.pass_(minutes=9)
    await desk.redirect(desk.id)
    helper = await desk.person(support, max_conversations=1)
    await desk.redirect(desk.id)
    assert (await desk.get(first)).assigned_user_id == helper.id
    assert (await desk.get(second)).status is OPEN


async def test_a_second_time_out_is_told_again(desk: Desk) -> None:
    sales = await desk.department()
    admin = await desk.person(None, OnlineStatus.OFFLINE, role=Role.ADMIN)
    agent, phone = await desk.person(sales), a_phone()
    assigned = await desk.queued(sales, phone)
    for _ in range(2):
        desk.clock.pass_(minutes=6)
        await desk.redirect(desk.id)
        await desk.redirect(desk.id)
        await desk.answers(agent, assigned)
        await desk.writes(phone, "E agora?")
    assert await desk.told(admin) == ["conversation.timed_out"] * 2


async def test_users_without_a_department_and_those_at_their_bound_take_nothing_over(desk: Desk) -> None:
    sales, support = await desk.department("Vendas"), await desk.department("Suporte")
    await desk.person(None)
    await desk.person(support, max_conversations=0)
    await desk.person(support, OnlineStatus.BUSY)
    queued = await desk.queued(sales)
    desk.clock.pass_(hours=1)
    await desk.redirect(desk.id)
    assert (await desk.get(queued)).status is OPEN


async def test_a_departments_own_queue_comes_before_what_is_overdue_elsewhere(desk: Desk) -> None:
    sales, support = await desk.department("Vendas"), await desk.department("Suporte")
    overdue = await desk.queued(sales)
    desk.clock.pass_(minutes=6)
    own = await desk.queued(support)
    helper = await desk.person(support, max_conversations=1)
    await desk.redirect(desk.id)
    assert (await desk.get(own)).assigned_user_id == helper.id
    assert (await desk.get(overdue)).status is OPEN


async def test_whoever_lost_one_to_somebody_else_has_room_for_another(desk: Desk) -> None:
    sales, support = await desk.department("Vendas"), await desk.department("Suporte")
    silent = [await desk.person(sales, max_conversations=1) for _ in range(2)]
    first = await desk.queued(sales)
    desk.clock.pass_(seconds=1)
    second = await desk.queued(sales)
    helper = await desk.person(support, max_conversations=1)
    desk.clock.pass_(minutes=6)
    await desk.redirect(desk.id)
    assert (await desk.get(first)).assigned_user_id == helper.id
    freed = next(user.id for user in silent if user.id == first.assigned_user_id)
    assert (await desk.get(second)).assigned_user_id == freed
