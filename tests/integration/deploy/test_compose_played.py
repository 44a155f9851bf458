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
from uuid import uuid4

import asyncpg
import httpx
import msgspec
import pytest
import pytest_asyncio

from tests.integration.deploy.stack import ENV, PATIENCE_S, ROOT, SERVING, Stack, databases, missing, start_nginx
from whatsapp_hub.adapters.postgres.backup import programs
from whatsapp_hub.adapters.postgres.engine import embedded
from whatsapp_hub.main.backup.backup import Wanted, back_up, restore
from whatsapp_hub.main.settings import Settings

pytestmark = pytest.mark.skipif(
    bool(missing()), reason=f"needs Debian's packages: apt-get install {' '.join(missing())}"
)
DOCKER = """#!/usr/bin/env bash
# `docker compose run --rm --no-deps -T migrate ARGUMENTS`, without Docker
case "$*" in
"compose run --rm --no-deps -T migrate "*) shift 6 ;;
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
        await stack.log_in()
        for name in SERVING:
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
                ended = [name for name in SERVING if stack.running[name].returncode is not None]
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


async def test_what_serves_works_with_a_login_that_is_no_superuser(stack: Stack) -> None:
    connection = await _connection(stack, "hub")
    try:
        found = await connection.fetch(
            "SELECT DISTINCT rolname, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls"
            " FROM pg_stat_activity JOIN pg_roles ON pg_roles.oid = usesysid"
            " WHERE application_name LIKE 'whatsapp-hub %'"
        )
    finally:
        await connection.close()
    assert [tuple(row) for row in found] == [("runner", False)]


async def test_a_company_with_a_schema_of_its_own_is_made_used_and_removed(
    stack: Stack, client: httpx.AsyncClient
) -> None:
    """Whichever login made the schema: the operator's command or the API."""
    made = await client.post("/api/tenants", json={"slug": "own", "name": "Own", "placement": "dedicated"})
    assert made.status_code == 201, made.text
    command = ("tenant", "create", "theirs", "Theirs", "--placement", "dedicated")
    assert await (await stack.hub("migrate", *command)).wait() == 0, stack.log("migrate")
    await stack.log_in()
    for one in (await client.get("/api/tenants")).json():
        if one["slug"] in ("own", "theirs"):
            acting = {"X-Company-Id": one["id"]}
            added = await client.post("/api/departments", json={"name": "Vendas", "slug": "vendas"}, headers=acting)
            assert added.status_code == 201, added.text
            gone = await client.request("DELETE", f"/api/tenants/{one['id']}", json={"confirm": one["slug"]})
            assert gone.status_code == 204, gone.text
    async with asyncio.timeout(PATIENCE_S):
        while await _schemas(stack) != ["pooled"]:
            await asyncio.sleep(0.2)


async def test_the_login_is_made_once_and_takes_a_new_password_each_time(stack: Stack) -> None:
    """As for volumes of a version that had the superuser alone, and for a password that is changed."""
    await stack.log_in("a1b2" * 8)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await _as_runner(stack, ENV["POSTGRES_RUNNER_PASSWORD"])
    await (await _as_runner(stack, "a1b2" * 8)).close()
    await stack.log_in()
    await (await _as_runner(stack, ENV["POSTGRES_RUNNER_PASSWORD"])).close()
    secrets = (ENV["POSTGRES_RUNNER_PASSWORD"], "a1b2" * 8, ENV["POSTGRES_PASSWORD"])
    assert not [secret for secret in secrets if secret in (stack.folder / "postgres.log").read_text()]


async def test_what_a_lost_connector_left_at_its_store_is_ended(stack: Stack) -> None:
    """The function works as its owner, the connections as another login."""
    lost, session_id = await _as_runner(stack, ENV["POSTGRES_RUNNER_PASSWORD"]), uuid4()
    await lost.execute(f"SET application_name = 'whatsapp-hub session {session_id}'")
    next_holder = await _as_runner(stack, ENV["POSTGRES_RUNNER_PASSWORD"])
    await next_holder.execute("SET ROLE hub_system")
    assert await next_holder.fetchval("SELECT hub.end_stores($1)", [session_id]) == 1
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await lost.execute("SELECT 1")
    await next_holder.close()


async def test_the_doctor_finds_nothing_wrong_with_that_login(stack: Stack) -> None:
    doctor = (sys.executable, "-m", "whatsapp_hub", "doctor")
    code = await (await stack.start("doctor", *doctor, env=stack.environment("api-1"))).wait()
    said = stack.log("doctor")
    assert (code, "at this version" in said, "GRANT" in said) == (0, True, False), said


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
    made = await _run([str(ROOT / "deploy" / "backup.sh"), str(tmp_path / "backups")], tmp_path)
    [path] = (tmp_path / "backups").iterdir()
    assert made.strip() == str(path)
    assert path.stat().st_mode & 0o077 == 0
    await _create_database(stack, "elsewhere")
    _docker(tmp_path, stack, "elsewhere")
    await _run(["sh", "-c", f"docker compose run --rm --no-deps -T migrate restore - < {path}"], tmp_path)
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
    environment = stack.environment("migrate")
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


async def _as_runner(stack: Stack, password: str) -> Any:
    return await asyncpg.connect(f"postgresql://runner:{password}@127.0.0.1:{stack.ports['postgres']}/hub")


async def _schemas(stack: Stack) -> list[str]:
    connection = await _connection(stack, "hub")
    try:
        found = await connection.fetch(
            "SELECT nspname FROM pg_namespace WHERE nspname = 'pooled' OR nspname LIKE 'client%' ORDER BY 1"
        )
    finally:
        await connection.close()
    return [row["nspname"] for row in found]


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
