"""Take over a schema of the last revision before the migrations were squashed: compare it, then stamp it.

`migrations/{tree}/before.txt` is the catalogue that the replaced migrations made. A schema that has it gets the initial
revision's name and nothing else. A schema at an older revision is refused: the version before brings it up to date.
"""

from typing import Any

from whatsapp_hub.adapters.postgres.engine.refusals import DatabaseUnusable
from whatsapp_hub.adapters.postgres.engine.schema.catalogue import catalogue
from whatsapp_hub.adapters.postgres.engine.version import (
    LAST_BEFORE,
    TOO_OLD,
    initial,
    is_replaced,
    revision_of,
    scripts,
)

SHOWN = 5
_STAMP = 'UPDATE "{schema}".alembic_version SET version_num = $1 WHERE version_num = $2'
_REVOKE = 'REVOKE ALL ON "{schema}".alembic_version FROM hub_app, hub_system'  # the replaced ones gave it away in `hub`


async def check(connection: Any, tree: str, schema: str) -> bool:
    """Return whether the schema is to be stamped. Raises DatabaseUnusable where it is older, or not what the replaced
    migrations made."""
    if not await connection.fetchval("SELECT to_regclass($1)", f'"{schema}".alembic_version'):
        return False
    revision = await revision_of(connection, schema)
    if revision is None or not is_replaced(revision):
        return False
    if revision != LAST_BEFORE[tree]:
        raise DatabaseUnusable(f"{TOO_OLD} (schema {schema} is at {revision})")
    if differences := await _differences(connection, tree, schema):
        shown = "; ".join(differences[:SHOWN])
        raise DatabaseUnusable(
            f"the schema {schema} is not what the hub's migrations made, and nothing was changed. "
            f"{len(differences)} differences (- is missing, + is too much): {shown}"
        )
    return True


async def stamp(connection: Any, tree: str, schema: str) -> None:
    """Stamp the schema where it is at the last revision before, in the caller's transaction. Raises DatabaseUnusable as
    `check` does."""
    if await check(connection, tree, schema):
        await connection.execute(_STAMP.format(schema=schema), initial(tree), LAST_BEFORE[tree])
        await connection.execute(_REVOKE.format(schema=schema))


def expected(tree: str) -> frozenset[str]:
    """Read the catalogue that the replaced migrations made."""
    return frozenset((scripts() / tree / "before.txt").read_text(encoding="utf-8").splitlines())


async def _differences(connection: Any, tree: str, schema: str) -> list[str]:
    found, wanted = await catalogue(connection, schema), expected(tree)
    more = (line for line in found - wanted if not line.startswith("index "))  # an operator's own index harms nothing
    return sorted([*(f"- {line}" for line in wanted - found), *(f"+ {line}" for line in more)])
