-- Outgoing webhooks. The planner turns the log into deliveries, position by position; each subscription is driven by
-- one worker at a time (lease, fence). `due_at`: when it next wants a driver; before `open_until` its receiver, which
-- failed `failures` times in a row, is left alone. `cursor`: how far the log has been turned into its deliveries.
CREATE TABLE hub.webhooks (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES hub.tenants,
  session_id uuid REFERENCES hub.sessions ON DELETE CASCADE,
  of_session boolean NOT NULL DEFAULT false CHECK (NOT of_session OR session_id IS NOT NULL),
  url text NOT NULL,
  format text NOT NULL CHECK (format IN ('standard', 'flat', 'instance', 'waha')),
  events text[] NOT NULL,
  secrets bytea NOT NULL,
  is_active boolean NOT NULL,
  ended_reason text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  cursor bigint NOT NULL,
  due_at timestamptz NOT NULL DEFAULT 'infinity',
  lease_until timestamptz NOT NULL DEFAULT '-infinity',
  fence bigint NOT NULL DEFAULT 0,
  failures integer NOT NULL DEFAULT 0,
  open_until timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);
CREATE INDEX webhooks_of_tenant ON hub.webhooks (tenant_id, created_at);
CREATE INDEX webhooks_due ON hub.webhooks (due_at) WHERE is_active;
CREATE INDEX webhooks_of_session ON hub.webhooks (session_id) WHERE session_id IS NOT NULL;
CREATE UNIQUE INDEX one_webhook_of_a_session ON hub.webhooks (session_id) WHERE of_session;

-- One row an event and subscription; `attempts` are [{at, status, error, tookMs}]. Deliveries of one lane (a
-- conversation, else a session) are made one after the other; only the first of a lane can have a later next_at.
CREATE TABLE hub.webhook_deliveries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  webhook_id uuid NOT NULL REFERENCES hub.webhooks ON DELETE CASCADE,
  tenant_id uuid NOT NULL,
  position bigint NOT NULL,
  type text NOT NULL,
  lane text NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead', 'cancelled')),
  tries smallint NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  attempts jsonb NOT NULL DEFAULT '[]',
  UNIQUE (webhook_id, position)
) WITH (fillfactor = 80);
CREATE INDEX deliveries_in_order ON hub.webhook_deliveries (webhook_id, position) WHERE state = 'pending';
CREATE INDEX deliveries_later ON hub.webhook_deliveries (webhook_id, next_at) WHERE state = 'pending';
CREATE INDEX deliveries_age ON hub.webhook_deliveries USING brin (created_at);
ALTER TABLE hub.webhook_deliveries SET (autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE hub.webhook_planner (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  position bigint NOT NULL
);
INSERT INTO hub.webhook_planner (position) SELECT position FROM hub.sequencer;

GRANT SELECT, INSERT, UPDATE, DELETE ON hub.webhooks, hub.webhook_deliveries TO hub_app, hub_system;
GRANT SELECT, UPDATE ON hub.webhook_planner TO hub_system;

DO $$ DECLARE name text; BEGIN
  FOREACH name IN ARRAY ARRAY['webhooks', 'webhook_deliveries'] LOOP
    EXECUTE format('ALTER TABLE hub.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY own ON hub.%I TO hub_app USING (tenant_id = hub.tenant())', name);
    EXECUTE format('CREATE POLICY directory ON hub.%I TO hub_system USING (true)', name);
  END LOOP;
END $$;
ALTER TABLE hub.webhook_planner ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY machinery ON hub.webhook_planner TO hub_system USING (true);
