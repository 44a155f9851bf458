"""`whatsapp-hub backup` and `restore`, as an operator runs them."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import msgspec
import pytest
import pytest_asyncio

from tests.fakes import before_squash
from tests.integration.conftest import databases
from tests.integration.http.conftest import JWT_SECRET, MASTER, Company, Person, RunningHub, _ready, _stop, free_port
from whatsapp_hub.adapters.postgres.engine.database import arguments_of
from whatsapp_hub.adapters.postgres.engine.version import is_current
from whatsapp_hub.main.backup.file import KEYS, MANIFEST
from whatsapp_hub.main.roles import api, worker
from whatsapp_hub.main.roles.bootstrap import ensure_admin
from whatsapp_hub.main.settings import Settings

KEY = "fedcba9876543210fedcba9876543210"
MESSAGES = 10_000
# What changes by itself while a hub runs, and what a restore changes on purpose.
ALIVE = {
    "hub.processes",
    "hub.connectors",
    "hub.clock",
    "hub.write_probe",
    "hub.ticks",
    "hub.counters",
    "hub.sequencer",
    "hub.webhook_planner",
}
ENDED = {"hub.sign_ins", "hub.access_changes"}
"""Nobody is signed in to a restored hub."""


@dataclass
class Ran:
    code: int
    out: str
    err: str


async def whatsapp_hub(folder: Path, *argv: str, **environment: str) -> Ran:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "whatsapp_hub", *argv),
        env={**kept, "HUB_DATA_DIR": str(folder / "data"), **environment},
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return Ran(process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace"))


@pytest_asyncio.fixture
async def empty_database(postgres_url: str) -> AsyncIterator[Callable[[], Any]]:
    async with databases(postgres_url, "template1", lambda: f"hub_restored_{uuid4().hex[:8]}") as make:
        yield make


def settings_for(url: str, valkey_url: str, folder: Path) -> Settings:
    return Settings(
        port=free_port(),
        hub_data_dir=str(folder),
        database_url=url,
        redis_url=valkey_url,
        jwt_secret=JWT_SECRET,
        hub_secret_key=KEY,
        hub_admin_email=MASTER[0],
        hub_admin_password=MASTER[1],
        rate_limit_user=1_000_000,
        sandbox_enabled=True,
        webhook_allow_private=True,
    )


@asynccontextmanager
async def hub_on(settings: Settings) -> AsyncIterator[RunningHub]:
    parts = [asyncio.create_task(part(settings)) for part in (api.run, worker.run)]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", timeout=15) as http:
        try:
            await _ready(http, parts)
            hub = RunningHub(str(http.base_url), http, Person(http, {}, ""), settings)
            hub.master = await hub.sign_in(*MASTER)
            yield hub
        finally:
            await _stop(parts)


@pytest_asyncio.fixture(scope="module")
async def settings(database_url: str, valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_for(database_url, valkey_url, tmp_path_factory.mktemp("source"))


@pytest_asyncio.fixture(scope="module")
async def source(settings: Settings) -> AsyncIterator[RunningHub]:
    """A running hub with 10,000 messages, pooled and dedicated, files, and a sealed secret."""
    await ensure_admin(settings)
    async with hub_on(settings) as hub:
        for placement in ("pooled", "dedicated"):
            await _company(hub, placement)
        await _multiply(str(settings.database_url))
        yield hub


async def _company(hub: RunningHub, placement: str) -> None:
    slug = f"c{uuid4().hex[:10]}"
    made = await hub.master.post("/api/tenants", {"slug": slug, "name": slug, "placement": placement})
    assert made.status_code == 201, made.text
    admin = await hub.person(hub.master, "ADMIN", companyId=made.json()["id"])
    company = Company(hub, made.json()["id"], admin)
    await company.department("Vendas", isRoot=True)
    session = await company.session(routing="departments")
    settings = {"url": "http://127.0.0.1:9", "apiKey": "sealed", "session": slug}
    waha = {"name": "waha", "provider": "WAHA", "settings": settings}
    sealed = await admin.post("/api/sessions", waha)
    assert sealed.status_code == 201, sealed.text
    hook = {"url": "http://127.0.0.1:9/x", "events": ["message.received"]}
    made = await admin.post("/api/webhooks", hook)
    assert made.status_code == 201, made.text
    for number in range(20):
        await company.customer_writes(session, f"55119888800{number:02}", "Olá, é 1\\2\t3", "Zoë")
    async with asyncio.timeout(30):
        while len((await admin.get("/api/conversations", limit=100)).json()) < 20:
            await asyncio.sleep(0.05)
    stopped = await admin.patch(f"/api/webhooks/{made.json()['id']}", {"isActive": False})
    assert stopped.status_code == 200, stopped.text


async def _multiply(url: str) -> None:
    """Messages by the thousand, and a file whose bytes are not text."""
    owner = await asyncpg.connect(**arguments_of(url))
    for schema in [r["s"] for r in await owner.fetch(
        "SELECT CASE placement WHEN 'pooled' THEN 'pooled' ELSE 'client_' || slug END AS s FROM hub.tenants "
        "WHERE slug LIKE 'c%'")]:  # fmt: skip
        columns = [r["attname"] for r in await owner.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped "
            "AND attgenerated = '' AND attidentity = '' AND attname NOT IN ('id', 'whatsapp_message_id', 'queue_seq')",
            f"{schema}.messages",
        )]  # fmt: skip
        listed = ", ".join(columns)
        await owner.execute(
            f"INSERT INTO {schema}.messages (id, {listed}) SELECT gen_random_uuid(), {listed} FROM {schema}.messages, "
            f"generate_series(1, 10000) n WHERE status <> 'PENDING' LIMIT {MESSAGES // 2}"
        )
        await owner.execute(
            f"INSERT INTO {schema}.media (id, tenant_id, mime_type, file_name, sha256, size, created_at) "
            f"SELECT gen_random_uuid(), tenant_id, 'image/png', 'a.png', "
            f"encode(sha256(id::text::bytea), 'hex'), 9, now() "
            f"FROM {schema}.messages LIMIT 50"
        )
    await owner.close()


async def contents(url: str) -> dict[str, tuple[int, str]]:
    """Each table's number of rows and a digest of them all."""
    connection = await asyncpg.connect(**arguments_of(url))
    try:
        tables = await connection.fetch(
            "SELECT schemaname || '.' || tablename AS name FROM pg_tables "
            "WHERE schemaname IN ('hub', 'pooled') OR schemaname LIKE 'client_%' ORDER BY 1"
        )
        found = {}
        for table in tables:
            digest = "coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '')"
            row = await connection.fetchrow(f"SELECT count(*), {digest} FROM {table['name']} t")
            found[table["name"]] = (row[0], row[1])
        return found
    finally:
        await connection.close()


