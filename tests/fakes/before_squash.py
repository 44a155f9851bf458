"""Databases as the replaced migrations left them: `before_squash.sql`, two companies with rows."""

from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_suffix(".sql")
SCHEMAS = {"hub": "hub", "pooled": "tenant", "client_acme": "tenant"}
LAST = {"hub": "0149_write_probe", "pooled": "0133_long_texts", "client_acme": "0133_long_texts"}


async def fill(connection: Any) -> None:
    """Fill an empty database. The login owns the schemas; others than superusers need the hub's roles."""
    await connection.execute(SCRIPT.read_text(encoding="utf-8"))


async def revisions(connection: Any) -> dict[str, str]:
    """Read the revision of each schema."""
    return {s: await connection.fetchval(f"SELECT version_num FROM {s}.alembic_version") for s in SCHEMAS}
