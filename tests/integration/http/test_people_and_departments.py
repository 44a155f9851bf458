"""Contract E: users, departments and their bounds; what each list is filtered by; what a token says."""

import asyncio
import base64
import json
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.http.conftest import PASSWORD, Company, RunningHub
from tests.integration.http.test_service import routed


def person(**more: object) -> dict[str, object]:
    return {"email": f"{uuid4().hex}@example.org", "password": PASSWORD, "name": "Ana", "role": "AGENT", **more}


async def test_a_token_says_who_which_role_and_which_company_for_seven_days(company: Company) -> None:
    login = {"email": company.admin.user["email"], "password": PASSWORD}
    token = (await company.hub.http.post("/api/auth/login", json=login)).json()["token"]
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert {"sub", "email", "role", "companyId"} <= set(claims)
    assert (claims["sub"], claims["email"]) == (company.admin.id, company.admin.user["email"])
    assert (claims["role"], claims["companyId"]) == ("ADMIN", company.id)
    assert claims["exp"] - claims["iat"] == 7 * 24 * 3600


async def test_max_agents_bounds_a_departments_users_however_they_come(company: Company) -> None:
    sales = await company.department("Vendas", maxAgents=2)
    elsewhere = [await company.agent() for _ in range(4)]
    body = {"departmentId": sales["id"]}
    moves = [company.admin.patch(f"/api/users/{agent.id}", body) for agent in elsewhere]
    made = [company.admin.post("/api/users", person(**body)) for _ in range(3)]
    answers = await asyncio.gather(*moves, *made)
    assert Counter(answer.status_code // 100 for answer in answers) == {2: 2, 4: 5}
    assert {answer.status_code for answer in answers if answer.status_code >= 400} == {409}
    assert len((await company.admin.get(f"/api/departments/{sales['id']}/agents")).json()) == 2
    fewer = await company.admin.patch(f"/api/departments/{sales['id']}", {"maxAgents": 1})
    assert (fewer.status_code, fewer.headers["content-type"]) == (409, "application/problem+json")


async def test_a_slug_is_one_departments_of_the_company_and_there_is_one_root(
    running: RunningHub, company: Company
) -> None:
    slug = f"d{uuid4().hex[:8]}"
    first = await company.department("Vendas", slug=slug, isRoot=True)
    other = await running.company()
    assert (await other.department("Vendas", slug=slug, isRoot=True))["slug"] == slug
    second = await company.department("Suporte")
    path = f"/api/departments/{second['id']}"
    for change in ({"slug": slug}, {"isRoot": True}):
        assert (await company.admin.patch(path, change)).status_code == 409, change
    assert (await company.admin.patch(f"/api/departments/{first['id']}", {"isRoot": False})).status_code == 200
    assert (await company.admin.patch(path, {"isRoot": True})).json()["isRoot"] is True


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"responseTimeoutMinutes": 0}, "/responseTimeoutMinutes"),
        ({"responseTimeoutMinutes": 1441}, "/responseTimeoutMinutes"),
        ({"maxAgents": 1001}, "/maxAgents"),
        ({"slug": "Não é"}, "/slug"),
        ({"name": "x" * 81}, "/name"),
        ({"color": "#12"}, "/color"),
        ({"nonsense": 1}, "/nonsense"),
    ],
)
async def test_a_bad_change_of_a_department_is_named_and_changes_nothing(
    company: Company, change: dict[str, object], pointer: str
) -> None:
    sales = await company.department("Vendas")
    path = f"/api/departments/{sales['id']}"
    answer = await company.admin.patch(path, {"name": "Outra", **change})
    assert (answer.status_code, [e["pointer"] for e in answer.json()["errors"]]) == (400, [pointer])
    assert (await company.admin.get(path)).json() == sales


async def test_a_department_with_a_live_conversation_is_not_removed(company: Company) -> None:
    sales = await company.department("Vendas")
    conversation = await routed(company, sales)
    path = f"/api/departments/{sales['id']}"
    assert (await company.admin.delete(path)).status_code == 409
    assert (await company.admin.post(f"/api/conversations/{conversation['id']}/resolve")).status_code == 200
    assert (await company.admin.delete(path)).status_code == 204
    assert (await company.admin.delete(path)).status_code == 404


async def test_users_are_filtered_by_all_that_is_asked_at_once(company: Company) -> None:
    sales = await company.department("Vendas")
    here, away = await company.agent(sales, "ONLINE"), await company.agent(sales, "BUSY")
    gone, nowhere = await company.agent(sales), await company.agent(None, "ONLINE")
    assert (await company.admin.patch(f"/api/users/{gone.id}", {"isActive": False})).status_code == 200

    async def found(**query: object) -> set[str]:
        answer = await company.admin.get("/api/users", **query)
        assert answer.status_code == 200, answer.text
        return {user["id"] for user in answer.json()}

    department = sales["id"]
    assert await found(departmentId=department) == {here.id, away.id, gone.id}
    assert await found(departmentId=department, status="active") == {here.id, away.id}
    assert await found(departmentId=department, status="inactive") == {gone.id}
    assert await found(departmentId=department, onlineStatus="BUSY", role="AGENT") == {away.id}
    assert await found(onlineStatus="ONLINE") == {here.id, nowhere.id}
    assert await found(onlineStatus="ONLINE", role="ADMIN") == set()
    assert await found(role="MASTER") == set()


