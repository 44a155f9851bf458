"""Which key seals the secrets at rest (its id; empty: the next that comes), and who may seal them anew."""

from alembic import op

revision = "0137_secret_key"
down_revision = "0130_webhook_scope"

_STATEMENTS = (
    """
    CREATE TABLE hub.secret_key (
      is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
      key_id text NOT NULL,
      since timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    "GRANT SELECT, INSERT, UPDATE ON hub.secret_key TO hub_system",
    "ALTER TABLE hub.secret_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "CREATE POLICY machinery ON hub.secret_key TO hub_system USING (true)",
    "GRANT SELECT (tenant_id, settings), UPDATE (settings) ON hub.environment_number TO hub_system",
    "CREATE POLICY directory ON hub.environment_number TO hub_system USING (true)",
    "GRANT UPDATE (sealed) ON hub.tickets TO hub_system",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
