"""How far WhatsApp was told that a conversation's messages were read. What was read before counts as told."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_read_marks"
down_revision = "20261127_known_by_contact"


def upgrade() -> None:
    run("""
    DO $$
    DECLARE
      newest bigint := coalesce((
        SELECT last_value FROM pg_sequences
        WHERE schemaname = current_schema() AND sequencename = 'messages_seq_seq'), 0);
    BEGIN
      EXECUTE format('ALTER TABLE conversations ADD COLUMN read_marked_seq bigint NOT NULL DEFAULT %s', newest);
    END $$;
    DROP TRIGGER audited ON conversations;
    ALTER TABLE conversations ALTER COLUMN read_marked_seq SET DEFAULT 0, NO FORCE ROW LEVEL SECURITY;
    UPDATE conversations SET read_marked_seq = 0 WHERE unread_count > 0;
    ALTER TABLE conversations FORCE ROW LEVEL SECURITY;
    SELECT hub.audits('conversations', 'conversation', 'last_message_at', 'unread_count', 'timeout_at', 'told_timeout',
                      'bot_texts', 'routed_at', 'menu_tries', 'confirm_tries', 'waiting_since', 'first_customer_at',
                      'first_response_at', 'first_response_due_at', 'first_response_warn_at', 'resolution_due_at',
                      'resolution_warn_at', 'target_look_at', 'breaches', 'pauses', 'rating_asked_at', 'asks',
                      'told_at', 'heard_at', 'media_at', 'routing_reason_parts', 'read_marked_seq');
    """)
