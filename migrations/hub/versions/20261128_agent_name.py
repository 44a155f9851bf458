"""Let a company have the writer's name before each text to a customer."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261128_agent_name"
down_revision = "20261127_campaigns"


def upgrade() -> None:
    run("""
    ALTER TABLE hub.tenants ADD COLUMN agent_name_before_texts boolean NOT NULL DEFAULT false;
    GRANT UPDATE (agent_name_before_texts) ON hub.tenants TO hub_app;
    """)
