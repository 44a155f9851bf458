"""One-use tickets for streams: the digest of each, and the sealed credential that it stands for."""

from alembic import op

revision = "0107"
down_revision = "0105"

_STATEMENTS = (
    """
    CREATE TABLE hub.tickets (
      digest bytea PRIMARY KEY,
      sealed bytea NOT NULL,
      expires_at timestamptz NOT NULL
    )
    """,
    "GRANT SELECT, INSERT, DELETE ON hub.tickets TO hub_system",
    "ALTER TABLE hub.tickets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "CREATE POLICY machinery ON hub.tickets TO hub_system USING (true)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
