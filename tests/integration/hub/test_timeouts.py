"""Questions and menus that nobody answers in time (contract E.1, E.2). The clock is moved in the database."""

from uuid import UUID

import pytest_asyncio

from tests.integration.http.conftest import Company
from tests.integration.hub.world import QUEUED, Number, World, a_phone, menu
from whatsapp_hub.application.routing.expire_flows import ExpireFlows
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.main.wiring.infrastructure import Part


@pytest_asyncio.fixture
async def expire(world: World) -> ExpireFlows:
    found: ExpireFlows = await world.parts[Part.WORKER].get(ExpireFlows)
    return found


async def time_passes(world: World, number: Number, expire: ExpireFlows) -> None:
    await world.settled(number.company)
    await world.owner.execute(
        "UPDATE pooled.conversations SET timeout_at = clock_timestamp() - interval '1 s' "
        "WHERE session_id = $1::text::uuid AND timeout_at IS NOT NULL",
        number.id,
    )
    for _ in range(2):  # a second tick does nothing more
        await expire(TenantId(UUID(number.company.id)))
    await world.settled(number.company)


async def test_a_menu_that_nobody_answers_ends_in_the_root_department(
    world: World, company: Company, number: Number, expire: ExpireFlows
) -> None:
    await company.department("Vendas")
    root = await company.department("Recepção", isRoot=True)
    phone = a_phone()
    await number.writes(phone, "Oi")
    await number.reads(phone, menu("Vendas", "Recepção"))
    await time_passes(world, number, expire)
    assert number.sent(phone) == [menu("Vendas", "Recepção"), QUEUED]
    conversation = await number.conversation(phone)
    assert (conversation["departmentId"], conversation["status"]) == (root["id"], "OPEN")


async def test_without_a_root_department_supervisors_are_told_once(
    world: World, company: Company, number: Number, expire: ExpireFlows
) -> None:
    await company.department("Vendas")
    phone = a_phone()
    async with world.hub.listening(company.admin) as supervisor:
        await number.writes(phone, "Oi")
        await number.reads(phone, menu("Vendas"))
        await time_passes(world, number, expire)
        await supervisor.hears("notification", kind="conversation.unrouted")
        await time_passes(world, number, expire)
        assert len([1 for name, data in supervisor.heard if name == "notification"]) == 1
    conversation = await number.conversation(phone)
    assert (conversation["departmentId"], conversation["status"]) == (None, "OPEN")


async def test_a_question_that_nobody_answers_becomes_the_menu(
    world: World, company: Company, number: Number, expire: ExpireFlows
) -> None:
    agent = await company.agent(await company.department("Vendas"), "ONLINE")
    phone = a_phone()
    await number.writes(phone, "Oi")
    await number.writes(phone, "1")
    conversation = await number.is_(phone, status="ASSIGNED")
    assert (await agent.post(f"/api/conversations/{conversation['id']}/resolve")).status_code == 200
    await number.writes(phone, "Oi de novo")
    question = "Deseja falar com Vendas? (SIM/NÃO)"
    await number.reads(phone, menu("Vendas"), question)
    await time_passes(world, number, expire)
    await number.reads(phone, menu("Vendas"), question, menu("Vendas"))
    await number.writes(phone, "1")
    await number.is_(phone, status="ASSIGNED", assignedUserId=agent.id)


async def test_at_most_ten_bot_texts_a_chat_an_hour(world: World, company: Company, number: Number) -> None:
    await company.department("Vendas", isRoot=True)
    phone = a_phone()
    for _ in range(6):
        await number.writes(phone, "Oi")
        await number.writes(phone, "não")
        await world.settled(company)
        conversation = await number.conversation(phone)
        resolved = await company.admin.post(f"/api/conversations/{conversation['id']}/resolve")
        assert resolved.status_code == 200
    assert len(number.sent(phone)) == 10


async def test_whoever_waits_when_departments_begin_to_serve_a_session_has_a_time(
    world: World, company: Company
) -> None:
    """A gateway's customers have none: its program answers them. Whom it did not answer waits for people now."""
    session = await company.session(routing="none")
    waits, answered = a_phone(), a_phone()
    for phone in (waits, answered):
        await company.customer_writes(session, phone, "Oi")
    await world.settled(company)
    times = """SELECT customer_phone, timeout_at > now() AS runs FROM pooled.conversations
        WHERE session_id = $1::text::uuid AND timeout_at IS NOT NULL"""
    assert await world.rows(times, session["id"]) == []
    key = (await company.admin.post("/api/api-keys", {"name": "a program"})).json()["key"]
    send = {"sessionId": session["sessionId"], "to": answered, "message": "Bom dia"}
    sent = await world.hub.http.post("/whatsapp/send", json=send, headers={"X-Api-Key": key})
    assert sent.status_code == 202, sent.text
    assert (await company.admin.patch(f"/api/sessions/{session['id']}", {"name": "x"})).status_code == 200
    assert await world.rows(times, session["id"]) == []
    changed = await company.admin.patch(f"/api/sessions/{session['id']}", {"routing": "departments"})
    assert changed.status_code == 200, changed.text
    assert await world.rows(times, session["id"]) == [{"customer_phone": waits, "runs": True}]
