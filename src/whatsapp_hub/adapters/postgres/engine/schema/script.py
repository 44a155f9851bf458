"""Run a migration's SQL."""

from pathlib import Path
from typing import Any

from alembic import op


def run(script: str) -> None:
    """Run any number of statements. asyncpg prepares what SQLAlchemy gives it, and a prepared statement is one command:
    hence the driver itself."""
    connection: Any = op.get_bind().connection.dbapi_connection
    connection.run_async(lambda driver: driver.execute(script))


def run_files(folder: Path) -> None:
    """Run a folder's files in the order of their names."""
    for path in sorted(folder.glob("*.sql")):
        run(path.read_text(encoding="utf-8"))
