"""A database of the last revision before the squash of migrations is taken over in place, an older one is refused."""

import asyncio
import json
import re
import subprocess
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tests.fakes.before_squash import LAST, SCHEMAS, fill, revisions
from tests.integration.conftest import databases
from whatsapp_hub.adapters.postgres.backup.programs import Programs, libpq
from whatsapp_hub.adapters.postgres.engine import migrate as migrating
from whatsapp_hub.adapters.postgres.engine import preflight
from whatsapp_hub.adapters.postgres.engine.migrate import migrate, migrate_tenant
from whatsapp_hub.adapters.postgres.engine.refusals import DatabaseUnusable
from whatsapp_hub.adapters.postgres.engine.schema import ahead, functions
from whatsapp_hub.adapters.postgres.engine.schema.catalogue import catalogue
from whatsapp_hub.adapters.postgres.engine.schema.stamp import expected
from whatsapp_hub.adapters.postgres.engine.version import SchemaState, initial, is_current, newest, schema_state

NEWEST = {schema: newest(tree) for schema, tree in SCHEMAS.items()}
TOO_OLD = r"start the version before \(commit \w+ of 2026-11-26\) once, then this one"


class Old:
    """A database at the last revisions before, a superuser's connection to it, and `make` of one more, empty."""

    def __init__(self, url: str, owner: Any, make: Callable[[], Any]) -> None:
        self.url = url
        self.owner = owner
        self.make = make

    async def set_revision(self, schema: str, revision: str) -> None:
        await self.owner.execute(f"UPDATE {schema}.alembic_version SET version_num = '{revision}'")

    async def revisions(self) -> dict[str, str]:
        return await revisions(self.owner)


@pytest_asyncio.fixture
async def old(postgres_url: str) -> Any:
    names = iter(("hub_before", "hub_fresh"))
    async with databases(postgres_url, "template1", lambda: next(names)) as make:
        url = await make()
        owner = await asyncpg.connect(url)
        await fill(owner)
        try:
            yield Old(url, owner, make)
        finally:
            await owner.close()


def dumped(url: str, server: int) -> list[str]:
    """What pg_dump says of a database's schemas, without what is the program's own, in one order."""
    address, environment = libpq(url)
    program = Programs.fit_for(server).path("pg_dump")
    said = subprocess.run(
        [program, "--schema-only", f"--dbname={address}"], env=environment, capture_output=True, text=True, check=True
    )
    lines = (line for line in said.stdout.splitlines() if line and not re.match(r"--|\\(un)?restrict", line))
    return sorted(re.sub("[()]", "", line) if line.startswith("CREATE TRIGGER") else line for line in lines)


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_the_compared_catalogue_is_what_the_replaced_migrations_made(old: Old, schema: str) -> None:
    async with old.owner.transaction():
        assert await catalogue(old.owner, schema) == expected(SCHEMAS[schema])


async def test_it_becomes_what_a_new_database_is_and_keeps_its_rows(old: Old) -> None:
    fresh = await old.make()
    await migrate(fresh)
    await migrate_tenant(fresh, "client_acme")
    assert await schema_state(old.owner) is SchemaState.BEHIND
    await migrate(old.url)
    assert await old.revisions() == NEWEST
    assert await is_current(old.url)
    server = int(await old.owner.fetchval("SHOW server_version_num")) // 10_000
    assert dumped(old.url, server) == dumped(fresh, server)
    for schema in ("pooled", "client_acme"):
        rows = await old.owner.fetch(f"SELECT customer_name, status FROM {schema}.conversations")
        assert [tuple(row) for row in rows] == [("Ana", "OPEN")]
        found = f"SELECT count(*) FROM {schema}.messages WHERE content = 'bom dia'"
        assert await old.owner.fetchval(found) == 1
    assert await old.owner.fetchval("SELECT count(*) FROM hub.tenants WHERE name IN ('ACME', 'CORNER')") == 2


async def test_several_processes_may_take_it_over_at_once(old: Old) -> None:
    await asyncio.gather(*(migrate(old.url) for _ in range(4)))
    assert await old.revisions() == NEWEST


