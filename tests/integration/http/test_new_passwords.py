"""What a new password must be, at every place where one is set; the old ones go on working."""

import asyncio
import os
import sys
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.http.conftest import JWT_SECRET, Company, RunningHub
from whatsapp_hub.adapters.security.passwords import Argon2Passwords

SHORT, COMMON, LONG_ENOUGH = "elevenchars", "iloveyou2024!", "twelve chars"


def refused(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    [error] = answer.json()["errors"]
    assert error["pointer"] == "/password"
    return str(error["detail"])


@pytest.mark.parametrize("path", ["/api/users", "/api/auth/register"])
async def test_a_new_user_gets_none_that_is_short_common_or_their_own_name(company: Company, path: str) -> None:
    name = f"ana{uuid4().hex[:10]}"
    body = {"email": f"{name}@example.org", "name": "Ana", "role": "AGENT"}
    shown = (await company.admin.get("/api/companies/me")).json()
    assert "12 to 256" in refused(await company.admin.post(path, {**body, "password": SHORT}))
    assert "most common" in refused(await company.admin.post(path, {**body, "password": COMMON}))
    for own in (body["email"], f"{name}1!", f"{shown['name']}!!"):
        assert "name" in refused(await company.admin.post(path, {**body, "password": own}))
    assert (await company.admin.post(path, {**body, "password": LONG_ENOUGH})).status_code == 201


async def test_a_link_sets_none_of_these_and_is_not_used_up_by_them(running: RunningHub, company: Company) -> None:
    agent = await company.agent()
    token = (await company.admin.post(f"/api/users/{agent.id}/password-reset")).json()["token"]
    for bad in (SHORT, COMMON, agent.user["email"]):
        refused(await running.http.post("/api/auth/reset-password", json={"token": token, "password": bad}))
        page = await running.http.post(
            "/reset-password",
            data={"token": token, "password": bad, "repeated": bad},
            headers={"Accept-Language": "en"},
        )
        assert (page.status_code, 'role="alert"' in page.text) == (400, True)
    good = await running.http.post("/api/auth/reset-password", json={"token": token, "password": LONG_ENOUGH})
    assert good.status_code == 204


async def test_who_has_a_shorter_one_from_before_signs_in_with_it(
    running: RunningHub, company: Company, hub_owner: Any
) -> None:
    agent = await company.agent()
    before = await Argon2Passwords().hash("password")
    await hub_owner.execute("UPDATE hub.users SET password_hash = $2 WHERE id = $1::text::uuid", agent.id, before)
    assert (await running.sign_in(agent.user["email"], "password")).id == agent.id


async def command(hub: RunningHub, *words: str) -> tuple[int | None, str]:
    given = {name.upper(): getattr(hub.settings, name) for name in ("database_url", "redis_url", "hub_data_dir")}
    given |= {"HUB_SECRET_KEY": str(hub.settings.hub_secret_key), "JWT_SECRET": JWT_SECRET}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "whatsapp_hub", *words),
        env={**os.environ, **given},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_the_command_line_sets_none_of_these(running: RunningHub, company: Company) -> None:
    email = f"{uuid4().hex[:10]}@example.org"
    for words in (("create", email, "Ana"), ("reset-password", company.admin.user["email"])):
        for bad in (SHORT, COMMON, words[1]):
            code, said = await command(running, "user", *words, "--password", bad)
            assert (code, "Error: password " in said) == (1, True), said
    code, said = await command(running, "user", "create", email, "Ana", "--password", LONG_ENOUGH)
    assert code == 0, said
    assert (await running.sign_in(email, LONG_ENOUGH)).user["email"] == email
