"""A company with a schema of its own lives through the same as all others, and nothing of it lies in theirs."""

from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from tests.integration.http.conftest import Company
from tests.integration.hub.world import QUEUED, Number, World, a_phone, a_wamid, menu, meta_number


@pytest_asyncio.fixture
async def company(world: World) -> Company:
    slug = f"d{uuid4().hex[:10]}"
    made = await world.hub.master.post("/api/tenants", {"slug": slug, "name": slug, "placement": "dedicated"})
    assert (made.status_code, made.json()["placement"]) == (201, "dedicated"), made.text
    admin = await world.hub.person(world.hub.master, "ADMIN", companyId=made.json()["id"])
    return Company(world.hub, made.json()["id"], admin)


@pytest_asyncio.fixture
async def number(world: World, company: Company) -> Number:
    number = await meta_number(world, company)
    slug = await world.owner.fetchval("SELECT slug FROM hub.tenants WHERE id = $1", UUID(company.id))
    number.schema = f"client_{slug}"
    return number


async def test_the_whole_scenario_runs_in_a_schema_of_its_own(world: World, company: Company, number: Number) -> None:
    sales = await company.department("Vendas")
    agent = await company.agent(sales)
    phone, wamid = a_phone(), a_wamid()
    async with world.hub.listening(agent) as listener:
        for _ in range(3):
            await number.writes(phone, "Oi", wamid)
        await number.reads(phone, menu("Vendas"))
        await number.writes(phone, "vendas")
        await number.reads(phone, menu("Vendas"), QUEUED)
        await listener.hears("conversation-queued")
        assert (await agent.patch("/api/users/me/status", {"status": "ONLINE"})).status_code == 200
        conversation = await number.is_(phone, status="ASSIGNED", assignedUserId=agent.id)
        key = {"Idempotency-Key": str(uuid4())}
        sent = await number.answers(agent, phone, "Bom dia", **key)
        assert (await number.answers(agent, phone, "Bom dia", **key))["id"] == sent["id"]
        known = await number.message(sent["id"], status="SENT")
        await number.receipt(known["whatsapp_message_id"], phone, "read", "delivered", "sent")
        await number.message(sent["id"], status="READ")
        await listener.hears("message-status", messageId=sent["id"], status="READ")
        resolved = await agent.post(f"/api/conversations/{conversation['id']}/resolve")
        assert resolved.status_code == 200
    await number.writes(phone, "Oi de novo")
    await number.reads(phone, menu("Vendas"), QUEUED, "Bom dia", "Deseja falar com Vendas? (SIM/NÃO)")
    events = (await company.admin.get("/api/events", limit=200)).json()
    assert {"conversation.assigned", "message.read", "conversation.resolved"} <= {event["type"] for event in events}


@pytest.mark.parametrize("table", ["messages", "conversations", "contacts", "departments", "contact_identities"])
async def test_nothing_of_it_lies_among_the_others(world: World, company: Company, number: Number, table: str) -> None:
    await company.department("Vendas")
    await number.writes(a_phone(), "Oi")
    await world.settled(company)
    count = f"SELECT count(*) FROM %s.{table} WHERE tenant_id = $1"
    tenant = UUID(company.id)
    assert await world.owner.fetchval(count % number.schema, tenant) > 0
    assert await world.owner.fetchval(count % "pooled", tenant) == 0


async def test_neither_sees_the_others(world: World, company: Company, number: Number) -> None:
    phone = a_phone()
    await number.writes(phone, "Oi")
    conversation = await number.conversation(phone)
    pooled = await world.hub.company()
    assert (await pooled.admin.get(f"/api/conversations/{conversation['id']}")).status_code == 404
    assert (await pooled.admin.get("/api/conversations")).json() == []
    body = {"sessionId": (await pooled.session(routing="none"))["id"], "to": phone, "content": "x"}
    theirs = (await pooled.admin.post("/api/conversations", body)).json()
    assert (await company.admin.get(f"/api/conversations/{theirs['id']}")).status_code == 404
    assert [c["id"] for c in (await company.admin.get("/api/conversations")).json()] == [conversation["id"]]
