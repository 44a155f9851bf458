"""A company sees its own and nothing else, on every route there is; people do what their role allows; errors are
problem documents; the log is dense and ordered."""

import re
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

from tests.integration.http.conftest import Company
from tests.integration.hub.reference import body_of, operations
from tests.integration.hub.world import Number, World, a_phone


@pytest_asyncio.fixture(scope="module")
async def theirs(world: World) -> dict[str, str]:
    """One thing of every kind, of another company."""
    other = await world.hub.company()
    department = await other.department("Segredos")
    agent = await other.agent(department)
    session = await other.session(routing="none")
    body = {"sessionId": session["id"], "to": a_phone(), "content": "segredo"}
    conversation = (await other.admin.post("/api/conversations", body)).json()
    messages = (await other.admin.get(f"/api/conversations/{conversation['id']}/messages")).json()["messages"]
    return {
        "departments": department["id"],
        "users": agent.id,
        "sessions": session["id"],
        "sandbox": session["id"],
        "conversations": conversation["id"],
        "messages": messages[0]["id"],
        "tenants": other.id,
        "contacts": conversation["contactId"],
    }


def filled(path: str) -> str:
    """Put something into each place of a path: numbers where it takes some, else a made-up id."""
    numbers = {"phone": "5511999990000", "delivery_id": "1"}
    return re.sub(r"{(\w+)}", lambda place: numbers.get(place[1], str(uuid4())), path)


async def test_every_route_that_takes_an_id_answers_404_for_another_companys(
    world: World, company: Company, document: dict[str, Any], theirs: dict[str, str]
) -> None:
    asked = 0
    wrong: list[str] = []
    for method, path, operation in operations(document):
        if "{id}" not in path or path.startswith("/webhooks"):
            continue
        kind = path.removeprefix("/api/").strip("/").split("/")[0]
        id = theirs.get(kind, str(uuid4()))
        url = filled(path.replace("{id}", id))
        body = body_of(operation, document)
        answer = await world.hub.http.request(method, url, json=body, headers=company.admin.headers)
        asked += 1
        allowed = (403, 404) if kind == "tenants" else (404,)
        if answer.status_code not in allowed or "segredo" in answer.text.lower():
            wrong.append(f"{method} {path} {body}: {answer.status_code} {answer.text[:200]}")
    assert wrong == []
    assert asked > 15


async def test_another_companys_ids_inside_a_body_are_as_unknown_as_made_up_ones(
    company: Company, number: Number, theirs: dict[str, str]
) -> None:
    mine = await company.department("Minha")
    agent = await company.agent(mine)
    phone = a_phone()
    await number.writes(phone, "Oi")
    own = await number.conversation(phone)

    async def ask(ids: dict[str, str]) -> list[tuple[int, str]]:
        a = company.admin
        email = f"{uuid4().hex}@example.org"
        person = {"email": email, "password": "a long enough password", "name": "x", "role": "AGENT"}
        new = {"name": uuid4().hex, "provider": "SANDBOX"}
        answers = [
            await a.post("/api/conversations", {"sessionId": ids["sessions"], "to": phone, "content": "x"}),
            await a.post("/api/messages/send", {"conversationId": ids["conversations"], "content": "x"}),
            await a.post(f"/api/conversations/{own['id']}/assign", {"userId": ids["users"]}),
            await a.post("/api/users", {**person, "departmentId": ids["departments"]}),
            await a.post("/api/users", {**person, "companyId": ids["tenants"]}),
            await a.patch(f"/api/users/{agent.id}", {"departmentId": ids["departments"]}),
            await a.patch(f"/api/sessions/{number.id}", {"departmentId": ids["departments"]}),
            await a.post("/api/sessions", {**new, "departmentId": ids["departments"]}),
            await a.post("/api/sessions", {**new, "userId": ids["users"]}),
        ]
        return [(answer.status_code, str(answer.json().get("type"))) for answer in answers]

    made_up = {kind: str(uuid4()) for kind in theirs}
    foreign = await ask(theirs)
    assert foreign == await ask(made_up)
    assert {status for status, _ in foreign} <= {400, 404}
    for query in ({"departmentId": theirs["departments"]}, {"sessionId": theirs["sessions"]}):
        assert (await company.admin.get("/api/conversations", **query)).json() == []
    assert (await company.admin.get("/api/users", departmentId=theirs["departments"])).json() == []


