"""Secrets are planted at every door; none is found in an answer, a log line or a row of the database."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest_asyncio

from tests.integration.http.conftest import free_port
from whatsapp_hub.adapters.postgres.engine.database import arguments_of

PATIENCE_S = 120
MARK = "Pl4nt3dMark"
_numbers = count(1)


def planted(prefix: str = "") -> str:
    """A secret that is found again wherever it stands."""
    return f"{prefix}{MARK}{next(_numbers):03}{'x' * 24}"


VARIABLES = {
    name: planted()
    for name in (
        *("HUB_SECRET_KEY", "HUB_SECRET_KEY_OLD", "JWT_SECRET", "JWT_SECRET_OLD", "HUB_ADMIN_PASSWORD"),
        *("METRICS_TOKEN", "WHATSAPP_ACCESS_TOKEN", "WHATSAPP_APP_SECRET", "WHATSAPP_WEBHOOK_VERIFY_TOKEN"),
        "WAHA_API_KEY",
    )
}


@dataclass
class Seen:
    """Where to look: every answer of the API but those that show a secret once."""

    url: str
    database_url: str
    folder: Path
    environ: dict[str, str]
    answers: list[tuple[str, str]] = field(default_factory=list)

    async def ask(self, token: str, method: str, path: str, body: object = None, *, shows: bool = False) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx.AsyncClient(base_url=self.url, timeout=PATIENCE_S, trust_env=False) as http:
            answer = await http.request(method, path, json=body, headers=headers)
        if not shows:
            self.answers.append((f"{method} {path} {answer.status_code}", answer.text + str(answer.headers)))
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text

    @property
    def logs(self) -> str:
        return "\n".join(path.read_text() for path in self.folder.glob("*.log"))


@pytest_asyncio.fixture
async def seen(new_database: Any, valkey_url: str, tmp_path: Path) -> AsyncIterator[Seen]:
    url, port = await new_database(), free_port()
    environ = {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME")},
        **VARIABLES,
        "DATABASE_URL": url,
        "REDIS_URL": valkey_url,
        "HUB_DATA_DIR": str(tmp_path / "data"),
        "HUB_ENV_FILE": os.devnull,
        "HUB_ADMIN_EMAIL": "boss@example.org",
        "HUB_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "WHATSAPP_PROVIDER": "META",
        "WHATSAPP_PHONE_NUMBER_ID": "111",
        "WHATSAPP_API_URL": "http://127.0.0.1:9",
        "PORT": str(port),
        "LOG_LEVEL": "DEBUG",
        "WEBHOOK_ALLOW_PRIVATE": "true",
        "SANDBOX_ENABLED": "true",
        "RATE_LIMIT_USER": "100000",
    }
    here = Seen(f"http://127.0.0.1:{port}", url, tmp_path, environ)
    async with AsyncExitStack() as stack:
        for role in ("api", "worker"):
            output = stack.enter_context((tmp_path / f"{role}.log").open("wb"))
            program = (sys.executable, "-m", "whatsapp_hub", role)
            process = await asyncio.create_subprocess_exec(*program, env=environ, stdout=output, stderr=output)
            stack.push_async_callback(_end, process)
        await _until_up(here)
        yield here


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(process.wait(), PATIENCE_S)


async def _until_up(seen: Seen) -> None:
    async with asyncio.timeout(PATIENCE_S), httpx.AsyncClient(base_url=seen.url, trust_env=False) as http:
        while True:
            try:
                if (await http.get("/health")).status_code in (200, 503):
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.05)


async def scenario(seen: Seen) -> str:
    """Give each kind of secret, let things fail, send back what was shown; return the administrator's token."""
    login = {"email": "boss@example.org", "password": VARIABLES["HUB_ADMIN_PASSWORD"]}
    token: str = (await seen.ask("", "POST", "/api/auth/login", login, shows=True))["token"]
    await seen.ask("", "POST", "/api/auth/login", {"email": "boss@example.org", "password": planted()})
    await seen.ask(planted("ey"), "GET", "/api/auth/me")
    away, hook = "http://127.0.0.1:9", "http://u:{}@127.0.0.1:9/in?token={}&room={}"

    def secret_url() -> str:
        return hook.format(planted(), planted(), planted())

    meta = {"phoneNumberId": "222", "accessToken": planted("EAA"), "appSecret": planted(), "verifyToken": planted()}
    waha = {"url": away, "apiKey": planted(), "session": "s", "hmacKey": planted()}
    made = {}
    for provider, settings in {"META": meta, "WAHA": waha, "NEONIZE": {}, "SANDBOX": {}}.items():
        body = {"name": provider, "provider": provider, "settings": settings, "webhookUrl": secret_url()}
        if provider == "NEONIZE":
            body["proxy"] = f"socks5://user:{planted()}@127.0.0.1:9"
        made[provider] = (await seen.ask(token, "POST", "/api/sessions", body))["id"]
        path = f"/api/sessions/{made[provider]}"
        await seen.ask(token, "POST", f"{path}/start")
        shown = await seen.ask(token, "GET", path)
        kept = await seen.ask(token, "PATCH", path, {"webhookUrl": shown["webhookUrl"]})
        assert kept["webhookUrl"] == shown["webhookUrl"] == "http://127.0.0.1:9/in?token=•••&room=•••"
    await seen.ask(token, "PATCH", f"/api/sessions/{made['WAHA']}", {"settings": {"apiKey": f"{planted()} no"}})
    await seen.ask(token, "PUT", f"/api/sessions/{made['SANDBOX']}/bot", {"url": secret_url()}, shows=True)
    secret = "whsec_" + MARK.ljust(32, "A")
    headers = {"x-token": planted(), "authorization": f"Bearer {planted()}"}
    bodies = [{"url": secret_url()}, {"url": f"{away}/?token={planted()}", "headers": headers, "secret": secret}]
    for body in bodies:
        webhook = await seen.ask(token, "POST", "/api/webhooks", body, shows=True)
        await seen.ask(token, "POST", f"/api/webhooks/{webhook['id']}/test")
        await seen.ask(token, "GET", f"/api/webhooks/{webhook['id']}")
        await seen.ask(token, "PATCH", f"/api/webhooks/{webhook['id']}", {"url": f"ftp://x/?token={planted()}"})
    user = {"email": "a@example.org", "password": planted(), "name": "A", "role": "AGENT"}
    user_id = (await seen.ask(token, "POST", "/api/users", user))["id"]
    await seen.ask(token, "POST", f"/api/users/{user_id}/password-reset", shows=True)
    await seen.ask(token, "POST", "/api/api-keys", {"name": "k", "role": "ADMIN"}, shows=True)
    await seen.ask(token, "PATCH", "/api/companies/me", {"accessToken": planted("EAA"), "phoneNumberId": "111"})
    written = {"from": "5511988887777", "text": "hello", "name": "Ana"}
    await seen.ask(token, "POST", f"/sandbox/{made['SANDBOX']}/messages", written)
    for name in ("hub.verify_token", "ticket", "token"):
        await seen.ask("", "GET", f"/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=1&{name}={planted()}")
        await seen.ask("", "GET", f"/api/events/stream?{name}={planted()}")
    return token


