"""The hub of docker-compose.yml at work: separate processes behind nginx, on Debian's PostgreSQL and Redis."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
import pytest_asyncio

from tests.integration.deploy.stack import ENV, PATIENCE_S, ROLES, ROOT, Stack, databases, missing, start_nginx
from whatsapp_hub.adapters.postgres.backup import programs
from whatsapp_hub.adapters.postgres.engine import embedded
from whatsapp_hub.main.backup.backup import Wanted, back_up, restore
from whatsapp_hub.main.settings import Settings

pytestmark = pytest.mark.skipif(
    bool(missing()), reason=f"needs Debian's packages: apt-get install {' '.join(missing())}"
)
DOCKER = """#!/usr/bin/env bash
# `docker compose exec -T SERVICE COMMAND` and `docker compose run --rm --no-deps -T SERVICE ARGUMENTS`, without Docker
case "$*" in
"compose ps"*) [ "$(cat "$(dirname "$0")/worker")" = running ] && echo container; exit 0 ;;
"compose exec -T worker whatsapp-hub "*) shift 5 ;;
"compose run --rm --no-deps -T worker "*) shift 6 ;;
*) exit 9 ;;
esac
exec env -i {environment} {python} -m whatsapp_hub "$@"
"""


@pytest_asyncio.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("stack")
    for above in (folder, *folder.parents[:2]):
        above.chmod(0o755)  # PostgreSQL and nginx run as somebody else
    stack = Stack(folder, ENV)
    async with databases(stack):
        assert await (await stack.hub("migrate")).wait() == 0, stack.log("migrate")
        for name in ROLES[1:]:
            await stack.hub(name)
        await start_nginx(stack)
        await _healthy(stack)
        yield stack


async def _healthy(stack: Stack) -> None:
    """Both API processes answer, and a connector is there for the default provider."""
    urls = [stack.url, *(f"http://127.0.0.1:{stack.ports[name]}" for name in ("api-1", "api-2"))]
    async with asyncio.timeout(PATIENCE_S), httpx.AsyncClient(timeout=5) as client:
        for url in urls:
            while (answer := await _health(client, url)) is None:
                ended = [name for name in ROLES[1:] if stack.running[name].returncode is not None]
                assert not ended, stack.log(ended[0])
                await asyncio.sleep(0.1)
            assert answer["dependencies"]["redis"] == "ok"


async def _health(client: httpx.AsyncClient, url: str) -> Any:
    try:
        answer = await client.get(f"{url}/health")
    except httpx.TransportError:
        return None
    return answer.json() if answer.status_code == 200 else None


@pytest_asyncio.fixture
async def client(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """The operator, signed in, on an address that is not the proxy's."""
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    async with httpx.AsyncClient(base_url=stack.url, transport=transport, timeout=15) as client:
        body = {"email": ENV["HUB_ADMIN_EMAIL"], "password": ENV["HUB_ADMIN_PASSWORD"]}
        answer = await client.post("/api/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        yield client


async def test_the_demonstration_plays_through_nginx(stack: Stack) -> None:
    environment = {**stack.environment("api-1"), "PORT": str(stack.ports["nginx"])}
    played = await stack.start("demo", sys.executable, "-m", "whatsapp_hub", "demo", env=environment)
    assert await asyncio.wait_for(played.wait(), PATIENCE_S) == 0, stack.log("demo")
    counted = dict(re.findall(r"^ +(lost|doubled) +(\d+)$", stack.log("demo"), re.MULTILINE))
    assert counted == {"lost": "0", "doubled": "0"}


async def test_the_audit_names_the_client_whatever_it_writes_into_the_header(client: httpx.AsyncClient) -> None:
    headers = {"X-Forwarded-For": "8.8.8.8"}
    made = await client.post("/api/departments", json={"name": "Vendas", "slug": "vendas"}, headers=headers)
    assert made.status_code == 201, made.text
    entries = (await client.get("/api/audit", params={"entityId": made.json()["id"]})).json()
    assert [entry["ipAddress"] for entry in entries] == ["127.0.0.2"]


async def test_all_roles_run_and_the_default_provider_has_a_connector(client: httpx.AsyncClient) -> None:
    running = Counter(role["role"] for role in (await client.get("/api/system")).json()["roles"])
    assert running == {"api": 2, "worker": 1, "connector": 1}


async def test_metrics_are_read_through_nginx_with_the_token_only(stack: Stack, client: httpx.AsyncClient) -> None:
    del client.headers["Authorization"]
    for address in ("127.0.0.2", "127.0.0.1"):  # the proxy's own, too
        transport = httpx.AsyncHTTPTransport(local_address=address)
        async with httpx.AsyncClient(base_url=stack.url, transport=transport) as scraper:
            assert (await scraper.get("/metrics")).status_code == 401
            shown = await scraper.get("/metrics", headers={"Authorization": f"Bearer {ENV['METRICS_TOKEN']}"})
            assert shown.status_code == 200
            assert 'whatsapp_hub_processes{role="connector"} 1.0' in shown.text


async def test_the_running_hub_is_backed_up_and_restored_by_the_documented_commands(
    stack: Stack, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    """PostgreSQL is Debian's, its programs are another version's."""
    _docker(tmp_path, stack, "hub")
    for state in ("stopped", "running"):
        (tmp_path / "worker").write_text(state)
        made = await _run([str(ROOT / "deploy" / "backup.sh"), str(tmp_path / state)], tmp_path)
        [path] = (tmp_path / state).iterdir()
        assert made.strip() == str(path)
    assert path.stat().st_mode & 0o077 == 0
    await _create_database(stack, "elsewhere")
    _docker(tmp_path, stack, "elsewhere")
    await _run(["sh", "-c", f"docker compose run --rm --no-deps -T worker restore - < {path}"], tmp_path)
    assert await _counted(stack, "elsewhere") == await _counted(stack, "hub")


async def test_programs_newer_than_the_server_do_as_well(
    stack: Stack, client: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The image brings the programs of PostgreSQL 18, whatever the server is."""
    monkeypatch.setattr(programs, "_folders", lambda: iter([embedded.program("pg_dump").parent]))
    there = Settings(
        database_url=_address(stack, "hub"), hub_secret_key=ENV["HUB_SECRET_KEY"], hub_data_dir=str(tmp_path / "data")
    )
    where, manifest, _ = await back_up(there, str(tmp_path / "newer"), without_key=False, keep_days=7)
    assert manifest.dumped_by >= manifest.server
    await _create_database(stack, "newer")
    await restore(msgspec.structs.replace(there, database_url=_address(stack, "newer")), where, Wanted())
    assert await _counted(stack, "newer") == await _counted(stack, "hub")


def _docker(folder: Path, stack: Stack, database: str) -> None:
    environment = stack.environment("worker")
    environment["DATABASE_URL"] = environment["DATABASE_URL"].removesuffix("hub") + database
    given = " ".join(f"{name}='{value}'" for name, value in environment.items())
    docker = folder / "docker"
    docker.write_text(DOCKER.format(environment=given, python=sys.executable))
    docker.chmod(0o755)


async def _run(command: list[str], folder: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


async def _connection(stack: Stack, database: str) -> Any:
    return await asyncpg.connect(_address(stack, database))


def _address(stack: Stack, database: str) -> str:
    return f"postgresql://hub:{ENV['POSTGRES_PASSWORD']}@127.0.0.1:{stack.ports['postgres']}/{database}"


async def _create_database(stack: Stack, name: str) -> None:
    connection = await _connection(stack, "hub")
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()


async def _counted(stack: Stack, database: str) -> dict[str, int]:
    """Rows of the tables that nothing changes by itself."""
    connection = await _connection(stack, database)
    tables = ("hub.tenants", "hub.users", "hub.sessions", "hub.audit", "pooled.messages", "pooled.conversations")
    counted = {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables}
    await connection.close()
    return counted
