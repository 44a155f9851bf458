"""Targets on the real desk: who is warned, who is told, what is kept, and that the sweep is cheap."""

import asyncio
from datetime import timedelta

from tests.integration.conftest import Hub
from tests.integration.service.conftest import Desk, a_phone
from whatsapp_hub.domain.accounts.user import Role
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.service.deadlines import Target
from whatsapp_hub.domain.service.hours import Hours
from whatsapp_hub.domain.service.service_level import ServiceLevel
from whatsapp_hub.domain.sessions.session import Routing

WARNED, BREACHED = "conversation.target_warned", "conversation.target_breached"
LEVEL = ServiceLevel(10, 60)
AFTERNOON = Hours.read({"timezone": "UTC", "week": {"mon": [["13:00", "18:00"]]}})  # the desk's clock starts at 12:00


async def told(desk: Desk, conversation: Conversation) -> list[str]:
    return [type for type in await desk.events(conversation) if "target" in type]


async def after(desk: Desk, minutes: float) -> None:
    """Sweeps that come so much later, two at once and one more."""
    desk.clock.pass_(minutes=minutes, seconds=1)
    await asyncio.gather(desk.tell_targets(desk.id), desk.tell_targets(desk.id))
    await desk.tell_targets(desk.id)


async def test_whoever_has_it_and_supervisors_are_warned_once_and_told_once(desk: Desk) -> None:
    sales = await desk.department(level=LEVEL)
    agent, admin = await desk.person(sales), await desk.person(None, role=Role.ADMIN)
    one = await desk.queued(sales)
    assert one.targets.first_response.due_at == desk.clock.now + timedelta(minutes=10)
    await after(desk, 7)
    assert await told(desk, one) == []
    await after(desk, 1)
    assert await told(desk, one) == [WARNED]
    await after(desk, 2)
    assert await told(desk, one) == [WARNED, BREACHED]
    assert await desk.told(agent) == ["conversation.assigned", WARNED, BREACHED]
    assert await desk.told(admin) == [WARNED, BREACHED]
    assert (await desk.get(one)).targets.breaches == (Target.FIRST_RESPONSE,)


async def test_what_is_answered_and_resolved_in_time_is_not_told(desk: Desk) -> None:
    sales = await desk.department(level=LEVEL)
    agent = await desk.person(sales)
    one = await desk.queued(sales)
    desk.clock.pass_(minutes=5)
    await desk.answers(agent, one)
    desk.clock.pass_(minutes=5)
    await desk.resolve(desk.as_(agent), one.id)
    await after(desk, 500)
    assert await told(desk, one) == []
    assert await desk.told(agent) == ["conversation.assigned"]


async def test_an_answer_that_comes_too_late_is_told_before_any_sweep(desk: Desk) -> None:
    sales = await desk.department(level=LEVEL)
    agent = await desk.person(sales)
    one = await desk.queued(sales)
    desk.clock.pass_(minutes=61)
    await desk.resolve(desk.as_(agent), one.id)
    assert await told(desk, one) == [BREACHED, BREACHED]
    assert (await desk.told(agent))[1:] == [BREACHED, BREACHED]


async def test_time_counts_only_while_the_department_is_open(desk: Desk) -> None:
    sales = await desk.department(level=LEVEL, hours=AFTERNOON)
    one = await desk.queued(sales)
    assert one.targets.first_response.due_at == desk.clock.now + timedelta(minutes=70)


async def test_a_department_goes_by_the_companys_targets_unless_it_has_its_own(desk: Desk) -> None:
    await desk.sets(ServiceLevel(20, 200))
    sales, support = await desk.department("Vendas"), await desk.department("Suporte", level=ServiceLevel(5, 0))
    by_company, by_own = await desk.queued(sales), await desk.queued(support)
    due = [[t.first_response.due_at, t.resolution.due_at] for t in (by_company.targets, by_own.targets)]
    now = desk.clock.now
    assert due == [[now + timedelta(minutes=20), now + timedelta(minutes=200)], [now + timedelta(minutes=5), None]]


async def test_a_transfer_counts_anew_from_the_customers_first_message(desk: Desk) -> None:
    sales = await desk.department("Vendas", level=LEVEL)
    support = await desk.department("Suporte", level=ServiceLevel(30, 90))
    agent = await desk.person(sales)
    one = await desk.queued(sales)
    began = desk.clock.now
    desk.clock.pass_(minutes=9)
    moved = await desk.transfer(desk.as_(agent), one.id, support.id)
    due = moved.targets.first_response.due_at, moved.targets.resolution.due_at
    assert due == (began + timedelta(minutes=30), began + timedelta(minutes=90))


async def test_a_reopened_round_goes_on_where_its_time_stopped(desk: Desk) -> None:
    sales = await desk.department(level=LEVEL)
    agent, admin = await desk.person(sales), await desk.person(None, role=Role.ADMIN)
    one = await desk.queued(sales)
    await desk.answers(agent, one)
    desk.clock.pass_(minutes=20)
    await desk.resolve(desk.as_(agent), one.id)
    desk.clock.pass_(hours=8)
    again = await desk.reopen(desk.as_(admin), one.id)
    assert again.targets.resolution.due_at == desk.clock.now + timedelta(minutes=40)
    assert (await desk.get(one)).targets == again.targets
    await after(desk, 39)
    assert await told(desk, one) == [WARNED]


async def test_a_conversation_of_a_session_without_routing_has_no_targets(desk: Desk) -> None:
    await desk.sets(LEVEL)
    desk.session.routing = Routing.NONE
    one = await desk.writes(a_phone(), "Oi")
    assert one.target_look_at is None


async def test_the_sweep_and_the_list_of_breached_ones_read_an_index(desk: Desk, hub: Hub) -> None:
    await desk.department(level=LEVEL)
    async with hub.storage.connection(desk.id) as connection:
        await connection.execute("SET LOCAL enable_seqscan = off")
        for condition, index in (
            ("target_look_at < now() ORDER BY target_look_at, id", "conversations_with_target"),
            ("status = 'OPEN' AND breaches IS NOT NULL ORDER BY updated_at DESC, id DESC", "conversations_breached"),
        ):
            statement = f"EXPLAIN SELECT id FROM conversations WHERE {condition} LIMIT 50"
            plan = "\n".join(row[0] for row in await connection.fetch(statement))
            assert index in plan, plan
