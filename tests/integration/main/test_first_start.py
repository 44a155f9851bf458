"""The administrator is made by whichever role starts first; nobody prints a password that the operator gave."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.integration.http.conftest import free_port

SECRETS = {"HUB_SECRET_KEY": "k" * 32, "JWT_SECRET": "j" * 32, "RATE_LIMIT_USER": "100000"}
OWN = {"HUB_ADMIN_EMAIL": "ana@hub.example", "HUB_ADMIN_PASSWORD": "correct horse battery"}
PATIENCE_S = 60


@dataclass
class Started:
    process: asyncio.subprocess.Process
    log: Path
    url: str
    data: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    @property
    def password_file(self) -> Path:
        return self.data / "admin-password"

    async def login(self, email: str, password: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=20) as http:
            return await http.post("/api/auth/login", json={"email": email, "password": password})

    async def ready(self) -> None:
        async with asyncio.timeout(PATIENCE_S), httpx.AsyncClient(base_url=self.url, trust_env=False) as http:
            while True:
                assert self.process.returncode is None, self.said
                try:
                    if (await http.get("/health")).status_code in (200, 503):
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)


@dataclass
class Roles:
    database_url: str
    redis_url: str
    folder: Path

    @asynccontextmanager
    async def start(self, role: str, **environ: str) -> AsyncIterator[Started]:
        port = free_port()
        environ.setdefault("HUB_DATA_DIR", str(self.folder / "data"))
        log = self.folder / f"{role}-{port}.log"
        given = {**os.environ, **SECRETS, "DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "whatsapp_hub", role),
                env={**given, "PORT": str(port), **environ},
                stdout=output,
                stderr=output,
            )
        try:
            yield Started(process, log, f"http://127.0.0.1:{port}", Path(environ["HUB_DATA_DIR"]))
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.wait(), 30)

    async def run(self, role: str, **environ: str) -> Started:
        async with self.start(role, **environ) as started:
            await asyncio.wait_for(started.process.wait(), PATIENCE_S)
        return started

    async def masters(self) -> list[str]:
        owner = await asyncpg.connect(self.database_url)
        try:
            return [row["email"] for row in await owner.fetch("SELECT email FROM hub.users WHERE role = 'MASTER'")]
        finally:
            await owner.close()


@pytest.fixture
async def roles(new_database: Callable[[], Any], valkey_url: str, tmp_path: Path) -> Roles:
    return Roles(await new_database(), valkey_url, tmp_path)


@pytest.mark.parametrize("role", ["migrate", "api"])
async def test_the_role_that_comes_first_makes_the_administrator_and_keeps_their_password_to_itself(
    roles: Roles, role: str
) -> None:
    async with AsyncExitStack() as stack:
        if role == "migrate":
            assert (first := await roles.run("migrate", **OWN)).process.returncode == 0
        api = await stack.enter_async_context(roles.start("api", **OWN))
        await api.ready()
        assert (await api.login(*OWN.values())).status_code == 200
        assert OWN["HUB_ADMIN_PASSWORD"] not in api.said + (first.said if role == "migrate" else "")
        assert OWN["HUB_ADMIN_EMAIL"] in (first.said if role == "migrate" else api.said)
        assert not api.password_file.exists()
    assert await roles.masters() == [OWN["HUB_ADMIN_EMAIL"]]


async def test_a_made_up_password_is_printed_and_kept_until_it_is_changed(roles: Roles) -> None:
    made = await roles.run("migrate")
    password = made.password_file.read_text()
    assert made.password_file.stat().st_mode & 0o777 == 0o600
    assert password in made.said
    async with roles.start("api") as api:
        await api.ready()
        assert password not in api.said
        signed_in = (await api.login("admin@hub.local", password)).json()
        headers = {"Authorization": f"Bearer {signed_in['token']}"}
        async with httpx.AsyncClient(base_url=api.url, trust_env=False, headers=headers) as http:
            made_link = (await http.post(f"/api/users/{signed_in['user']['id']}/password-reset")).json()
            assert made.password_file.exists()
            body = {"token": made_link["token"], "password": "another horse battery"}
            changed = await http.post("/api/auth/reset-password", json=body)
            assert changed.is_success, changed.text
        async with asyncio.timeout(PATIENCE_S):
            while made.password_file.exists():
                await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("password", "says"), [("f00d", "must have 12"), ("iloveyou2024!", "is among the most common")]
)
async def test_a_given_password_that_could_be_guessed_is_warned_of_and_stops_nothing(
    roles: Roles, password: str, says: str
) -> None:
    async with roles.start("api", HUB_ADMIN_EMAIL="ana@hub.example", HUB_ADMIN_PASSWORD=password) as api:
        await api.ready()
        assert f"HUB_ADMIN_PASSWORD {says}" in api.said
        assert password not in api.said
        assert (await api.login("ana@hub.example", password)).status_code == 200


async def test_processes_that_start_at_one_moment_make_one_administrator(roles: Roles, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        starts = [roles.start("api", HUB_DATA_DIR=str(tmp_path / f"data-{n}")) for n in range(3)]
        apis = await asyncio.gather(*(stack.enter_async_context(start) for start in starts))
        await asyncio.gather(*(api.ready() for api in apis))
        kept = [api.password_file.read_text() for api in apis if api.password_file.exists()]
        assert len(kept) == 1
        assert [kept[0] in api.said for api in apis].count(True) == 1
        assert (await apis[0].login("admin@hub.local", kept[0])).status_code == 200
    assert await roles.masters() == ["admin@hub.local"]


async def test_variables_that_were_set_after_the_first_start_are_said_to_be_unused(roles: Roles) -> None:
    """Else a newcomer who edits `.env` signs in with them in vain."""
    first = await roles.run("migrate")
    later = await roles.run("migrate", **OWN)
    assert "HUB_ADMIN_PASSWORD, for admin@hub.local was there before" in later.said, later.said
    assert str(first.password_file) in later.said
    assert OWN["HUB_ADMIN_PASSWORD"] not in later.said
    assert "Not used" not in (await roles.run("migrate")).said
    assert await roles.masters() == ["admin@hub.local"]
