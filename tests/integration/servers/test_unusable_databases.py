"""Whatever is wrong with DATABASE_URL or REDIS_URL: every command says it in one line, and what to do."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from tests.fakes.debian_postgres import DebianPostgres
from whatsapp_hub.adapters.postgres.engine import preflight
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.engine.migrate import migrate
from whatsapp_hub.adapters.postgres.engine.preflight import check
from whatsapp_hub.adapters.postgres.engine.refusals import DatabaseUnusable
from whatsapp_hub.adapters.postgres.engine.version import SchemaState
from whatsapp_hub.adapters.redis.preflight import RedisAway, RedisUnusable
from whatsapp_hub.adapters.redis.preflight import check as check_redis
from whatsapp_hub.main.demo.database import borrowed_database

COMMANDS = ("serve", "api", "worker", "connector", "scheduler", "migrate", "doctor", "demo", "tenant list")


async def said(command: str, folder: Path, **environ: str) -> tuple[int | None, str]:
    given = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "WHATSAPP_"))},
        "HUB_SECRET_KEY": "k" * 32,
        "JWT_SECRET": "j" * 32,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "HUB_DATA_DIR": str(folder),
        "HUB_ENV_FILE": os.devnull,
        "PORT": "1",
        **environ,
    }
    if command == "serve":
        del given["PORT"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "whatsapp_hub", *command.split()),
        env=given,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, output.decode()


@pytest.mark.parametrize("command", COMMANDS)
async def test_every_command_ends_with_one_line_without_the_password(
    debian: DebianPostgres, tmp_path: Path, command: str
) -> None:
    code, output = await said(command, tmp_path, DATABASE_URL=debian.url("owner", "s3cret-and-wrong"))
    assert code == 1, output
    assert "Traceback" not in output
    assert "s3cret" not in output
    lines = [line for line in output.splitlines() if "DATABASE_URL" in line]
    assert len(lines) == 1
    assert "refuses the password of user 'owner'" in lines[0]
    if command != "doctor":
        assert output.splitlines() == lines


async def refused(url: str, *, will_migrate: bool = False) -> str:
    with pytest.raises(DatabaseUnusable) as why:
        await check(url, will_migrate=will_migrate)
    assert "\n" not in str(why.value)
    return str(why.value)


async def test_what_is_wrong_with_the_address_is_named(
    debian: DebianPostgres, silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "CONNECT_TIMEOUT_S", 1.0)
    for url, words in (
        (debian.url("nobody_here"), "refuses the password|knows no user"),
        (debian.url("owner", database="nowhere"), "no database 'nowhere'.*createdb"),
        (debian.url("owner", query="?sslmode=require"), "offers no TLS.*sslmode=disable"),
        (debian.url("tls_only"), "sslmode=require"),
        (debian.url("refused"), "pg_hba.conf"),
        ("postgresql://a:b@no-such-host.invalid/x", "no-such-host.invalid:5432 is not known"),
        ("postgresql://a:b@127.0.0.1:1/x", "nothing answers at 127.0.0.1:1"),
        ("postgresql://a:b@127.0.0.1:1,127.0.0.1:2/x", "127.0.0.1:1, 127.0.0.1:2"),
        ("postgresql://a@/x?host=/nowhere", "no PostgreSQL at the socket /nowhere"),
        (f"postgresql://a:b@127.0.0.1:{silent}/x", f"no answer from 127.0.0.1:{silent}"),
    ):
        assert re.search(words, await refused(url)), url


async def test_a_login_needs_what_the_documentation_says_and_no_more(debian: DebianPostgres) -> None:
    assert "not migrated: run `whatsapp-hub migrate`" in await refused(debian.url("owner"))
    assert "GRANT CREATE ON DATABASE" in await refused(debian.url("stranger"), will_migrate=True)
    admin = await debian.owner("hub")
    try:
        await admin.execute("GRANT CREATE ON DATABASE hub TO stranger")
        reason = await refused(debian.url("stranger"), will_migrate=True)
        assert re.search("CREATEROLE|WITH ADMIN OPTION", reason)  # as the roles are there already or not
        await admin.execute("REVOKE CREATE ON DATABASE hub FROM stranger")

        assert (await check(debian.url("owner"), will_migrate=True)).schema_state is SchemaState.MISSING
        await migrate(debian.url("owner"))
        assert (await check(debian.url("owner"), will_migrate=False)).schema_state is SchemaState.CURRENT
        assert "GRANT hub_app, hub_system" in await refused(debian.url("stranger"))
        await admin.execute("GRANT hub_app, hub_system, hub_search, hub_whatsmeow TO stranger")
        await check(debian.url("stranger"), will_migrate=False)
        database = Database(debian.url("stranger"))
        await database.open()
        await database.ping()
        await database.close()

        read_only = "?options=-c%20default_transaction_read_only%3Don"
        assert "read-only" in await refused(debian.url("owner", query=read_only))
        [[now]] = await admin.fetch("SELECT version_num FROM hub.alembic_version")
        await admin.execute("UPDATE hub.alembic_version SET version_num = '0149_write_probe'")
        assert "older version of the hub: run `whatsapp-hub migrate`" in await refused(debian.url("owner"))
        assert "belongs to owner" in await refused(debian.url("stranger"), will_migrate=True)
        await admin.execute("UPDATE hub.alembic_version SET version_num = '9999_of_the_future'")
        assert "newer version" in await refused(debian.url("owner"), will_migrate=True)
        found = await check(debian.url("owner"), will_migrate=False)  # a deployment that went back
        assert found.schema_state is SchemaState.AHEAD
        await admin.execute("UPDATE hub.alembic_version SET version_num = $1", now)
    finally:
        await admin.close()


async def test_the_demonstration_says_where_a_running_hub_is_looked_for(debian: DebianPostgres) -> None:
    with pytest.raises(DatabaseUnusable, match="give it CREATEDB; or play on a hub that runs: HOST and PORT say where"):
        async with borrowed_database(debian.url("stranger")):
            pass


async def test_what_the_demonstration_cannot_drop_is_named(debian: DebianPostgres) -> None:
    admin = await debian.owner("hub")
    others = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query ~ 'DATABASE'"
    end = f"SELECT pg_terminate_backend(pid, 5000) {others}"  # waits until they have ended
    try:
        await admin.execute("ALTER ROLE owner CREATEDB")
        with pytest.raises(DatabaseUnusable, match="drop the demonstration's database 'hub_demo_"):
            async with borrowed_database(debian.url("owner")):
                await admin.execute(end)
    finally:
        for [name] in await admin.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'hub_demo_%'"):
            await admin.execute(f'DROP DATABASE "{name}"')
        await admin.execute("ALTER ROLE owner NOCREATEDB")
        await admin.close()


async def test_roles_that_a_superuser_made_are_enough(debian: DebianPostgres) -> None:
    """The other way of docs/database.md: a login without CREATEROLE."""
    admin = await debian.owner()
    try:
        await admin.execute("CREATE ROLE modest LOGIN PASSWORD 'right'")
        await admin.execute("CREATE DATABASE modest OWNER modest")
        for role in preflight.ROLES:
            if not await admin.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role):
                await admin.execute(f"CREATE ROLE {role} NOLOGIN")
        url = debian.url("modest", database="modest")
        assert "WITH ADMIN OPTION" in await refused(url, will_migrate=True)
        await admin.execute(f"GRANT {', '.join(preflight.ROLES)} TO modest WITH ADMIN OPTION")
        await check(url, will_migrate=True)
        await migrate(url)
        await check(url, will_migrate=False)
    finally:
        await admin.close()


@pytest.mark.parametrize(
    ("encoding", "words"), [("LATIN1", "LATIN1.*--encoding=UTF8"), ("SQL_ASCII", "SQL_ASCII.*--encoding=UTF8")]
)
async def test_a_database_that_cannot_hold_every_text_is_refused(
    debian: DebianPostgres, encoding: str, words: str
) -> None:
    admin = await debian.owner()
    name = f"in_{encoding.lower()}"
    statement = f"CREATE DATABASE {name} OWNER owner ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
    await admin.execute(statement)
    await admin.close()
    assert re.search(words, await refused(debian.url("owner", database=name), will_migrate=True))


async def test_an_old_server_is_refused_by_name(debian: DebianPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "OLDEST", 99)
    assert re.search(r"PostgreSQL 1\d\.\d+.* is too old: the hub needs 99 or newer", await refused(debian.url("owner")))


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (":wrong@127.0.0.1:{port}/0", "refuses user and password"),
        ("127.0.0.1:{port}/0", "wants a password"),
        (":right@127.0.0.1:{port}/99", "DB index is out of range"),
    ],
)
async def test_a_redis_that_will_never_let_the_hub_in_is_named(
    guarded_valkey: int, place: str, words: str, silent: int
) -> None:
    with pytest.raises(RedisUnusable, match=words) as why:
        await check_redis("redis://" + place.format(port=guarded_valkey))
    assert not isinstance(why.value, RedisAway)
    await check_redis(f"redis://:right@127.0.0.1:{guarded_valkey}/0")


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "redis://no-such-host.invalid/0", "unix:///nowhere.sock"])
async def test_a_redis_that_does_not_answer_now_is_no_reason_not_to_start(url: str) -> None:
    with pytest.raises(RedisAway, match="does not answer"):
        await check_redis(url)
