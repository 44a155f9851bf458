"""HUB_SECRET_KEY is replaced while the hub runs; one that is not the database's is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
import pytest_asyncio

from tests.integration.http.conftest import JWT_SECRET, MASTER, Company, Person, RunningHub, _ready, _stop, free_port
from tests.integration.http.test_second_factor import enrolled, login
from tests.integration.main.test_backup import Ran, whatsapp_hub
from whatsapp_hub.adapters.postgres.engine.database import arguments_of
from whatsapp_hub.adapters.postgres.security.sealed import COLUMNS
from whatsapp_hub.adapters.security.secret_box import AesSecretBox
from whatsapp_hub.main.roles import api, heartbeat, worker
from whatsapp_hub.main.roles.bootstrap import ensure_admin
from whatsapp_hub.main.setting_values import SettingsError
from whatsapp_hub.main.settings import Settings

OLD, NEW, OTHER = "o" * 32, "n" * 32, "x" * 32
NOT_SEALED = {
    *(("api_keys", "digest"), ("password_resets", "digest"), ("tickets", "digest"), ("tickets", "stream")),
    *(("idempotency_keys", "request_hash"), ("inbox", "body"), ("outbox", "body"), ("events", "body")),
    *(("password_resets", "made_for"), ("login_guesses", "count"), ("erased_updates", "digest")),
    *(("oidc_codes", "digest"), ("oidc_codes", "state"), ("oidc_codes", "made_for")),
}


@pytest_asyncio.fixture
async def settings(new_database: Any, valkey_url: str, tmp_path: Path) -> Settings:
    return Settings(
        port=free_port(),
        hub_data_dir=str(tmp_path / "data"),
        database_url=await new_database(),
        redis_url=valkey_url,
        jwt_secret=JWT_SECRET,
        hub_secret_key=OLD,
        hub_admin_email=MASTER[0],
        hub_admin_password=MASTER[1],
        rate_limit_user=1_000_000,
        sandbox_enabled=True,
        webhook_allow_private=True,
    )


@asynccontextmanager
async def hub_on(settings: Settings, **more: Any) -> AsyncIterator[RunningHub]:
    settings = msgspec.structs.replace(settings, port=free_port(), **more)
    await ensure_admin(settings)
    parts = [asyncio.create_task(part(settings)) for part in (api.run, worker.run)]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", timeout=15) as http:
        try:
            await _ready(http, parts)
            hub = RunningHub(str(http.base_url), http, Person(http, {}, ""), settings)
            hub.master = await hub.sign_in(*MASTER)
            yield hub
        finally:
            await _stop(parts)


async def with_secrets(hub: RunningHub) -> Company:
    """A session, a webhook and a second factor, with secrets of each kind."""
    company = await hub.company()
    waha = {"url": "http://127.0.0.1:9", "apiKey": "sealed", "session": "s", "hmacKey": "h" * 32}
    made = await company.admin.post("/api/sessions", {"name": "w", "provider": "WAHA", "settings": waha})
    assert made.status_code == 201, made.text
    hook = {"url": "http://127.0.0.1:9/x", "events": ["message.received"], "headers": {"x-token": "sealed"}}
    assert (await company.admin.post("/api/webhooks", hook)).status_code == 201
    await enrolled(company.admin, None)
    return company


async def run(settings: Settings, folder: Path, *command: str, key: str, **more: str) -> Ran:
    environment = {"DATABASE_URL": str(settings.database_url), "REDIS_URL": str(settings.redis_url)}
    return await whatsapp_hub(folder, *command, HUB_SECRET_KEY=key, JWT_SECRET=JWT_SECRET, **environment, **more)


async def keys_in(url: str) -> set[str]:
    """Which keys the sealed texts name."""
    connection = await asyncpg.connect(**arguments_of(url))
    try:
        union = " UNION ALL ".join(f"SELECT {column} AS sealed FROM {table}" for table, column in sorted(COLUMNS))
        rows = await connection.fetch(f"SELECT substr(sealed, 1, 9) AS head FROM ({union}) t WHERE sealed <> ''")
        assert all(bytes(row["head"])[:1] == b"\x02" for row in rows)
        return {bytes(row["head"])[1:].hex() for row in rows}
    finally:
        await connection.close()


def id_of(key: str) -> str:
    return AesSecretBox(key).in_force


async def test_the_key_is_replaced_while_the_hub_runs(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "ANNOUNCE_EVERY_S", 0.2)
    url = str(settings.database_url)
    async with hub_on(settings) as hub:
        company, token = await with_secrets(hub), hub.master.token
        agent = await company.agent()
        device = await enrolled(agent, None)
        early = await run(settings, tmp_path, "secrets", "rotate", key=NEW, HUB_SECRET_KEY_OLD=OLD)
        assert (early.code, "restart them with HUB_SECRET_KEY" in early.err) == (1, True), early.err
        assert await keys_in(url) == {id_of(OLD)}
    async with hub_on(settings, hub_secret_key=NEW, hub_secret_key_old=OLD) as hub:
        assert (await hub.http.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})).status_code == 200
        assert (await hub.master.post("/api/auth/ticket")).status_code == 201
        assert await keys_in(url) == {id_of(OLD)}  # what still runs with that key alone can read it
        rotated = await run(settings, tmp_path, "secrets", "rotate", key=NEW, HUB_SECRET_KEY_OLD=OLD)
        assert rotated.code == 0, rotated.err
        assert "settings of sessions: 1 sealed anew" in rotated.out
        assert "HUB_SECRET_KEY_OLD may go" in rotated.out
        assert await keys_in(url) == {id_of(NEW)}
        await with_secrets(hub)
        assert await keys_in(url) == {id_of(NEW)}
        again = await run(settings, tmp_path, "secrets", "rotate", key=NEW, HUB_SECRET_KEY_OLD=OLD)
        assert (again.code, "settings of sessions: 0 sealed anew" in again.out) == (0, True)
    async with hub_on(settings, hub_secret_key=NEW) as hub:
        [webhook] = (await Person(hub.http, {}, company.admin.token).get("/api/webhooks")).json()
        assert webhook["headers"] == ["x-token"]
        assert (await login(hub.http, agent, device.recovery_codes[0])).status_code == 200
    said = await run(settings, tmp_path, "doctor", key=NEW)
    assert "HUB_SECRET_KEY opens all 10 that are stored" in said.out, said.out


async def test_a_key_that_is_not_the_databases_starts_nothing_and_doctor_says_what_to_do(
    settings: Settings, tmp_path: Path
) -> None:
    async with hub_on(settings) as hub:
        await with_secrets(hub)
    with pytest.raises(SettingsError, match=r"^HUB_SECRET_KEY: it is not the key"):
        await worker.run(msgspec.structs.replace(settings, hub_secret_key=OTHER))
    for command in (("worker",), ("api",), ("session", "list"), ("secrets", "rotate")):
        refused = await run(settings, tmp_path, *command, key=OTHER, PORT=str(free_port()))
        assert (refused.code, refused.out) == (1, ""), command
        assert refused.err.splitlines()[-1].startswith("whatsapp-hub: HUB_SECRET_KEY: it is not the key"), refused.err
        assert "Traceback" not in refused.err
    said = await run(settings, tmp_path, "doctor", key=OTHER)
    assert said.code == 1
    assert "HUB_SECRET_KEY: it is not the key that this database's secrets are sealed with" in said.out
    adopted = await run(settings, tmp_path, "secrets", "adopt", "--yes", key=OTHER)
    assert adopted.code == 0, adopted.err
    said = await run(settings, tmp_path, "doctor", key=OTHER)
    assert "no key that is given opens 1 settings of sessions" in said.out, said.out
    async with hub_on(settings, hub_secret_key=OTHER) as hub:
        await with_secrets(hub)
    assert await keys_in(str(settings.database_url)) == {id_of(OLD), id_of(OTHER)}


async def test_a_backup_from_before_the_rotation_is_restored_with_both_keys(
    settings: Settings, tmp_path: Path, new_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hub_on(settings) as hub:
        await with_secrets(hub)
    both = {"HUB_SECRET_KEY_OLD": OLD}
    made = await run(settings, tmp_path, "backup", str(tmp_path), key=NEW, **both)
    assert made.code == 0, made.err
    [path] = tmp_path.glob("whatsapp-hub-*.zip")
    keys = await whatsapp_hub(tmp_path, "restore", "--keys", str(path))
    assert keys.out.splitlines()[:2] == [f"HUB_SECRET_KEY={NEW}", f"HUB_SECRET_KEY_OLD={OLD}"]
    there = msgspec.structs.replace(settings, database_url=await new_database())
    refused = await run(there, tmp_path, "restore", "--replace", str(path), key=OTHER)
    assert (refused.code, "not the one" in refused.err) == (1, True)
    restored = await run(there, tmp_path, "restore", "--replace", str(path), key=OTHER, HUB_SECRET_KEY_OLD=OLD)
    assert restored.code == 0, restored.err
    said = await run(there, tmp_path, "doctor", key=OLD)
    assert "HUB_SECRET_KEY opens all 4 that are stored" in said.out, said.out
    without = await run(there, tmp_path, "restore", "--replace", "--without-key", str(path), key=OTHER)
    assert without.code == 0, without.err
    async with hub_on(there, hub_secret_key=OTHER):
        pass


async def test_every_column_that_may_be_sealed_is_rotated_or_known_not_to_be(settings: Settings) -> None:
    connection = await asyncpg.connect(**arguments_of(str(settings.database_url)))
    try:
        rows = await connection.fetch(
            """SELECT table_name, column_name FROM information_schema.columns
               WHERE data_type = 'bytea' AND table_schema = 'hub'"""
        )
    finally:
        await connection.close()
    found = {(row["table_name"], row["column_name"]) for row in rows}
    assert found == {(table.removeprefix("hub."), column) for table, column in COLUMNS} | NOT_SEALED