async def test_every_route_wants_a_credential(world: World, document: dict[str, Any]) -> None:
    public = {"/", "/health", "/api/health", "/metrics"}  # a page that leads on, and what says for itself who may
    public |= {"/api/auth/login", "/api/auth/reset-password", "/reset-password"}
    public |= {"/api/media/links/{token}"}  # the token is the right
    public |= {"/api/auth/methods", "/api/auth/oidc", "/api/auth/oidc/callback", "/api/auth/oidc/token"}
    wrong: list[str] = []
    for method, path, operation in operations(document):
        if path in public or path.startswith("/webhooks"):
            continue
        url = filled(path.replace("deliveries/{id}", "deliveries/1"))
        for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}):
            answer = await world.hub.http.request(method, url, json=body_of(operation, document), headers=headers)
            if answer.status_code != 401:
                wrong.append(f"{method} {path} {headers}: {answer.status_code}")
    assert wrong == []


async def test_an_agent_is_refused_what_is_for_admins(world: World, company: Company) -> None:
    department = await company.department("Vendas")
    agent, session = await company.agent(department), await company.session(routing="none")
    body = {"sessionId": session["id"], "to": a_phone(), "content": "x"}
    conversation = (await agent.post("/api/conversations", body)).json()
    message = (await agent.get(f"/api/conversations/{conversation['id']}")).json()["messages"][0]
    person = {"email": "x@example.org", "password": "a long enough password", "name": "x", "role": "AGENT"}
    refused: list[tuple[str, str, object]] = [
        ("POST", "/api/auth/register", person),
        ("POST", "/api/users", person),
        ("PATCH", f"/api/users/{agent.id}", {"role": "ADMIN"}),
        ("POST", "/api/departments", {"name": "x", "slug": "x"}),
        ("PATCH", f"/api/departments/{department['id']}", {"name": "x"}),
        ("DELETE", f"/api/departments/{department['id']}", None),
        ("POST", "/api/sessions", {"name": "x", "provider": "SANDBOX"}),
        ("PATCH", f"/api/sessions/{session['id']}", {"name": "x"}),
        ("DELETE", f"/api/sessions/{session['id']}", None),
        *(("POST", f"/api/sessions/{session['id']}/{verb}", None) for verb in ("start", "stop", "restart")),
        *(("POST", f"/api/messages/{message['id']}/{verb}", None) for verb in ("retry", "fail")),
        ("POST", f"/api/conversations/{conversation['id']}/assign", {"userId": company.admin.id}),
        ("GET", "/api/events", None),
        ("POST", f"/sandbox/{session['id']}/messages", {"from": "5511999990000", "text": "x"}),
        ("GET", f"/sandbox/{session['id']}/phones/5511999990000/messages", None),
        ("GET", "/api/tenants", None),
        ("POST", "/api/tenants", {"slug": "x", "name": "x"}),
    ]
    for method, url, content in refused:
        answer = await world.hub.http.request(method, url, json=content, headers=agent.headers)
        assert answer.status_code == 403, (method, url, answer.text)
        assert_problem(answer, url)
    for method, url in (("GET", "/api/tenants"), ("POST", "/api/tenants")):
        answer = await world.hub.http.request(
            method, url, json={"slug": "x", "name": "x"}, headers=company.admin.headers
        )
        assert answer.status_code == 403


def assert_problem(answer: httpx.Response, instance: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "instance"} <= problem.keys()
    assert (problem["status"], problem["instance"]) == (answer.status_code, instance)
    assert all(isinstance(problem[name], str) and problem[name] for name in ("type", "title", "detail"))
    return problem


