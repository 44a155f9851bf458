"""Behind a trusted proxy (the tests' own address is one) the client is whom X-Forwarded-For names."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.integration.http.conftest import Company, RunningHub


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [("198.51.100.7", "198.51.100.7"), ("10.0.0.1, 198.51.100.8", "198.51.100.8"), ("", "127.0.0.1")],
)
async def test_the_audit_shows_the_client_not_the_proxy(company: Company, forwarded: str, address: str) -> None:
    headers = {**company.admin.headers, "X-Forwarded-For": forwarded}
    body = {"name": "Vendas", "slug": f"d{uuid4().hex[:8]}"}
    made = await company.hub.http.post("/api/departments", json=body, headers=headers)
    assert made.status_code == 201, made.text
    entries = (await company.admin.get("/api/audit", entityId=made.json()["id"])).json()
    assert [entry["ipAddress"] for entry in entries] == [address]


async def test_one_client_that_guesses_passwords_locks_nobody_else_out(running: RunningHub) -> None:
    async def ask(client: str) -> int:
        headers = {"X-Forwarded-For": f"203.0.113.{uuid4().int % 250}, {client}"}
        return (await running.http.post("/api/auth/login", json={}, headers=headers)).status_code

    answers = [await ask("198.51.100.20") for _ in range(100)]
    assert set(answers) == {400, 429}
    assert await ask("198.51.100.21") == 400
