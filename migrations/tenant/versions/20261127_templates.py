"""The catalogue of message templates: each session's copy of what its account has at the provider.

`seen_at`: when the provider last told of it; `components`: its parts, null while only its state was reported.
"""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_templates"
down_revision = "20261127_contact_cards"


def upgrade() -> None:
    run("""
    CREATE TABLE templates (
      id uuid PRIMARY KEY,
      tenant_id uuid NOT NULL,
      session_id uuid NOT NULL,
      name text NOT NULL,
      language text NOT NULL,
      status text NOT NULL,
      seen_at timestamptz NOT NULL,
      provider_id text,
      category text,
      quality text,
      reason text,
      components jsonb,
      UNIQUE (session_id, name, language)
    );
    CREATE INDEX templates_by_name ON templates (tenant_id, (name || ' ' || language), id);
    CREATE INDEX templates_seen ON templates (session_id, seen_at);
    GRANT SELECT, INSERT, UPDATE, DELETE ON templates TO hub_app;
    ALTER TABLE templates ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON templates TO hub_app USING (tenant_id = hub.tenant());
    SELECT hub.audits('templates', 'template', 'seen_at', 'quality');
    """)
