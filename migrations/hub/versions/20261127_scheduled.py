"""Messages that are to be sent later."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_scheduled"
down_revision = "20261127_charges"


def upgrade() -> None:
    run("""
    CREATE TABLE hub.scheduled (
      id uuid PRIMARY KEY,
      tenant_id uuid NOT NULL,
      session_id uuid NOT NULL,
      conversation_id uuid NOT NULL,
      contact_id uuid NOT NULL,
      chat text NOT NULL,
      sender_id uuid,
      is_bot boolean NOT NULL,
      reply_to text,
      created_at timestamptz NOT NULL,
      send_at timestamptz NOT NULL,
      type text NOT NULL,
      content text NOT NULL,
      media_url text,
      media_id uuid,
      data json
    );
    CREATE INDEX scheduled_of_tenant ON hub.scheduled (tenant_id, send_at, id);
    CREATE INDEX scheduled_due ON hub.scheduled (send_at);
    CREATE INDEX scheduled_of_contact ON hub.scheduled (contact_id);
    CREATE INDEX scheduled_of_conversation ON hub.scheduled (conversation_id);
    CREATE INDEX scheduled_media ON hub.scheduled (media_id) WHERE media_id IS NOT NULL;
    GRANT SELECT, INSERT, UPDATE, DELETE ON hub.scheduled TO hub_app;
    GRANT SELECT ON hub.scheduled TO hub_system;
    ALTER TABLE hub.scheduled ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON hub.scheduled TO hub_app USING (tenant_id = hub.tenant());
    CREATE POLICY directory ON hub.scheduled TO hub_system USING (true);
    """)
