"""When a session was last heard or asked, for providers that can be asked for what they should have posted."""

from alembic import op

revision = "0103_polls"
down_revision = "0102"

_STATEMENTS = (
    """
    CREATE TABLE hub.polls (
      session_id uuid PRIMARY KEY REFERENCES hub.sessions ON DELETE CASCADE,
      until timestamptz NOT NULL
    )
    """,
    "GRANT SELECT, INSERT, UPDATE, DELETE ON hub.polls TO hub_system",
    "ALTER TABLE hub.polls ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "CREATE POLICY machinery ON hub.polls TO hub_system USING (true)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
