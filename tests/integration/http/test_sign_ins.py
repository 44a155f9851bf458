"""Sign-ins: each way to end one, at each entry of each API process; who sees and ends whose."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec
import pytest
import pytest_asyncio
import socketio

from tests.integration.http.conftest import (
    JWT_SECRET,
    PASSWORD,
    Company,
    Person,
    RunningHub,
    _ready,
    _stop,
    eventually,
    free_port,
)
from whatsapp_hub.adapters.security.tokens import Claims
from whatsapp_hub.main.roles import api

WITHIN_S = 3.0
"""What an ended sign-in let in is out within so long, in every process."""


@pytest_asyncio.fixture(scope="module")
async def second(running: RunningHub) -> AsyncIterator[httpx.AsyncClient]:
    """Another API process of the same hub."""
    settings = msgspec.structs.replace(running.settings, port=free_port())
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", timeout=15) as http:
        parts = [asyncio.create_task(api.run(settings))]
        await _ready(http, parts)
        yield http
        await _stop(parts)


@dataclass
class Entry:
    """A way in that is open; `out` says whether it has been closed."""

    name: str
    out: Callable[[], Awaitable[bool]]


@asynccontextmanager
async def socket(name: str, http: httpx.AsyncClient, token: str, namespace: str) -> AsyncIterator[Entry]:
    io = socketio.AsyncClient(reconnection=False)
    await io.connect(str(http.base_url), auth={"token": token}, namespaces=[namespace], transports=["websocket"])

    async def out() -> bool:
        return namespace not in io.namespaces

    yield Entry(name, out)
    await io.disconnect()


@asynccontextmanager
async def stream(name: str, http: httpx.AsyncClient, path: str, headers: dict[str, str]) -> AsyncIterator[Entry]:
    said = bytearray()
    async with http.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()

        async def read() -> None:
            async for chunk in answer.aiter_raw():
                said.extend(chunk)

        reading = asyncio.create_task(read())
        await eventually(lambda: _true(bool(said)))

        async def out() -> bool:
            return reading.done() and b'"code":"unauthenticated"' in said

        yield Entry(name, out)
        reading.cancel()


async def _true(value: bool) -> bool:
    return value


def request(name: str, http: httpx.AsyncClient, headers: dict[str, str]) -> Entry:
    async def out() -> bool:
        return (await http.get("/api/departments", headers=headers)).status_code == 401

    return Entry(name, out)


async def ticket_of(person: Person) -> str:
    return str((await person.post("/api/auth/ticket")).json()["ticket"])


@asynccontextmanager
async def everywhere(person: Person, *processes: httpx.AsyncClient) -> AsyncIterator[list[Entry]]:
    """Every entry of every process, open for this person."""
    entries: list[Entry] = []
    async with AsyncExitStack() as stack:
        for n, http in enumerate(processes, start=1):
            entries.append(request(f"request {n}", http, person.headers))
            for namespace in ("/", "/whatsapp"):
                one = socket(f"socket {namespace} {n}", http, person.token, namespace)
                entries.append(await stack.enter_async_context(one))
            if person.user["role"] != "AGENT":
                path = "/api/events/stream"
                entries.append(await stack.enter_async_context(stream(f"stream {n}", http, path, person.headers)))
                by_ticket = f"{path}?ticket={await ticket_of(person)}"
                entries.append(await stack.enter_async_context(stream(f"ticket {n}", http, by_ticket, {})))
        for entry in entries:
            assert not await entry.out(), entry.name
        yield entries


async def all_out(entries: list[Entry]) -> None:
    began = time.monotonic()
    left = entries
    while left := [entry for entry in left if not await entry.out()]:
        assert time.monotonic() - began < WITHIN_S, f"still in: {[entry.name for entry in left]}"
        await asyncio.sleep(0.02)


End = Callable[[RunningHub, Company, Person], Awaitable[None]]


async def signs_out(hub: RunningHub, company: Company, person: Person) -> None:
    assert (await person.post("/api/auth/logout")).status_code == 204


async def signs_out_everywhere(hub: RunningHub, company: Company, person: Person) -> None:
    elsewhere = await hub.as_user(person.user)
    assert (await elsewhere.post("/api/auth/logout?everywhere=true")).status_code == 204


async def ends_it_elsewhere(hub: RunningHub, company: Company, person: Person) -> None:
    elsewhere = await hub.as_user(person.user)
    [other] = [one for one in (await elsewhere.get("/api/auth/sign-ins")).json() if not one["current"]]
    assert (await elsewhere.delete(f"/api/auth/sign-ins/{other['id']}")).status_code == 204
    assert (await elsewhere.get("/api/auth/me")).status_code == 200


async def ends_all_others(hub: RunningHub, company: Company, person: Person) -> None:
    elsewhere = await hub.as_user(person.user)
    assert (await elsewhere.delete("/api/auth/sign-ins")).status_code == 204
    assert (await elsewhere.get("/api/auth/me")).status_code == 200


async def is_signed_out_by_an_admin(hub: RunningHub, company: Company, person: Person) -> None:
    assert (await company.admin.delete(f"/api/users/{person.id}/sign-ins")).status_code == 204


async def gets_a_new_password(hub: RunningHub, company: Company, person: Person) -> None:
    token = (await company.admin.post(f"/api/users/{person.id}/password-reset")).json()["token"]
    body = {"token": token, "password": "another long password"}
    assert (await hub.http.post("/api/auth/reset-password", json=body)).status_code == 204


async def gets_another_role(hub: RunningHub, company: Company, person: Person) -> None:
    assert (await company.admin.patch(f"/api/users/{person.id}", {"role": "AGENT"})).status_code == 200


async def is_dismissed(hub: RunningHub, company: Company, person: Person) -> None:
    assert (await company.admin.patch(f"/api/users/{person.id}", {"isActive": False})).status_code == 200


async def loses_the_company(hub: RunningHub, company: Company, person: Person) -> None:
    slug = next(t["slug"] for t in (await hub.master.get("/api/tenants", limit=200)).json() if t["id"] == company.id)
    answer = await hub.http.request(
        "DELETE", f"/api/tenants/{company.id}", json={"confirm": slug}, headers=hub.master.headers
    )
    assert answer.status_code in (202, 204), answer.text


ENDS: list[End] = [
    *(signs_out, signs_out_everywhere, ends_it_elsewhere, ends_all_others, is_signed_out_by_an_admin),
    *(gets_a_new_password, gets_another_role, is_dismissed, loses_the_company),
]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
async def test_who_is_signed_out_is_out_at_every_entry_of_every_process(
    running: RunningHub, second: httpx.AsyncClient, company: Company, end: End
) -> None:
    person = await running.person(company.admin, "ADMIN")
    async with everywhere(person, running.http, second) as entries:
        await end(running, company, person)
        await all_out(entries)


@pytest.mark.parametrize("end", [signs_out, is_dismissed], ids=lambda end: end.__name__)
async def test_a_lost_hint_delays_it_by_a_look_only(
    running: RunningHub, second: httpx.AsyncClient, company: Company, end: End
) -> None:
    """Valkey carries a hint alone: what is ended by SQL, behind every hint's back, is out as well."""
    person = await running.person(company.admin, "ADMIN")
    owner = await asyncpg.connect(running.settings.database_url)
    async with everywhere(person, running.http, second) as entries:
        if end is signs_out:
            ended = "UPDATE hub.sign_ins SET ended_at = now(), end_reason = 'signed_out' WHERE user_id = $1"
        else:
            ended = "UPDATE hub.users SET is_active = false WHERE id = $1"
        await owner.execute(ended, UUID(person.id))
        await all_out(entries)
    await owner.close()


