"""Files of messages that are to be fetched from their providers."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_fetches"
down_revision = "20261127_closing"


def upgrade() -> None:
    run("""
    CREATE TABLE hub.fetches (
      media_id uuid PRIMARY KEY,
      tenant_id uuid NOT NULL,
      message_id uuid NOT NULL,
      session_id uuid NOT NULL,
      is_held boolean NOT NULL,
      created_at timestamptz NOT NULL,
      next_at timestamptz NOT NULL,
      tries integer NOT NULL DEFAULT 0
    );
    CREATE INDEX fetches_due ON hub.fetches (tenant_id, is_held, next_at);
    CREATE INDEX fetches_of_session ON hub.fetches (session_id, next_at) WHERE is_held;
    GRANT SELECT, INSERT, UPDATE, DELETE ON hub.fetches TO hub_app;
    GRANT SELECT ON hub.fetches TO hub_system;
    ALTER TABLE hub.fetches ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON hub.fetches TO hub_app USING (tenant_id = hub.tenant());
    CREATE POLICY directory ON hub.fetches TO hub_system USING (true);
    """)
