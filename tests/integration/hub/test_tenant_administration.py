"""`/api/tenants`: a MASTER makes, changes, checks and deletes companies, and each step stands in the record."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from tests.integration.http.conftest import Company
from tests.integration.hub.programs import Program, is_problem
from tests.integration.hub.world import WahaNumber, World, a_phone, meta_number, until, waha_number
from whatsapp_hub.application.accounts import remove_tenants
from whatsapp_hub.application.accounts.remove_tenants import RemoveTenants
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.main.wiring.infrastructure import Part

WITH_TENANT = """
    SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE c.relkind = 'r' ORDER BY 1"""


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remove_tenants, "ARRIVES_LATE", timedelta(0))
    monkeypatch.setattr(remove_tenants, "AT_ONCE", 2)


@pytest_asyncio.fixture
async def remove(world: World) -> RemoveTenants:
    found: RemoveTenants = await world.parts[Part.WORKER].get(RemoveTenants)
    return found


async def made(world: World, placement: str | None = None) -> Company:
    slug = f"t{uuid4().hex[:10]}"
    body = {"slug": slug, "name": f"Company {slug}", **({"placement": placement} if placement else {})}
    answer = await world.hub.master.post("/api/tenants", body)
    assert (answer.status_code, answer.json()["placement"]) == (201, placement or "pooled"), answer.text
    admin = await world.hub.person(world.hub.master, "ADMIN", companyId=answer.json()["id"])
    return Company(world.hub, answer.json()["id"], admin)


async def slug_of(world: World, company: Company) -> str:
    return str((await world.hub.master.get(f"/api/tenants/{company.id}")).json()["slug"])


async def rows_of(world: World, company_id: str) -> dict[str, int]:
    """How many rows every table has of a company."""
    counts = {}
    for table in await world.rows(WITH_TENANT):
        count = await world.owner.fetchval(
            f"SELECT count(*) FROM {table['name']} WHERE tenant_id = $1", UUID(company_id)
        )
        counts[table["name"]] = int(count)
    return {name: count for name, count in counts.items() if count}


async def lived_in(world: World, company: Company) -> WahaNumber:
    """A company that has something of everything."""
    admin, department = company.admin, await company.department("Vendas")
    agent = await company.agent(department, "ONLINE")
    session, number, waha = (
        await company.session(),
        await meta_number(world, company),
        await waha_number(world, company),
    )
    for n in range(3):
        await company.customer_writes(session, a_phone(), f"Oi {n}")
    phone = a_phone()
    await number.writes(phone, "Oi")
    conversation = await number.conversation(phone)
    await number.answers(agent if conversation["assignedUserId"] == agent.id else admin, phone, "Bom dia")
    for path, body in (
        (f"/api/conversations/{conversation['id']}/notes", {"content": "a note"}),
        ("/api/quick-replies", {"shortcut": "a", "content": "x"}),
        ("/api/rules", {"name": "r", "conditions": {"words": ["x"]}, "actions": {"labels": ["l"]}}),
        ("/api/webhooks", {"url": "https://example.org/x", "events": ["*"]}),
        ("/api/api-keys", {"name": "a program"}),
        (f"/api/users/{agent.id}/password-reset", None),
    ):
        answer = await admin.post(path, body)
        assert answer.status_code == 201, (path, answer.text)
    file = {"file": ("a.txt", b"x", "text/plain")}
    sent = await world.hub.http.post(
        "/api/messages/send-media", data={"conversationId": conversation["id"]}, files=file, headers=admin.headers
    )
    assert sent.status_code in (202, 422), sent.text
    return waha


async def test_a_company_is_shown_changed_and_checked(world: World) -> None:
    master = world.hub.master
    for placement in ("pooled", "dedicated"):
        company = await made(world, placement)
        path = f"/api/tenants/{company.id}"
        shown = (await master.get(path)).json()
        assert (shown["id"], shown["placement"]) == (company.id, placement)
        changed = await master.patch(path, {"name": "Another", "language": "es", "placement": placement})
        assert (changed.status_code, changed.json()["name"], changed.json()["language"]) == (200, "Another", "es")
        assert (await master.get(path)).json()["name"] == "Another"
        assert is_problem(await master.patch(path, {"slug": "another"}), 400, "/slug")
        other = "pooled" if placement == "dedicated" else "dedicated"
        assert is_problem(await master.patch(path, {"placement": other}), 400, "/placement")
        assert is_problem(await master.patch(path, {"name": ""}), 400, "/name")
        health = await master.get(f"{path}/health")
        schema = f"client_{shown['slug']}" if placement == "dedicated" else "pooled"
        assert (health.status_code, health.json()["status"], health.json()["schema"]) == (200, "ok", schema)
        assert health.json()["latencyMs"] >= 0


async def test_a_company_whose_tables_do_not_answer_is_not_healthy(world: World) -> None:
    company = await made(world, "dedicated")
    schema = f"client_{await slug_of(world, company)}"
    await world.owner.execute(f"ALTER SCHEMA {schema} RENAME TO {schema}_away")
    health = await world.hub.master.get(f"/api/tenants/{company.id}/health")
    assert (health.status_code, health.json()["status"]) == (503, "unavailable")
    await world.owner.execute(f"ALTER SCHEMA {schema}_away RENAME TO {schema}")
    assert (await world.hub.master.get(f"/api/tenants/{company.id}/health")).status_code == 200


async def test_companies_are_listed_in_pages(world: World) -> None:
    for _ in range(3):
        await made(world)
    found: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        answer = await world.hub.master.get("/api/tenants", **query)
        found += [one["slug"] for one in answer.json()]
        if (cursor := answer.headers.get("X-Next-Cursor")) is None:
            break
    known = [row["slug"] for row in await world.rows("SELECT slug FROM hub.tenants WHERE removed_at IS NULL")]
    assert found == sorted(known)


async def test_only_a_master_may(world: World, company: Company) -> None:
    other = await made(world)
    for id in (company.id, other.id, str(uuid4())):
        path = f"/api/tenants/{id}"
        assert (await company.admin.get(path)).status_code == 403
        assert (await company.admin.patch(path, {"name": "x"})).status_code == 403
        assert (await company.admin.get(f"{path}/health")).status_code == 403
        refused = await world.hub.http.request("DELETE", path, json={"confirm": "x"}, headers=company.admin.headers)
        assert refused.status_code == 403
    assert (await world.hub.master.get(f"/api/tenants/{uuid4()}")).status_code == 404


async def delete(world: World, id: str, body: object) -> Any:
    return await world.hub.http.request("DELETE", f"/api/tenants/{id}", json=body, headers=world.hub.master.headers)


async def test_a_deletion_needs_the_slug_typed_and_never_takes_the_masters_own(world: World) -> None:
    company = await made(world)
    assert is_problem(await delete(world, company.id, {"confirm": "yes"}), 400, "/confirm")
    assert is_problem(await delete(world, company.id, {}), 400, "/confirm")
    assert (await delete(world, company.id, None)).status_code == 400
    assert (await delete(world, str(uuid4()), {"confirm": "x"})).status_code == 404
    own = (await world.hub.master.get("/api/auth/me")).json()["companyId"]
    slug = (await world.hub.master.get(f"/api/tenants/{own}")).json()["slug"]
    assert is_problem(await delete(world, own, {"confirm": slug}), 409)
    assert (await company.admin.get("/api/users")).status_code == 200


@pytest.mark.parametrize("placement", ["pooled", "dedicated"])
async def test_a_deleted_company_is_gone_at_once_and_leaves_nothing_and_no_other_is_touched(
    world: World, remove: RemoveTenants, placement: str
) -> None:
    neighbour, company = await made(world), await made(world, placement)
    waha = await lived_in(world, company)
    await lived_in(world, neighbour)
    key = (await company.admin.post("/api/api-keys", {"name": "another"})).json()["key"]
    for one in (company, neighbour):
        await world.settled(one)
    before = await rows_of(world, neighbour.id)
    assert len(await rows_of(world, company.id)) >= (12 if placement == "dedicated" else 20)
    slug, master = await slug_of(world, company), world.hub.master

    assert (await delete(world, company.id, {"confirm": slug})).status_code == 204
    assert (await master.get(f"/api/tenants/{company.id}")).status_code == 404
    assert (await delete(world, company.id, {"confirm": slug})).status_code == 404
    chosen = {**master.headers, "X-Company-Id": company.id}
    assert (await world.hub.http.get("/api/users", headers=chosen)).status_code == 404
    assert slug not in [one["slug"] for one in (await master.get("/api/tenants", limit=200)).json()]

    async def nobody_enters() -> bool:
        person = await company.admin.get("/api/users")
        program = await Program(company, key).get("/api/sessions")
        return (person.status_code, program.status_code) == (401, 401)

    await until(nobody_enters)

    async def is_gone() -> bool:
        await remove()
        return not await world.owner.fetchval("SELECT EXISTS (SELECT FROM hub.tenants WHERE id = $1)", UUID(company.id))

    await until(is_gone)
    left = await rows_of(world, company.id)
    assert left == {}
    assert world.waha.sessions[waha.name] in ("STOPPED", "SCAN_QR_CODE")
    schemas = await world.rows("SELECT nspname FROM pg_namespace WHERE nspname = $1", f"client_{slug}")
    assert schemas == []
    now = await rows_of(world, neighbour.id)
    assert {name: count for name, count in before.items() if now.get(name, 0) < count} == {}
    again = await master.post("/api/tenants", {"slug": slug, "name": "the next", "placement": placement})
    assert again.status_code == 201, again.text


async def test_a_removal_goes_on_where_a_crash_ended_it(
    world: World, remove: RemoveTenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = await made(world)
    await lived_in(world, company)
    await world.settled(company)
    removal, swept = remove.removal, 0
    real = removal.sweep

    async def crashes(*arguments: Any) -> int:
        nonlocal swept
        swept += 1
        if swept in (2, 4, 5):
            raise Unavailable("the process died here")
        return await real(*arguments)

    monkeypatch.setattr(removal, "sweep", crashes)
    assert (await delete(world, company.id, {"confirm": await slug_of(world, company)})).status_code == 204
    for _ in range(20):
        try:
            await remove()
        except Unavailable:
            continue
        if not await world.owner.fetchval("SELECT EXISTS (SELECT FROM hub.tenants WHERE id = $1)", UUID(company.id)):
            break
    assert await rows_of(world, company.id) == {}
    assert swept > 5


async def test_the_log_goes_on_without_a_hole(world: World, remove: RemoveTenants, company: Company) -> None:
    """Positions are dense for every reader: those of a removed company stay, empty."""
    gone = await made(world)
    session = await company.session(routing="none")
    await company.customer_writes(session, a_phone(), "before")
    await lived_in(world, gone)
    await world.settled(gone)
    begin = (await company.admin.get("/api/events", limit=200)).json()[0]["position"] - 1
    assert (await delete(world, gone.id, {"confirm": await slug_of(world, gone)})).status_code == 204

    async def is_gone() -> bool:
        await remove()
        return not await rows_of(world, gone.id)

    await until(is_gone)
    async with world.hub.listening(company.admin) as listener:
        await company.customer_writes(session, a_phone(), "after")
        await listener.hears("message-received")
    positions = [row["position"] for row in await world.rows("SELECT position FROM hub.events ORDER BY position")]
    assert positions == list(range(positions[0], positions[-1] + 1))
    assert (await company.admin.get("/api/events", after=begin, limit=200)).status_code == 200


async def test_each_step_stands_in_the_masters_record_or_the_companys(world: World) -> None:
    company = await made(world)
    master, slug = world.hub.master, await slug_of(world, company)
    assert (await master.patch(f"/api/tenants/{company.id}", {"name": "Renamed"})).status_code == 200
    inside = await world.hub.http.get(
        "/api/audit", params={"entity": "company"}, headers={**master.headers, "X-Company-Id": company.id}
    )
    told = [(entry["change"], entry["action"]) for entry in inside.json()]
    assert told == [("update", "PATCH /api/tenants/{id}"), ("create", "POST /api/tenants")]
    assert (await delete(world, company.id, {"confirm": slug})).status_code == 204
    own = (await master.get("/api/audit", entity="company", entityId=company.id)).json()
    assert [(entry["change"], entry["userId"]) for entry in own] == [("delete", master.id), ("create", master.id)]
    assert own[0]["before"]["slug"] == slug
    assert own[0]["ipAddress"]


async def test_a_long_removal_goes_on_in_later_runs(
    world: World, remove: RemoveTenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run without end would count as work that stands, and the worker would be ended in the middle of everything."""
    company = await made(world)
    await lived_in(world, company)
    await world.settled(company)
    swept = 0

    async def endless(*_: Any) -> int:
        nonlocal swept
        swept += 1
        return 1

    monkeypatch.setattr(remove_tenants, "TURN_S", 0.2)
    with monkeypatch.context() as patched:
        patched.setattr(remove.removal, "sweep", endless)
        assert (await delete(world, company.id, {"confirm": await slug_of(world, company)})).status_code == 204
        async with asyncio.timeout(20):
            for _ in range(20):
                await remove()
                if swept:
                    break
    assert swept
    monkeypatch.undo()
    for _ in range(20):
        await remove()
    assert await rows_of(world, company.id) == {}
