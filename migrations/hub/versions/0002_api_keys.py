"""API keys: how a tenant's programs enter. Only the digest of a key is kept."""

from alembic import op

revision = "0002"
down_revision = "0001"

_STATEMENTS = (
    """
    CREATE TABLE hub.api_keys (
      id uuid PRIMARY KEY,
      tenant_id uuid NOT NULL REFERENCES hub.tenants,
      name text NOT NULL,
      digest bytea NOT NULL UNIQUE,
      hint text NOT NULL,
      created_at timestamptz NOT NULL,
      created_by uuid NOT NULL,
      scopes text[],
      expires_at timestamptz,
      revoked_at timestamptz,
      last_used_at timestamptz
    )
    """,
    "CREATE INDEX api_keys_of_tenant ON hub.api_keys (tenant_id, created_at)",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON hub.api_keys TO hub_app, hub_system",
    "ALTER TABLE hub.api_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "CREATE POLICY own ON hub.api_keys TO hub_app USING (tenant_id = hub.tenant())",
    "CREATE POLICY directory ON hub.api_keys TO hub_system USING (true)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
