"""Changing one's own password."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.integration.http.conftest import PASSWORD, Company, Person, RunningHub, eventually
from tests.integration.http.test_company import entries
from tests.integration.http.test_login_guesses import an_address
from tests.integration.http.test_sign_ins import everywhere
from whatsapp_hub.domain.accounts.guessing import STRANGERS

PATH = "/api/auth/password"
NEW = "a lagoon of quartz zebras"


def body(new: str = NEW, current: str = PASSWORD) -> dict[str, str]:
    return {"currentPassword": current, "newPassword": new}


def pointers(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 400, answer.text
    return [error["pointer"] for error in answer.json()["errors"]]


async def login(hub: RunningHub, person: Person, password: str) -> int:
    given = {"email": person.user["email"], "password": password}
    headers = {"X-Forwarded-For": an_address()}
    return (await hub.http.post("/api/auth/login", json=given, headers=headers)).status_code


async def test_it_opens_and_the_old_one_does_not(running: RunningHub, company: Company) -> None:
    agent = await company.agent()
    assert (await agent.patch(PATH, body())).status_code == 204
    assert (await login(running, agent, PASSWORD), await login(running, agent, NEW)) == (401, 200)


async def test_all_other_sign_ins_end_and_this_one_stays(running: RunningHub, company: Company) -> None:
    agent = await company.agent()
    other = await running.as_user(agent.user)
    async with everywhere(other, running.http) as opened:
        assert (await agent.patch(PATH, body())).status_code == 204
        for entry in opened:
            await eventually(entry.out)
    assert (await agent.get("/api/auth/me")).status_code == 200
    assert len((await agent.get("/api/auth/sign-ins")).json()) == 1


async def test_a_link_that_an_administrator_made_before_is_void(running: RunningHub, company: Company) -> None:
    agent = await company.agent()
    token = (await company.admin.post(f"/api/users/{agent.id}/password-reset")).json()["token"]
    assert (await agent.patch(PATH, body())).status_code == 204
    late = await running.http.post("/api/auth/reset-password", json={"token": token, "password": "another long one"})
    assert pointers(late) == ["/token"]


@pytest.mark.parametrize("bad", ["elevenchars", "iloveyou2024!", "x" * 257])
async def test_the_new_one_follows_the_rules(company: Company, bad: str) -> None:
    agent = await company.agent()
    assert pointers(await agent.patch(PATH, body(bad))) == ["/newPassword"]
    assert pointers(await agent.patch(PATH, body(agent.user["email"]))) == ["/newPassword"]
    assert (await agent.patch(PATH, body())).status_code == 204


async def test_a_stolen_token_alone_changes_nothing_and_guessing_is_slowed(
    running: RunningHub, company: Company, hub_owner: Any
) -> None:
    agent = await company.agent()
    for _ in range(STRANGERS.free):
        assert pointers(await agent.patch(PATH, body(current="a wrong long one"))) == ["/currentPassword"]
    await hub_owner.execute("UPDATE hub.login_guesses SET failures = failures + 5 WHERE failures >= $1", STRANGERS.free)
    waits = await agent.patch(PATH, body(current="a wrong long one"))
    assert (waits.status_code, "retry-after" in waits.headers) == (429, True)


async def test_two_at_once_leave_one_password_that_opens(running: RunningHub, company: Company) -> None:
    """The later one proved a password that is none any more."""
    agent = await company.agent()
    news = [f"{NEW} number {n}" for n in range(4)]
    answers = await asyncio.gather(*(agent.patch(PATH, body(new)) for new in news))
    won = [new for new, answer in zip(news, answers, strict=True) if answer.status_code == 204]
    assert len(won) == 1, [answer.text for answer in answers]
    assert [new for new in news if await login(running, agent, new) == 200] == won


async def test_a_program_has_none(company: Company, running: RunningHub) -> None:
    key = (await company.admin.post("/api/api-keys", {"name": "a program"})).json()["key"]
    answer = await running.http.patch(PATH, json=body(), headers={"X-Api-Key": key})
    assert answer.status_code == 403


async def test_a_masters_own_is_meant_whatever_company_they_chose(running: RunningHub, company: Company) -> None:
    master = await running.person(running.master, "MASTER")
    there = Person(running.http, master.user, master.token)
    headers: dict[str, Any] = {**there.headers, "X-Company-Id": company.id}
    assert (await running.http.patch(PATH, json=body(), headers=headers)).status_code == 204
    assert await login(running, master, NEW) == 200


async def test_it_stands_in_the_record_without_the_password(company: Company) -> None:
    agent = await company.agent()
    assert (await agent.patch(PATH, body())).status_code == 204
    of_user = await entries(company.admin, entity="user", entityId=agent.id)
    assert (of_user[-1]["action"], of_user[-1]["email"]) == (f"PATCH {PATH}", agent.user["email"])
    assert [word for word in (NEW, "argon2") if word in str(of_user)] == []
