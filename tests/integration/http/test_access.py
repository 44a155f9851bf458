"""Signing in, users, departments, companies: codes and bodies of contract E."""

import asyncio
import re
from uuid import uuid4

import pytest

from tests.integration.http.conftest import MASTER, PASSWORD, Company, RunningHub
from whatsapp_hub.domain.accounts.access import POLICY, Action
from whatsapp_hub.domain.accounts.user import Role

USER_FIELDS = {
    "id", "companyId", "email", "name", "role", "onlineStatus", "isActive", "departmentId", "maxConversations",
    "lastHeartbeat", "createdAt", "skills",
}  # fmt: skip


async def test_health_names_its_dependencies(running: RunningHub) -> None:
    for path in ("/health", "/api/health"):
        answer = await running.http.get(path)
        assert answer.status_code == 200
        assert answer.json()["status"] == "ok"
        assert answer.json()["dependencies"] == {
            "postgres": "ok",
            "redis": "ok",
            "connectors": "none",
            "loops": "ok",
            "clock": "ok",
        }
        assert answer.json()["version"]


async def test_an_idle_connection_outlives_the_clients_own_patience(running: RunningHub) -> None:
    """Or a client sends its next request into a connection that the hub is just closing, and cannot tell its fate."""
    host, port = running.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for pause_s in (5.5, 0):
        writer.write(b"GET /health HTTP/1.1\r\nhost: hub\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        head = await reader.readuntil(b"\r\n\r\n")
        [length] = re.findall(rb"content-length: (\d+)", head)
        await reader.readexactly(int(length))
        await asyncio.sleep(pause_s)
    writer.close()


async def test_login_gives_the_user_and_a_token(running: RunningHub) -> None:
    answer = await running.http.post("/api/auth/login", json={"email": MASTER[0].upper(), "password": MASTER[1]})
    assert answer.status_code == 200
    assert set(answer.json()) == {"user", "token"}
    assert set(answer.json()["user"]) == USER_FIELDS
    me = await running.master.get("/api/auth/me")
    assert (me.status_code, answer.json()["user"].items() <= me.json().items()) == (200, True)


async def test_me_is_the_bare_user_with_the_company_the_rights_and_the_version(
    running: RunningHub, company: Company
) -> None:
    agent = await company.agent()
    me = (await agent.get("/api/auth/me")).json()
    assert set(me) == USER_FIELDS | {"company", "may", "secondFactor", "version"}
    assert {name: me["company"][name] for name in ("id", "language", "timezone")} == {
        "id": company.id,
        "language": "pt-BR",
        "timezone": None,
    }
    shared = {"resolveReasons", "resolveReasonRequired", "agentNameBeforeTexts"}
    assert set(me["company"]) == {"id", "name", "language", "country", "timezone", *shared}
    assert me["may"] == sorted(action.name.lower().replace("_", "-") for action in POLICY[Role.AGENT])
    assert me["version"] == (await running.http.get("/health")).json()["version"]
    hours = {"hours": {"timezone": "America/Manaus", "week": {"mon": [["09:00", "12:00"]]}}}
    assert (await company.admin.patch("/api/companies/me", hours)).status_code == 200
    assert (await agent.get("/api/auth/me")).json()["company"]["timezone"] == "America/Manaus"


async def test_a_master_is_shown_the_company_chosen(running: RunningHub, company: Company) -> None:
    me = (await running.master.get("/api/auth/me")).json()
    assert (me["companyId"], set(me["may"])) == (
        me["company"]["id"],
        {a.name.lower().replace("_", "-") for a in Action},
    )
    chosen = {**running.master.headers, "X-Company-Id": company.id}
    there = (await running.http.get("/api/auth/me", headers=chosen)).json()
    assert (there["companyId"], there["company"]["id"]) == (me["companyId"], company.id)


@pytest.mark.parametrize(
    ("body", "status", "pointers"),
    [
        ({"email": MASTER[0], "password": "wrong"}, 401, []),
        ({"email": "nobody@example.org", "password": "wrong"}, 401, []),
        ({"email": MASTER[0]}, 400, ["/password"]),
        ({"email": MASTER[0], "password": 5}, 400, ["/password"]),
        ({"email": MASTER[0], "password": "x", "more": 1}, 400, ["/more"]),
        ([], 400, []),
    ],
)
async def test_a_login_that_fails_says_why(running: RunningHub, body: object, status: int, pointers: list[str]) -> None:
    answer = await running.http.post("/api/auth/login", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert {"type", "title", "status", "detail", "instance"} <= set(problem)
    assert (problem["status"], problem["instance"]) == (status, "/api/auth/login")
    assert [error["pointer"] for error in problem.get("errors", [])] == pointers


@pytest.mark.parametrize("content", [b"\xff\xfe", b'"\xed\xa0\x80"', b"[" * 100_000, b"{", b'{"email": "\x00"}'])
async def test_what_is_no_json_is_400(running: RunningHub, content: bytes) -> None:
    answer = await running.http.post("/api/auth/login", content=content)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("email", ["a\u0000b@example.org", "😀@example.org", "x" * 5000, "' OR 1=1 --"])
async def test_odd_text_is_never_a_500(running: RunningHub, company: Company, email: str) -> None:
    answer = await running.http.post("/api/auth/login", json={"email": email, "password": "x\u0000y"})
    assert answer.status_code in (400, 401)
    body = {"email": email, "password": PASSWORD, "name": "a\u0000b", "role": "AGENT"}
    assert (await company.admin.post("/api/users", body)).status_code in (201, 400)


async def test_an_address_with_a_nul_is_400(company: Company) -> None:
    for path in ("/api/conversations?search=%00", "/api/conversations?cursor=a%00", "/api/users/%00"):
        answer = await company.admin.get(path)
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await company.admin.get("/api/conversations?search=%ff%fe")).status_code == 200


async def test_an_admin_registers_users_of_its_company_only(running: RunningHub, company: Company) -> None:
    email = f"{uuid4().hex}@example.org"
    body = {"email": email, "password": PASSWORD, "name": "Ana"}
    made = await company.admin.post("/api/auth/register", body)
    assert made.status_code == 201
    assert made.json()["user"]["role"] == "AGENT"
    assert made.json()["user"]["companyId"] == company.id
    again = await company.admin.post("/api/auth/register", body)
    assert again.status_code == 409
    other = await running.company()
    foreign = {**body, "email": f"x{email}", "companyId": other.id}
    assert (await company.admin.post("/api/auth/register", foreign)).status_code == 404
    assert (await running.master.post("/api/auth/register", foreign)).status_code == 201
    agent = await running.sign_in(email)
    assert (await agent.post("/api/auth/register", {**body, "email": f"y{email}"})).status_code == 403


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"email": "nonsense"}, "/email"),
        ({"password": "short"}, "/password"),
        ({"name": " "}, "/name"),
        ({"role": "KING"}, "/role"),
        ({"role": "MASTER"}, "/role"),
        ({"departmentId": "x"}, "/departmentId"),
        ({"departmentId": str(uuid4())}, "/departmentId"),
    ],
)
async def test_a_bad_field_of_a_user_is_named(company: Company, change: dict[str, object], pointer: str) -> None:
    body = {"email": f"{uuid4().hex}@example.org", "password": PASSWORD, "name": "Ana", "role": "AGENT", **change}
    answer = await company.admin.post("/api/users", body)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_users_are_listed_by_what_they_are(company: Company) -> None:
    department = await company.department()
    agent = await company.agent(department, "ONLINE")
    listed = (await company.admin.get("/api/users")).json()
    assert {user["id"] for user in listed} == {agent.id, company.admin.id}
    for query, ids in (
        ({"role": "ADMIN"}, {company.admin.id}),
        ({"onlineStatus": "ONLINE"}, {agent.id}),
        ({"departmentId": department["id"]}, {agent.id}),
        ({"status": "inactive"}, set()),
    ):
        found = await company.admin.get("/api/users", **query)
        assert (found.status_code, {user["id"] for user in found.json()}) == (200, ids), query
    for bad in ({"role": "x"}, {"status": "x"}, {"departmentId": "x"}):
        assert (await company.admin.get("/api/users", **bad)).status_code == 400


