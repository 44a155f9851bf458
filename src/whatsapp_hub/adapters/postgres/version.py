"""Whether a database is at this version, without importing alembic and SQLAlchemy (seconds, at each start)."""

import re
from pathlib import Path
from typing import Any

import asyncpg

import whatsapp_hub
from whatsapp_hub.adapters.postgres.database import CONNECT_TIMEOUT_S, arguments_of
from whatsapp_hub.adapters.postgres.isolation import check_pooler

_REVISION = re.compile(r'^revision = "(\w+)"$', re.MULTILINE)
_FOLLOWS = re.compile(r'^down_revision = "(\w+)"$', re.MULTILINE)
_SCHEMAS = """
    SELECT 'client_' || slug AS schema FROM hub.tenants WHERE placement = 'dedicated' UNION ALL SELECT 'pooled'"""


def scripts() -> Path:
    """The migrations: inside an installed wheel, else at the top of the checkout."""
    package = Path(whatsapp_hub.__file__).parent
    inside = package / "_migrations"
    return inside if inside.is_dir() else package.parents[1] / "migrations"


def revisions(tree: str) -> frozenset[str]:
    """Return every revision that this version knows of a tree."""
    texts = (path.read_text(encoding="utf-8") for path in (scripts() / tree / "versions").glob("*.py"))
    return frozenset(name for text in texts for name in _REVISION.findall(text))


def newest(tree: str) -> str:
    """The revision that a tree ends with: the one that no other follows."""
    texts = [path.read_text(encoding="utf-8") for path in (scripts() / tree / "versions").glob("*.py")]
    followed = {name for text in texts for name in _FOLLOWS.findall(text)}
    [last] = {name for text in texts for name in _REVISION.findall(text)} - followed
    return str(last)


async def is_current(url: str) -> bool:
    """False as well when in doubt: migrating is harmless. Raises NotIsolated behind a connection pooler."""
    connection = await asyncpg.connect(**arguments_of(url), timeout=CONNECT_TIMEOUT_S)
    try:
        await check_pooler(connection)
        if await _revision(connection, "hub") != newest("hub"):
            return False
        schemas = [row["schema"] for row in await connection.fetch(_SCHEMAS)]
        return all([await _revision(connection, schema) == newest("tenant") for schema in schemas])
    except asyncpg.PostgresError:
        return False
    finally:
        await connection.close()


async def has_administrator(url: str) -> bool:
    """False as well when this login may not look."""
    connection = await asyncpg.connect(**arguments_of(url), timeout=CONNECT_TIMEOUT_S)
    try:
        found: bool = await connection.fetchval("SELECT EXISTS (SELECT FROM hub.users WHERE role = 'MASTER')")
        return found
    finally:
        await connection.close()


async def _revision(connection: Any, schema: str) -> str | None:
    """Raises UndefinedTableError for a schema that was never migrated."""
    found: str | None = await connection.fetchval(f'SELECT version_num FROM "{schema}".alembic_version')
    return found
