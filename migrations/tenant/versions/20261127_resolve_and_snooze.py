"""Keep why a conversation was resolved, and until when it is snoozed."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_resolve_and_snooze"
down_revision = "20261127_read_marks"


def upgrade() -> None:
    run("""
    ALTER TABLE conversations ADD COLUMN resolve_reason text, ADD COLUMN snoozed_until timestamptz;
    CREATE INDEX conversations_snoozed ON conversations (tenant_id, snoozed_until) WHERE snoozed_until IS NOT NULL;
    """)
