"""Keep what a person has set for themselves: views of the inbox, how the console looks. It is no part of the audit."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_preferences"
down_revision = "20261127_moving"


def upgrade() -> None:
    run("""
    ALTER TABLE hub.users ADD COLUMN preferences jsonb NOT NULL DEFAULT '{}';
    DROP TRIGGER audited ON hub.users;
    SELECT hub.audits('hub.users', 'user', 'online_status', 'online_since', 'last_heartbeat', 'last_assigned_at',
                      'hands_over', 'preferences');
    """)
