"""How far a campaign's recipients are settled: thousands at a time, between which it can be paused."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261128_enlisting"
down_revision = "20261128_agent_name"


def upgrade() -> None:
    run("""
    ALTER TABLE hub.campaigns ADD COLUMN enlisted_to uuid;
    DROP TRIGGER audited ON hub.campaigns;
    SELECT hub.audits('hub.campaigns', 'campaign', 'count_at', 'counts', 'enlisted_to');
    """)
