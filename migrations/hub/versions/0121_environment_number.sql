-- Which session holds the number that the environment's variables describe, and what they said when they were last taken
-- up (sealed). Without a session: it was deleted, and comes back only when a variable changes.
CREATE TABLE hub.environment_number (
  tenant_id uuid PRIMARY KEY REFERENCES hub.tenants ON DELETE CASCADE,
  session_id uuid REFERENCES hub.sessions ON DELETE SET NULL,
  settings bytea NOT NULL
);
CREATE INDEX environment_number_of_session ON hub.environment_number (session_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.environment_number TO hub_app;
ALTER TABLE hub.environment_number ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.environment_number TO hub_app USING (tenant_id = hub.tenant());