async def deliveries_failed(seen: Seen) -> bool:
    connection = await asyncpg.connect(**arguments_of(seen.database_url))
    try:
        failed = "SELECT count(*) FROM hub.webhook_deliveries WHERE tries > 0"
        return bool(await connection.fetchval(failed))
    finally:
        await connection.close()


async def rows_with_marks(url: str) -> list[str]:
    """Look through every table, bytes in hexadecimal and in base64 included."""
    connection = await asyncpg.connect(**arguments_of(url))
    tables = """
        SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"""
    found = []
    try:
        for (table,) in await connection.fetch(tables):
            for (row,) in await connection.fetch(f"SELECT t::text FROM {table} AS t"):
                if MARK in row or MARK.encode().hex() in row:
                    found.append(f"{table}: {row[:300]}")
    finally:
        await connection.close()
    return found


async def test_no_planted_secret_is_shown_logged_or_stored_in_clear(seen: Seen) -> None:
    token = await scenario(seen)
    async with asyncio.timeout(PATIENCE_S):
        while not await deliveries_failed(seen):
            await asyncio.sleep(0.1)
    document = await seen.ask(token, "GET", "/schema/openapi.json")
    plain = [path for path, kinds in document["paths"].items() if "get" in kinds and "{" not in path]
    for path in plain:
        if "stream" not in path:
            await seen.ask(token, "GET", path)
    assert len(plain) > 20
    doctor = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "whatsapp_hub", "doctor"),
        env=seen.environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await doctor.communicate()
    seen.answers.append(("doctor", said.decode()))
    assert [where for where, text in seen.answers if MARK in text] == []
    assert [line for line in seen.logs.splitlines() if MARK in line] == []
    assert await rows_with_marks(seen.database_url) == []
    assert re.search(r'"event": ?"webhook|transaction', seen.logs)  # there was something to look through