async def test_a_change_that_commits_after_a_later_one_is_not_missed(running: RunningHub, company: Company) -> None:
    """Numbers of a sequence are given before the commit: who reads by number alone passes over what commits late."""
    early, late = [await running.person(company.admin, "ADMIN") for _ in range(2)]
    ended = "UPDATE hub.sign_ins SET ended_at = now(), end_reason = 'signed_out' WHERE user_id = $1"
    slow, quick = [await asyncpg.connect(running.settings.database_url) for _ in range(2)]
    async with everywhere(early, running.http) as first, everywhere(late, running.http) as then:
        transaction = slow.transaction()
        await transaction.start()
        await slow.execute(ended, UUID(early.id))
        await quick.execute(ended, UUID(late.id))
        await all_out(then)
        assert [entry.name for entry in first if await entry.out()] == []
        await transaction.commit()
        await all_out(first)
    for connection in (slow, quick):
        await connection.close()


async def test_others_stay_in(running: RunningHub, second: httpx.AsyncClient, company: Company) -> None:
    one, other = [await running.person(company.admin, "ADMIN") for _ in range(2)]
    async with everywhere(one, running.http) as gone, everywhere(other, running.http, second) as staying:
        await signs_out(running, company, one)
        await all_out(gone)
        assert [entry.name for entry in staying if await entry.out()] == []


async def test_a_ticket_of_an_ended_sign_in_opens_nothing(running: RunningHub, company: Company) -> None:
    ticket = await ticket_of(person := await running.person(company.admin, "ADMIN"))
    await signs_out(running, company, person)

    async def refused() -> bool:
        return (await running.http.get("/api/departments", headers=person.headers)).status_code == 401

    await eventually(refused)
    assert (await running.http.get(f"/api/events/stream?ticket={ticket}")).status_code == 401


