-- Second factors: one a user, whose id it has. `recovery_codes_left` is for the record of changes, which says nothing of
-- secrets, digests and time steps.
CREATE TABLE hub.second_factors (
  id uuid PRIMARY KEY REFERENCES hub.users,
  tenant_id uuid NOT NULL REFERENCES hub.tenants,
  secret bytea NOT NULL,
  confirmed_at timestamptz,
  used_step bigint NOT NULL DEFAULT -1,
  recovery_digests bytea[] NOT NULL DEFAULT '{}',
  recovery_codes_left integer NOT NULL DEFAULT 0
);
CREATE INDEX second_factors_of_tenant ON hub.second_factors (tenant_id);
ALTER TABLE hub.second_factors ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.second_factors TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.second_factors TO hub_system USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.second_factors TO hub_app;
GRANT SELECT, UPDATE (secret) ON hub.second_factors TO hub_system;
SELECT hub.audits('hub.second_factors', 'second_factor', 'used_step', 'recovery_digests');

-- Whether members without one may only enrol.
ALTER TABLE hub.tenants ADD COLUMN second_factor_required boolean NOT NULL DEFAULT false;
GRANT UPDATE (second_factor_required) ON hub.tenants TO hub_app;

CREATE FUNCTION hub.second_factor_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO hub.access_changes (tenant_id, user_id)
  VALUES (coalesce(NEW.tenant_id, OLD.tenant_id), coalesce(NEW.id, OLD.id));
  RETURN NULL;
END $$;
CREATE TRIGGER access_changed AFTER DELETE OR UPDATE OF confirmed_at ON hub.second_factors FOR EACH ROW
  EXECUTE FUNCTION hub.second_factor_changed();
CREATE TRIGGER second_factor_required AFTER UPDATE ON hub.tenants FOR EACH ROW
  WHEN (OLD.second_factor_required IS DISTINCT FROM NEW.second_factor_required)
  EXECUTE FUNCTION hub.access_changed();
