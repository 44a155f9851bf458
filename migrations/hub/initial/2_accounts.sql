-- Companies, their people and programs, and how they enter.

-- Companies. `removed_at`: unreachable from then on, its rows are swept in steps; `quotas` are the operator's
-- (domain/accounts/quotas.py); `retention` says how long what customers left is kept, by kind.
CREATE TABLE hub.tenants (
  id uuid PRIMARY KEY,
  slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9_]{1,48}$'),
  name text NOT NULL,
  placement text NOT NULL DEFAULT 'pooled' CHECK (placement IN ('pooled', 'dedicated')),
  language text NOT NULL DEFAULT 'pt-BR' CHECK (language IN ('pt-BR', 'en', 'es')),
  greeting text,
  created_at timestamptz NOT NULL,
  texts jsonb NOT NULL DEFAULT '{}',
  hours jsonb,
  level jsonb NOT NULL DEFAULT '{}',
  country text CHECK (country ~ '^[A-Z]{2}$'),
  removed_at timestamptz,
  quotas jsonb NOT NULL DEFAULT '{}',
  retention jsonb NOT NULL DEFAULT '{}',
  second_factor_required boolean NOT NULL DEFAULT false
);
GRANT SELECT ON hub.tenants TO hub_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.tenants TO hub_system;
GRANT UPDATE (name, language, greeting, texts, hours, level, country, quotas, retention,
  second_factor_required) ON hub.tenants TO hub_app;
ALTER TABLE hub.tenants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.tenants TO hub_app USING (id = hub.tenant());
CREATE POLICY directory ON hub.tenants TO hub_system USING (true);
CREATE TRIGGER access_changed AFTER UPDATE ON hub.tenants FOR EACH ROW
  WHEN (OLD.removed_at IS DISTINCT FROM NEW.removed_at) EXECUTE FUNCTION hub.access_changed();
CREATE TRIGGER second_factor_required AFTER UPDATE ON hub.tenants FOR EACH ROW
  WHEN (OLD.second_factor_required IS DISTINCT FROM NEW.second_factor_required)
  EXECUTE FUNCTION hub.access_changed();
SELECT hub.audits('hub.tenants', 'company');