@pytest.mark.parametrize("stamped", [["hub"], ["hub", "pooled"]])
async def test_a_crash_between_two_schemas_is_gone_on_from(old: Old, stamped: list[str]) -> None:
    engine = migrating._engine(old.url)
    for schema in stamped:
        await migrating._upgrade(engine, SCHEMAS[schema], schema)
    await engine.dispose()
    assert await old.revisions() == {**LAST, **{schema: NEWEST[schema] for schema in stamped}}
    assert await schema_state(old.owner) is SchemaState.BEHIND
    assert not await is_current(old.url)
    await migrate(old.url)
    assert await old.revisions() == NEWEST
    assert await is_current(old.url)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("DROP INDEX client_acme.messages_waiting", "- index CREATE INDEX messages_waiting"),
        ("ALTER TABLE hub.users ADD COLUMN nickname text", r"\+ column hub.users.nickname"),
        ("ALTER TABLE pooled.messages NO FORCE ROW LEVEL SECURITY", "- table messages: .* forced"),
        ("GRANT SELECT ON pooled.messages TO hub_system", r"\+ grant on messages to hub_system: SELECT"),
        ("ALTER TABLE hub.sessions ALTER is_active DROP DEFAULT", "- column hub.sessions.is_active: .* default false"),
        ("DROP POLICY own ON client_acme.contacts", "- policy own of contacts"),
        ("DROP TRIGGER audited ON pooled.notes", "- trigger of notes"),
        ("ALTER TABLE hub.users DROP CONSTRAINT users_role_check", "- constraint users_role_check of hub.users"),
    ],
)
async def test_what_is_not_as_the_migrations_made_it_is_named_and_nothing_is_changed(
    old: Old, change: str, says: str
) -> None:
    await old.owner.execute(change)
    with pytest.raises(DatabaseUnusable, match=f"nothing was changed. .*{says}"):
        await migrate(old.url)
    assert await old.revisions() == LAST


async def test_an_operators_own_index_and_parameters_are_no_hindrance(old: Old) -> None:
    await old.owner.execute("CREATE INDEX of_ours ON pooled.contacts (name)")
    await old.owner.execute("ALTER TABLE hub.inbox SET (fillfactor = 70)")
    await migrate(old.url)
    assert await old.revisions() == NEWEST


@pytest.mark.parametrize(("schema", "revision"), [("hub", "0147_oidc"), ("hub", "0107"), ("client_acme", "0001")])
async def test_an_older_one_is_refused_with_what_to_do_and_nothing_is_changed(
    old: Old, schema: str, revision: str
) -> None:
    await old.set_revision(schema, revision)
    with pytest.raises(DatabaseUnusable, match=TOO_OLD):
        await migrate(old.url)
    for will_migrate in (True, False):
        with pytest.raises(DatabaseUnusable, match=TOO_OLD):
            await preflight.check(old.url, will_migrate=will_migrate)
    assert await schema_state(old.owner) is SchemaState.TOO_OLD
    assert await old.revisions() == {**LAST, schema: revision}


async def test_functions_are_applied_when_they_are_not_those_of_this_version(old: Old) -> None:
    await migrate(old.url)
    changed = "CREATE OR REPLACE FUNCTION hub.tenant() RETURNS uuid LANGUAGE sql STABLE RETURN NULL::uuid"
    await old.owner.execute(changed)
    await migrate(old.url)
    is_changed = "SELECT pg_get_functiondef('hub.tenant'::regproc) LIKE '%NULL::uuid%'"
    assert await old.owner.fetchval(is_changed) is True  # remembered as this version's: not looked at again
    await old.owner.execute("UPDATE hub.alembic_version SET functions_sha256 = 'of another version'")
    assert await schema_state(old.owner) is SchemaState.OTHER_FUNCTIONS
    assert not await is_current(old.url)
    await preflight.check(old.url, will_migrate=False)  # either version runs meanwhile
    await migrate(old.url)
    assert await old.owner.fetchval(is_changed) is False
    assert await schema_state(old.owner) is SchemaState.CURRENT


async def test_each_function_of_a_schema_has_its_file(old: Old) -> None:
    await migrate(old.url)
    for schema, tree in SCHEMAS.items():
        there = await old.owner.fetch(
            """SELECT proname FROM pg_proc p WHERE pronamespace = $1::text::regnamespace AND NOT EXISTS (
               SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND deptype = 'e')""",
            schema,
        )
        assert sorted(row["proname"] for row in there) == sorted(path.stem for path in functions.files(tree))


async def test_the_search_of_a_schema_looks_there_as_its_own_role(old: Old) -> None:
    await migrate(old.url)
    for schema in ("pooled", "client_acme"):
        found = await old.owner.fetch(
            """SELECT proname, proowner::regrole::text AS owner, prosecdef, proconfig FROM pg_proc
               WHERE pronamespace = $1::text::regnamespace""",
            schema,
        )
        assert {row["proname"] for row in found} == {"search_messages", "search_conversations"}
        for row in found:
            assert (row["owner"], row["prosecdef"]) == ("hub_search", True)
            assert f"search_path={schema}, pg_temp" in row["proconfig"]


