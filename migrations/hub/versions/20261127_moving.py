"""Keep the settings of providers that sessions left, or move to by themselves; note whose file a fetch is."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_moving"
down_revision = "20261127_scheduled"


def upgrade() -> None:
    run("""
    -- `left`: late webhooks of it are verified and routed until `until`; `planned`: it moves there when restricted.
    CREATE TABLE hub.session_providers (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      session_id uuid NOT NULL REFERENCES hub.sessions ON DELETE CASCADE,
      tenant_id uuid NOT NULL,
      role text NOT NULL CHECK (role IN ('left', 'planned')),
      provider text NOT NULL,
      settings bytea NOT NULL,
      routes text[] NOT NULL,
      since timestamptz NOT NULL,
      until timestamptz,
      UNIQUE (session_id, role, provider)
    );
    CREATE UNIQUE INDEX one_plan_a_session ON hub.session_providers (session_id) WHERE role = 'planned';
    CREATE INDEX session_providers_routes ON hub.session_providers USING gin (routes);
    GRANT SELECT, INSERT, UPDATE, DELETE ON hub.session_providers TO hub_app, hub_system;
    ALTER TABLE hub.session_providers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON hub.session_providers TO hub_app USING (tenant_id = hub.tenant());
    CREATE POLICY directory ON hub.session_providers TO hub_system USING (true);
    SELECT hub.audits('hub.session_providers', 'session_provider');

    ALTER TABLE hub.fetches ADD COLUMN provider text;
    """)