async def test_every_bad_field_has_its_pointer(world: World, company: Company, number: Number) -> None:
    asked: list[tuple[str, str, object, list[str]]] = [
        ("POST", "/api/conversations", {"to": 5, "content": "x"}, ["/sessionId", "/to"]),
        ("POST", "/api/conversations", {"sessionId": number.id, "to": "x y", "content": "x"}, ["/to"]),
        ("POST", "/api/messages/send", {"conversationId": "x", "content": "x"}, ["/conversationId"]),
        ("POST", "/api/messages/send", {"conversationId": str(uuid4())}, ["/content"]),
        ("POST", "/api/messages/send", {"conversationId": str(uuid4()), "content": "x" * 4097}, ["/content"]),
        ("PATCH", "/api/users/me/status", {"status": "AWAY"}, ["/status"]),
        ("GET", "/api/conversations?limit=0", None, ["/limit"]),
        ("GET", "/api/events?after=x", None, ["/after"]),
        (
            "POST",
            "/api/sessions",
            {"name": "x", "provider": "META", "settings": {"phoneNumberId": "abc", "accessToken": "a b"}},
            ["/settings/accessToken", "/settings/appSecret", "/settings/phoneNumberId", "/settings/verifyToken"],
        ),
        ("PATCH", f"/api/sessions/{number.id}", {"settings": {"appSecret": ""}}, ["/settings/appSecret"]),
    ]
    for method, url, content, pointers in asked:
        answer = await world.hub.http.request(method, url, json=content, headers=company.admin.headers)
        assert answer.status_code == 400, (url, answer.text)
        problem = assert_problem(answer, url.partition("?")[0])
        found = sorted(error["pointer"] for error in problem["errors"])
        assert set(found) <= set(pointers), (url, found)
        assert found, url
        assert all(error["detail"] for error in problem["errors"])


async def test_other_errors_are_problems_too(world: World, company: Company) -> None:
    for method, url, status in (
        ("GET", "/api/nothing", 404),
        ("GET", f"/api/conversations/{uuid4()}", 404),
        ("GET", "/api/conversations/x", 404),
        ("DELETE", "/api/conversations", 405),
    ):
        answer = await world.hub.http.request(method, url, headers=company.admin.headers)
        assert answer.status_code == status, (method, url)
        assert_problem(answer, url)


async def test_positions_are_dense_and_each_company_reads_its_own_in_order(
    world: World, company: Company, number: Number
) -> None:
    for _ in range(5):
        phone = a_phone()
        await number.writes(phone, "Oi")
        await number.answers(company.admin, phone, "Olá")
    await world.settled(company)
    [whole] = await world.rows("SELECT count(*), min(position), max(position) FROM hub.events")
    assert (whole["min"], whole["max"]) == (1, whole["count"])
    read: list[dict[str, Any]] = []
    after = 0
    while True:
        page = await company.admin.get("/api/events", after=after, limit=7)
        assert page.status_code == 200
        read += page.json()
        if "x-next-cursor" not in page.headers:
            break
        after = int(page.headers["x-next-cursor"])
    positions = [event["position"] for event in read]
    assert positions == sorted(set(positions))
    assert {event["tenantId"] for event in read} == {company.id}
    mine = await world.rows("SELECT position FROM hub.events WHERE tenant_id = $1 ORDER BY position", UUID(company.id))
    assert positions == [row["position"] for row in mine]
    for kind, count in (
        ("message.received", 5),
        ("message.queued", 5),
        ("message.sent", 5),
        ("conversation.opened", 5),
    ):
        assert len([event for event in read if event["type"] == kind]) == count, kind


@pytest.mark.parametrize("path", ["/schema", "/schema/openapi.json"])
async def test_the_documentation_needs_nobody_elses_server(world: World, path: str) -> None:
    answer = await world.hub.http.get(path, follow_redirects=True)
    assert answer.status_code == 200
    assert "cdn." not in answer.text
    assert "jsdelivr" not in answer.text
