"""Check whether a database is at this version, without importing alembic and SQLAlchemy (seconds, at each start)."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import asyncpg

import whatsapp_hub
from whatsapp_hub.adapters.postgres.engine.database import CONNECT_TIMEOUT_S, arguments_of
from whatsapp_hub.adapters.postgres.engine.isolation import check_pooler

ONE_AT_A_TIME = 0x776D6967
"""The advisory lock of migrations and moves of tenants."""

_REVISION = re.compile(r'^revision = "(\w+)"$', re.MULTILINE)
_FOLLOWS = re.compile(r'^down_revision = "(\w+)"$', re.MULTILINE)
_SCHEMAS = """
    SELECT 'client_' || slug AS schema FROM hub.tenants WHERE placement = 'dedicated' UNION ALL SELECT 'pooled'"""


def scripts() -> Path:
    """Locate the migrations: inside an installed wheel, else at the top of the checkout."""
    package = Path(whatsapp_hub.__file__).parent
    inside = package / "_migrations"
    return inside if inside.is_dir() else package.parents[1] / "migrations"


def revisions(tree: str) -> frozenset[str]:
    """List the revisions of a tree that this version has."""
    texts = (path.read_text(encoding="utf-8") for path in (scripts() / tree / "versions").glob("*.py"))
    return frozenset(name for text in texts for name in _REVISION.findall(text))


def newest(tree: str) -> str:
    """Return the head revision of a tree."""
    followed = {name for text in _texts(tree) for name in _FOLLOWS.findall(text)}
    [last] = _revisions(tree) - followed
    return str(last)


def _revisions(tree: str) -> set[str]:
    return {name for text in _texts(tree) for name in _REVISION.findall(text)}


def _texts(tree: str) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in (scripts() / tree / "versions").glob("*.py")]


class SchemaState(StrEnum):
    """A database's state relative to this version. MISSING: never migrated; AHEAD: migrated by a newer version."""

    MISSING = "missing"
    BEHIND = "behind"
    CURRENT = "current"
    AHEAD = "ahead"


async def standing(connection: Any) -> SchemaState:
    """Return the schema's state; CURRENT as well where the login may not read the versions: another login migrates."""
    try:
        found = [("hub", await _revision(connection, "hub"))]
        schemas = [row["schema"] for row in await connection.fetch(_SCHEMAS)]
        found += [("tenant", await _revision(connection, schema)) for schema in schemas]
    except asyncpg.InsufficientPrivilegeError:
        return SchemaState.CURRENT
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        return (
            SchemaState.BEHIND
            if await connection.fetchval("SELECT to_regclass('hub.tenants')")
            else SchemaState.MISSING
        )
    if any(revision and revision not in _revisions(tree) for tree, revision in found):
        return SchemaState.AHEAD
    return SchemaState.CURRENT if all(revision == newest(tree) for tree, revision in found) else SchemaState.BEHIND


async def is_current(url: str) -> bool:
    """Return whether every schema is current; False when in doubt: migrating is harmless. Raises NotIsolated behind a
    connection pooler."""
    connection = await asyncpg.connect(**arguments_of(url), timeout=CONNECT_TIMEOUT_S)
    try:
        await check_pooler(connection)
        return await standing(connection) is SchemaState.CURRENT
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


async def _revision(connection: Any, schema: str) -> str | None:
    """Read a schema's revision. Raises UndefinedTableError for one that was never migrated."""
    found: str | None = await connection.fetchval(f'SELECT version_num FROM "{schema}".alembic_version')
    return found
