-- What customers and agents wrote, for the tenants placed in this schema. Runs with search_path set to it:
-- table names are unqualified here and everywhere. Only hub_app reaches these tables, one tenant at a time; the search
-- functions (adapters/postgres/sql/tenant) read messages and conversations as hub_search.
--
-- Rows can be moved to another schema (`whatsapp-hub tenant move`): foreign keys may be checked at the end of that
-- transaction, and no key is one's own only as long as nobody else's rows come into the table.

DO $$ BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO hub_app, hub_search', current_schema());
END $$;

CREATE TABLE contacts (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  name text,
  profile_pic text,
  is_group boolean NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX contacts_of_tenant ON contacts (tenant_id, id);
GRANT SELECT, INSERT, UPDATE, DELETE ON contacts TO hub_app;
ALTER TABLE contacts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON contacts TO hub_app USING (tenant_id = hub.tenant());

-- By what a contact is found: phone numbers in one spelling (domain/numbers), LIDs, business-scoped ids, chats.
CREATE TABLE contact_identities (
  tenant_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('phone', 'lid', 'bsuid', 'chat')),
  value text NOT NULL,
  contact_id uuid NOT NULL REFERENCES contacts ON DELETE CASCADE DEFERRABLE,
  address text NOT NULL,
  added_at timestamptz NOT NULL DEFAULT hub.now(),
  PRIMARY KEY (tenant_id, kind, value)
);
CREATE INDEX identities_of_contact ON contact_identities (contact_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON contact_identities TO hub_app;
ALTER TABLE contact_identities ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON contact_identities TO hub_app USING (tenant_id = hub.tenant());

-- Which identities a person had until when: a number that was left belongs to its next holder from then on, and what was
-- written before (and comes late) still belongs to the person who left it.
CREATE TABLE left_identities (
  tenant_id uuid NOT NULL,
  kind text NOT NULL,
  value text NOT NULL,
  until timestamptz NOT NULL,
  contact_id uuid NOT NULL REFERENCES contacts ON DELETE CASCADE DEFERRABLE,
  PRIMARY KEY (tenant_id, kind, value, until)
);
CREATE INDEX left_by_contact ON left_identities (contact_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON left_identities TO hub_app;
ALTER TABLE left_identities ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON left_identities TO hub_app USING (tenant_id = hub.tenant());

CREATE TABLE departments (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  name text NOT NULL,
  slug text NOT NULL,
  color text NOT NULL,
  is_root boolean NOT NULL,
  response_timeout_minutes integer NOT NULL,
  max_agents integer NOT NULL,
  created_at timestamptz NOT NULL,
  max_conversations integer CHECK (max_conversations >= 0),
  last_agent_first boolean NOT NULL DEFAULT true,
  prefers_skills boolean NOT NULL DEFAULT true,
  hours jsonb,
  level jsonb NOT NULL DEFAULT '{}',
  UNIQUE (tenant_id, slug)
);
CREATE UNIQUE INDEX one_root_department ON departments (tenant_id) WHERE is_root;
GRANT SELECT, INSERT, UPDATE, DELETE ON departments TO hub_app;
ALTER TABLE departments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON departments TO hub_app USING (tenant_id = hub.tenant());
SELECT hub.audits('departments', 'department');

-- Automatic rules, in their order. A department or a session may be gone: such a rule is skipped.
CREATE TABLE rules (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  place integer NOT NULL,
  name text NOT NULL,
  session_id uuid,
  words text[] NOT NULL,
  outside_hours boolean,
  labels text[] NOT NULL,
  priority smallint CHECK (priority BETWEEN -1 AND 2),
  department_id uuid,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE INDEX rules_of_tenant ON rules (tenant_id, place);
GRANT SELECT, INSERT, UPDATE, DELETE ON rules TO hub_app;
ALTER TABLE rules ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON rules TO hub_app USING (tenant_id = hub.tenant());
SELECT hub.audits('rules', 'rule', 'place');

CREATE TABLE quick_replies (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  shortcut text COLLATE "C" NOT NULL,
  content text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (tenant_id, shortcut)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON quick_replies TO hub_app;
ALTER TABLE quick_replies ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON quick_replies TO hub_app USING (tenant_id = hub.tenant());
SELECT hub.audits('quick_replies', 'quick_reply');

-- Files that are sent. Pictures and films are compressed already: hence EXTERNAL.
CREATE TABLE media (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  mime_type text NOT NULL,
  file_name text NOT NULL,
  content bytea NOT NULL,
  created_at timestamptz NOT NULL
);
ALTER TABLE media ALTER content SET STORAGE EXTERNAL;
GRANT SELECT, INSERT, UPDATE, DELETE ON media TO hub_app;
ALTER TABLE media ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON media TO hub_app USING (tenant_id = hub.tenant());
