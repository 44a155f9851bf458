"""Keep how messages were charged, for the figures of costs."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_charges"
down_revision = "20261127_meet_own"


def upgrade() -> None:
    run("""
    CREATE TABLE hub.charges (
      id uuid PRIMARY KEY,
      tenant_id uuid NOT NULL,
      session_id uuid NOT NULL,
      at timestamptz NOT NULL,
      category text NOT NULL,
      kind text,
      is_billable boolean NOT NULL,
      country text
    );
    CREATE INDEX charges_of_time ON hub.charges (tenant_id, at);
    CREATE INDEX charges_age ON hub.charges (at);
    GRANT SELECT, INSERT, UPDATE, DELETE ON hub.charges TO hub_app, hub_system;
    ALTER TABLE hub.charges ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON hub.charges TO hub_app USING (tenant_id = hub.tenant());
    CREATE POLICY directory ON hub.charges TO hub_system USING (true);
    """)
