"""What happened to a message after it was sent stands with it; who wrote in a group has a name; a window has an end.

A change (a reaction, an edit) is a message with a `target`. `early_changes` are those whose target is not known yet.
"""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_annotations"
down_revision = "20261127_resolve_and_snooze"


def upgrade() -> None:
    run("""
    ALTER TABLE messages ADD COLUMN target text, ADD COLUMN annotations json, ADD COLUMN author_name text,
      ADD COLUMN author_phone text;
    CREATE TABLE early_changes (
      message_id uuid PRIMARY KEY REFERENCES messages ON DELETE CASCADE DEFERRABLE,
      tenant_id uuid NOT NULL,
      session_id uuid NOT NULL,
      target text NOT NULL
    );
    CREATE INDEX early_changes_of ON early_changes (session_id, target);
    GRANT SELECT, INSERT, UPDATE, DELETE ON early_changes TO hub_app;
    ALTER TABLE early_changes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON early_changes TO hub_app USING (tenant_id = hub.tenant());

    DROP TRIGGER audited ON conversations;
    ALTER TABLE conversations ADD COLUMN window_closes_at timestamptz;
    SELECT hub.audits('conversations', 'conversation', 'last_message_at', 'unread_count', 'timeout_at', 'told_timeout',
                      'bot_texts', 'routed_at', 'menu_tries', 'confirm_tries', 'waiting_since', 'first_customer_at',
                      'first_response_at', 'first_response_due_at', 'first_response_warn_at', 'resolution_due_at',
                      'resolution_warn_at', 'target_look_at', 'breaches', 'pauses', 'rating_asked_at', 'asks',
                      'told_at', 'heard_at', 'media_at', 'routing_reason_parts', 'read_marked_seq', 'window_closes_at');
    """)
