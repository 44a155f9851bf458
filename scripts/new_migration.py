"""Create a migration after the newest of its tree: `make migration NAME=word [TREE=tenant]`."""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from whatsapp_hub.adapters.postgres.engine.version import newest, scripts

TREES = ("hub", "tenant")
LONGEST = 32  # alembic_version.version_num
NAME = re.compile(r"[a-z][a-z0-9_]*")

TEXT = '''"""Say what it is for."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "{revision}"
down_revision = "{follows}"


def upgrade() -> None:
    run("""
    {hint}
    """)
'''
HINTS = {
    "hub": "-- A new table needs grants, and row-level security where it holds a tenant's rows.",
    "tenant": "-- It runs once a tenant schema: name nothing of another schema but hub's.",
}


def begin(name: str, tree: str) -> Path:
    """Write the file; return its path. Raises ValueError."""
    if tree not in TREES:
        raise ValueError(f"TREE must be {' or '.join(TREES)}, not {tree!r}")
    revision = f"{datetime.now(UTC):%Y%m%d}_{name}"
    if not NAME.fullmatch(name) or len(revision) > LONGEST:
        raise ValueError(f"NAME must be a word of at most {LONGEST - 9} letters, digits and _, not {name!r}")
    path = scripts() / tree / "versions" / f"{revision}.py"
    if path.exists():
        raise ValueError(f"NAME must be new: there is {path.name} already")
    path.write_text(TEXT.format(revision=revision, follows=newest(tree), hint=HINTS[tree]), encoding="utf-8")
    return path


if __name__ == "__main__":
    try:
        path = begin(sys.argv[1], sys.argv[2])
        print(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
    except ValueError as error:
        sys.exit(f"make migration: {error}")
