"""Keep what happened to each session for a week."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_session_history"
down_revision = "20261126_oidc_required"


def upgrade() -> None:
    run("""
    CREATE TABLE hub.session_history (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      place bigint GENERATED ALWAYS AS IDENTITY,
      session_id uuid NOT NULL REFERENCES hub.sessions ON DELETE CASCADE,
      tenant_id uuid NOT NULL,
      kind text NOT NULL,
      at timestamptz NOT NULL,
      until timestamptz NOT NULL,
      reason text,
      status text,
      count integer NOT NULL CHECK (count > 0)
    );
    CREATE INDEX session_history_newest ON hub.session_history (session_id, place);
    CREATE INDEX session_history_same ON hub.session_history (session_id, kind, at);
    CREATE INDEX session_history_age ON hub.session_history (at);
    GRANT SELECT, INSERT, UPDATE, DELETE ON hub.session_history TO hub_app, hub_system;
    ALTER TABLE hub.session_history ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON hub.session_history TO hub_app USING (tenant_id = hub.tenant());
    CREATE POLICY directory ON hub.session_history TO hub_system USING (true);
    """)
