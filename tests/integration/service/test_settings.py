"""What routing goes by, on the real desk: skills, priority, bounds of a department, hours, the last agent."""

from datetime import UTC, datetime

import pytest

from tests.integration.service.conftest import Desk, a_phone
from whatsapp_hub.application.handling.classify_conversation import ClassifyConversation
from whatsapp_hub.domain.accounts.user import OnlineStatus, Role
from whatsapp_hub.domain.conversations.conversation import ConversationStatus, Priority
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.service.hours import Hours

OPEN = ConversationStatus.OPEN
MORNING = Hours.read({"timezone": "UTC", "week": {"mon": [["13:00", "14:00"]]}})  # the desk's clock starts at 12:00


async def test_labels_find_whoever_has_such_skills(desk: Desk) -> None:
    sales = await desk.department()
    admin = await desk.person(None, role=Role.ADMIN)
    waiting = await desk.queued(sales)
    classify = ClassifyConversation(desk.hub.storage, desk.clock)
    labelled = await classify(desk.as_(admin), waiting.id, None, ["Cobrança"])
    assert labelled.labels == ("Cobrança",)
    await desk.person(sales)
    expert = await desk.person(sales, skills=("cobranca",))
    await desk.serve(desk.id, sales.id)
    got = await desk.get(waiting)
    assert got.assigned_user_id == expert.id
    assert "knows Cobrança" in (got.routing_reason or "")
    with pytest.raises(Invalid, match=r"labels\.0"):
        await classify(desk.as_(admin), waiting.id, None, ["!"])


async def test_the_urgent_leave_the_queue_first(desk: Desk) -> None:
    sales = await desk.department()
    admin = await desk.person(None, role=Role.ADMIN)
    first = await desk.queued(sales)
    desk.clock.pass_(seconds=10)
    second = await desk.queued(sales)
    await ClassifyConversation(desk.hub.storage, desk.clock)(desk.as_(admin), second.id, Priority.URGENT)
    agent = await desk.person(sales, OnlineStatus.OFFLINE, max_conversations=1)
    await desk.goes(agent, OnlineStatus.ONLINE)
    assert (await desk.get(second)).assigned_user_id == agent.id
    assert (await desk.get(first)).status is OPEN


async def test_a_departments_bound_holds_for_its_people(desk: Desk) -> None:
    sales = await desk.department(max_conversations=1)
    agent = await desk.person(sales)
    assert (await desk.queued(sales)).assigned_user_id == agent.id
    waiting = await desk.queued(sales)
    assert waiting.status is OPEN
    assert "1 at their bound" in (waiting.routing_reason or "")


async def test_out_of_hours_the_customer_is_told_and_the_time_begins_when_it_opens(desk: Desk) -> None:
    sales = await desk.department(hours=MORNING)
    waiting = await desk.queued(sales)
    assert (await desk.said(waiting))[-1].startswith("Estamos fora do horário")
    assert waiting.timeout_at == datetime(2026, 3, 2, 13, 5, tzinfo=UTC)
    desk.clock.pass_(minutes=30)
    await desk.redirect(desk.id)
    assert (await desk.get(waiting)).status is OPEN


async def test_whoever_is_there_answers_out_of_hours_too(desk: Desk) -> None:
    sales = await desk.department(hours=MORNING)
    agent = await desk.person(sales)
    assert (await desk.queued(sales)).assigned_user_id == agent.id


@pytest.mark.parametrize("first", [True, False])
async def test_the_last_agent_goes_first_unless_the_department_says_otherwise(desk: Desk, first: bool) -> None:
    sales, phone = await desk.department(last_agent_first=first), a_phone()
    last = await desk.person(sales)
    conversation = await desk.queued(sales, phone)
    await desk.queued(sales)
    idle = await desk.person(sales)
    await desk.resolve(desk.as_(last), conversation.id)
    again = await desk.writes(phone, "Oi", "sim")
    assert again.assigned_user_id == (last.id if first else idle.id)