-- Who signs in. `hands_over`: left, and what they hold goes to others.
CREATE TABLE hub.users (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES hub.tenants,
  email text NOT NULL UNIQUE,
  name text NOT NULL,
  password_hash text NOT NULL,
  role text NOT NULL CHECK (role IN ('MASTER', 'ADMIN', 'AGENT')),
  online_status text NOT NULL DEFAULT 'OFFLINE' CHECK (online_status IN ('ONLINE', 'BUSY', 'OFFLINE')),
  is_active boolean NOT NULL DEFAULT true,
  department_id uuid,
  max_conversations integer CHECK (max_conversations >= 0),
  last_heartbeat timestamptz,
  online_since timestamptz,
  last_assigned_at timestamptz,
  created_at timestamptz NOT NULL,
  hands_over boolean NOT NULL DEFAULT false,
  skills text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX users_of_tenant ON hub.users (tenant_id, department_id);
CREATE INDEX users_leaving ON hub.users (tenant_id) WHERE hands_over;
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.users TO hub_app, hub_system;
ALTER TABLE hub.users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.users TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.users TO hub_system USING (true);
CREATE TRIGGER access_changed AFTER UPDATE ON hub.users FOR EACH ROW
  WHEN ((OLD.role, OLD.is_active, OLD.department_id, OLD.email)
    IS DISTINCT FROM (NEW.role, NEW.is_active, NEW.department_id, NEW.email))
  EXECUTE FUNCTION hub.access_changed();
SELECT hub.audits('hub.users', 'user', 'online_status', 'online_since', 'last_heartbeat', 'last_assigned_at',
                  'hands_over');

-- Whose access changed: of one sign-in, of a user, of an API key, or (all three null) of everybody of the company.
-- Triggers write it, so that no way of changing access (a use case, the command line, SQL by hand) can forget to. Each API
-- process reads it by `written_by`: rows of transactions that were still open at the last look are never missed, whatever
-- the order of their commits.
CREATE TABLE hub.access_changes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  written_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
  at timestamptz NOT NULL DEFAULT hub.now(),
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
CREATE POLICY machinery ON hub.access_changes TO hub_system USING (true);
CREATE POLICY own ON hub.access_changes TO hub_app USING (tenant_id = hub.tenant());

-- API keys: only the digest is kept.
CREATE TABLE hub.api_keys (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES hub.tenants,
  name text NOT NULL,
  digest bytea NOT NULL UNIQUE,
  hint text NOT NULL,
  created_at timestamptz NOT NULL,
  created_by uuid NOT NULL,
  scopes text[],
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);
CREATE INDEX api_keys_of_tenant ON hub.api_keys (tenant_id, created_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.api_keys TO hub_app, hub_system;
ALTER TABLE hub.api_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.api_keys TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.api_keys TO hub_system USING (true);
CREATE TRIGGER access_changed AFTER UPDATE ON hub.api_keys FOR EACH ROW
  WHEN ((OLD.revoked_at, OLD.expires_at, OLD.scopes) IS DISTINCT FROM (NEW.revoked_at, NEW.expires_at, NEW.scopes))
  EXECUTE FUNCTION hub.access_changed();
SELECT hub.audits('hub.api_keys', 'api_key', 'last_used_at');

-- Links that set a new password once, for the person as they were when the link was made (`made_for`: hub.standing).
CREATE TABLE hub.password_resets (
  user_id uuid PRIMARY KEY REFERENCES hub.users ON DELETE CASCADE,
  tenant_id uuid NOT NULL,
  digest bytea NOT NULL UNIQUE,
  expires_at timestamptz NOT NULL,
  made_for bytea NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.password_resets TO hub_app;
ALTER TABLE hub.password_resets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.password_resets TO hub_app USING (tenant_id = hub.tenant());
SELECT hub.audits('hub.password_resets', 'password_reset');

-- Sign-ins: `network` is where each came from, as one guesser.
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
  network text,
  CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX sign_ins_of_user ON hub.sign_ins (user_id, last_seen_at DESC);
CREATE INDEX sign_ins_age ON hub.sign_ins (expires_at);
CREATE INDEX sign_ins_networks ON hub.sign_ins (user_id, network);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.sign_ins TO hub_app;
GRANT SELECT, DELETE ON hub.sign_ins TO hub_system;
GRANT UPDATE (last_seen_at) ON hub.sign_ins TO hub_system;
ALTER TABLE hub.sign_ins ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.sign_ins TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.sign_ins TO hub_system USING (true);
CREATE TRIGGER access_changed AFTER UPDATE ON hub.sign_ins FOR EACH ROW
  WHEN (OLD.ended_at IS DISTINCT FROM NEW.ended_at) EXECUTE FUNCTION hub.access_changed();
SELECT hub.audits('hub.sign_ins', 'sign_in', 'last_seen_at');

-- Failed guesses at accounts, by a digest of e-mail and network.
CREATE TABLE hub.login_guesses (
  count bytea PRIMARY KEY,
  failures integer NOT NULL,
  last_at timestamptz
);
CREATE INDEX login_guesses_age ON hub.login_guesses (last_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.login_guesses TO hub_system;
ALTER TABLE hub.login_guesses ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY machinery ON hub.login_guesses TO hub_system USING (true);

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
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.second_factors TO hub_app;
GRANT SELECT ON hub.second_factors TO hub_system;
GRANT UPDATE (secret) ON hub.second_factors TO hub_system;
ALTER TABLE hub.second_factors ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.second_factors TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.second_factors TO hub_system USING (true);
CREATE TRIGGER access_changed AFTER DELETE OR UPDATE OF confirmed_at ON hub.second_factors FOR EACH ROW
  EXECUTE FUNCTION hub.second_factor_changed();
SELECT hub.audits('hub.second_factors', 'second_factor', 'used_step', 'recovery_digests');

-- Sign-in by an OpenID provider: who is whom there.
CREATE TABLE hub.oidc_links (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES hub.tenants,
  user_id uuid NOT NULL REFERENCES hub.users ON DELETE CASCADE,
  issuer text NOT NULL,
  subject text NOT NULL,
  made_at timestamptz NOT NULL,
  UNIQUE (issuer, subject),
  UNIQUE (user_id, issuer)
);
GRANT SELECT, INSERT, DELETE ON hub.oidc_links TO hub_app;
GRANT SELECT ON hub.oidc_links TO hub_system;
ALTER TABLE hub.oidc_links ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.oidc_links TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.oidc_links TO hub_system USING (true);
SELECT hub.audits('hub.oidc_links', 'oidc_link');

-- Codes that sign in once, by their digests.
CREATE TABLE hub.oidc_codes (
  digest bytea PRIMARY KEY,
  state bytea NOT NULL UNIQUE,
  user_id uuid NOT NULL REFERENCES hub.users ON DELETE CASCADE,
  made_for bytea NOT NULL,
  challenge text,
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);
CREATE INDEX oidc_codes_age ON hub.oidc_codes (expires_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.oidc_codes TO hub_system;
ALTER TABLE hub.oidc_codes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY machinery ON hub.oidc_codes TO hub_system USING (true);

-- One-use tickets for streams: a digest of each, and the sealed credential that it stands for. A ticket stays with the
-- stream that it opened, so that a browser's EventSource can open that stream again: `holder` is the opening that counts
-- (null: not opened yet), `stream` a digest of the address that it opened.
CREATE TABLE hub.tickets (
  digest bytea PRIMARY KEY,
  sealed bytea NOT NULL,
  expires_at timestamptz NOT NULL,
  holder uuid,
  stream bytea
);
CREATE INDEX tickets_age ON hub.tickets (expires_at);
GRANT SELECT, INSERT, DELETE ON hub.tickets TO hub_system;
GRANT UPDATE (sealed, expires_at, holder, stream) ON hub.tickets TO hub_system;
ALTER TABLE hub.tickets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY machinery ON hub.tickets TO hub_system USING (true);

-- Which key seals the secrets at rest (its id; empty: the next that comes).
CREATE TABLE hub.secret_key (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  key_id text NOT NULL,
  since timestamptz NOT NULL DEFAULT hub.now()
);
GRANT SELECT, INSERT, UPDATE ON hub.secret_key TO hub_system;
ALTER TABLE hub.secret_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY machinery ON hub.secret_key TO hub_system USING (true);
