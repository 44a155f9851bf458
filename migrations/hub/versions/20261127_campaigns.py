"""Campaigns, their recipients, and how many people a day a number may write to first."""

from whatsapp_hub.adapters.postgres.engine.schema.script import run

revision = "20261127_campaigns"
down_revision = "20261127_provider_blocks"


def upgrade() -> None:
    run("""
    CREATE TABLE hub.campaigns (
      id uuid PRIMARY KEY,
      tenant_id uuid NOT NULL,
      session_id uuid NOT NULL,
      name text NOT NULL,
      status text NOT NULL
        CHECK (status IN ('DRAFT', 'SCHEDULED', 'RUNNING', 'PAUSED', 'COMPLETED', 'CANCELLED')),
      created_at timestamptz NOT NULL,
      created_by uuid,
      daily_limit integer,
      starts_at timestamptz,
      started_at timestamptz,
      ended_at timestamptz,
      pause text,
      pause_detail text,
      wording jsonb NOT NULL,
      audience jsonb NOT NULL,
      count_at timestamptz,
      counts jsonb
    );
    CREATE INDEX campaigns_of_tenant ON hub.campaigns (tenant_id, id);
    CREATE INDEX campaigns_of_session ON hub.campaigns (session_id);
    CREATE INDEX campaigns_active ON hub.campaigns (status, starts_at) WHERE status IN ('SCHEDULED', 'RUNNING');
    CREATE INDEX campaigns_to_count ON hub.campaigns (count_at) WHERE count_at IS NOT NULL;
    GRANT SELECT, INSERT, UPDATE, DELETE ON hub.campaigns TO hub_app;
    GRANT SELECT ON hub.campaigns TO hub_system;
    ALTER TABLE hub.campaigns ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON hub.campaigns TO hub_app USING (tenant_id = hub.tenant());
    CREATE POLICY directory ON hub.campaigns TO hub_system USING (true);
    SELECT hub.audits('hub.campaigns', 'campaign', 'count_at', 'counts');

    CREATE TABLE hub.campaign_recipients (
      campaign_id uuid NOT NULL REFERENCES hub.campaigns ON DELETE CASCADE,
      contact_id uuid NOT NULL,
      tenant_id uuid NOT NULL,
      state text NOT NULL DEFAULT 'WAITING'
        CHECK (state IN ('WAITING', 'QUEUED', 'UNKNOWN', 'SENT', 'DELIVERED', 'READ', 'FAILED', 'SKIPPED')),
      reason text,
      detail text,
      message_id uuid,
      queued_at timestamptz,
      answered_at timestamptz,
      is_billable boolean,
      PRIMARY KEY (campaign_id, contact_id)
    ) WITH (autovacuum_vacuum_scale_factor = 0.05);
    CREATE INDEX campaign_recipients_waiting ON hub.campaign_recipients (campaign_id, contact_id)
      WHERE state = 'WAITING';
    CREATE INDEX campaign_recipients_written ON hub.campaign_recipients (campaign_id, queued_at)
      WHERE queued_at IS NOT NULL;
    CREATE INDEX campaign_recipients_of_contact ON hub.campaign_recipients (contact_id);
    GRANT SELECT, INSERT, UPDATE, DELETE ON hub.campaign_recipients TO hub_app;
    ALTER TABLE hub.campaign_recipients ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON hub.campaign_recipients TO hub_app USING (tenant_id = hub.tenant());

    ALTER TABLE hub.paces ADD COLUMN daily_limit integer;
    """)