async def test_a_token_without_a_sign_in_is_refused(running: RunningHub, company: Company) -> None:
    """Those of versions before name none: nobody could end what they let in."""
    exp = datetime.now(UTC) + timedelta(days=7)
    old = Claims(sub=company.admin.id, exp=exp, role="ADMIN", companyId=company.id).encode(JWT_SECRET, "HS256")
    answer = await running.http.get("/api/departments", headers={"Authorization": f"Bearer {old}"})
    assert (answer.status_code, "sign in again" in answer.json()["detail"]) == (401, True)
    invented = Claims(sub=company.admin.id, exp=exp, role="ADMIN", companyId=company.id, sid=str(uuid4()))
    headers = {"Authorization": f"Bearer {invented.encode(JWT_SECRET, 'HS256')}"}
    assert (await running.http.get("/api/departments", headers=headers)).status_code == 401


async def test_a_sign_in_is_listed_with_where_it_came_from(running: RunningHub, company: Company) -> None:
    agent = await company.agent()
    headers = {"User-Agent": "Desk/1", "X-Forwarded-For": "198.51.100.7"}
    body = {"email": agent.user["email"], "password": PASSWORD}
    answer = await running.http.post("/api/auth/login", json=body, headers=headers)
    there = replace(agent, token=answer.json()["token"])
    listed = (await there.get("/api/auth/sign-ins")).json()
    assert [one["current"] for one in listed].count(True) == 1
    [own] = [one for one in listed if one["current"]]
    assert {**own, "id": None, "createdAt": None, "lastSeenAt": None, "expiresAt": None} == {
        "id": None,
        "createdAt": None,
        "lastSeenAt": None,
        "expiresAt": None,
        "userId": agent.id,
        "how": "password",
        "ipAddress": "198.51.100.7",
        "userAgent": "Desk/1",
        "current": True,
    }
    by_admin = (await company.admin.get(f"/api/users/{agent.id}/sign-ins")).json()
    assert {one["id"] for one in by_admin} == {one["id"] for one in listed}
    assert [one["current"] for one in by_admin] == [False, False]
    assert (await company.admin.delete(f"/api/users/{agent.id}/sign-ins/{own['id']}")).status_code == 204
    left = (await company.admin.get(f"/api/users/{agent.id}/sign-ins")).json()
    assert own["id"] not in {one["id"] for one in left}
    entries = (await company.admin.get("/api/audit", entityId=own["id"])).json()
    assert [(e["action"], e["email"], (e["after"] or {}).get("endReason")) for e in entries] == [
        ("DELETE /api/users/{id}/sign-ins/{sign_in_id}", company.admin.user["email"], "ended_by_admin"),
        ("POST /api/auth/login", agent.user["email"], None),
    ]


async def test_nobody_sees_or_ends_the_sign_ins_of_others(running: RunningHub, company: Company) -> None:
    agent, other, foreign = await company.agent(), await company.agent(), (await running.company()).admin
    [sign_in] = (await agent.get("/api/auth/sign-ins")).json()
    path = f"/api/users/{agent.id}/sign-ins"
    assert (await other.delete(f"/api/auth/sign-ins/{sign_in['id']}")).status_code == 404
    assert [(await other.get(path)).status_code, (await other.delete(path)).status_code] == [403, 403]
    assert [(await foreign.get(path)).status_code, (await foreign.delete(path)).status_code] == [404, 404]
    assert (await foreign.delete(f"{path}/{sign_in['id']}")).status_code == 404
    assert (await agent.get("/api/auth/me")).status_code == 200
    made = await company.admin.post("/api/api-keys", {"name": "program"})
    program = {"X-Api-Key": made.json()["key"]}
    assert (await running.http.get("/api/auth/sign-ins", headers=program)).status_code == 403
    assert (await running.http.get(path, headers=program)).status_code == 200


async def test_a_masters_sign_ins_are_at_home_whatever_company_they_chose(
    running: RunningHub, company: Company
) -> None:
    master = await running.person(running.master, "MASTER")
    chosen = {**master.headers, "X-Company-Id": company.id}
    [own] = (await running.http.get("/api/auth/sign-ins", headers=chosen)).json()
    assert own["current"]
    assert (await running.http.delete(f"/api/auth/sign-ins/{own['id']}", headers=chosen)).status_code == 204


