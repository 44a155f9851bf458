"""The contracts' rules for all, on E: limits and cursors, times, keys of idempotency, rates, a MASTER's choice."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
import socketio

from tests.integration.http.conftest import JWT_SECRET, Company, Person, RunningHub, _ready, _stop, free_port
from tests.integration.http.test_work import ANA, started
from whatsapp_hub.main.roles import api
from whatsapp_hub.main.settings import Settings

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
LISTS = [
    *("/api/conversations", "/api/users", "/api/departments", "/api/quick-replies", "/api/notifications", "/api/audit"),
    *("/api/sessions", "/api/events", "/api/messages/search?query=x"),
]


async def test_a_list_has_fifty_unless_asked_and_two_hundred_at_most(company: Company) -> None:
    for number in range(51):
        body = {"shortcut": f"r{number:03}", "content": "x"}
        assert (await company.admin.post("/api/quick-replies", body)).status_code == 201
    shown = await company.admin.get("/api/quick-replies")
    assert (len(shown.json()), isinstance(shown.json(), list)) == (50, True)
    rest = await company.admin.get("/api/quick-replies", cursor=shown.headers["X-Next-Cursor"])
    assert ([reply["shortcut"] for reply in rest.json()], "X-Next-Cursor" in rest.headers) == (["r050"], False)
    assert len((await company.admin.get("/api/quick-replies", limit=200)).json()) == 51


@pytest.mark.parametrize("path", LISTS)
async def test_every_list_is_a_bare_array_with_a_limit_and_a_cursor(company: Company, path: str) -> None:
    mark = "&" if "?" in path else "?"
    for limit in (1, 200):
        answer = await company.admin.get(f"{path}{mark}limit={limit}")
        assert (answer.status_code, isinstance(answer.json(), list)) == (200, True), answer.text
    cursor = "after" if path == "/api/events" else "cursor"
    for name, value in (("limit", "0"), ("limit", "201"), ("limit", "x"), (cursor, "nonsense")):
        answer = await company.admin.get(f"{path}{mark}{name}={value}")
        problem = answer.json()
        assert (answer.status_code, [e["pointer"] for e in problem["errors"]]) == (400, [f"/{name}"]), answer.text
        assert (problem["instance"], problem["status"]) == (path.partition("?")[0], 400)


def moments(value: Any, name: str = "") -> list[str]:
    """Every value of a field that is called a time."""
    if isinstance(value, dict):
        return [m for key, inner in value.items() for m in moments(inner, key)]
    if isinstance(value, list):
        return [m for inner in value for m in moments(inner, name)]
    return [value] if isinstance(value, str) and (name.endswith("At") or name == "timestamp") else []


async def test_times_are_utc_as_rfc_3339_says(company: Company) -> None:
    conversation = await started(company)
    shown = [
        (await company.admin.get(path)).json()
        for path in (f"/api/conversations/{conversation['id']}", "/api/users", "/api/sessions", "/api/audit")
    ]
    found = moments(shown)
    assert len(found) > 10
    assert [moment for moment in found if not MOMENT.fullmatch(moment)] == []


async def test_a_key_of_idempotency_is_its_callers(company: Company) -> None:
    agent = await company.agent()
    conversation = await started(company, agent)
    body, key = {"conversationId": conversation["id"], "content": "Olá"}, {"Idempotency-Key": uuid4().hex}
    mine = [await agent.post("/api/messages/send", body, **key) for _ in range(2)]
    assert [answer.status_code for answer in mine] == [202, 202]
    assert mine[0].json()["id"] == mine[1].json()["id"]
    anothers = await company.admin.post("/api/messages/send", body, **key)
    assert (anothers.status_code, anothers.json()["id"] != mine[0].json()["id"]) == (202, True)
    reused = await agent.post("/api/messages/send", {**body, "content": "Tchau"}, **key)
    assert (reused.status_code, reused.headers["content-type"]) == (422, "application/problem+json")
    start = {"sessionId": conversation["sessionId"], "to": "5511912345678", "content": "Oi"}
    key = {"Idempotency-Key": uuid4().hex}
    first, again = [await agent.post("/api/conversations", start, **key) for _ in range(2)]
    assert (first.status_code, again.status_code, first.json()["id"]) == (201, 201, again.json()["id"])
    assert len((await agent.get(f"/api/conversations/{first.json()['id']}")).json()["messages"]) == 1
    assert (await agent.post("/api/conversations", {**start, "to": ANA}, **key)).status_code == 422


@pytest.mark.parametrize(
    "to", ["5511987650009", "+5511987650009", "5511987650009@s.whatsapp.net", "5511987650009@c.us"]
)
async def test_to_takes_digits_a_number_or_a_jid(company: Company, to: str) -> None:
    assert (await started(company, to=to))["customerPhone"] == "5511987650009"


async def test_a_master_works_in_the_company_it_chooses(running: RunningHub, company: Company) -> None:
    chosen = {"X-Company-Id": company.id}
    made = await running.master.post("/api/departments", {"name": "Nova", "slug": "nova"}, **chosen)
    assert (made.status_code, made.json()["companyId"]) == (201, company.id)
    person = {"email": f"{uuid4().hex}@example.org", "password": "a long enough password", "name": "N", "role": "AGENT"}
    user = await running.master.post("/api/users", person, **chosen)
    assert (user.status_code, user.json()["companyId"]) == (201, company.id)
    named = await running.master.post("/api/users", {**person, "email": f"x{person['email']}", "companyId": company.id})
    assert (named.status_code, named.json()["companyId"]) == (201, company.id)
    session = await company.session(routing="none")
    body = {"sessionId": session["id"], "to": ANA, "content": "Oi"}
    conversation = await running.master.post("/api/conversations", body, **chosen)
    assert (conversation.status_code, conversation.json()["assignedUserId"]) == (201, None)
    path = f"/api/conversations/{conversation.json()['id']}"
    assert (await running.master.get(path)).status_code == 404
    assert (await running.http.get(path, headers={**running.master.headers, **chosen})).status_code == 200
    for role in (company.admin, await company.agent()):
        other = await running.company()
        foreign = {**role.headers, "X-Company-Id": other.id}
        for url in ("/api/auth/me", "/api/conversations", "/api/users"):
            assert (await running.http.get(url, headers=foreign)).status_code == 404
        own = {**role.headers, "X-Company-Id": company.id}
        assert (await running.http.get("/api/departments", headers=own)).status_code == 200


async def test_a_masters_socket_is_of_the_company_it_chooses(running: RunningHub, company: Company) -> None:
    heard: list[Any] = []
    io = socketio.AsyncClient(reconnection=False)
    io.on("message-sent", heard.append)
    await io.connect(
        running.url, auth={"token": running.master.token, "companyId": company.id}, transports=["websocket"]
    )
    conversation = await started(company)
    async with asyncio.timeout(15):
        while not heard:
            await asyncio.sleep(0.02)
    await io.disconnect()
    assert heard[0]["conversationId"] == conversation["id"]
    foreign = {"token": company.admin.token, "companyId": (await running.company()).id}
    with pytest.raises(socketio.exceptions.ConnectionError):
        await io.connect(running.url, auth=foreign, transports=["websocket"], wait_timeout=5)


@pytest_asyncio.fixture
async def strict(running: RunningHub, database_url: str, valkey_url: str, tmp_path: Any) -> AsyncIterator[str]:
    """One more API process on the same databases, as a user of the hub's own limits meets it; its address."""
    settings = Settings(
        port=free_port(),
        hub_data_dir=str(tmp_path),
        database_url=database_url,
        redis_url=valkey_url,
        jwt_secret=JWT_SECRET,
        hub_secret_key="fedcba9876543210fedcba9876543210",
    )
    part = asyncio.create_task(api.run(settings))
    url = f"http://127.0.0.1:{settings.port}"
    async with type(running.http)(base_url=url) as http:
        await _ready(http, [part])
    yield url
    await _stop([part])


