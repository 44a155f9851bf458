"""A company whose people sign in by the OpenID provider only, and how its administrators enter in an emergency."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import msgspec
import pytest_asyncio
import socketio

from tests.fakes.openid import CLIENT_ID, CLIENT_SECRET, OpenId
from tests.integration.http.conftest import PASSWORD, Company, Person, RunningHub, _ready, _stop, eventually, free_port
from tests.integration.http.test_company import entries
from tests.integration.http.test_login_guesses import an_address
from tests.integration.http.test_new_passwords import command
from tests.integration.http.test_oidc import DESK, Site, at_provider
from tests.integration.http.test_sign_ins import everywhere
from whatsapp_hub.main.roles import api

REQUIRED = "urn:whatsapp-hub:problem:oidc-required"


@pytest_asyncio.fixture(scope="module")
async def office(running: RunningHub) -> AsyncIterator[Site]:
    """An API process of a hub that has a provider."""
    port = free_port()
    async with AsyncExitStack() as stack:
        fake = await stack.enter_async_context(OpenId())
        settings = msgspec.structs.replace(
            running.settings,
            port=port,
            hub_public_url=f"http://127.0.0.1:{port}",
            frontend_url=DESK,
            oidc_issuer=fake.issuer,
            oidc_client_id=CLIENT_ID,
            oidc_client_secret=CLIENT_SECRET,
        )
        parts = [asyncio.create_task(api.run(settings))]
        stack.push_async_callback(_stop, parts)
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30))
        await _ready(http, parts)
        yield Site(fake, http, http)


async def login(http: httpx.AsyncClient, person: Person, password: str = PASSWORD) -> httpx.Response:
    body = {"email": person.user["email"], "password": password}
    return await http.post("/api/auth/login", json=body, headers={"X-Forwarded-For": an_address()})


def refused(answer: httpx.Response) -> bool:
    return answer.status_code == 401 and answer.json()["type"] == REQUIRED


async def require(site: Site, company: Company) -> Person:
    """Require it by an administrator who entered by it."""
    entered = await site.enter(at_provider(company.admin))
    admin = Person(site.http, entered["user"], entered["token"])
    changed = await admin.patch("/api/companies/me", {"oidcRequired": True})
    assert (changed.status_code, changed.json()["oidcRequired"]) == (200, True), changed.text
    return admin


async def test_passwords_open_nothing_and_what_they_opened_is_shut(
    office: Site, running: RunningHub, company: Company
) -> None:
    agent = await company.agent()
    async with everywhere(agent, office.http, running.http) as opened:
        admin = await require(office, company)
        for entry in opened:
            await eventually(entry.out)
    for http in (office.http, running.http):
        assert refused(await http.get("/api/departments", headers=agent.headers))
        assert refused(await login(http, agent))
        assert (await login(http, agent, "a wrong long password")).json()["type"].endswith(":unauthenticated")
    entered = await office.enter(at_provider(agent))
    assert (await Person(office.http, entered["user"], entered["token"]).get("/api/departments")).status_code == 200
    assert (await admin.get("/api/departments")).status_code == 200


async def test_a_right_password_is_no_guess_and_api_keys_go_on(
    office: Site, running: RunningHub, company: Company
) -> None:
    admin = await require(office, company)
    key = (await admin.post("/api/api-keys", {"name": "a program"})).json()["key"]
    for _ in range(15):
        assert refused(await login(running.http, company.admin))
    assert (await running.http.get("/api/departments", headers={"X-Api-Key": key})).status_code == 200


async def test_other_companies_go_on_with_passwords(office: Site, running: RunningHub, company: Company) -> None:
    other = await running.company()
    await require(office, company)
    assert (await login(office.http, other.admin)).status_code == 200


async def test_given_up_passwords_open_again(office: Site, running: RunningHub, company: Company) -> None:
    admin = await require(office, company)
    assert (await admin.patch("/api/companies/me", {"oidcRequired": False})).json()["oidcRequired"] is False
    assert (await login(running.http, company.admin)).status_code == 200


async def test_a_hub_without_a_provider_requires_none(running: RunningHub, company: Company) -> None:
    answer = await company.admin.patch("/api/companies/me", {"oidcRequired": True, "name": "Changed"})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:whatsapp-hub:problem:oidc_not_set")
    assert (await company.admin.get("/api/companies/me")).json()["name"] != "Changed"


async def test_an_operator_admits_an_administrator_for_an_hour(
    office: Site, running: RunningHub, company: Company, hub_owner: Any
) -> None:
    agent = await company.agent()
    await require(office, company)
    code, token = await command(running, "user", "admit", company.admin.user["email"])
    assert code == 0, token
    admin = Person(running.http, company.admin.user, token.strip().splitlines()[-1])
    assert (await admin.get("/api/auth/me")).json()["id"] == company.admin.id
    [own] = [one for one in (await admin.get("/api/auth/sign-ins")).json() if one["current"]]
    assert own["how"] == "link"
    [made] = [e for e in await entries(admin, entity="sign_in", entityId=own["id"]) if e["change"] == "create"]
    assert (made["action"], made["caller"]) == ("whatsapp-hub user admit", "operator")
    assert (await admin.patch("/api/companies/me", {"oidcRequired": False})).status_code == 200
    ends = "SELECT expires_at - made_at = interval '1 hour' FROM hub.sign_ins WHERE id = $1::text::uuid"
    assert await hub_owner.fetchval(ends, own["id"])
    code, said = await command(running, "user", "admit", agent.user["email"])
    assert (code, "no administrator" in said) == (1, True)


async def test_a_socket_is_refused_as_a_request_is(office: Site, running: RunningHub, company: Company) -> None:
    agent = await company.agent()
    await require(office, company)

    async def is_refused() -> bool:
        io = socketio.AsyncClient(reconnection=False)
        try:
            await io.connect(running.url, auth={"token": agent.token}, transports=["websocket"])
        except socketio.exceptions.ConnectionError:
            return True
        await io.disconnect()
        return False

    await eventually(is_refused)
