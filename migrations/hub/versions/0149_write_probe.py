"""Runs the SQL of the same name beside it."""

from pathlib import Path

from alembic import op

revision = "0149_write_probe"
down_revision = "0147_oidc"


def upgrade() -> None:
    # asyncpg prepares what SQLAlchemy gives it, and a prepared statement is one command: hence the driver itself.
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().connection.dbapi_connection.run_async(lambda connection: connection.execute(script))
