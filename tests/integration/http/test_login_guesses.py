"""Guessing at a password: slowed by account, whoever guesses from wherever, and never a lock-out of its owner."""

import asyncio
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.integration.http.conftest import PASSWORD, Company, Person, RunningHub
from whatsapp_hub.domain.accounts.guessing import STRANGERS

_hosts = count(1)


def an_address() -> str:
    """One that no other guess came from."""
    number = next(_hosts)
    return f"198.18.{number // 250}.{number % 250 + 1}"


async def login(hub: RunningHub, email: str, password: str, address: str) -> httpx.Response:
    body = {"email": email, "password": password}
    return await hub.http.post("/api/auth/login", json=body, headers={"X-Forwarded-For": address})


async def attacked(hub: RunningHub, owner: Any, email: str) -> httpx.Response:
    """Guess, from another address each time, until it must wait for more than a guess takes on a busy machine."""
    for _ in range(STRANGERS.free):
        assert (await login(hub, email, "wrong password", an_address())).status_code == 401
    await owner.execute("UPDATE hub.login_guesses SET failures = failures + 5 WHERE failures >= $1", STRANGERS.free)
    return await login(hub, email, "wrong password", an_address())


async def with_an_address(hub: RunningHub, company: Company) -> tuple[Person, str]:
    """Somebody who signed in from an address before."""
    agent, address = await company.agent(), an_address()
    assert (await login(hub, agent.user["email"], PASSWORD, address)).status_code == 200
    return agent, address


async def test_guesses_wait_longer_and_longer_whoever_has_the_account(
    running: RunningHub, company: Company, hub_owner: Any
) -> None:
    """The same for an e-mail that nobody has: the wait tells nothing."""
    somebodys, nobodys = (await company.agent()).user["email"], f"{uuid4().hex}@example.org"
    for email in (somebodys, nobodys):
        waits = [int((await attacked(running, hub_owner, email)).headers["Retry-After"])]
        for _ in range(3):
            passed = "UPDATE hub.login_guesses SET last_at = last_at - interval '1 hour' WHERE failures >= $1"
            await hub_owner.execute(passed, STRANGERS.free)
            assert (await login(running, email, "wrong password", an_address())).status_code == 401
            refused = await login(running, email, "wrong password", an_address())
            assert (refused.status_code, refused.json()["type"]) == (429, "urn:whatsapp-hub:problem:too-many-requests")
            waits.append(int(refused.headers["Retry-After"]))
        assert waits == sorted(set(waits)), "each is longer than the one before"


async def test_the_owner_enters_where_they_did_before_while_others_guess(
    running: RunningHub, company: Company, hub_owner: Any
) -> None:
    agent, address = await with_an_address(running, company)
    email = agent.user["email"]
    assert (await attacked(running, hub_owner, email)).status_code == 429
    assert (await login(running, email, PASSWORD, an_address())).status_code == 429
    assert (await login(running, email, "a slip", address)).status_code == 401
    assert (await login(running, email, PASSWORD, address)).status_code == 200


async def test_an_ipv6_network_is_one_guesser(running: RunningHub, company: Company, hub_owner: Any) -> None:
    agent, network = await company.agent(), f"2001:db8:{next(_hosts):x}:1"
    assert (await login(running, agent.user["email"], PASSWORD, f"{network}::1")).status_code == 200
    assert (await attacked(running, hub_owner, agent.user["email"])).status_code == 429
    assert (await login(running, agent.user["email"], PASSWORD, f"{network}:ffff::9")).status_code == 200


async def test_many_guesses_at_once_are_counted_one_by_one(running: RunningHub, company: Company) -> None:
    email = (await company.agent()).user["email"]
    answers = await asyncio.gather(*(login(running, email, "wrong password", an_address()) for _ in range(20)))
    tried = [answer.status_code for answer in answers].count(401)
    assert STRANGERS.free <= tried <= STRANGERS.free + 2, "a wait of a second or two may pass meanwhile"


async def test_entering_rightly_is_no_guess(running: RunningHub, company: Company) -> None:
    email = (await company.agent()).user["email"]
    for _ in range(STRANGERS.free + 2):
        assert (await login(running, email, PASSWORD, an_address())).status_code == 200


async def test_failed_logins_stand_in_the_audit_and_cannot_flood_it(
    running: RunningHub, company: Company, hub_owner: Any
) -> None:
    agent, address = await with_an_address(running, company)
    for _ in range(9):
        await login(running, agent.user["email"], "wrong password", address)
    entries = [
        entry
        for entry in (await company.admin.get("/api/audit", entityId=agent.id)).json()
        if entry["action"] == "login.failed"
    ]
    assert [entry["after"] for entry in entries] == [{"failures": n, "familiar": True} for n in (8, 4, 2, 1)]
    first = entries[-1]
    assert {name: first[name] for name in ("caller", "userId", "email", "ipAddress", "entity", "entityId")} == {
        "caller": "nobody",
        "userId": None,
        "email": agent.user["email"],
        "ipAddress": address,
        "entity": "login",
        "entityId": agent.id,
    }
    stored = "SELECT count(*) FROM hub.audit WHERE entity = 'login' AND entity_id = $1"
    assert await hub_owner.fetchval(stored, str(UUID(agent.id))) == 4
