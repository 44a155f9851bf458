"""Sign-in by an OpenID provider: who is whom there, and codes that sign in once, by their digests."""

from alembic import op

revision = "0147_oidc"
down_revision = "0145_second_factors"

_STATEMENTS = (
    """
    CREATE TABLE hub.oidc_links (
      id uuid PRIMARY KEY,
      tenant_id uuid NOT NULL REFERENCES hub.tenants,
      user_id uuid NOT NULL REFERENCES hub.users ON DELETE CASCADE,
      issuer text NOT NULL,
      subject text NOT NULL,
      made_at timestamptz NOT NULL,
      UNIQUE (issuer, subject),
      UNIQUE (user_id, issuer)
    )
    """,
    "GRANT SELECT, INSERT, DELETE ON hub.oidc_links TO hub_app",
    "GRANT SELECT ON hub.oidc_links TO hub_system",
    "ALTER TABLE hub.oidc_links ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "CREATE POLICY own ON hub.oidc_links TO hub_app USING (tenant_id = hub.tenant())",
    "CREATE POLICY directory ON hub.oidc_links TO hub_system USING (true)",
    "SELECT hub.audits('hub.oidc_links', 'oidc_link')",
    """
    CREATE TABLE hub.oidc_codes (
      digest bytea PRIMARY KEY,
      state bytea NOT NULL UNIQUE,
      user_id uuid NOT NULL REFERENCES hub.users ON DELETE CASCADE,
      made_for bytea NOT NULL,
      challenge text,
      expires_at timestamptz NOT NULL,
      used_at timestamptz
    )
    """,
    "CREATE INDEX oidc_codes_age ON hub.oidc_codes (expires_at)",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON hub.oidc_codes TO hub_system",
    "ALTER TABLE hub.oidc_codes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "CREATE POLICY machinery ON hub.oidc_codes TO hub_system USING (true)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