async def schema_of(url: str) -> list[str]:
    """Owners, rights, policies, functions: what rows alone do not show."""
    connection = await asyncpg.connect(**arguments_of(url))
    try:
        rows = await connection.fetch("""
            SELECT 'table ' || c.oid::regclass || ' ' || pg_get_userbyid(relowner)
              || relrowsecurity || relforcerowsecurity
              || (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(relacl) a) AS it
            FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
            WHERE relkind IN ('r', 'S', 'i') AND (nspname IN ('hub', 'pooled', 'whatsmeow') OR nspname LIKE 'client_%')
            UNION ALL SELECT 'schema ' || nspname || pg_get_userbyid(nspowner)
              || (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(nspacl) a) FROM pg_namespace
            WHERE nspname IN ('hub', 'pooled') OR nspname LIKE 'client_%'
            UNION ALL SELECT 'policy ' || polrelid::regclass || polname FROM pg_policy
            UNION ALL SELECT 'function ' || p.oid::regprocedure || ' ' || pg_get_userbyid(proowner) || prosecdef
            FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
            WHERE nspname IN ('hub', 'pooled')
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND deptype = 'e')
            UNION ALL SELECT 'trigger ' || tgrelid::regclass || tgname FROM pg_trigger WHERE NOT tgisinternal
            ORDER BY 1""")
        return [row["it"] for row in rows]
    finally:
        await connection.close()


def external(url: str, **more: str) -> dict[str, str]:
    return {"DATABASE_URL": url, "HUB_SECRET_KEY": KEY, "JWT_SECRET": JWT_SECRET, **more}


