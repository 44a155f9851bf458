"""The functions of the schemas, one file each in `adapters/postgres/sql/{hub,tenant}`: no migration defines one.

All of a tree are applied after each upgrade of a schema, and whenever their digest differs from the one that the schema
remembers (`alembic_version.functions_sha256`). Those in `prerequisites` are named by defaults, policies, indexes and
triggers: they are applied before the migrations too.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "sql"
PREREQUISITES = "prerequisites"

_REMEMBERS = "ALTER TABLE {schema}.alembic_version ADD COLUMN IF NOT EXISTS functions_sha256 text"
_REMEMBERED = "SELECT to_jsonb(v) ->> 'functions_sha256' FROM {schema}.alembic_version AS v"
_REMEMBER = "UPDATE {schema}.alembic_version SET functions_sha256 = $1"
_PATH = "SELECT set_config('search_path', $1, true)"


def files(tree: str) -> list[Path]:
    """List the files of a tree, prerequisites first."""
    below = FOLDER / tree
    return [*sorted((below / PREREQUISITES).glob("*.sql")), *sorted(below.glob("*.sql"))]


@cache
def digest(tree: str) -> str:
    """Return the digest of a tree's functions in this version."""
    found = hashlib.sha256()
    for path in files(tree):
        found.update(f"{path.relative_to(FOLDER).as_posix()}\n{path.read_text(encoding='utf-8')}\n".encode())
    return found.hexdigest()


async def remembered(connection: Any, schema: str) -> str | None:
    """Read which functions a schema has; None where it does not remember."""
    found: str | None = await connection.fetchval(_REMEMBERED.format(schema=quoted(schema)))
    return found


async def apply_prerequisites(connection: Any, tree: str) -> None:
    """Create or replace what tables name, in the caller's transaction."""
    for path in files(tree):
        if path.parent.name == PREREQUISITES:
            await connection.execute(path.read_text(encoding="utf-8"))


async def apply(connection: Any, tree: str, schema: str) -> None:
    """Create or replace all functions of a schema and remember them, in the caller's transaction. Functions of a tenant
    schema look for tables there (`SET search_path FROM CURRENT`)."""
    before = await connection.fetchval("SELECT current_setting('search_path')")
    if tree == "tenant":
        await connection.fetchval(_PATH, f"{schema}, pg_temp")
    for path in files(tree):
        await connection.execute(path.read_text(encoding="utf-8"))
    await connection.fetchval(_PATH, before)
    await connection.execute(_REMEMBERS.format(schema=quoted(schema)))
    await connection.execute(_REMEMBER.format(schema=quoted(schema)), digest(tree))


def quoted(schema: str) -> str:
    return f'"{schema}"'
