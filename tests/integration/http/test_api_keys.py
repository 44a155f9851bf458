"""API keys (contract F, and the rules for all): made, used in every place, narrowed, expired, revoked."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
import socketio

from tests.integration.http.conftest import Company, RunningHub, eventually
from whatsapp_hub.domain.accounts.access import POLICY, Action, name_of
from whatsapp_hub.domain.accounts.user import Role

FIELDS = {
    "id", "companyId", "name", "hint", "scopes", "createdBy", "createdAt", "expiresAt", "revokedAt", "lastUsedAt",
}  # fmt: skip


async def make(company: Company, **more: object) -> dict[str, str]:
    made = await company.admin.post("/api/api-keys", {"name": "crm", **more})
    assert made.status_code == 201, made.text
    return dict(made.json())


async def ask(running: RunningHub, path: str, **headers: str) -> httpx.Response:
    return await running.http.get(path, headers=headers)


async def test_a_key_is_shown_once(company: Company) -> None:
    made = await make(company)
    assert set(made) == FIELDS | {"key"}
    assert made["key"].startswith(made["hint"])
    assert (made["scopes"], made["expiresAt"], made["revokedAt"], made["lastUsedAt"]) == (None, None, None, None)
    assert made["createdBy"] == company.admin.id
    [listed] = (await company.admin.get("/api/api-keys")).json()
    assert listed == {name: value for name, value in made.items() if name != "key"}


async def test_a_key_enters_by_each_of_its_headers(running: RunningHub, company: Company) -> None:
    session = await company.session()
    key = (await make(company))["key"]
    for headers in ({"Authorization": f"Bearer {key}"}, {"X-Api-Key": key}, {"apikey": key}):
        answer = await ask(running, "/api/sessions", **headers)
        assert (answer.status_code, [s["id"] for s in answer.json()]) == (200, [session["id"]])
        assert answer.headers["ratelimit-limit"] == "6000"
    for headers in ({"X-Api-Key": f"{key}x"}, {"apikey": "hub_"}, {"X-Api-Key": company.admin.token}):
        assert (await ask(running, "/api/sessions", **headers)).status_code == 401

    async def used() -> bool:
        return bool((await company.admin.get("/api/api-keys")).json()[0]["lastUsedAt"])

    await eventually(used)


async def test_a_key_opens_a_socket(running: RunningHub, company: Company) -> None:
    io = socketio.AsyncClient(reconnection=False)
    await io.connect(running.url, auth={"token": (await make(company))["key"]}, transports=["websocket"])
    assert (await io.call("join-company"))["companyId"] == company.id
    await io.disconnect()


async def test_a_key_is_its_companys_alone(running: RunningHub, company: Company) -> None:
    other = await running.company()
    session = await other.session()
    key = (await make(company))["key"]
    assert (await ask(running, f"/api/sessions/{session['id']}", apikey=key)).status_code == 404
    chosen = {"apikey": key, "X-Company-Id": other.id}
    assert (await ask(running, "/api/sessions", **chosen)).status_code == 404
    mine = await make(company)
    assert (await other.admin.delete(f"/api/api-keys/{mine['id']}")).status_code == 404
    assert (await other.admin.get("/api/api-keys")).json() == []


async def test_scopes_narrow_what_a_key_may_do(running: RunningHub, company: Company) -> None:
    key = (await make(company, scopes=["read-sessions"]))["key"]
    assert (await ask(running, "/api/sessions", apikey=key)).status_code == 200
    for path in ("/api/users", "/api/conversations", "/api/events"):
        refused = await ask(running, path, apikey=key)
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:whatsapp-hub:problem:forbidden")
    body = {"name": "x", "provider": "SANDBOX"}
    assert (await running.http.post("/api/sessions", json=body, headers={"apikey": key})).status_code == 403


async def test_a_key_that_expires_or_is_revoked_is_refused(running: RunningHub, company: Company) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    short = (await make(company, expiresAt=soon))["key"]
    assert (await ask(running, "/api/sessions", apikey=short)).status_code == 200
    await asyncio.sleep(1.1)
    assert (await ask(running, "/api/sessions", apikey=short)).status_code == 401
    long = await make(company)
    assert (await ask(running, "/api/sessions", apikey=long["key"])).status_code == 200
    for _ in range(2):
        assert (await company.admin.delete(f"/api/api-keys/{long['id']}")).status_code == 204

    async def refused() -> bool:
        return (await ask(running, "/api/sessions", apikey=long["key"])).status_code == 401

    await eventually(refused)
    assert (await company.admin.delete(f"/api/api-keys/{uuid4()}")).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/name"]),
        ({"name": " "}, ["/name"]),
        ({"name": "x", "scopes": ["everything"]}, ["/scopes/0"]),
        ({"name": "x", "expiresAt": "2001-01-01T00:00:00Z"}, ["/expiresAt"]),
        ({"name": "x", "expiresAt": "2091-01-01T00:00:00"}, ["/expiresAt"]),
        ({"name": "x", "more": 1}, ["/more"]),
    ],
)
async def test_a_bad_field_is_named(company: Company, body: dict[str, object], pointers: list[str]) -> None:
    answer = await company.admin.post("/api/api-keys", body)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers


async def test_only_an_administrator_and_a_person_makes_keys(running: RunningHub, company: Company) -> None:
    agent = await company.agent()
    for answer in (await agent.post("/api/api-keys", {"name": "x"}), await agent.get("/api/api-keys")):
        assert answer.status_code == 403
    key = (await make(company))["key"]
    answer = await running.http.post("/api/api-keys", json={"name": "x"}, headers={"apikey": key})
    assert answer.status_code == 403


async def test_what_a_program_says_is_marked_as_a_bots_and_told_once(running: RunningHub, company: Company) -> None:
    session = await company.session(routing="none")
    key = (await make(company))["key"]
    async with running.listening(company.admin) as listener:
        body = {"sessionId": session["id"], "to": "5511988887777", "content": "olá"}
        made = await running.http.post("/api/conversations", json=body, headers={"apikey": key})
        assert (made.status_code, made.json()["status"]) == (201, "OPEN")
        told = await listener.hears("message-sent", conversationId=made.json()["id"])
        await listener.hears("message-status", conversationId=made.json()["id"], status="READ")
    assert (told["message"]["senderId"], told["message"]["isBot"]) == (None, True)
    assert [name for name, _ in listener.heard].count("message-sent") == 1


async def test_keys_and_webhooks_are_listed_in_pages(company: Company) -> None:
    for n in range(5):
        assert (await company.admin.post("/api/api-keys", {"name": f"k{n}"})).status_code == 201
        body = {"url": f"https://example.org/{n}", "events": ["*"]}
        assert (await company.admin.post("/api/webhooks", body)).status_code == 201
    for path, field, expected in (
        ("/api/api-keys", "name", [f"k{n}" for n in reversed(range(5))]),
        ("/api/webhooks", "url", [f"https://example.org/{n}" for n in range(5)]),
    ):
        found: list[str] = []
        cursor: str | None = None
        while True:
            answer = await company.admin.get(path, limit=2, **({"cursor": cursor} if cursor else {}))
            found += [one[field] for one in answer.json()]
            if (cursor := answer.headers.get("X-Next-Cursor")) is None:
                break
        assert found == expected
        refused = await company.admin.get(path, cursor="x")
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/cursor")


USER = {"password": "a long enough password", "name": "Eve"}


@pytest.mark.parametrize("role", ["ADMIN", "AGENT"])
async def test_a_key_makes_nobody_who_may_do_more_than_it(running: RunningHub, company: Company, role: str) -> None:
    agent = (await company.agent()).id
    key = {"apikey": (await make(company, scopes=["manage-users", "read-users"]))["key"]}
    new = {**USER, "email": f"{uuid4().hex}@example.org", "role": role}
    for path in ("/api/users", "/api/auth/register"):
        refused = await running.http.post(path, json=new, headers=key)
        assert refused.status_code == 403
        assert "more than the caller has" in refused.json()["detail"]
    raised = await running.http.patch(f"/api/users/{agent}", json={"role": "ADMIN"}, headers=key)
    assert raised.status_code == 403
    for user in (agent, company.admin.id):
        reset = await running.http.post(f"/api/users/{user}/password-reset", headers=key)
        assert reset.status_code == 403
    assert (await running.http.patch(f"/api/users/{agent}", json={"name": "Beatriz"}, headers=key)).status_code == 200
    await company.admin.patch(f"/api/users/{agent}", {"isActive": False})
    back = await running.http.patch(f"/api/users/{agent}", json={"isActive": True}, headers=key)
    assert back.status_code == 403


async def test_a_key_with_all_of_an_agents_rights_makes_agents_and_no_admins(
    running: RunningHub, company: Company
) -> None:
    scopes = [name_of(action) for action in POLICY[Role.AGENT] - {Action.SET_OWN_STATUS}]
    key = {"apikey": (await make(company, scopes=[*scopes, "manage-users"]))["key"]}
    for role, status in (("AGENT", 201), ("ADMIN", 403)):
        new = {**USER, "email": f"{uuid4().hex}@example.org", "role": role}
        assert (await running.http.post("/api/users", json=new, headers=key)).status_code == status


async def test_redirecting_a_sessions_messages_is_a_scope_of_its_own(running: RunningHub, company: Company) -> None:
    session = await company.session()
    hook = {"webhookUrl": "https://example.org/hook"}
    for scopes, allowed in ((["manage-sessions"], False), (["manage-sessions", "manage-webhooks"], True)):
        key = {"apikey": (await make(company, scopes=[*scopes, "read-sessions"]))["key"]}
        name = uuid4().hex
        asked = {
            "move": await running.http.patch(f"/api/sessions/{session['id']}", json=hook, headers=key),
            "stop": await running.http.patch(f"/api/sessions/{session['id']}", json={"webhookUrl": None}, headers=key),
            "make": await running.http.post(
                "/api/sessions", json={"name": name, "provider": "SANDBOX", **hook}, headers=key
            ),
            "bot": await running.http.put(
                f"/api/sessions/{session['id']}/bot", json={"url": "https://example.org/bot"}, headers=key
            ),
            "instance": await running.http.post(
                "/instances/create",
                json={"user_id": "u", "instance_name": name, "provider": "SANDBOX", "webhook_url": hook["webhookUrl"]},
                headers=key,
            ),
        }
        refused = {what for what, answer in asked.items() if answer.status_code == 403}
        assert refused == (set() if allowed else set(asked)), {w: a.text for w, a in asked.items()}
        renamed = await running.http.patch(f"/api/sessions/{session['id']}", json={"name": name}, headers=key)
        assert renamed.status_code == 200