async def test_a_user_has_sixty_requests_a_minute_and_health_and_webhooks_have_no_limit(
    running: RunningHub, company: Company, strict: str
) -> None:
    agent, colleague = await company.agent(), await company.agent()
    async with type(running.http)(base_url=strict, timeout=15) as http:

        async def asks(person: Person) -> Any:
            return await replace(person, http=http).get("/api/auth/me")

        began = time.monotonic()
        answers = [await asks(agent)]
        while answers[-1].status_code == 200:
            answers.append(await asks(agent))
        refilled = (time.monotonic() - began) + 1  # one a second comes back meanwhile
        assert answers[-1].status_code == 429
        assert 60 <= len(answers) - 1 <= 60 + refilled
        assert answers[0].headers["RateLimit-Limit"] == "60"
        assert answers[0].headers["RateLimit-Remaining"] == "59"
        refused = answers[-1]
        assert refused.headers["content-type"] == "application/problem+json"
        assert (refused.json()["status"], int(refused.headers["Retry-After"]) >= 1) == (429, True)
        assert (await asks(colleague)).status_code == 200
        for _ in range(70):
            assert (await http.get("/api/health")).status_code == 200
        assert {(await http.post("/webhooks/whatsapp", content=b"{}")).status_code for _ in range(70)} <= {200, 401}
