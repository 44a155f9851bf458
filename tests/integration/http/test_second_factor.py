"""A second factor from its beginning to its end, over HTTP, in every process."""

import asyncio
import hmac
import struct
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
import pytest_asyncio
import socketio

from tests.integration.http.conftest import PASSWORD, Company, Person, RunningHub, _ready, _stop, eventually, free_port
from tests.integration.http.test_login_guesses import an_address
from tests.integration.http.test_new_passwords import command
from whatsapp_hub.adapters.security.one_time_codes import PyotpCodes
from whatsapp_hub.domain.accounts.guessing import STRANGERS
from whatsapp_hub.domain.accounts.second_factor import STEP_S
from whatsapp_hub.main.roles import api

PATH = "/api/auth/second-factor"
REQUIRED = "urn:whatsapp-hub:problem:second-factor-required"
ENROLMENT_REQUIRED = "urn:whatsapp-hub:problem:second-factor-enrolment-required"


@pytest_asyncio.fixture(scope="module")
async def second(running: RunningHub) -> AsyncIterator[httpx.AsyncClient]:
    """Another API process of the same hub."""
    settings = msgspec.structs.replace(running.settings, port=free_port())
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", timeout=15) as http:
        parts = [asyncio.create_task(api.run(settings))]
        await _ready(http, parts)
        yield http
        await _stop(parts)


