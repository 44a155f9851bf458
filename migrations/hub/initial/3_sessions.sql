-- Sessions, their paces and pairings; the processes that hold sockets, and what these are asked to do.

-- One WhatsApp number through one provider. `owner`: a gateway client's own user; `bot`: {webhook_id, url, department_id,
-- answer_within_minutes}.
CREATE TABLE hub.sessions (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES hub.tenants,
  key text NOT NULL,
  name text NOT NULL,
  provider text NOT NULL,
  routing text NOT NULL CHECK (routing IN ('none', 'departments')),
  settings bytea NOT NULL,
  agent_id text NOT NULL,
  user_id uuid,
  department_id uuid,
  phone_number text,
  status text NOT NULL CHECK (status IN ('DISCONNECTED', 'CONNECTING', 'QR_PENDING', 'CONNECTED', 'RECONNECTING',
    'LOGGED_OUT', 'BANNED', 'FAILED')),
  status_reason text,
  is_active boolean NOT NULL DEFAULT false,
  qr_code text,
  webhook_url text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  owner text,
  bot jsonb,
  UNIQUE (tenant_id, key)
);
CREATE UNIQUE INDEX one_instance_a_name ON hub.sessions (tenant_id, owner, name) WHERE owner IS NOT NULL;
CREATE INDEX sessions_of_agent ON hub.sessions (tenant_id, agent_id);
CREATE INDEX sessions_of_tenant ON hub.sessions (tenant_id, id);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.sessions TO hub_app, hub_system;
ALTER TABLE hub.sessions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.sessions TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.sessions TO hub_system USING (true);
SELECT hub.audits('hub.sessions', 'session', 'qr_code');

