-- Sign-ins, and the feed of what changed in who may enter.

CREATE TABLE hub.sign_ins (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES hub.tenants,
  user_id uuid NOT NULL REFERENCES hub.users ON DELETE CASCADE,
  how text NOT NULL CHECK (how IN ('password', 'link', 'oidc')),
  made_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  address text,
  user_agent text,
  ended_at timestamptz,
  end_reason text,
  CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX sign_ins_of_user ON hub.sign_ins (user_id, last_seen_at DESC);
CREATE INDEX sign_ins_age ON hub.sign_ins (expires_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.sign_ins TO hub_app;
GRANT SELECT, DELETE, UPDATE (last_seen_at) ON hub.sign_ins TO hub_system;
ALTER TABLE hub.sign_ins ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.sign_ins TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.sign_ins TO hub_system USING (true);
SELECT hub.audits('hub.sign_ins', 'sign_in', 'last_seen_at');

-- Whose access changed: of one sign-in, of a user, of an API key, or (all three null) of everybody of the company.
-- Each API process reads it by `written_by`: rows of transactions that were still open at the last look are never missed,
-- whatever the order of their commits.
CREATE TABLE hub.access_changes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  written_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  tenant_id uuid NOT NULL,
  user_id uuid,
  sign_in_id uuid,
  api_key_id uuid
);
CREATE INDEX access_changes_newest ON hub.access_changes (written_by);
CREATE INDEX access_changes_age ON hub.access_changes (at);
GRANT SELECT, INSERT ON hub.access_changes TO hub_app;
GRANT SELECT, INSERT, DELETE ON hub.access_changes TO hub_system;
ALTER TABLE hub.access_changes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.access_changes TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY machinery ON hub.access_changes TO hub_system USING (true);

-- Triggers, so that no way of changing it (a use case, the command line, SQL by hand) can forget to tell.
CREATE FUNCTION hub.access_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'users' THEN
    INSERT INTO hub.access_changes (tenant_id, user_id) VALUES (NEW.tenant_id, NEW.id);
  ELSIF TG_TABLE_NAME = 'sign_ins' THEN
    INSERT INTO hub.access_changes (tenant_id, user_id, sign_in_id) VALUES (NEW.tenant_id, NEW.user_id, NEW.id);
  ELSIF TG_TABLE_NAME = 'api_keys' THEN
    INSERT INTO hub.access_changes (tenant_id, api_key_id) VALUES (NEW.tenant_id, NEW.id);
  ELSE
    INSERT INTO hub.access_changes (tenant_id) VALUES (NEW.id);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER access_changed AFTER UPDATE ON hub.users FOR EACH ROW
  WHEN ((OLD.role, OLD.is_active, OLD.department_id, OLD.email)
    IS DISTINCT FROM (NEW.role, NEW.is_active, NEW.department_id, NEW.email))
  EXECUTE FUNCTION hub.access_changed();
CREATE TRIGGER access_changed AFTER UPDATE ON hub.sign_ins FOR EACH ROW
  WHEN (OLD.ended_at IS DISTINCT FROM NEW.ended_at) EXECUTE FUNCTION hub.access_changed();
CREATE TRIGGER access_changed AFTER UPDATE ON hub.api_keys FOR EACH ROW
  WHEN ((OLD.revoked_at, OLD.expires_at, OLD.scopes) IS DISTINCT FROM (NEW.revoked_at, NEW.expires_at, NEW.scopes))
  EXECUTE FUNCTION hub.access_changed();
CREATE TRIGGER access_changed AFTER UPDATE ON hub.tenants FOR EACH ROW
  WHEN (OLD.removed_at IS DISTINCT FROM NEW.removed_at) EXECUTE FUNCTION hub.access_changed();

-- A link that sets a password is for the person as they were when it was made.
CREATE FUNCTION hub.standing(person hub.users) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
  RETURN sha256(convert_to(
    concat_ws(E'\n', person.role, person.is_active::text, person.email, person.password_hash), 'UTF8'));
ALTER TABLE hub.password_resets ADD COLUMN made_for bytea;
UPDATE hub.password_resets r SET made_for = hub.standing(u) FROM hub.users u WHERE u.id = r.user_id;
ALTER TABLE hub.password_resets ALTER COLUMN made_for SET NOT NULL;