class Authenticator:
    """What a person has in their hand. `owner` lets time pass: what was used before is so no more."""

    def __init__(self, secret: str, owner: Any, person: Person) -> None:
        self.secret = secret
        self.recovery_codes: list[str] = []
        self._owner = owner
        self._person = person

    def code(self) -> str:
        return PyotpCodes().code(self.secret, int(time.time()) // STEP_S)

    async def later_code(self) -> str:
        passed = "UPDATE hub.second_factors SET used_step = -1 WHERE id = $1::text::uuid"
        await self._owner.execute(passed, self._person.id)
        return self.code()


async def enrolled(person: Person, owner: Any) -> Authenticator:
    begun = await person.post(PATH, {"password": PASSWORD})
    assert begun.status_code == 201, begun.text
    device = Authenticator(begun.json()["secret"], owner, person)
    confirmed = await person.post(f"{PATH}/confirm", {"code": device.code()})
    assert confirmed.status_code == 200, confirmed.text
    device.recovery_codes = confirmed.json()["recoveryCodes"]
    return device


async def login(
    http: httpx.AsyncClient, person: Person, code: str | None = None, password: str = PASSWORD, address: str = ""
) -> httpx.Response:
    body = {"email": person.user["email"], "password": password} | ({} if code is None else {"code": code})
    return await http.post("/api/auth/login", json=body, headers={"X-Forwarded-For": address or an_address()})


def refused(answer: httpx.Response, kind: str = REQUIRED) -> bool:
    assert (answer.status_code, answer.json()["type"]) == (401, kind), answer.text
    return True


def pointers(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 400, answer.text
    return [error["pointer"] for error in answer.json()["errors"]]


async def audited(company: Company) -> list[tuple[str, str, str]]:
    entries = (await company.admin.get("/api/audit", entity="second_factor", limit=100)).json()
    return [(entry["change"], entry["action"], str(entry["after"] or entry["before"])) for entry in reversed(entries)]


async def test_from_the_first_scan_to_the_login_with_a_code(
    running: RunningHub, company: Company, hub_owner: Any
) -> None:
    agent = await company.agent()
    off = {"enabled": False, "enabledAt": None, "recoveryCodesLeft": 0, "required": False}
    assert (await agent.get(PATH)).json() == off
    assert pointers(await agent.post(PATH, {"password": "wrong"})) == ["/password"]
    begun = await agent.post(PATH, {"password": PASSWORD})
    assert begun.headers["cache-control"] == "no-store"
    secret = begun.json()["secret"]
    assert f"secret={secret}" in begun.json()["uri"]
    assert begun.json()["qrCode"].startswith("data:image/png;base64,")
    assert (await agent.get(PATH)).json() == off
    assert (await login(running.http, agent)).status_code == 200, "it counts only once it is confirmed"
    device = Authenticator(secret, hub_owner, agent)
    assert pointers(await agent.post(f"{PATH}/confirm", {"code": "12345"})) == ["/code"]
    first = device.code()
    confirmed = await agent.post(f"{PATH}/confirm", {"code": first})
    assert len(set(confirmed.json()["recoveryCodes"])) == 10
    assert (await agent.get("/api/auth/me")).json()["secondFactor"] is True
    shown = (await agent.get(PATH)).json()
    assert (shown["enabled"], shown["recoveryCodesLeft"]) == (True, 10)

    refused(await login(running.http, agent))
    refused(await login(running.http, agent, first))  # the one that turned it on
    refused(await login(running.http, agent, "000000" if device.code() != "000000" else "111111"))
    code = await device.later_code()
    signed_in = await login(running.http, agent, f"{code[:3]} {code[3:]}")
    assert (signed_in.status_code, set(signed_in.json())) == (200, {"user", "token"})
    refused(await login(running.http, agent, code))
    wrong = await login(running.http, agent, await device.later_code(), password="wrong password")
    assert wrong.json()["type"] == "urn:whatsapp-hub:problem:unauthenticated"
    assert (await agent.post(PATH, {"password": PASSWORD})).status_code == 409


async def test_a_second_beginning_voids_the_first(company: Company, hub_owner: Any) -> None:
    agent = await company.agent()
    assert (await agent.post(f"{PATH}/confirm", {"code": "123456"})).status_code == 409
    first, last = [(await agent.post(PATH, {"password": PASSWORD})).json()["secret"] for _ in range(2)]
    assert pointers(await agent.post(f"{PATH}/confirm", {"code": Authenticator(first, hub_owner, agent).code()}))
    done = await agent.post(f"{PATH}/confirm", {"code": Authenticator(last, hub_owner, agent).code()})
    assert done.status_code == 200


async def test_of_logins_at_once_with_one_code_one_gets_in(
    running: RunningHub, second: httpx.AsyncClient, company: Company, hub_owner: Any
) -> None:
    agent = await company.agent()
    device = await enrolled(agent, hub_owner)
    for code in (await device.later_code(), device.recovery_codes[0]):
        answers = await asyncio.gather(*(login(http, agent, code) for http in (running.http, second) * 2))
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]


async def test_recovery_codes_are_good_once_until_there_are_new_ones(
    running: RunningHub, company: Company, hub_owner: Any
) -> None:
    agent = await company.agent()
    device = await enrolled(agent, hub_owner)
    lost, other = device.recovery_codes[:2]
    assert (await login(running.http, agent, lost.upper())).status_code == 200
    refused(await login(running.http, agent, lost))
    assert (await agent.get(PATH)).json()["recoveryCodesLeft"] == 9
    assert pointers(await agent.post(f"{PATH}/recovery-codes", {"password": PASSWORD, "code": lost})) == ["/code"]
    renew = {"password": PASSWORD, "code": await device.later_code()}
    renewed = (await agent.post(f"{PATH}/recovery-codes", renew)).json()["recoveryCodes"]
    assert len(set(renewed) - set(device.recovery_codes)) == 10
    refused(await login(running.http, agent, other))
    assert (await login(running.http, agent, renewed[9])).status_code == 200


async def test_it_is_disabled_by_password_and_code(running: RunningHub, company: Company, hub_owner: Any) -> None:
    agent = await company.agent()
    assert (await agent.post(f"{PATH}/disable", {"password": PASSWORD, "code": "1"})).status_code == 409
    device = await enrolled(agent, hub_owner)
    code = await device.later_code()
    assert pointers(await agent.post(f"{PATH}/disable", {"password": "wrong", "code": code})) == ["/password"]
    assert pointers(await agent.post(f"{PATH}/disable", {"password": PASSWORD, "code": "1"})) == ["/code"]
    assert (await agent.post(f"{PATH}/disable", {"password": PASSWORD, "code": code})).status_code == 204
    assert (await login(running.http, agent)).status_code == 200
    assert (await agent.get("/api/auth/me")).json()["secondFactor"] is False


async def test_guesses_at_a_code_wait_like_those_at_a_password(
    running: RunningHub, company: Company, hub_owner: Any
) -> None:
    """The password's owner who gives no code yet is no guesser, and asking for a code forgives no wrong one."""
    agent = await company.agent()
    device = await enrolled(agent, hub_owner)
    for _ in range(STRANGERS.free + 2):
        refused(await login(running.http, agent))
    for _ in range(STRANGERS.free):
        refused(await login(running.http, agent))
        refused(await login(running.http, agent, "12345"))
    await hub_owner.execute("UPDATE hub.login_guesses SET failures = failures + 5 WHERE failures >= $1", STRANGERS.free)
    waits = await login(running.http, agent, await device.later_code())
    assert waits.status_code == 429


async def test_guesses_at_the_first_code_wait_too(running: RunningHub, company: Company, hub_owner: Any) -> None:
    """Who has only a token of a person who began would else turn it on, and hold the recovery codes."""
    agent = await company.agent()
    begun = await agent.post(PATH, {"password": PASSWORD})
    device = Authenticator(begun.json()["secret"], hub_owner, agent)
    wrong = "000000" if device.code() != "000000" else "111111"
    for _ in range(STRANGERS.free):
        assert (await agent.post(f"{PATH}/confirm", {"code": wrong})).status_code == 400
    await hub_owner.execute("UPDATE hub.login_guesses SET failures = failures + 5 WHERE failures >= $1", STRANGERS.free)
    assert (await agent.post(f"{PATH}/confirm", {"code": device.code()})).status_code == 429
    await hub_owner.execute("UPDATE hub.login_guesses SET last_at = last_at - interval '1 hour'")
    assert (await agent.post(f"{PATH}/confirm", {"code": device.code()})).status_code == 200


async def test_a_company_may_require_it_of_everybody(
    running: RunningHub, second: httpx.AsyncClient, company: Company, hub_owner: Any
) -> None:
    agent, device = await company.agent(), await enrolled(company.admin, hub_owner)
    key = (await company.admin.post("/api/api-keys", {"name": "a program"})).json()["key"]
    changed = await company.admin.patch("/api/companies/me", {"secondFactorRequired": True})
    assert (changed.status_code, changed.json()["secondFactorRequired"]) == (200, True)
    assert device.recovery_codes

    async def is_limited(http: httpx.AsyncClient) -> bool:
        return (await http.get("/api/departments", headers=agent.headers)).status_code == 401

    for http in (running.http, second):
        await eventually(lambda http=http: is_limited(http))  # type: ignore[misc] # of this round
        refused(await http.get("/api/departments", headers=agent.headers), ENROLMENT_REQUIRED)
        assert (await http.get("/api/departments", headers={"X-Api-Key": key})).status_code == 200
        assert (await http.get("/api/departments", headers=company.admin.headers)).status_code == 200
    entered = await login(running.http, agent)
    assert entered.json()["secondFactorEnrolment"] is True
    limited = Person(running.http, agent.user, entered.json()["token"])
    for path in ("/api/conversations", "/api/users", "/api/auth/sign-ins"):
        refused(await limited.get(path), ENROLMENT_REQUIRED)
    refused(await limited.post("/api/auth/ticket"), ENROLMENT_REQUIRED)
    refused(await limited.post(f"{PATH}/disable", {"password": PASSWORD, "code": "1"}), ENROLMENT_REQUIRED)
    for namespace in ("/", "/whatsapp"):
        io = socketio.AsyncClient(reconnection=False)
        with pytest.raises(socketio.exceptions.ConnectionError):
            await io.connect(
                running.url, auth={"token": limited.token}, namespaces=[namespace], transports=["websocket"]
            )
        await io.disconnect()
    assert (await limited.get("/api/auth/me")).status_code == 200
    assert (await limited.get(PATH)).json()["required"] is True

    own = await enrolled(limited, hub_owner)
    for http in (running.http, second):
        assert (await http.get("/api/departments", headers=limited.headers)).status_code == 200
    assert "secondFactorEnrolment" not in (await login(running.http, agent, await own.later_code())).json()
    proof = {"password": PASSWORD, "code": await own.later_code()}
    refusal = await limited.post(f"{PATH}/disable", proof)
    assert (refusal.status_code, refusal.json()["type"]) == (409, "urn:whatsapp-hub:problem:second_factor_required")


async def test_a_link_that_sets_a_password_leaves_it(running: RunningHub, company: Company, hub_owner: Any) -> None:
    agent = await company.agent()
    device = await enrolled(agent, hub_owner)
    token = (await company.admin.post(f"/api/users/{agent.id}/password-reset")).json()["token"]
    set_anew = await running.http.post(
        "/api/auth/reset-password", json={"token": token, "password": "another long password"}
    )
    assert set_anew.status_code == 204
    refused(await login(running.http, agent, password="another long password"))
    code = await device.later_code()
    assert (await login(running.http, agent, code, "another long password")).status_code == 200


async def test_an_operator_resets_it_and_everything_stands_in_the_record(
    running: RunningHub, company: Company, hub_owner: Any
) -> None:
    agent = await company.agent()
    device = await enrolled(agent, hub_owner)
    assert (await login(running.http, agent, device.recovery_codes[0])).status_code == 200
    assert (await login(running.http, agent, await device.later_code())).status_code == 200
    code, said = await command(running, "user", "reset-second-factor", agent.user["email"])
    assert (code, "is removed" in said) == (0, True), said

    async def is_out() -> bool:
        return (await agent.get("/api/auth/me")).status_code == 401

    await eventually(is_out)
    assert (await login(running.http, agent)).status_code == 200
    entries = await audited(company)
    assert [(change, action) for change, action, _ in entries] == [
        ("create", "POST /api/auth/second-factor"),
        ("update", "POST /api/auth/second-factor/confirm"),
        ("update", "POST /api/auth/login"),
        ("delete", "whatsapp-hub user reset-second-factor"),
    ], "a login by the authenticator is a sign-in, and no entry of its own"
    assert "9" in entries[2][2]
    assert device.secret not in str(entries)
    nobody = await command(running, "user", "reset-second-factor", f"{uuid4()}@example.org")
    assert nobody[0] == 1, nobody
    other = await running.company()
    assert await audited(other) == []


def code_of_an_empty_secret() -> str:
    """RFC 4226 by hand: libraries refuse so short a secret."""
    digest = hmac.digest(b"", struct.pack(">Q", int(time.time()) // STEP_S), "sha1")
    [number] = struct.unpack_from(">I", digest, digest[-1] & 15)
    return f"{(number & 0x7FFFFFFF) % 10**6:06}"


async def test_where_the_secrets_key_is_lost_recovery_codes_still_let_in(
    running: RunningHub, company: Company, hub_owner: Any
) -> None:
    agent = await company.agent()
    device = await enrolled(agent, hub_owner)
    lost = "UPDATE hub.second_factors SET secret = sha256(secret) WHERE id = $1::text::uuid"
    await hub_owner.execute(lost, agent.id)
    refused(await login(running.http, agent, await device.later_code()))
    refused(await login(running.http, agent, code_of_an_empty_secret()))
    assert (await login(running.http, agent, device.recovery_codes[0])).status_code == 200


async def test_the_secret_is_sealed_and_recovery_codes_are_digests(company: Company, hub_owner: Any) -> None:
    agent = await company.agent()
    device = await enrolled(agent, hub_owner)
    row = str(await hub_owner.fetchrow("SELECT f::text FROM hub.second_factors f WHERE id = $1::text::uuid", agent.id))
    for plain in (device.secret, *device.recovery_codes):
        assert plain.encode().hex() not in row
        assert plain not in row
