"""Let a company say by which reasons its people resolve conversations."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_closing"
down_revision = "20261127_session_history"


def upgrade() -> None:
    run("""
    ALTER TABLE hub.tenants ADD COLUMN closing jsonb NOT NULL DEFAULT '{}';
    GRANT UPDATE (closing) ON hub.tenants TO hub_app;
    """)
