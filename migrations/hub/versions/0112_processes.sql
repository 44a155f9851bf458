-- Which processes of the hub run: each says so again and again, and one that has not for a while is not shown any more.
CREATE TABLE hub.processes (
  id uuid PRIMARY KEY,
  role text NOT NULL,
  name text NOT NULL,
  version text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.processes TO hub_system;
ALTER TABLE hub.processes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY machinery ON hub.processes TO hub_system USING (true);

-- What was given up is counted, however much was delivered.
CREATE INDEX deliveries_dead ON hub.webhook_deliveries (webhook_id) WHERE state = 'dead';
