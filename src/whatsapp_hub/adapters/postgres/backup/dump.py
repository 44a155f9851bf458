"""Dump a hub's database by PostgreSQL's own program, pg_dump.

A dump is one snapshot of every schema of the hub (`hub`, `pooled`, `client_…`, `whatsmeow`), with the list of files
that its rows name.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from whatsapp_hub.adapters.postgres.backup.programs import Programs, libpq, pipe
from whatsapp_hub.adapters.postgres.engine.database import CONNECT_TIMEOUT_S, arguments_of

CHUNK = 1 << 20
EXTENSIONS = ("btree_gin", "pg_trgm", "unaccent")
SCHEMAS = r"nspname IN ('hub', 'pooled', 'whatsmeow') OR nspname ~ '^client_[a-z0-9_]{1,48}$'"

_ROLES = r"SELECT rolname FROM pg_roles WHERE rolname ~ '^hub_[a-z]+$' AND NOT rolcanlogin AND NOT rolsuper ORDER BY 1"

_NAMED = """
    SELECT tenant_id, sha256 FROM "{schema}".media WHERE sha256 IS NOT NULL
    UNION SELECT tenant_id, thumbnail FROM "{schema}".media WHERE thumbnail IS NOT NULL"""
_HAS_FILES = """
    SELECT EXISTS (SELECT FROM information_schema.columns
      WHERE table_schema = $1 AND table_name = 'media' AND column_name = 'sha256')"""


class DumpFailed(Exception):
    """PostgreSQL or one of its programs refused; the message is for the operator."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A dump's description. `revisions`: the migration of each schema; `roles`: the hub's, without login;
    `dumped_by`: the version of pg_dump, which pg_restore must not be older than."""

    server: int
    dumped_by: int
    position: int
    revisions: dict[str, str]
    roles: list[str]


@dataclass(frozen=True, slots=True)
class Present:
    """What a restore finds in place. `alive`: processes that announced themselves within half a minute."""

    server: int
    schemas: list[str]
    alive: int
    position: int


class StoredFile(NamedTuple):
    """A file of a tenant, by its digest."""

    tenant_id: UUID
    sha256: str


@asynccontextmanager
async def dumping(url: str) -> AsyncIterator[tuple[Facts, AsyncIterator[bytes], AsyncIterator[StoredFile]]]:
    """Yield the facts, the dump in chunks, and the files that are stored outside the database, all of one snapshot.
    Raises DumpFailed, ChildFailed, OSError."""
    connection = await connected(url)
    try:
        await _may_read_all(connection)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            facts = await _facts(connection)
            yield facts, _dump(url, facts, snapshot), _stored(connection, facts)
    finally:
        await connection.close()


async def hub_time(url: str) -> tuple[datetime, datetime]:
    """Return the hub's time and the time up to which deletions by age may trust it. Raises DumpFailed."""
    connection = await connected(url)
    try:
        if await connection.fetchval("SELECT to_regclass('hub.time') IS NULL"):  # an older hub's database
            return datetime.now(UTC), datetime.min.replace(tzinfo=UTC)
        return tuple(await connection.fetchrow("SELECT now, long_past FROM hub.time"))
    finally:
        await connection.close()


async def connected(url: str) -> Any:
    """Connect, or raise DumpFailed."""
    try:
        # The snapshot's transaction waits for pg_dump, however long that takes.
        patient = {"idle_in_transaction_session_timeout": "0"}
        return await asyncpg.connect(**arguments_of(url), timeout=CONNECT_TIMEOUT_S, server_settings=patient)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise DumpFailed(f"DATABASE_URL does not answer: {error or type(error).__name__}") from None


async def _may_read_all(connection: Any) -> None:
    """Refuse a login that is bound by row-level security: pg_dump says so less clearly."""
    row = await connection.fetchrow(
        "SELECT current_user AS name, rolsuper OR rolbypassrls AS may FROM pg_roles WHERE rolname = current_user"
    )
    if not row["may"]:
        raise DumpFailed(f"this login may not read every tenant: ALTER ROLE {row['name']} BYPASSRLS (as a superuser)")


async def _facts(connection: Any) -> Facts:
    server = int(await connection.fetchval("SHOW server_version_num")) // 10_000
    schemas = await _schemas(connection)
    if "hub" not in schemas:
        raise DumpFailed("there is no hub in this database")
    versioned = [schema for schema in schemas if schema != "whatsmeow"]
    revisions = {s: await connection.fetchval(f'SELECT version_num FROM "{s}".alembic_version') for s in versioned}
    if "whatsmeow" in schemas:
        revisions["whatsmeow"] = ""
    position = await connection.fetchval("SELECT position FROM hub.sequencer")
    dumped_by = Programs.fit_for(server).version
    return Facts(server, dumped_by, position, revisions, [row["rolname"] for row in await connection.fetch(_ROLES)])


async def _schemas(connection: Any) -> list[str]:
    return [row["nspname"] for row in await connection.fetch(f"SELECT nspname FROM pg_namespace WHERE {SCHEMAS}")]


async def _stored(connection: Any, facts: Facts) -> AsyncIterator[StoredFile]:
    """Read what rows name, in every schema: all of it is stored, since a file is stored before its row."""
    for schema in facts.revisions.keys() - {"hub", "whatsmeow"}:
        if await connection.fetchval(_HAS_FILES, schema):
            statement = _NAMED.format(schema=schema)
            async for row in connection.cursor(statement, prefetch=1000):
                yield StoredFile(row["tenant_id"], row["sha256"])


async def _dump(url: str, facts: Facts, snapshot: str) -> AsyncIterator[bytes]:
    address, environment = libpq(url)
    options = [f"--schema={schema}" for schema in facts.revisions] + [f"--extension={name}" for name in EXTENSIONS]
    program = Programs.fit_for(facts.server).path("pg_dump")
    process = await asyncio.create_subprocess_exec(
        *(program, f"--dbname={address}", f"--snapshot={snapshot}", "--format=custom", "--compress=4", *options),
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    async with aclosing(pieces_of(process, "pg_dump")) as pieces:
        async for piece in pieces:
            yield piece


async def pieces_of(process: asyncio.subprocess.Process, fails_as: str) -> AsyncGenerator[bytes, None]:
    """Read a program's output to its end; kill the program where the reader stops before. Raises DumpFailed: `fails_as`
    and what the program wrote to stderr."""
    stdout, stderr = pipe(process.stdout), asyncio.create_task(pipe(process.stderr).read())
    try:
        while piece := await stdout.read(CHUNK):
            yield piece
        if await process.wait():
            raise DumpFailed(f"{fails_as}: {(await stderr).decode(errors='replace').strip()[-600:]}")
    finally:
        if process.returncode is None:
            process.kill()
        await asyncio.wait([stderr])


async def present(url: str) -> Present:
    """Inspect the database that a restore would replace. Raises DumpFailed."""
    connection = await connected(url)
    try:
        server = int(await connection.fetchval("SHOW server_version_num")) // 10_000
        schemas = await _schemas(connection)
        alive = position = 0
        with suppress(asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
            position = await connection.fetchval("SELECT position FROM hub.sequencer") or 0
            alive = await connection.fetchval(
                "SELECT count(*) FROM hub.processes WHERE seen_at > (SELECT now FROM hub.time) - interval '30 seconds'"
            )
        return Present(server, schemas, alive, position)
    finally:
        await connection.close()
