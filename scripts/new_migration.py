"""Create a migration, a .py and a .sql after the newest of their tree: `make migration NAME=word [TREE=tenant]`."""

import re
import sys
from pathlib import Path

from whatsapp_hub.adapters.postgres.engine.version import newest, scripts

TREES = ("hub", "tenant")
LONGEST = 32  # alembic_version.version_num
NAME = re.compile(r"[a-z][a-z0-9_]*")
NUMBER = re.compile(r"(\d{4})_")

PYTHON = '''"""Runs the SQL of the same name beside it."""

from pathlib import Path

from alembic import op

revision = "{revision}"
down_revision = "{follows}"


def upgrade() -> None:
    # asyncpg prepares what SQLAlchemy gives it, and a prepared statement is one command: hence the driver itself.
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().connection.dbapi_connection.run_async(lambda connection: connection.execute(script))
'''
SQL = {
    "hub": "-- What it is for. A new table needs grants, and row-level security where it holds a tenant's rows.\n",
    "tenant": "-- What it is for. It runs once a tenant schema: name nothing of another schema but hub's.\n",
}


def begin(name: str, tree: str) -> tuple[Path, Path]:
    """Write both files; return their paths. Raises ValueError."""
    if tree not in TREES:
        raise ValueError(f"TREE must be {' or '.join(TREES)}, not {tree!r}")
    folder = scripts() / tree / "versions"
    number = 1 + max(int(found[1]) for path in folder.glob("*.py") if (found := NUMBER.match(path.name)))
    revision = f"{number:04}_{name}"
    if not NAME.fullmatch(name) or len(revision) > LONGEST:
        raise ValueError(f"NAME must be a word of at most {LONGEST - 5} letters, digits and _, not {name!r}")
    code, sql = folder / f"{revision}.py", folder / f"{revision}.sql"
    code.write_text(PYTHON.format(revision=revision, follows=newest(tree)), encoding="utf-8")
    sql.write_text(SQL[tree], encoding="utf-8")
    return code, sql


if __name__ == "__main__":
    try:
        for path in begin(sys.argv[1], sys.argv[2]):
            print(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
    except ValueError as error:
        sys.exit(f"make migration: {error}")