def test_the_initial_revisions_are_dated() -> None:
    assert {initial("hub"), initial("tenant")} == {"20261126_initial"}


NEW_FILE = "1b5a8c1e-7d0c-4a55-9f5e-5f6d3b1c9a10"
NEW_URL = f"/api/media/{NEW_FILE}"
OLD_FILE = "0b5a8c1e-7d0c-4a55-9f5e-5f6d3b1c9a10"
NAMED_BY_URL = """
    UPDATE {schema}.messages SET type = 'IMAGE', media_url = '/api/media/{file}',
      data = '{{"blob": "{file}", "mimeType": "image/png"}}'
    WHERE content = 'bom dia'"""
_SAME = "tenant_id, session_id, conversation_id, contact_id, chat, direction, type, status, timestamp, created_at"
ELSEWHERE = f"""
    INSERT INTO {{schema}}.messages (id, content, media_url, {_SAME})
    SELECT gen_random_uuid(), 'far', 'https://x.example/a', {_SAME} FROM {{schema}}.messages
    WHERE content = 'bom dia'"""


async def test_a_message_that_named_its_file_by_a_url_names_it_by_its_id(old: Old) -> None:
    for schema in ("pooled", "client_acme"):
        for statement in (ELSEWHERE, NAMED_BY_URL):
            await old.owner.execute(statement.format(schema=schema, file=OLD_FILE))
    await migrate(old.url)
    for schema in ("pooled", "client_acme"):
        rows = await old.owner.fetch(f"SELECT content, media_id::text, media_url, data::text FROM {schema}.messages")
        assert {(row["content"], row["media_id"], row["media_url"]) for row in rows} >= {
            ("bom dia", OLD_FILE, f"/api/media/{OLD_FILE}"),
            ("far", None, "https://x.example/a"),
        }
        [data] = [row["data"] for row in rows if row["content"] == "bom dia"]
        assert json.loads(data) == {"blob": OLD_FILE, "mimeType": "image/png"}, "the version before reads it"
        await old.owner.execute(ELSEWHERE.format(schema=schema).replace("'https://x.example/a'", f"'{NEW_URL}'"))
        found = f"SELECT media_id::text FROM {schema}.messages WHERE media_url = '{NEW_URL}'"
        assert await old.owner.fetchval(found) == NEW_FILE, "the version before knows no media_id"
        forced = f"SELECT relforcerowsecurity FROM pg_class WHERE oid = '{schema}.messages'::regclass"
        assert await old.owner.fetchval(forced)


BUILT = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('pooled.message_of_contact')"
BUILDS = """
    SELECT EXISTS (
      SELECT FROM pg_stat_activity WHERE query LIKE 'CREATE UNIQUE INDEX%' AND wait_event_type = 'Lock')"""
WRITE = "UPDATE pooled.messages SET content = content"


async def test_a_large_index_is_built_while_others_write(old: Old) -> None:
    """A transaction that has written holds the build up, and the build holds nobody up."""
    writer, builder = [await asyncpg.connect(old.url) for _ in range(2)]
    begun = writer.transaction()
    await begun.start()
    await writer.execute(WRITE)
    building = asyncio.create_task(ahead.build(builder, "pooled"))
    async with asyncio.timeout(20):
        while not await old.owner.fetchval(BUILDS):
            await asyncio.sleep(0.01)
    async with old.owner.transaction():
        await old.owner.execute("LOCK TABLE pooled.messages IN ROW EXCLUSIVE MODE NOWAIT")
    await begun.commit()
    await building
    assert await old.owner.fetchval(BUILT) is True
    for connection in (writer, builder):
        await connection.close()


async def test_an_index_whose_build_was_interrupted_is_built_anew(old: Old) -> None:
    await ahead.build(old.owner, "pooled")
    await old.owner.execute(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'pooled.message_of_contact'::regclass"
    )
    await migrate(old.url)
    assert await old.owner.fetchval(BUILT) is True


async def test_what_was_read_before_counts_as_told_and_what_is_unread_does_not(old: Old) -> None:
    await old.owner.execute("UPDATE pooled.conversations SET unread_count = 1")
    await old.owner.execute("UPDATE client_acme.conversations SET unread_count = 0")
    await migrate(old.url)
    for schema, is_told in (("pooled", False), ("client_acme", True)):
        newest_seq = await old.owner.fetchval(f"SELECT max(seq) FROM {schema}.messages")
        [row] = await old.owner.fetch(f"SELECT read_marked_seq FROM {schema}.conversations")
        assert (row["read_marked_seq"] >= newest_seq) is is_told
