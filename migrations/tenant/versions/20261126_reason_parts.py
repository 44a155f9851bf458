"""The codes and values of a conversation's routing reason; the record of changes has its sentence."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261126_reason_parts"
down_revision = "20261126_media_url_stays"


def upgrade() -> None:
    run("""
    ALTER TABLE conversations ADD COLUMN routing_reason_parts text;
    DROP TRIGGER audited ON conversations;
    SELECT hub.audits('conversations', 'conversation', 'last_message_at', 'unread_count', 'timeout_at', 'told_timeout',
                      'bot_texts', 'routed_at', 'menu_tries', 'confirm_tries', 'waiting_since', 'first_customer_at',
                      'first_response_at', 'first_response_due_at', 'first_response_warn_at', 'resolution_due_at',
                      'resolution_warn_at', 'target_look_at', 'breaches', 'pauses', 'rating_asked_at', 'asks',
                      'told_at', 'heard_at', 'media_at', 'routing_reason_parts');
    """)
