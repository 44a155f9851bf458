"""How much a company may have, and how often it may ask for e-mail addresses that are another's."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.http.conftest import PASSWORD, Company, RunningHub
from tests.integration.http.test_company import entries
from whatsapp_hub.domain.accounts.quotas import USUAL, Quota

MAKES: dict[Quota, tuple[str, Any]] = {
    Quota.USERS: (
        "/api/users",
        lambda n: {"email": f"{n}@example.com", "name": n, "password": PASSWORD, "role": "AGENT"},
    ),
    Quota.DEPARTMENTS: ("/api/departments", lambda n: {"name": n, "slug": n}),
    Quota.QUICK_REPLIES: ("/api/quick-replies", lambda n: {"shortcut": n, "content": "x"}),
    Quota.API_KEYS: ("/api/api-keys", lambda n: {"name": n}),
    Quota.SESSIONS: ("/api/sessions", lambda n: {"name": n, "provider": "SANDBOX"}),
    Quota.WEBHOOKS: ("/api/webhooks", lambda n: {"url": f"http://127.0.0.1:9/{n}"}),
}


async def allow(running: RunningHub, company: Company, **quotas: int | None) -> dict[str, int]:
    answer = await running.master.patch(f"/api/tenants/{company.id}", {"quotas": quotas})
    assert answer.status_code == 200, answer.text
    await asyncio.sleep(1.1)  # each process remembers a company for a second
    return dict(answer.json()["quotas"])


async def make(company: Company, quota: Quota) -> Any:
    path, body = MAKES[quota]
    return await company.admin.post(path, body(f"n{uuid4().hex[:8]}"))


async def test_a_quota_is_exact_however_many_ask_at_once(running: RunningHub, company: Company) -> None:
    usual = {quota.value: 3 for quota in MAKES} | {Quota.USERS.value: 4}  # the company has its ADMIN
    await allow(running, company, **usual)
    for quota in MAKES:
        answers = await asyncio.gather(*(make(company, quota) for _ in range(6)))
        assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 409, 409, 409], quota
        refused = next(answer.json() for answer in answers if answer.status_code == 409)
        assert refused["type"].endswith(":quota_exceeded")
        assert refused["detail"].startswith(f"the company may have {usual[quota.value]} ")
        assert f"(quota {quota})" in refused["detail"]


async def test_quotas_are_the_operators_to_set_and_to_take_back(running: RunningHub, company: Company) -> None:
    usual = {quota.value: limit for quota, limit in USUAL.items()}
    assert await allow(running, company, departments=1) == {**usual, "departments": 1}
    assert await allow(running, company, departments=None) == usual
    assert (await company.admin.patch("/api/companies/me", {"quotas": {"departments": 9}})).status_code == 400
    for bad, pointer in (({"departments": -1}, "departments"), ({"nothing": 1}, "nothing")):
        answer = await running.master.patch(f"/api/tenants/{company.id}", {"quotas": bad})
        assert answer.status_code == 400
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/quotas/{pointer}"]


async def test_files_have_a_quota_in_megabytes(running: RunningHub, company: Company) -> None:
    session = await company.session(routing="none")
    body = {"sessionId": session["id"], "to": "5511988887777", "content": "Oi"}
    conversation = (await company.admin.post("/api/conversations", body)).json()
    await allow(running, company, mediaMegabytes=1)

    async def send(content: bytes) -> Any:
        return await company.admin.http.post(
            "/api/messages/send-media",
            data={"conversationId": conversation["id"]},
            files={"file": ("a.txt", content, "text/plain")},
            headers=company.admin.headers,
        )

    assert (await send(b"a" * 600_000)).status_code == 202
    assert (await send(b"a" * 600_000)).status_code == 202, "the same file is stored once"
    refused = await send(b"b" * 600_000)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:whatsapp-hub:problem:quota_exceeded")
    assert (await send(b"c" * 100_000)).status_code == 202


@pytest.fixture
def taken() -> Any:
    async def register(company: Company, email: str) -> int:
        body = {"email": email, "password": PASSWORD, "name": "A", "role": "AGENT"}
        return int((await company.admin.post("/api/users", body)).status_code)

    return register


async def test_another_companys_addresses_are_told_ten_times_an_hour_and_recorded(
    running: RunningHub, company: Company, taken: Any, hub_owner: Any
) -> None:
    other = await running.company()
    foreign = [str((await other.agent()).user["email"]) for _ in range(12)]
    own = str((await company.agent()).user["email"])
    assert await taken(company, own) == 409
    answers = await asyncio.gather(*(taken(company, email) for email in foreign))
    assert sorted(answers) == [409] * 10 + [429] * 2
    assert await taken(company, f"{uuid4().hex}@example.org") == 429, "or a free address could be told from a taken one"
    refused = await entries(company.admin, entity="refused_email")
    assert len(refused) == 10
    assert {entry["after"]["email"] for entry in refused} < {*foreign}
    assert refused[0]["email"] == company.admin.user["email"]
    await hub_owner.execute("UPDATE hub.audit SET at = at - interval '1 hour' WHERE entity = 'refused_email'")
    assert await taken(company, f"{uuid4().hex}@example.org") == 201