@pytest_asyncio.fixture(scope="module")
async def backup(source: RunningHub, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made while the hub runs."""
    folder = tmp_path_factory.mktemp("backup")
    made = await whatsapp_hub(folder, "backup", str(folder), **external(str(settings.database_url)))
    assert made.code == 0, made.err
    [path] = folder.glob("whatsapp-hub-*.zip")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p for p in folder.iterdir() if p.name.endswith(".partial")] == []
    return path


async def test_every_table_is_there_again_and_no_position_is_given_twice(
    source: RunningHub, settings: Settings, backup: Path, empty_database: Any, valkey_url: str, tmp_path: Path
) -> None:
    url, before = await empty_database(), await contents(str(settings.database_url))
    assert sum(rows for name, (rows, _) in before.items() if name.endswith(".messages")) >= MESSAGES
    restored = await whatsapp_hub(tmp_path, "restore", str(backup), **external(url))
    assert restored.code == 0, restored.err
    after = await contents(url)
    assert before.keys() == after.keys()
    assert {n for n in before if before[n] != after[n]} <= ALIVE | ENDED
    assert await schema_of(str(settings.database_url)) == await schema_of(url)
    await _goes_on(source, settings_for(url, valkey_url, tmp_path / "restored"))


async def _goes_on(source: RunningHub, settings: Settings) -> None:
    """A cursor that the lost hub gave after the backup is refused; whoever begins anew hears what happens next."""
    company = await source.company()  # happens after the backup: its events are lost
    lost = (await source.master.get("/api/events", limit=500)).json()
    cursor = (await _head(str(settings.database_url))) - 1_000
    async with hub_on(settings) as hub:
        tenants = (await hub.master.get("/api/tenants")).json()
        assert company.id not in {tenant["id"] for tenant in tenants}
        before = await hub.http.get("/api/departments", headers=source.master.headers)
        assert before.status_code == 401, "what was signed out since the backup must not live again"
        refused = await hub.master.get("/api/events", after=cursor)
        assert refused.status_code == 410, refused.text
        head = await _head(str(settings.database_url))
        assert head > 1_000_000 + len(lost)
        assert (await hub.master.get("/api/events", after=head)).json() == []
        made = await hub.company()
        session = await made.session()
        await made.customer_writes(session, "5511977776666", "de novo")
        assert (await made.conversation())["customerPhone"] == "5511977776666"
        assert await _head(str(settings.database_url)) > head


async def _head(url: str) -> int:
    connection = await asyncpg.connect(**arguments_of(url))
    try:
        head: int = await connection.fetchval("SELECT position FROM hub.sequencer")
        return head
    finally:
        await connection.close()


@pytest.mark.parametrize("harm", ["cut short", "a byte changed", "no backup at all", "missing"])
async def test_a_file_that_is_not_whole_changes_nothing(
    backup: Path, settings: Settings, tmp_path: Path, harm: str
) -> None:
    harmed, content = tmp_path / "harmed.zip", bytearray(backup.read_bytes())
    if harm == "a byte changed":
        content[len(content) // 2] ^= 1
    if harm != "missing":
        harmed.write_bytes(b"PK nothing" if "no" in harm else content[: -1000 if harm == "cut short" else None])
    url, before = str(settings.database_url), await contents(str(settings.database_url))
    flags = ("--replace", "--even-if-running")
    refused = await whatsapp_hub(tmp_path, "restore", str(harmed), *flags, **external(url))
    assert refused.code == 1
    assert str(harmed) in refused.err
    assert "Traceback" not in refused.err
    assert {n for n, rows in (await contents(url)).items() if rows != before[n]} <= ALIVE


async def test_a_running_hub_and_a_full_database_are_not_replaced_unasked(
    backup: Path, settings: Settings, tmp_path: Path
) -> None:
    url = str(settings.database_url)
    running = await whatsapp_hub(tmp_path, "restore", str(backup), "--replace", **external(url))
    assert (running.code, "stop them first" in running.err) == (1, True)
    full = await whatsapp_hub(tmp_path, "restore", str(backup), "--even-if-running", **external(url))
    assert (full.code, "--replace" in full.err) == (1, True)


async def test_a_dump_that_postgresql_refuses_leaves_what_was_there(
    backup: Path, new_database: Any, tmp_path: Path
) -> None:
    """All is checked, and then the last table cannot be filled: the whole is undone."""
    url: str = await new_database()
    owner = await asyncpg.connect(**arguments_of(url))
    before = await contents(url)
    broken = tmp_path / "whatsapp-hub-20260101T000000Z.zip"
    _with_broken_dump(backup, broken)
    refused = await whatsapp_hub(tmp_path, "restore", str(broken), "--replace", **external(url))
    assert (refused.code, "nothing was changed" in refused.err) == (1, True), refused.err
    assert await contents(url) == before
    await owner.close()


def _with_broken_dump(backup: Path, broken: Path) -> None:
    """The same backup, its dump cut in the middle, with a manifest that knows no better."""
    import hashlib

    with zipfile.ZipFile(backup) as old, zipfile.ZipFile(broken, "w") as new:
        dump = old.read("database.dump")
        dump = dump[: len(dump) * 2 // 3]
        manifest = msgspec.json.decode(old.read(MANIFEST))
        manifest |= {"dump_bytes": len(dump), "dump_sha256": hashlib.sha256(dump).hexdigest()}
        new.writestr("database.dump", dump)
        new.writestr(KEYS, old.read(KEYS))
        new.writestr(MANIFEST, msgspec.json.encode(manifest))


async def test_another_key_is_refused_and_the_right_one_can_be_read_from_the_file(
    backup: Path, empty_database: Any, tmp_path: Path
) -> None:
    url = await empty_database()
    other = external(url, HUB_SECRET_KEY="0" * 32)
    refused = await whatsapp_hub(tmp_path, "restore", str(backup), **other)
    assert (refused.code, refused.err.startswith("whatsapp-hub: HUB_SECRET_KEY: not the one")) == (1, True), refused.err
    assert await contents(url) == {}
    printed = await whatsapp_hub(tmp_path, "restore", "--keys", str(backup))
    assert printed.out.splitlines() == [f"HUB_SECRET_KEY={KEY}", f"JWT_SECRET={JWT_SECRET}"]


async def test_a_backup_without_its_key_is_made_only_when_asked_for(
    source: RunningHub, settings: Settings, tmp_path: Path
) -> None:
    url = {"DATABASE_URL": str(settings.database_url)}
    refused = await whatsapp_hub(tmp_path, "backup", str(tmp_path / "b"), **url)
    assert (refused.code, "--without-key" in refused.err) == (1, True)
    made = await whatsapp_hub(tmp_path, "backup", str(tmp_path / "b"), "--without-key", **url)
    assert made.code == 0, made.err
    [path] = (tmp_path / "b").glob("*.zip")
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["database.dump", MANIFEST]
    assert KEY.encode() not in path.read_bytes()


async def test_what_was_queued_is_not_sent_again(
    source: RunningHub, settings: Settings, empty_database: Any, tmp_path: Path
) -> None:
    """The lost hub may have sent it meanwhile. A hub that was stopped before its backup says --send-queued."""
    company = await source.company()
    session = await company.session()
    await company.customer_writes(session, "5511966665555", "oi")
    conversation = await company.conversation()
    owner = await asyncpg.connect(**arguments_of(str(settings.database_url)))
    hold = "UPDATE hub.paces SET hold_until = $2::text::timestamptz WHERE session_id = $1::text::uuid"
    await owner.execute(hold, session["id"], "infinity")
    body = {"conversationId": conversation["id"], "content": "logo"}
    sent = await company.admin.post("/api/messages/send", body)
    assert sent.status_code == 202, sent.text
    again = await company.admin.post("/api/messages/send", body | {"content": "de novo"})
    lost = """UPDATE pooled.messages SET status = 'SENT', whatsapp_message_id = 'wamid.1',
        error = '{"code":"file_lost","title":"","detail":"wamid.1"}' WHERE id = $1::text::uuid"""
    await owner.execute(lost, again.json()["id"])
    made = await whatsapp_hub(tmp_path, "backup", str(tmp_path / "b"), **external(str(settings.database_url)))
    assert made.code == 0, made.err
    await owner.execute(hold, session["id"], "-infinity")
    await owner.close()
    [path] = (tmp_path / "b").glob("*.zip")
    found = []
    for flags in ((), ("--send-queued",)):
        url = await empty_database()
        restored = await whatsapp_hub(tmp_path, "restore", str(path), *flags, **external(url))
        assert restored.code == 0, restored.err
        connection = await asyncpg.connect(**arguments_of(url))
        rows = await connection.fetch(
            "SELECT status, outcome, queue_seq IS NOT NULL AS waits, (SELECT sum(queued) FROM hub.lanes)::int "
            "FROM pooled.messages WHERE content IN ('logo', 'de novo') ORDER BY created_at"
        )
        found.append([tuple(row) for row in rows])
        await connection.close()
    assert found == [
        [("PENDING", "unknown", False, 0), ("SENT", "unknown", False, 0)],
        [("PENDING", None, True, 2), ("SENT", None, True, 2)],
    ]


async def test_a_backup_of_the_version_before_is_taken_over_and_an_older_one_refused(
    empty_database: Callable[[], Any], tmp_path: Path
) -> None:
    """From before the migrations were squashed: each schema is stamped once its rows are there."""
    source, target, rejecting = await empty_database(), await empty_database(), await empty_database()
    owner = await asyncpg.connect(**arguments_of(source))
    await before_squash.fill(owner)
    path = tmp_path / "of-before.zip"
    for name in ("of-before", "older"):
        if name == "older":
            await owner.execute("UPDATE client_acme.alembic_version SET version_num = '0125_waits'")
        made = await whatsapp_hub(tmp_path, "backup", str(tmp_path / name), **external(source))
        assert made.code == 0, made.err
        next((tmp_path / name).glob("*.zip")).rename(tmp_path / f"{name}.zip")
    await owner.close()

    restored = await whatsapp_hub(tmp_path, "restore", str(path), **external(target))
    assert restored.code == 0, restored.err
    assert await is_current(target)
    there = await asyncpg.connect(**arguments_of(target))
    assert await there.fetchval("SELECT content FROM client_acme.messages") == "bom dia"
    await there.close()

    refused = await whatsapp_hub(tmp_path, "restore", str(tmp_path / "older.zip"), **external(rejecting))
    assert refused.code
    assert "restore it with the version before (commit " in refused.err
    empty = await asyncpg.connect(**arguments_of(rejecting))
    assert await empty.fetchval("SELECT to_regnamespace('hub') IS NULL")
    await empty.close()


async def test_an_embedded_hub_moves_to_another_folder_keys_included(tmp_path: Path) -> None:
    """Stopped, backed up, restored where nothing was; and not over a hub that is there."""
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    secrets = tmp_path / "old" / "data" / "secrets"
    nothing = await whatsapp_hub(tmp_path / "old", "backup", HUB_SECRET_KEY=KEY)
    assert (nothing.code, "there is no hub" in nothing.err) == (1, True), nothing.err
    served = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "whatsapp_hub", "serve"),
        env={"PATH": os.environ["PATH"], "HUB_DATA_DIR": str(tmp_path / "old" / "data"), "PORT": str(free_port())},
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert served.stdout is not None
    async with asyncio.timeout(90):
        while b"is running" not in await served.stdout.readline():
            assert served.returncode is None
    made = await whatsapp_hub(tmp_path / "old", "backup")
    assert made.code == 0, made.err
    refused = await whatsapp_hub(tmp_path / "old", "restore", "-")
    assert refused.code == 1
    served.terminate()
    await served.communicate()
    again = await whatsapp_hub(tmp_path / "old", "backup", str(tmp_path / "stopped"))
    assert again.code == 0, again.err
    [path] = (tmp_path / "stopped").glob("*.zip")
    restored = await whatsapp_hub(tmp_path / "new", "restore", str(path))
    assert restored.code == 0, restored.err
    moved = tmp_path / "new" / "data" / "secrets"
    assert {p.name: p.read_text() for p in moved.iterdir()} == {
        p.name: p.read_text().strip() for p in secrets.iterdir()
    }
    twice = await whatsapp_hub(tmp_path / "new", "restore", str(path))
    assert (twice.code, "HUB_DATA_DIR: there is a hub in it already; --replace" in twice.err) == (1, True), twice.err
    shutil.rmtree(tmp_path / "old", ignore_errors=True)
