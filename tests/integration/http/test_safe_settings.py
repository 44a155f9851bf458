"""Settings with which a session works, but not safely, are shown; new secrets are long."""

from __future__ import annotations

import json
from uuid import UUID

import asyncpg
import pytest

from tests.integration.http.conftest import Company
from whatsapp_hub.adapters.postgres.engine.database import arguments_of
from whatsapp_hub.adapters.security.secret_box import AesSecretBox

SECRET_KEY = "fedcba9876543210fedcba9876543210"

WAHA = {"url": "http://127.0.0.1:9", "apiKey": "k", "session": "of-warnings"}


async def test_a_waha_session_without_a_key_says_so_to_those_who_can_mend_it(company: Company) -> None:
    body = {"name": "unsigned", "provider": "WAHA", "settings": WAHA}
    made = (await company.admin.post("/api/sessions", body)).json()
    [warning] = made["warnings"]
    assert warning["setting"] == "hmacKey"
    assert "not signed" in warning["detail"]
    path = f"/api/sessions/{made['id']}"
    agent = await company.agent()
    assert "warnings" not in (await agent.get(path)).json()
    mended = await company.admin.patch(path, {"settings": {"hmacKey": "k" * 24}})
    assert mended.json()["warnings"] == []


async def test_a_new_hmac_key_is_long_and_one_from_before_stays(company: Company, database_url: str) -> None:
    short = {**WAHA, "hmacKey": "k" * 23}
    refused = await company.admin.post("/api/sessions", {"name": "short", "provider": "WAHA", "settings": short})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/settings/hmacKey")
    assert "at least 24 characters" in refused.text
    made = (await company.admin.post("/api/sessions", {"name": "old", "provider": "WAHA", "settings": WAHA})).json()
    sealed = AesSecretBox(SECRET_KEY).seal(json.dumps(short).encode(), f"session:{made['id']}")
    owner = await asyncpg.connect(**arguments_of(database_url))
    await owner.execute("UPDATE hub.sessions SET settings = $2 WHERE id = $1", UUID(made["id"]), sealed)
    await owner.close()
    path = f"/api/sessions/{made['id']}"
    changed = await company.admin.patch(path, {"settings": {"apiKey": "new"}})
    assert changed.status_code == 200, changed.text
    assert changed.json()["warnings"] == [
        {"setting": "hmacKey", "detail": "has less than 24 characters: it could be guessed"}
    ]
    assert (await company.admin.patch(path, {"settings": {"hmacKey": "k" * 23}})).status_code == 400


@pytest.mark.parametrize(
    ("change", "secrets"),
    [
        ({"url": "http://127.0.0.1:10"}, ["apiKey", "hmacKey"]),
        ({"url": "http://127.0.0.1:9/elsewhere"}, ["apiKey", "hmacKey"]),
        ({"url": "http://127.0.0.1:10", "hmacKey": "n" * 24}, ["apiKey"]),
        ({"session": "of-somebody-else"}, ["apiKey"]),
    ],
)
async def test_a_secret_goes_to_the_server_and_the_session_that_it_was_given_for(
    company: Company, change: dict[str, str], secrets: list[str]
) -> None:
    """Who may change a session cannot read its secrets, nor have them sent to a server of their own. With the
    operator's key a company would else have every session on the operator's server."""
    settings = {**WAHA, "hmacKey": "k" * 24}
    made = (await company.admin.post("/api/sessions", {"name": "w", "provider": "WAHA", "settings": settings})).json()
    path = f"/api/sessions/{made['id']}"
    refused = await company.admin.patch(path, {"settings": change})
    assert refused.status_code == 400, refused.text
    assert [flaw["pointer"] for flaw in refused.json()["errors"]] == [f"/settings/{name}" for name in secrets]
    assert (await company.admin.get(path)).json()["settings"] == made["settings"]
    anew = {**change, **dict.fromkeys(secrets, "n" * 24)}
    assert (await company.admin.patch(path, {"settings": anew})).status_code == 200
    same = {"url": f"{change.get('url', WAHA['url'])}/", "session": change.get("session", WAHA["session"])}
    assert (await company.admin.patch(path, {"settings": same})).status_code == 200
