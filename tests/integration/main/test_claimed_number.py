"""Contracts A to D where a provider's credentials are one number's: their first session takes the configured number."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.fakes.graph import FakeGraph
from tests.fakes.waha import API_KEY, FakeWaha
from tests.integration.http.conftest import Person, eventually
from tests.integration.main.environments import OneHub, Starts

META = {
    "WHATSAPP_PROVIDER": "META",
    "WHATSAPP_ACCESS_TOKEN": "token-1",
    "WHATSAPP_PHONE_NUMBER_ID": "106540352242922",
    "WHATSAPP_WEBHOOK_VERIFY_TOKEN": "verify-1",
    "WHATSAPP_APP_SECRET": "secret-1",
}


@pytest.fixture
async def starts(new_database: Callable[[], Any], valkey_url: str, tmp_path: Path) -> AsyncIterator[Starts]:
    async with FakeGraph() as graph:
        yield Starts(await new_database(), valkey_url, tmp_path, {"WHATSAPP_API_URL": graph.url})


async def opened(person: Person, contract: str, key: str) -> httpx.Response:
    """A session by this contract's own request."""
    match contract:
        case "A":
            return await person.post(f"/whatsapp/{key}/sessions/init", {"sessionId": f"{key}-s"})
        case "B":
            return await person.post("/whatsapp/session", {"sessionId": key})
        case "C":
            return await person.post("/instances/create", {"user_id": "u1", "instance_name": key})
        case _:
            return await person.post("/whatsapp", {"sessionId": key})


def keys(shown: list[dict[str, Any]]) -> list[str]:
    return [session["sessionId"] for session in shown]


async def sessions(person: Person) -> list[dict[str, Any]]:
    return list((await person.get("/api/sessions")).json())


async def the_default(hub: OneHub) -> dict[str, Any]:
    async def connected() -> bool:
        return [one["status"] for one in await sessions(hub.master)] == ["CONNECTED"]

    await eventually(connected)
    [only] = await sessions(hub.master)
    return only


def assert_needs_settings(answer: httpx.Response) -> None:
    assert answer.status_code == 409, answer.text
    assert answer.json()["type"].endswith("needs_settings")
    assert "PATCH /api/sessions/{id}" in answer.json()["detail"]
    assert "POST /api/sessions" in answer.json()["detail"]


@pytest.mark.parametrize("contract", "ABCD")
async def test_the_first_session_takes_the_configured_number_and_a_further_one_needs_settings(
    starts: Starts, contract: str
) -> None:
    async with starts.hub(**META) as hub:
        default = await the_default(hub)
        answer = await opened(hub.master, contract, "mine")
        assert answer.status_code == {"A": 202, "B": 201, "C": 201, "D": 201}[contract], answer.text
        if contract == "D":
            assert answer.json()["status"] == "DISCONNECTED"
            assert (await hub.master.post(f"/whatsapp/{answer.json()['id']}/activate")).status_code == 202
        taken = await the_default(hub)
        assert (taken["id"], taken["routing"], taken["statusReason"]) == (default["id"], "none", None)
        assert taken["sessionId"] == {"A": "mine-s", "C": default["id"]}.get(contract, "mine")
        sent = await hub.master.post(
            f"/whatsapp/{taken['sessionId']}/send-message", {"to": "5511988887777", "message": "x"}
        )
        assert sent.status_code == 202, sent.text
        assert_needs_settings(await opened(hub.master, contract, "another"))
        other = await hub.company()
        assert_needs_settings(await opened(other.admin, contract, "theirs"))
        assert await sessions(other.admin) == []
        assert (await hub.master.get("/api/companies/me")).json()["phoneNumberId"] == META["WHATSAPP_PHONE_NUMBER_ID"]
    async with starts.hub(**META | {"WHATSAPP_PHONE_NUMBER_ID": "222"}) as hub:
        changed = await the_default(hub)
        assert (changed["id"], changed["sessionId"]) == (default["id"], taken["sessionId"])
        assert changed["settings"]["phoneNumberId"] == "222"


async def test_a_number_that_was_used_is_not_taken_but_may_be_given_to_an_agent(starts: Starts) -> None:
    async with starts.hub(**META) as hub:
        default = await the_default(hub)
        used = await hub.master.post("/whatsapp/default/send-message", {"to": "5511988887777", "message": "x"})
        assert used.status_code == 202
        answer = await opened(hub.master, "B", "mine")
        assert_needs_settings(answer)
        assert default["id"] in answer.json()["detail"]
        given = await hub.master.patch(f"/api/sessions/{default['id']}", {"agentId": "bot-1"})
        assert (given.json()["agentId"], given.json()["routing"]) == ("bot-1", "none")
        started = await hub.master.post("/whatsapp/bot-1/sessions/init", {})
        assert (started.status_code, started.json()["sessionId"]) == (202, "default")
        sent = await hub.master.post("/whatsapp/bot-1/send-message", {"to": "5511988887777", "message": "y"})
        assert sent.status_code == 202
        refused = await hub.master.patch(f"/api/sessions/{default['id']}", {"agentId": "init"})
        assert [flaw["pointer"] for flaw in refused.json()["errors"]] == ["/agentId"]


async def test_a_clients_session_may_be_called_default_itself(starts: Starts) -> None:
    async with starts.hub(**META) as hub:
        await the_default(hub)
        assert (await opened(hub.master, "B", "default")).status_code == 201
        assert (await the_default(hub))["routing"] == "none"
        assert (await opened(hub.master, "B", "default")).json()["type"].endswith("session_exists")


async def test_of_two_first_sessions_one_takes_the_number(starts: Starts) -> None:
    async with starts.hub(**META) as hub:
        await the_default(hub)
        answers = await asyncio.gather(*(opened(hub.master, "B", f"k{n}") for n in range(5)))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
        assert len(await sessions(hub.master)) == 1


@pytest.mark.parametrize("tier", ["CORE", "PLUS"])
async def test_a_waha_server_of_one_session_gives_it_to_the_first(starts: Starts, tier: str) -> None:
    async with FakeWaha() as waha:
        waha.tier = tier
        given = {"WHATSAPP_PROVIDER": "WAHA", "WAHA_API_URL": waha.url, "WAHA_API_KEY": API_KEY}
        async with starts.hub(**given) as hub:
            default = await the_default(hub)
            assert (await opened(hub.master, "B", "mine")).status_code == 201
            shown = await sessions(hub.master)
            if tier == "PLUS":
                assert sorted(keys(shown)) == ["default", "mine"]
                return
            assert [(one["id"], one["sessionId"]) for one in shown] == [(default["id"], "mine")]
            assert_needs_settings(await opened(hub.master, "C", "another"))


async def test_without_a_configured_number_both_ways_out_are_named(starts: Starts) -> None:
    async with starts.hub(WHATSAPP_PROVIDER="META") as hub:
        for contract in "ABCD":
            assert_needs_settings(await opened(hub.master, contract, f"k{uuid4().hex[:6]}"))
        assert await sessions(hub.master) == []
