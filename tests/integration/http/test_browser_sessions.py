"""A browser's session: a cookie that scripts cannot read, good from the hub's own pages only, ended everywhere."""

from __future__ import annotations

from http.cookies import Morsel, SimpleCookie
from typing import Any

import httpx
import pytest
import socketio

from tests.integration.http.conftest import PASSWORD, Company, RunningHub

CSRF = {"X-Hub-Csrf": "1"}


def own(running: RunningHub, **more: str) -> dict[str, str]:
    """The headers that a page of the hub's own sends."""
    return {"Origin": running.url, "Sec-Fetch-Site": "same-origin", **CSRF, **more}


def cookie_in(answer: httpx.Response) -> Morsel[str]:
    return SimpleCookie(answer.headers["set-cookie"])["hub_session"]


async def enter(running: RunningHub, email: str) -> str:
    """Sign a browser in; return the cookie."""
    body = {"email": email, "password": PASSWORD}
    async with httpx.AsyncClient(base_url=running.url, trust_env=False) as http:
        answer = await http.post("/api/auth/browser", json=body, headers=own(running))
    assert answer.status_code == 200, answer.text
    return f"hub_session={cookie_in(answer).value}"


async def test_the_token_stands_in_a_cookie_and_nowhere_else(running: RunningHub, company: Company) -> None:
    body = {"email": company.admin.user["email"], "password": PASSWORD}
    async with httpx.AsyncClient(base_url=running.url, trust_env=False) as http:
        answer = await http.post("/api/auth/browser", json=body, headers=own(running))
    cookie = cookie_in(answer)
    assert (cookie["httponly"], cookie["samesite"].lower(), cookie["path"]) == (True, "strict", "/")
    assert answer.json().keys() == {"user"}
    assert cookie.value not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        CSRF,
        {"Origin": "https://elsewhere.example", **CSRF},
        {"Origin": "null", **CSRF},
        {"Sec-Fetch-Site": "cross-site", **CSRF},
    ],
    ids=["a program", "no origin", "another origin", "a sandboxed frame", "another site"],
)
async def test_other_pages_sign_nobody_in(running: RunningHub, company: Company, headers: dict[str, str]) -> None:
    body = {"email": company.admin.user["email"], "password": PASSWORD}
    answer = await running.http.post("/api/auth/browser", json=body, headers=headers)
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)


async def test_the_cookie_reads_and_with_the_header_it_writes(running: RunningHub, company: Company) -> None:
    cookie = await enter(running, company.admin.user["email"])
    seen = await running.http.get("/api/auth/me", headers={"Cookie": cookie})
    assert seen.json()["id"] == company.admin.id
    body = {"name": "Sales", "slug": "sales"}
    made = await running.http.post("/api/departments", json=body, headers=own(running, Cookie=cookie))
    assert made.status_code == 201, made.text


@pytest.mark.parametrize("missing", ["X-Hub-Csrf", "Origin"])
async def test_a_write_without_header_or_origin_is_refused(running: RunningHub, company: Company, missing: str) -> None:
    cookie = await enter(running, company.admin.user["email"])
    headers = {name: value for name, value in own(running, Cookie=cookie).items() if name != missing}
    answer = await running.http.post("/api/departments", json={"name": "X", "slug": "x"}, headers=headers)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "foreign",
    [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)
async def test_other_pages_read_nothing(running: RunningHub, company: Company, foreign: dict[str, str]) -> None:
    cookie = await enter(running, company.admin.user["email"])
    answer = await running.http.get("/api/auth/me", headers={"Cookie": cookie, **foreign})
    assert answer.status_code == 401


async def test_a_bearer_token_counts_before_the_cookie(running: RunningHub, company: Company) -> None:
    agent = await running.person(company.admin)
    cookie = await enter(running, company.admin.user["email"])
    seen = await running.http.get("/api/auth/me", headers={**agent.headers, "Cookie": cookie})
    assert seen.json()["id"] == agent.id


async def test_logging_out_ends_the_session(running: RunningHub, company: Company) -> None:
    cookie = await enter(running, company.admin.user["email"])
    out = await running.http.post("/api/auth/logout", headers=own(running, Cookie=cookie))
    assert out.status_code == 204
    assert (await _ended(running, cookie)) == 401


async def test_a_new_password_ends_other_browsers(running: RunningHub, company: Company) -> None:
    email = company.admin.user["email"]
    here, there = await enter(running, email), await enter(running, email)
    body = {"currentPassword": PASSWORD, "newPassword": "quite another long one"}
    changed = await running.http.patch("/api/auth/password", json=body, headers=own(running, Cookie=here))
    assert changed.status_code == 204, changed.text
    assert (await _ended(running, there)) == 401


async def _ended(running: RunningHub, cookie: str) -> int:
    for _ in range(60):
        answer = await running.http.get("/api/auth/me", headers={"Cookie": cookie})
        if answer.status_code == 401:
            break
    return answer.status_code


async def test_the_console_has_a_rate_of_its_own(running: RunningHub, company: Company) -> None:
    cookie = await enter(running, company.admin.user["email"])
    answer = await running.http.get("/api/auth/me", headers={"Cookie": cookie})
    by_token = await company.admin.get("/api/auth/me")
    assert answer.headers["ratelimit-limit"] == str(running.settings.rate_limit_console)
    assert by_token.headers["ratelimit-limit"] == str(running.settings.rate_limit_user)


async def _connected(running: RunningHub, headers: dict[str, str]) -> bool:
    client: Any = socketio.AsyncClient(reconnection=False)
    try:
        await client.connect(running.url, headers=headers, transports=["websocket"], wait_timeout=5)
    except socketio.exceptions.ConnectionError:
        return False
    await client.disconnect()
    return True


async def test_a_socket_takes_the_cookie_from_the_hubs_own_pages_only(running: RunningHub, company: Company) -> None:
    cookie = await enter(running, company.admin.user["email"])
    assert await _connected(running, {"Cookie": cookie, "Origin": running.url})
    assert not await _connected(running, {"Cookie": cookie, "Origin": "https://elsewhere.example"})
    assert not await _connected(running, {"Cookie": cookie})
    assert not await _connected(running, {"Origin": running.url})
