"""Check a database before it is used: that it answers, is new enough, takes writes, and grants the needed rights."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from whatsapp_hub.adapters.addresses.postgres import PostgresAddress
from whatsapp_hub.adapters.postgres.engine.database import APP, CONNECT_TIMEOUT_S, SYSTEM
from whatsapp_hub.adapters.postgres.engine.isolation import check_pooler
from whatsapp_hub.adapters.postgres.engine.refusals import READ_ONLY, RIGHTS, DatabaseUnusable, place, refusal
from whatsapp_hub.adapters.postgres.engine.version import TOO_OLD, SchemaState, schema_state

OLDEST = 15
"""Debian 12's PostgreSQL, which the tests run on too."""
STARTING_S = 30.0
EXTENSIONS = ("unaccent", "pg_trgm", "btree_gin")
ROLES = (APP, SYSTEM, "hub_search", "hub_whatsmeow")

_SERVER = """
    SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,
      current_setting('server_encoding') AS encoding,
      pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS is_read_only"""
_RIGHTS = """
    SELECT current_user AS login, current_database() AS database,
      rolsuper AS is_super, rolsuper OR rolcreaterole AS may_create_roles,
      has_database_privilege(current_database(), 'CREATE') AS may_create_schemas,
      (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'hub') AS owner,
      coalesce((SELECT pg_has_role(nspowner, 'MEMBER') FROM pg_namespace WHERE nspname = 'hub'), true) AS is_owner,
      ARRAY(SELECT name FROM unnest($1::text[]) AS name
            WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)) AS missing,
      ARRAY(SELECT rolname::text FROM pg_roles WHERE rolname = ANY ($1) AND NOT pg_has_role(oid, $2)) AS not_member,
      ARRAY(SELECT rolname::text FROM pg_roles
            WHERE rolname = ANY ($1) AND NOT pg_has_role(oid, 'MEMBER WITH ADMIN OPTION')) AS not_admin,
      ARRAY(SELECT name FROM unnest($3::text[]) AS name
            WHERE NOT EXISTS (SELECT FROM pg_available_extensions e WHERE e.name = name)) AS extensions
    FROM pg_roles WHERE rolname = current_user"""


@dataclass(frozen=True, slots=True)
class Server:
    """The result of the check. `forbids_running`, `forbids_migrating`: the first reason against each."""

    version: str
    schema_state: SchemaState
    forbids_running: str | None
    forbids_migrating: str | None


async def check(url: str, *, will_migrate: bool) -> Server:
    """Check that the database can be used. `will_migrate`: the caller migrates it itself. Raises DatabaseUnusable."""
    found = await look(url)
    if reason := found.forbids_migrating if will_migrate else found.forbids_running:
        raise DatabaseUnusable(reason)
    return found


async def look(url: str) -> Server:
    """Inspect the server; wait for one that is starting. Raises DatabaseUnusable where it can neither run nor be
    migrated, and NotIsolated behind a connection pooler."""
    address = PostgresAddress.parse(url)
    async with _connected(address) as connection:
        await check_pooler(connection)
        server = await connection.fetchrow(_SERVER)
        for reason in _unfit(server, place(address)):
            raise DatabaseUnusable(reason)
        found = await schema_state(connection)
        membership = "SET" if server["number"] >= 160_000 else "MEMBER"
        rights = await connection.fetchrow(_RIGHTS, ROLES, membership, EXTENSIONS)
    running = next(_unable_to_run(found, rights), None)
    migrating = next(_unable_to_migrate(found, rights, server["number"]), None)
    return Server(server["version"], found, running, migrating)


@asynccontextmanager
async def _connected(address: PostgresAddress) -> AsyncIterator[Any]:
    """Connect. Raises DatabaseUnusable, also for errors inside the block."""
    connection = None
    try:
        connection = await _connect(address)
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            yield connection
    except Exception as error:
        raise refusal(error, address) or error from None
    finally:
        if connection is not None:
            connection.terminate()


async def _connect(address: PostgresAddress) -> Any:
    deadline = time.monotonic() + STARTING_S
    while True:
        try:
            return await asyncpg.connect(**address.arguments, timeout=CONNECT_TIMEOUT_S)
        except asyncpg.CannotConnectNowError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.5)


def _unfit(server: Any, where: str) -> Iterator[str]:
    if server["number"] < OLDEST * 10_000:
        yield f"PostgreSQL {server['version']} at {where} is too old: the hub needs {OLDEST} or newer"
    if server["encoding"] != "UTF8":
        yield f"the database is in {server['encoding']}, which cannot hold every text: createdb --encoding=UTF8"
    if server["is_read_only"]:
        yield READ_ONLY.format(where=where)


NEWER = (
    "the database was migrated by a newer version of the hub: start that version, or restore the backup that was made "
    "before"
)


def _unable_to_run(found: SchemaState, rights: Any) -> Iterator[str]:
    """Yield reasons against running. A database that a newer version migrated is allowed: so a deployment rolls back
    to the version before, whose columns migrations keep."""
    if found is SchemaState.MISSING:
        yield "the database is not migrated: run `whatsapp-hub migrate`"
    if found is SchemaState.TOO_OLD:
        yield TOO_OLD
    if found is SchemaState.BEHIND:
        yield "the database is at an older version of the hub: run `whatsapp-hub migrate`"
    lacking = [role for role in rights["not_member"] if role in (APP, SYSTEM)]
    if lacking and not rights["is_super"]:
        yield (
            f"user {rights['login']!r} may not act as {' and '.join(lacking)}: "
            f'GRANT {", ".join(ROLES)} TO "{rights["login"]}"; {RIGHTS}'
        )


_NEVER = {SchemaState.AHEAD: NEWER, SchemaState.TOO_OLD: TOO_OLD}


def _unable_to_migrate(found: SchemaState, rights: Any, number: int) -> Iterator[str]:
    if found in _NEVER:
        yield _NEVER[found]
    login = rights["login"]
    if not rights["is_owner"]:
        owner = rights["owner"]
        yield f"the schema hub belongs to {owner}, not to {login}: migrate as {owner}, which `serve` does too; {RIGHTS}"
    if found is not SchemaState.MISSING:
        return
    if not rights["may_create_schemas"]:
        database = rights["database"]
        yield f'user {login!r} may not create schemas: GRANT CREATE ON DATABASE "{database}" TO "{login}"; {RIGHTS}'
    if rights["missing"] and not rights["may_create_roles"]:
        yield (
            f"user {login!r} may not create the roles {', '.join(rights['missing'])}: "
            f'ALTER ROLE "{login}" CREATEROLE, or create them for it; {RIGHTS}'
        )
    may_grant = rights["is_super"] or (number < 160_000 and rights["may_create_roles"])
    if rights["not_admin"] and not may_grant:
        names = ", ".join(rights["not_admin"])
        yield f'user {login!r} may not take the roles {names}: GRANT {names} TO "{login}" WITH ADMIN OPTION; {RIGHTS}'
    if rights["extensions"]:
        names = ", ".join(rights["extensions"])
        yield f"the server lacks the extensions {names}: install its contrib package"