async def test_a_user_is_changed_and_dismissed(company: Company) -> None:
    agent = await company.agent()
    changed = await company.admin.patch(f"/api/users/{agent.id}", {"name": "Bia", "role": "ADMIN"})
    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["role"]) == ("Bia", "ADMIN")
    gone = await company.admin.patch(f"/api/users/{agent.id}", {"isActive": False})
    assert gone.json()["isActive"] is False
    login = {"email": agent.user["email"], "password": PASSWORD}
    assert (await agent.http.post("/api/auth/login", json=login)).status_code == 401
    assert (await company.admin.patch(f"/api/users/{uuid4()}", {"name": "x"})).status_code == 404
    assert (await agent.patch(f"/api/users/{agent.id}", {"name": "x"})).status_code in (401, 403)


async def test_presence_is_ones_own(company: Company) -> None:
    agent = await company.agent()
    answer = await agent.patch("/api/users/me/status", {"status": "BUSY"})
    assert (answer.status_code, answer.json()["onlineStatus"]) == (200, "BUSY")
    assert (await agent.patch("/api/users/me/status", {"status": "AWAY"})).status_code == 400


async def test_departments_are_made_changed_and_removed(company: Company) -> None:
    made = await company.department("Vendas")
    assert made == {
        "id": made["id"],
        "companyId": company.id,
        "name": "Vendas",
        "slug": made["slug"],
        "color": "#128C7E",
        "isRoot": False,
        "responseTimeoutMinutes": 5,
        "maxAgents": 10,
        "hours": None,
        "lastAgentFirst": True,
        "maxConversations": None,
        "prefersSkills": True,
        "firstResponseTargetMinutes": None,
        "resolutionTargetMinutes": None,
        "targetWarningPercent": None,
        "asksRating": None,
        "resolveQuietAfterHours": None,
        "createdAt": made["createdAt"],
    }
    url = f"/api/departments/{made['id']}"
    assert (await company.admin.get(url)).json() == made
    assert (await company.admin.get("/api/departments")).json() == [made]
    changed = await company.admin.patch(url, {"name": "Compras", "maxAgents": 1})
    assert (changed.status_code, changed.json()["name"]) == (200, "Compras")
    twice = await company.admin.post("/api/departments", {"name": "x", "slug": made["slug"]})
    assert twice.status_code == 409
    agent = await company.agent(made)
    assert [user["id"] for user in (await company.admin.get(f"{url}/agents")).json()] == [agent.id]
    assert (await company.admin.get(f"{url}/queue")).json() == []
    body = {"email": "z@example.org", "password": PASSWORD, "name": "Z", "role": "AGENT", "departmentId": made["id"]}
    assert (await company.admin.post("/api/users", body)).status_code == 409
    assert (await company.admin.delete(url)).status_code == 409
    assert (await agent.post("/api/departments", {"name": "x", "slug": "x"})).status_code == 403
    empty = await company.department()
    gone = await company.admin.delete(f"/api/departments/{empty['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await company.admin.get(f"/api/departments/{empty['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"name": "x"}, ["/slug"]),
        ({"name": "", "slug": "x"}, ["/name"]),
        ({"name": "x", "slug": "x", "color": "red", "maxAgents": 0}, ["/color", "/maxAgents"]),
        ({"name": "x", "slug": "x", "isRoot": "perhaps"}, ["/isRoot"]),
    ],
)
async def test_every_bad_field_of_a_department_is_named(
    company: Company, body: dict[str, object], pointers: list[str]
) -> None:
    answer = await company.admin.post("/api/departments", body)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers


async def test_a_master_chooses_a_company_and_others_do_not(running: RunningHub, company: Company) -> None:
    department = await company.department()
    chosen = {"X-Company-Id": company.id}
    seen = await running.http.get("/api/departments", headers={**running.master.headers, **chosen})
    assert [d["id"] for d in seen.json()] == [department["id"]]
    other = await running.company()
    foreign = await running.http.get("/api/departments", headers={**other.admin.headers, **chosen})
    assert foreign.status_code == 404
    nowhere = {**running.master.headers, "X-Company-Id": str(uuid4())}
    assert (await running.http.get("/api/departments", headers=nowhere)).status_code == 404
    nonsense = {**running.master.headers, "X-Company-Id": "nonsense"}
    assert (await running.http.get("/api/departments", headers=nonsense)).status_code == 400