async def test_a_login_that_races_a_new_password_does_not_outlive_it(
    running: RunningHub, company: Company, hub_owner: Any
) -> None:
    """The password was checked before it was set anew; the sign-in would be made after those that there were ended."""
    agent = await company.agent()
    changed = "UPDATE hub.users SET password_hash = $2 WHERE id = $1"
    [former] = await hub_owner.fetch("SELECT password_hash FROM hub.users WHERE id = $1", UUID(agent.id))
    transaction = hub_owner.transaction()
    await transaction.start()
    await hub_owner.execute(changed, UUID(agent.id), former["password_hash"][:-4] + "AAAA")
    body = {"email": agent.user["email"], "password": PASSWORD}
    login = asyncio.create_task(running.http.post("/api/auth/login", json=body))
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')"

    async def waits() -> bool:
        return bool(await hub_owner.fetchval(waiting)) or login.done()

    await eventually(waits)
    await transaction.commit()
    assert (await login).status_code == 401


async def test_a_user_has_so_many_sign_ins_and_the_longest_unseen_goes(
    running: RunningHub, company: Company, hub_owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whatsapp_hub.application.authentication.sign_ins.AT_MOST", 3)
    agent = await company.agent()
    old = "UPDATE hub.sign_ins SET last_seen_at = now() - interval '1 hour' WHERE user_id = $1"
    await hub_owner.execute(old, UUID(agent.id))
    for _ in range(3):
        await running.sign_in(agent.user["email"])
    ended = "SELECT end_reason FROM hub.sign_ins WHERE user_id = $1 AND ended_at IS NOT NULL"
    assert await hub_owner.fetchval(ended, UUID(agent.id)) == "too_many"
    assert len((await company.admin.get(f"/api/users/{agent.id}/sign-ins")).json()) == 3


async def test_a_link_dies_with_the_role_the_password_or_the_e_mail_that_it_was_made_for(
    running: RunningHub, company: Company, hub_owner: Any
) -> None:
    changes = (
        ("role", "ADMIN"),
        ("password_hash", "another"),
        ("email", f"{uuid4().hex}@example.org"),
        ("is_active", False),
    )
    for column, value in changes:
        agent = await company.agent()
        token = (await company.admin.post(f"/api/users/{agent.id}/password-reset")).json()["token"]
        await hub_owner.execute(f"UPDATE hub.users SET {column} = $2 WHERE id = $1", UUID(agent.id), value)
        body = {"token": token, "password": "another long password"}
        refused = await running.http.post("/api/auth/reset-password", json=body)
        assert (column, refused.status_code, refused.json()["errors"][0]["pointer"]) == (column, 400, "/token")


async def key_of(maker: Person, **more: object) -> dict[str, str]:
    made = await maker.post("/api/api-keys", {"name": "program", **more})
    assert made.status_code == 201, made.text
    return {"X-Api-Key": made.json()["key"]}


async def test_a_key_may_no_more_than_its_maker_may_now(
    running: RunningHub, second: httpx.AsyncClient, company: Company
) -> None:
    maker = await running.person(company.admin, "ADMIN")
    key = await key_of(maker)

    async def answers(path: str, status: int) -> bool:
        return [(await http.get(path, headers=key)).status_code for http in (running.http, second)] == [status] * 2

    async def becomes(path: str, status: int) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not await answers(path, status):
                await asyncio.sleep(0.02)

    assert await answers("/api/audit", 200)
    await company.admin.patch(f"/api/users/{maker.id}", {"role": "AGENT"})
    await becomes("/api/audit", 403)
    assert await answers("/api/departments", 200)
    await company.admin.patch(f"/api/users/{maker.id}", {"isActive": False})
    await becomes("/api/departments", 401)
    await company.admin.patch(f"/api/users/{maker.id}", {"isActive": True, "role": "ADMIN"})
    await becomes("/api/audit", 200)


async def test_a_socket_by_a_key_ends_when_its_maker_is_dismissed(running: RunningHub, company: Company) -> None:
    maker = await running.person(company.admin, "ADMIN")
    key = (await key_of(maker))["X-Api-Key"]
    async with AsyncExitStack() as stack:
        entries = [
            await stack.enter_async_context(socket(f"socket {name}", running.http, key, name))
            for name in ("/", "/whatsapp")
        ]
        await is_dismissed(running, company, maker)
        await all_out(entries)


async def test_a_key_that_a_master_made_ends_in_other_companies_with_the_role(
    running: RunningHub, company: Company
) -> None:
    master = await running.person(running.master, "MASTER")
    chosen = {**master.headers, "X-Company-Id": company.id}
    made = await running.http.post("/api/api-keys", json={"name": "p"}, headers=chosen)
    key = {"X-Api-Key": made.json()["key"]}
    assert (await running.http.get("/api/departments", headers=key)).status_code == 200
    assert (await running.master.patch(f"/api/users/{master.id}", {"role": "ADMIN"})).status_code == 200
    await all_out([request("key", running.http, key)])
