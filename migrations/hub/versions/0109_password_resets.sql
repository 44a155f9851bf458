-- Links that set a new password once.

CREATE TABLE hub.password_resets (
  user_id uuid PRIMARY KEY REFERENCES hub.users ON DELETE CASCADE,
  tenant_id uuid NOT NULL,
  digest bytea NOT NULL UNIQUE,
  expires_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.password_resets TO hub_app;
ALTER TABLE hub.password_resets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.password_resets TO hub_app USING (tenant_id = hub.tenant());
SELECT hub.audits('hub.password_resets', 'password_reset');