-- A session's pace stands apart from its row: claims lock it at every send, readers never wait for it.
-- `paced_until` is the next free slot of the rate (GCRA's theoretical arrival time); before `hold_until`
-- nothing is sent (a provider's back-off; infinity: paused until an operator mends the credentials). `warm_until`,
-- `strangers_until`: the paces of a young number, and of first contacts.
CREATE TABLE hub.paces (
  session_id uuid PRIMARY KEY REFERENCES hub.sessions ON DELETE CASCADE,
  tenant_id uuid NOT NULL,
  provider text NOT NULL,
  paced_until timestamptz NOT NULL DEFAULT '-infinity',
  hold_until timestamptz NOT NULL DEFAULT '-infinity',
  warm_until timestamptz NOT NULL DEFAULT '-infinity',
  strangers_until timestamptz NOT NULL DEFAULT '-infinity'
);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.paces TO hub_app, hub_system;
ALTER TABLE hub.paces ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.paces TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.paces TO hub_system USING (true);

-- Which session a webhook's own keys mean (`phone:…`, `waba:…`, `name:…`); several rows: ambiguous.
CREATE TABLE hub.session_routes (
  provider text NOT NULL,
  route text NOT NULL,
  session_id uuid NOT NULL REFERENCES hub.sessions ON DELETE CASCADE,
  tenant_id uuid NOT NULL,
  PRIMARY KEY (provider, route, session_id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.session_routes TO hub_app, hub_system;
ALTER TABLE hub.session_routes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.session_routes TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.session_routes TO hub_system USING (true);

-- When a session was last heard or asked, for providers that can be asked for what they should have posted.
-- `owed_since`: since when it is to be asked, until such a poll came to its end.
CREATE TABLE hub.polls (
  session_id uuid PRIMARY KEY REFERENCES hub.sessions ON DELETE CASCADE,
  until timestamptz NOT NULL,
  owed_since timestamptz
);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.polls TO hub_system;
ALTER TABLE hub.polls ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY machinery ON hub.polls TO hub_system USING (true);

-- Until when a phone may be linked to a session that no connector holds, and when its code is fetched next.
CREATE TABLE hub.pairings (
  session_id uuid PRIMARY KEY REFERENCES hub.sessions ON DELETE CASCADE,
  tenant_id uuid NOT NULL,
  began_at timestamptz NOT NULL,
  until timestamptz NOT NULL,
  fetch_at timestamptz,
  code text,
  code_until timestamptz,
  is_used_up boolean NOT NULL DEFAULT false,
  look_at timestamptz NOT NULL
);
CREATE INDEX pairings_due ON hub.pairings (look_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.pairings TO hub_app, hub_system;
ALTER TABLE hub.pairings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.pairings TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.pairings TO hub_system USING (true);

-- When somebody last listened to a gateway session (WHATSAPP_IDLE_TIMEOUT).
CREATE TABLE hub.session_uses (
  session_id uuid PRIMARY KEY REFERENCES hub.sessions ON DELETE CASCADE,
  tenant_id uuid NOT NULL,
  listened_at timestamptz NOT NULL
) WITH (fillfactor = 50);
GRANT SELECT, DELETE ON hub.session_uses TO hub_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.session_uses TO hub_system;
ALTER TABLE hub.session_uses ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.session_uses TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.session_uses TO hub_system USING (true);

-- Which session holds the number that the environment's variables describe, and what they said when they were last taken
-- up (sealed). Without a session: it was deleted, and comes back only when a variable changes.
CREATE TABLE hub.environment_number (
  tenant_id uuid PRIMARY KEY REFERENCES hub.tenants ON DELETE CASCADE,
  session_id uuid REFERENCES hub.sessions ON DELETE SET NULL,
  settings bytea NOT NULL
);
CREATE INDEX environment_number_of_session ON hub.environment_number (session_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.environment_number TO hub_app;
GRANT SELECT (tenant_id, settings), UPDATE (settings) ON hub.environment_number TO hub_system;
ALTER TABLE hub.environment_number ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.environment_number TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.environment_number TO hub_system USING (true);

-- A connector exists as long as its lease has not ended: `until`, by the hub's time. The process that finds it ended
-- deletes the row, which frees its connections; a connector that then renews finds no row, and has lost them.
CREATE TABLE hub.connectors (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  kinds text[] NOT NULL,
  room integer NOT NULL,
  started_at timestamptz NOT NULL DEFAULT hub.now(),
  until timestamptz NOT NULL
);
GRANT SELECT ON hub.connectors TO hub_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.connectors TO hub_system;
ALTER TABLE hub.connectors ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY machinery ON hub.connectors TO hub_system USING (true);
CREATE POLICY seen ON hub.connectors FOR SELECT TO hub_app USING (true);

-- One row a session that holds a socket, from its first start on. `fence` numbers its dials and changes of holder;
-- `is_clean`: its last holder hung up before it let go. The rest is the connection's state
-- (domain/sessions/connection.py).
CREATE TABLE hub.lines (
  session_id uuid PRIMARY KEY REFERENCES hub.sessions ON DELETE CASCADE,
  tenant_id uuid NOT NULL,
  provider text NOT NULL,
  connector_id uuid REFERENCES hub.connectors ON DELETE SET NULL,
  held_since timestamptz,
  is_clean boolean NOT NULL DEFAULT true,
  is_wanted boolean NOT NULL DEFAULT false,
  fence bigint NOT NULL DEFAULT 0,
  attempts integer NOT NULL DEFAULT 0,
  has_paired boolean NOT NULL DEFAULT false,
  is_up boolean NOT NULL DEFAULT false,
  must_forget boolean NOT NULL DEFAULT false,
  dial_at timestamptz,
  deadline_at timestamptz,
  pairing_until timestamptz,
  code_until timestamptz,
  losses timestamptz[] NOT NULL DEFAULT '{}',
  paired_at timestamptz,
  connected_at timestamptz,
  disconnected_at timestamptz,
  disconnect_reason text
);
CREATE INDEX lines_free ON hub.lines (provider) WHERE connector_id IS NULL AND is_wanted;
CREATE INDEX lines_held ON hub.lines (connector_id) WHERE connector_id IS NOT NULL;
CREATE INDEX lines_late ON hub.lines (deadline_at) WHERE deadline_at IS NOT NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.lines TO hub_app, hub_system;
ALTER TABLE hub.lines ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.lines TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.lines TO hub_system USING (true);

-- What the holder of a session is asked to do. No reference to the session: the credentials of a deleted one are still
-- to be forgotten, by the connector that held it, or by any once that one is gone (`for_connector`).
CREATE TABLE hub.commands (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  session_id uuid NOT NULL,
  provider text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('pairing_code', 'log_out', 'forget', 'mark_read', 'typing')),
  argument text,
  for_connector uuid,
  asked_at timestamptz NOT NULL DEFAULT hub.now(),
  expires_at timestamptz NOT NULL,
  taken_by uuid,
  answered_at timestamptz,
  answer text,
  error text,
  error_code text,
  error_detail text
);
CREATE INDEX commands_open ON hub.commands (session_id) WHERE answered_at IS NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.commands TO hub_app, hub_system;
ALTER TABLE hub.commands ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.commands TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.commands TO hub_system USING (true);

-- The sandbox's phones: what a customer's screen would show.
CREATE TABLE hub.sandbox_screens (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL,
  session_id uuid NOT NULL REFERENCES hub.sessions ON DELETE CASCADE,
  phone text NOT NULL,
  message_id text NOT NULL,
  direction text NOT NULL CHECK (direction IN ('INBOUND', 'OUTBOUND')),
  text text NOT NULL,
  sent_as uuid,
  at timestamptz NOT NULL
);
CREATE INDEX sandbox_screen ON hub.sandbox_screens (session_id, phone, id);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.sandbox_screens TO hub_app;
ALTER TABLE hub.sandbox_screens ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.sandbox_screens TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.sandbox_screens TO hub_system USING (true);
