"""List live conversations by who waits longest, by what is due next, and by priority."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_inbox_orders"
down_revision = "20261127_stored_files"


def upgrade() -> None:
    run("""
    -- The expressions are those of queries/conversation_orders.py.
    CREATE INDEX conversations_by_wait ON conversations (tenant_id, status,
      (coalesce(waiting_since, CASE WHEN assigned_user_id IS NULL THEN coalesce(routed_at, created_at) END,
        '9999-12-31 00:00:00+00'::timestamptz)), id) WHERE status IN ('OPEN', 'ASSIGNED');
    CREATE INDEX conversations_by_due ON conversations (tenant_id, status,
      (coalesce(least(first_response_due_at, resolution_due_at), '9999-12-31 00:00:00+00'::timestamptz)), id)
      WHERE status IN ('OPEN', 'ASSIGNED');
    CREATE INDEX conversations_by_priority ON conversations (tenant_id, status, priority DESC, updated_at DESC, id DESC)
      WHERE status IN ('OPEN', 'ASSIGNED');
    """)
