"""Blocks, and their ends, of which a number's provider is still to be told."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_provider_blocks"
down_revision = "20261127_preferences"


def upgrade() -> None:
    run("""
    CREATE TABLE hub.provider_blocks (
      tenant_id uuid NOT NULL,
      session_id uuid NOT NULL,
      contact_id uuid NOT NULL,
      blocked boolean NOT NULL,
      asked_at timestamptz NOT NULL,
      tries integer NOT NULL DEFAULT 0,
      next_at timestamptz,
      error text,
      PRIMARY KEY (session_id, contact_id)
    );
    CREATE INDEX provider_blocks_due ON hub.provider_blocks (next_at) WHERE next_at IS NOT NULL;
    CREATE INDEX provider_blocks_of_contact ON hub.provider_blocks (tenant_id, contact_id);
    GRANT SELECT, INSERT, UPDATE, DELETE ON hub.provider_blocks TO hub_app;
    GRANT SELECT ON hub.provider_blocks TO hub_system;
    ALTER TABLE hub.provider_blocks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON hub.provider_blocks TO hub_app USING (tenant_id = hub.tenant());
    CREATE POLICY directory ON hub.provider_blocks TO hub_system USING (true);
    """)
