"""Session `default` is the number that the environment describes, complete or not, on first and later starts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.graph import FakeGraph, sign, text_from, webhook
from tests.fakes.waha import API_KEY, FakeWaha
from tests.integration.http.conftest import Person, eventually
from tests.integration.main.environments import Starts
from whatsapp_hub.main.commands.doctor import examine

META = {
    "WHATSAPP_PROVIDER": "META",
    "WHATSAPP_ACCESS_TOKEN": "token-1",
    "WHATSAPP_PHONE_NUMBER_ID": "106540352242922",
    "WHATSAPP_BUSINESS_ACCOUNT_ID": "419000000000001",
    "WHATSAPP_WEBHOOK_VERIFY_TOKEN": "verify-1",
    "WHATSAPP_APP_SECRET": "secret-1",
}
REASONS = {
    "WHATSAPP_ACCESS_TOKEN": ("FAILED", "settings_missing: WHATSAPP_ACCESS_TOKEN"),
    "WHATSAPP_PHONE_NUMBER_ID": ("FAILED", "settings_missing: WHATSAPP_PHONE_NUMBER_ID"),
    "WHATSAPP_APP_SECRET": ("CONNECTED", "settings_missing: WHATSAPP_APP_SECRET (webhooks are refused)"),
    "WHATSAPP_WEBHOOK_VERIFY_TOKEN": (
        "CONNECTED",
        "settings_missing: WHATSAPP_WEBHOOK_VERIFY_TOKEN (Meta cannot verify the address of the webhook)",
    ),
    "WHATSAPP_BUSINESS_ACCOUNT_ID": ("CONNECTED", None),
    "WHATSAPP_PROVIDER": ("CONNECTED", None),
}


def without(name: str, environ: Mapping[str, str] = META) -> dict[str, str]:
    return {key: value for key, value in environ.items() if key != name}


@pytest.fixture
async def graph() -> AsyncIterator[FakeGraph]:
    async with FakeGraph() as graph:
        yield graph


@pytest.fixture
async def starts(new_database: Callable[[], Any], valkey_url: str, graph: FakeGraph, tmp_path: Path) -> Starts:
    return Starts(await new_database(), valkey_url, tmp_path, {"WHATSAPP_API_URL": graph.url})


async def sessions(master: Person) -> list[dict[str, Any]]:
    return list((await master.get("/api/sessions")).json())


async def default(master: Person, status: str | None = None) -> dict[str, Any]:
    """The only session, in this status."""
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        found[:] = await sessions(master)
        return bool(found) and (found[0]["status"] == status if status else found[0]["status"] != "CONNECTING")

    await eventually(there)
    [only] = found
    return only


@pytest.mark.parametrize("missing", REASONS)
async def test_each_variable_of_meta_may_be_missing_and_may_come_later(starts: Starts, missing: str) -> None:
    status, reason = REASONS[missing]
    async with starts.hub(**without(missing)) as hub:
        found = await default(hub.master)
        assert (found["name"], found["provider"], found["status"], found["statusReason"]) == (
            "default",
            "META",
            status,
            reason,
        )
    [said] = [one for one in await examine(starts.environ(**without(missing))) if one.subject == "default"]
    assert said.good is ({"FAILED": False, "CONNECTED": None}[status] if reason else True)
    assert not reason or missing in said.says
    async with starts.hub(**META) as hub:
        found = await default(hub.master, "CONNECTED")
        assert (found["statusReason"], found["settings"]["phoneNumberId"]) == (None, META["WHATSAPP_PHONE_NUMBER_ID"])


async def test_without_any_variable_there_is_no_session(starts: Starts) -> None:
    async with starts.hub() as hub:
        assert await sessions(hub.master) == []
    async with starts.hub(**without("WHATSAPP_PROVIDER")) as hub:
        assert (await default(hub.master, "CONNECTED"))["provider"] == "META"


async def test_a_value_that_cannot_be_right_counts_as_missing(starts: Starts) -> None:
    given = META | {"WHATSAPP_PHONE_NUMBER_ID": "+55 11", "WHATSAPP_ACCESS_TOKEN": "to ken"}
    async with starts.hub(**given) as hub:
        found = await default(hub.master)
        assert found["status"] == "FAILED"
        assert found["statusReason"] == "settings_missing: WHATSAPP_ACCESS_TOKEN, WHATSAPP_PHONE_NUMBER_ID"
    says = " ".join(one.says for one in await examine(starts.environ(**given)))
    assert "WHATSAPP_PHONE_NUMBER_ID must be digits" in says


async def test_without_an_app_secret_it_sends_but_refuses_webhooks(starts: Starts, graph: FakeGraph) -> None:
    async with starts.hub(**without("WHATSAPP_APP_SECRET")) as hub:
        id = (await default(hub.master))["id"]
        phone_number_id = META["WHATSAPP_PHONE_NUMBER_ID"]
        body = webhook(phone_number_id, {"messages": [text_from("5511988887777", "wamid.1", "oi")]})
        stranger = webhook("999", {"messages": [text_from("5511988887777", "wamid.2", "oi")]})
        for path in ("/webhooks/whatsapp", f"/webhooks/whatsapp/{id}"):
            for sent, headers in ((body, {}), (body, sign("", body)), (stranger, {}), (stranger, sign("", stranger))):
                assert (await hub.http.post(path, content=sent, headers=headers)).status_code == 401
        query = {"hub.mode": "subscribe", "hub.challenge": "42", "hub.verify_token": "verify-1"}
        assert (await hub.http.get("/webhooks/whatsapp", params=query)).text == "42"
        answer = await hub.master.post("/whatsapp/default/send-message", {"to": "5511988887777", "message": "olá"})
        assert answer.status_code == 202


async def test_without_a_verify_token_no_address_is_verified(starts: Starts) -> None:
    async with starts.hub(**without("WHATSAPP_WEBHOOK_VERIFY_TOKEN")) as hub:
        await default(hub.master)
        for more in ({}, {"hub.verify_token": ""}):
            query = {"hub.mode": "subscribe", "hub.challenge": "42", **more}
            assert (await hub.http.get("/webhooks/whatsapp", params=query)).status_code == 403


async def test_a_changed_variable_is_taken_up_and_what_was_changed_here_stays_till_then(starts: Starts) -> None:
    async with starts.hub(**META) as hub:
        id = (await default(hub.master, "CONNECTED"))["id"]
        changed = await hub.master.patch("/api/companies/me", {"phoneNumberId": "222"})
        assert changed.json()["phoneNumberId"] == "222"
    async with starts.hub(**META) as hub:
        assert (await default(hub.master))["settings"]["phoneNumberId"] == "222"
    async with starts.hub(**META | {"WHATSAPP_PHONE_NUMBER_ID": "333"}) as hub:
        found = await default(hub.master, "CONNECTED")
        assert (found["id"], found["settings"]["phoneNumberId"]) == (id, "333")
    async with starts.hub(**without("WHATSAPP_ACCESS_TOKEN")) as hub:
        found = await default(hub.master, "FAILED")
        assert found["statusReason"] == "settings_missing: WHATSAPP_ACCESS_TOKEN"
        patched = await hub.master.patch(f"/api/sessions/{id}", {"settings": {"phoneNumberId": "444"}})
        assert patched.status_code == 200, patched.text
        refused = await hub.master.patch(f"/api/sessions/{id}", {"settings": {"accessToken": ""}})
        assert [flaw["pointer"] for flaw in refused.json()["errors"]] == ["/settings/accessToken"]


async def test_what_an_operator_stopped_or_deleted_stays_so_until_a_variable_changes(starts: Starts) -> None:
    async with starts.hub(**META) as hub:
        id = (await default(hub.master, "CONNECTED"))["id"]
        await hub.master.post(f"/api/sessions/{id}/stop")
    async with starts.hub(**META) as hub:
        assert (await default(hub.master))["status"] == "DISCONNECTED"
        assert (await hub.master.delete(f"/api/sessions/{id}")).status_code == 204
    async with starts.hub(**META) as hub:
        assert await sessions(hub.master) == []
    async with starts.hub(**META | {"WHATSAPP_ACCESS_TOKEN": "token-2"}) as hub:
        assert (await default(hub.master, "CONNECTED"))["id"] != id


async def test_a_provider_that_was_away_at_the_last_start_is_asked_again(starts: Starts, graph: FakeGraph) -> None:
    async with starts.hub(**META | {"WHATSAPP_API_URL": "http://127.0.0.1:9"}) as hub:
        assert (await default(hub.master))["status"] == "FAILED"
    async with starts.hub(**META) as hub:
        await default(hub.master, "CONNECTED")


async def test_a_changed_provider_moves_the_number(starts: Starts) -> None:
    async with FakeWaha() as waha:
        both = META | {"WAHA_API_URL": waha.url, "WAHA_API_KEY": API_KEY}
        async with starts.hub(**both) as hub:
            meta = await default(hub.master, "CONNECTED")
        async with starts.hub(**both | {"WHATSAPP_PROVIDER": "waha"}) as hub:
            moved = await default(hub.master, "CONNECTED")
        assert (meta["provider"], moved["provider"], meta["id"]) == ("META", "WAHA", moved["id"])
        assert moved["settings"] == {"url": waha.url, "session": "default"}
        async with starts.hub(**both | {"WHATSAPP_PROVIDER": "NEONIZE"}) as hub:
            linked = await default(hub.master, "CONNECTING")
            assert (linked["provider"], linked["id"], linked["settings"]) == ("NEONIZE", meta["id"], {})


@pytest.mark.parametrize("missing", ["WAHA_API_URL", "WAHA_API_KEY", "WAHA_SESSION"])
async def test_each_variable_of_waha_may_be_missing(starts: Starts, missing: str) -> None:
    async with FakeWaha() as waha:
        given = {"WAHA_API_URL": waha.url, "WAHA_API_KEY": API_KEY, "WAHA_SESSION": "default"}
        async with starts.hub(**without(missing, given)) as hub:
            found = await default(hub.master)
            reason = None if missing == "WAHA_SESSION" else f"settings_missing: {missing}"
            assert (found["provider"], found["statusReason"]) == ("WAHA", reason)
        async with starts.hub(**given) as hub:
            await default(hub.master, "CONNECTED")


async def test_apis_that_start_at_one_moment_make_one_session(starts: Starts) -> None:
    async with AsyncExitStack() as stack:
        hubs = [await stack.enter_async_context(starts.hub(wait=False, **META)) for _ in range(3)]
        for hub in hubs:
            await hub.ready()
        await hubs[0].sign_in_as_master()
        await default(hubs[0].master, "CONNECTED")