async def test_conversations_are_filtered_by_all_that_is_asked_at_once(company: Company) -> None:
    sales, support = await company.department("Vendas"), await company.department("Suporte")
    agent = await company.agent(sales, "ONLINE")
    assigned = await routed(company, sales, "5511987650001")
    waiting = await routed(company, support, "5511987650002")
    done = await routed(company, sales, "5511987650003")
    assert (await agent.post(f"/api/conversations/{done['id']}/resolve")).status_code == 200

    async def found(**query: object) -> list[str]:
        answer = await company.admin.get("/api/conversations", **query)
        assert answer.status_code == 200, answer.text
        return [conversation["id"] for conversation in answer.json()]

    assert await found(status="OPEN,ASSIGNED") == [waiting["id"], assigned["id"]]
    assert await found(departmentId=sales["id"]) == [done["id"], assigned["id"]]
    assert await found(departmentId=sales["id"], status="ASSIGNED") == [assigned["id"]]
    assert await found(assignedUserId=agent.id, status="RESOLVED") == [done["id"]]
    assert await found(sessionId=waiting["sessionId"]) == [waiting["id"]]
    assert await found(sessionId=waiting["sessionId"], departmentId=sales["id"]) == []
    assert await found(search="5511987650001") == [assigned["id"]]
    assert await found(search="5511987650001", status="OPEN") == []


async def test_the_inbox_is_read_by_view_and_order_and_counted(company: Company) -> None:
    sales, support = await company.department("Vendas"), await company.department("Suporte")
    agent = await company.agent(sales, "ONLINE")
    assigned = await routed(company, sales, "5511987650001")
    waiting = await routed(company, support, "5511987650002")
    done = await routed(company, sales, "5511987650003")
    assert (await agent.post(f"/api/conversations/{done['id']}/resolve")).status_code == 200
    change = {"labels": ["vip"], "priority": "URGENT"}
    assert (await company.admin.patch(f"/api/conversations/{waiting['id']}", change)).status_code == 200

    async def found(**query: object) -> list[str]:
        answer = await company.admin.get("/api/conversations", **query)
        assert answer.status_code == 200, answer.text
        return [conversation["id"] for conversation in answer.json()]

    assert await found(label="vip") == await found(priority="URGENT") == [waiting["id"]]
    assert await found(view="unassigned") == [waiting["id"]]
    assert await found(view="all", sort="priority") == [waiting["id"], assigned["id"]]
    assert await found(view="resolved") == [done["id"]]
    assert await found(view="mine") == await found(view="resolved", status="OPEN") == []
    mine = (await agent.get("/api/conversations", view="mine", sort="waiting")).json()
    assert [conversation["id"] for conversation in mine] == [assigned["id"]]
    counts = (await agent.get("/api/conversations/counts")).json()
    assert counts | {"mine": 1, "department": 1, "all": 1, "unassigned": 0, "isComplete": True} == counts
    refused = await agent.get("/api/conversations", sort="due", status="RESOLVED")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/sort")


async def test_the_record_of_changes_is_filtered_by_time_and_person(company: Company) -> None:
    sales = await company.department("Vendas")
    agent = await company.agent(sales, "ONLINE")
    path = f"/api/departments/{sales['id']}"
    assert (await company.admin.patch(path, {"name": "Comercial"})).status_code == 200

    async def found(**query: Any) -> list[str]:
        answer = await company.admin.get("/api/audit", **query)
        assert answer.status_code == 200, answer.text
        return [entry["change"] for entry in answer.json()]

    about = {"entity": "department", "entityId": sales["id"]}
    [last, first] = (await company.admin.get("/api/audit", **about)).json()
    assert (last["change"], first["change"]) == ("update", "create")
    assert await found(**about, since=last["createdAt"]) == ["update"]
    assert await found(**about, until=last["createdAt"]) == ["create"]
    assert await found(**about, since="2000-01-01T00:00:00Z", until="2000-01-02T00:00:00Z") == []
    assert await found(**about, userId=company.admin.id) == ["update", "create"]
    assert await found(**about, userId=agent.id) == []
    for name in ("since", "until", "userId"):
        bad = await company.admin.get("/api/audit", **{name: "x"})
        assert (bad.status_code, [e["pointer"] for e in bad.json()["errors"]]) == (400, [f"/{name}"])
