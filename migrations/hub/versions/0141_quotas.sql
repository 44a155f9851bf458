-- What an operator set of a company's quotas (domain/accounts/quotas.py), and how many bytes its files have.
ALTER TABLE hub.tenants ADD COLUMN quotas jsonb NOT NULL DEFAULT '{}';
GRANT UPDATE (quotas) ON hub.tenants TO hub_app;

CREATE TABLE hub.media_use (
  tenant_id uuid PRIMARY KEY,
  bytes bigint NOT NULL
);
ALTER TABLE hub.media_use ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.media_use TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.media_use TO hub_system USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.media_use TO hub_app;
GRANT SELECT ON hub.media_use TO hub_system;
