"""Until when a phone may be linked to a session that no connector holds, and when its code is fetched next."""

from alembic import op

revision = "0123_pairings"
down_revision = "0126_meet_former"

_STATEMENTS = (
    """
    CREATE TABLE hub.pairings (
      session_id uuid PRIMARY KEY REFERENCES hub.sessions ON DELETE CASCADE,
      tenant_id uuid NOT NULL,
      began_at timestamptz NOT NULL,
      until timestamptz NOT NULL,
      fetch_at timestamptz,
      code text,
      code_until timestamptz,
      is_used_up boolean NOT NULL DEFAULT false,
      look_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX pairings_due ON hub.pairings (look_at)",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON hub.pairings TO hub_app, hub_system",
    "ALTER TABLE hub.pairings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "CREATE POLICY own ON hub.pairings TO hub_app USING (tenant_id = hub.tenant())",
    "CREATE POLICY directory ON hub.pairings TO hub_system USING (true)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
