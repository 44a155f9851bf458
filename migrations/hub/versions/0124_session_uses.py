"""When somebody last listened to a gateway session (WHATSAPP_IDLE_TIMEOUT)."""

from alembic import op

revision = "0124_session_uses"
down_revision = "0123_typing_signs"

_STATEMENTS = (
    """CREATE TABLE hub.session_uses (
         session_id uuid PRIMARY KEY REFERENCES hub.sessions ON DELETE CASCADE,
         tenant_id uuid NOT NULL,
         listened_at timestamptz NOT NULL
       ) WITH (fillfactor = 50)""",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON hub.session_uses TO hub_system",
    "GRANT SELECT, DELETE ON hub.session_uses TO hub_app",
    "ALTER TABLE hub.session_uses ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "CREATE POLICY own ON hub.session_uses TO hub_app USING (tenant_id = hub.tenant())",
    "CREATE POLICY directory ON hub.session_uses TO hub_system USING (true)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
