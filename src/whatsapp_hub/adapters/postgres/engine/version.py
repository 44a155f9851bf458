"""Check whether a database is at this version, without importing alembic and SQLAlchemy (seconds, at each start)."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import asyncpg

import whatsapp_hub
from whatsapp_hub.adapters.postgres.engine.database import CONNECT_TIMEOUT_S, arguments_of
from whatsapp_hub.adapters.postgres.engine.isolation import check_pooler
from whatsapp_hub.adapters.postgres.engine.schema import functions

ONE_AT_A_TIME = 0x776D6967
"""The advisory lock of migrations and moves of tenants."""

LAST_BEFORE = {"hub": "0149_write_probe", "tenant": "0133_long_texts"}
"""The last revisions before the migrations were squashed: such a schema is stamped (`schema/stamp.py`)."""
VERSION_BEFORE = "the version before (commit 4f535ef of 2026-11-26)"
TOO_OLD = f"the database is older than this version can take over: start {VERSION_BEFORE} once, then this one"

_REVISION = re.compile(r'^revision = "(\w+)"$', re.MULTILINE)
_FOLLOWS = re.compile(r'^down_revision = "(\w+)"$', re.MULTILINE)
_REPLACED = re.compile(r"0\d{3}(_|$)")
_SCHEMAS = """
    SELECT 'client_' || slug AS schema FROM hub.tenants WHERE placement = 'dedicated' UNION ALL SELECT 'pooled'"""


def scripts() -> Path:
    """Locate the migrations: inside an installed wheel, else at the top of the checkout."""
    package = Path(whatsapp_hub.__file__).parent
    inside = package / "_migrations"
    return inside if inside.is_dir() else package.parents[1] / "migrations"


def revisions(tree: str) -> frozenset[str]:
    """List the revisions of a tree that this version has."""
    return frozenset(name for text in _texts(tree) for name in _REVISION.findall(text))


def newest(tree: str) -> str:
    """Return the head revision of a tree."""
    followed = {name for text in _texts(tree) for name in _FOLLOWS.findall(text)}
    [last] = revisions(tree) - followed
    return last


def initial(tree: str) -> str:
    """Return the first revision of a tree."""
    [first] = (_REVISION.findall(text)[0] for text in _texts(tree) if not _FOLLOWS.search(text))
    return str(first)


def is_replaced(revision: str) -> bool:
    """Return whether a revision is one of those that the initial one replaced: they began with four digits, later ones
    begin with a date."""
    return bool(_REPLACED.match(revision))


def _texts(tree: str) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in (scripts() / tree / "versions").glob("*.py")]


class SchemaState(StrEnum):
    """A database's state relative to this version. MISSING: never migrated; TOO_OLD: the version before must migrate
    it; OTHER_FUNCTIONS: only functions differ, which either version works with; AHEAD: migrated by a newer version."""

    MISSING = "missing"
    TOO_OLD = "too old"
    BEHIND = "behind"
    OTHER_FUNCTIONS = "other functions"
    CURRENT = "current"
    AHEAD = "ahead"


async def schema_state(connection: Any) -> SchemaState:
    """Return the schema's state; CURRENT as well where the login may not read the versions: another login migrates."""
    try:
        trees = {"hub": "hub"} | {row["schema"]: "tenant" for row in await connection.fetch(_SCHEMAS)}
        found = [(tree, await revision_of(connection, schema)) for schema, tree in trees.items()]
        known = [await functions.remembered(connection, schema) for schema in trees]
    except asyncpg.InsufficientPrivilegeError:
        return SchemaState.CURRENT
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        return (
            SchemaState.BEHIND
            if await connection.fetchval("SELECT to_regclass('hub.tenants')")
            else SchemaState.MISSING
        )
    state = max((_state(tree, revision) for tree, revision in found), key=_WORST.index)
    is_same = known == [functions.digest(tree) for tree in trees.values()]
    return SchemaState.OTHER_FUNCTIONS if state is SchemaState.CURRENT and not is_same else state


_WORST = [SchemaState.CURRENT, SchemaState.BEHIND, SchemaState.TOO_OLD, SchemaState.AHEAD]


def _state(tree: str, revision: str | None) -> SchemaState:
    if revision == newest(tree):
        return SchemaState.CURRENT
    if revision and is_replaced(revision):
        return SchemaState.BEHIND if revision == LAST_BEFORE[tree] else SchemaState.TOO_OLD
    return SchemaState.AHEAD if revision and revision not in revisions(tree) else SchemaState.BEHIND


async def is_current(url: str) -> bool:
    """Return whether every schema is current; False when in doubt: migrating is harmless. Raises NotIsolated behind a
    connection pooler."""
    connection = await asyncpg.connect(**arguments_of(url), timeout=CONNECT_TIMEOUT_S)
    try:
        await check_pooler(connection)
        return await schema_state(connection) is SchemaState.CURRENT
    except asyncpg.PostgresError:
        return False
    finally:
        await connection.close()


async def administrators(url: str) -> list[str]:
    """List administrators' e-mail addresses, oldest account first; empty as well when this login may not read them."""
    connection = await asyncpg.connect(**arguments_of(url), timeout=CONNECT_TIMEOUT_S)
    try:
        found = await connection.fetch("SELECT email FROM hub.users WHERE role = 'MASTER' ORDER BY created_at")
        return [row["email"] for row in found]
    finally:
        await connection.close()


async def revision_of(connection: Any, schema: str) -> str | None:
    """Read a schema's revision. Raises UndefinedTableError for one that was never migrated."""
    found: str | None = await connection.fetchval(f'SELECT version_num FROM "{schema}".alembic_version')
    return found
