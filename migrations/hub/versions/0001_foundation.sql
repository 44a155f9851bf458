-- The shared schema `hub`: the directory (tenants, users, sessions) and the machinery (inbox, outbox, log, lanes).
-- Contacts, conversations and messages stand in tenant schemas (`pooled` or `client_{slug}`): see migrations/tenant.
--
-- hub_app    works for one tenant a transaction (app.tenant_id, set by the prelude); sees only its rows.
-- hub_system finds work across tenants; reaches directory and machinery, never what customers wrote.

DO $$ DECLARE name text; BEGIN
  FOREACH name IN ARRAY ARRAY['hub_app', 'hub_system'] LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = name);
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN', name);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this server was faster
    END;
  END LOOP;
END $$;
GRANT hub_app, hub_system TO CURRENT_USER;
GRANT USAGE ON SCHEMA hub TO hub_app, hub_system;

CREATE FUNCTION hub.tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('app.tenant_id', true), '')::uuid;

CREATE TABLE hub.tenants (
  id uuid PRIMARY KEY,
  slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9_]{1,48}$'),
  name text NOT NULL,
  placement text NOT NULL DEFAULT 'pooled' CHECK (placement IN ('pooled', 'dedicated')),
  language text NOT NULL DEFAULT 'pt-BR' CHECK (language IN ('pt-BR', 'en', 'es')),
  greeting text,
  created_at timestamptz NOT NULL
);

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
  created_at timestamptz NOT NULL
);
CREATE INDEX users_of_tenant ON hub.users (tenant_id, department_id);

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
  status text NOT NULL CHECK (status IN ('DISCONNECTED', 'CONNECTING', 'QR_PENDING', 'CONNECTED',
                                         'RECONNECTING', 'LOGGED_OUT', 'BANNED', 'FAILED')),
  status_reason text,
  is_active boolean NOT NULL DEFAULT false,
  qr_code text,
  webhook_url text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (tenant_id, key)
);

-- A session's pace stands apart from its row: claims lock it at every send, readers never wait for it.
-- `paced_until` is the next free slot of the rate (GCRA's theoretical arrival time); before `hold_until`
-- nothing is sent (a provider's back-off; infinity: paused until an operator mends the credentials).
CREATE TABLE hub.paces (
  session_id uuid PRIMARY KEY REFERENCES hub.sessions ON DELETE CASCADE,
  tenant_id uuid NOT NULL,
  provider text NOT NULL,
  paced_until timestamptz NOT NULL DEFAULT '-infinity',
  hold_until timestamptz NOT NULL DEFAULT '-infinity'
);

-- Which session a webhook's own keys mean (`phone:…`, `waba:…`, `name:…`); several rows: ambiguous.
CREATE TABLE hub.session_routes (
  provider text NOT NULL,
  route text NOT NULL,
  session_id uuid NOT NULL REFERENCES hub.sessions ON DELETE CASCADE,
  tenant_id uuid NOT NULL,
  PRIMARY KEY (provider, route, session_id)
);

-- Raw updates. `source` is the session's id, or `app` for an update that belongs to no one session.
CREATE TABLE hub.inbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source text NOT NULL,
  dedupe_key text NOT NULL,
  tenant_id uuid,
  session_id uuid,
  provider text NOT NULL,
  chat text NOT NULL,
  body bytea NOT NULL,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'quarantined', 'unassigned')),
  tries smallint NOT NULL DEFAULT 0,
  retry_at timestamptz,
  error text,
  UNIQUE (source, dedupe_key)
);
-- Claims walk from chat to chat along this index: their cost does not grow with what a chat has waiting.
CREATE INDEX inbox_pending ON hub.inbox (tenant_id, session_id, chat, id) WHERE state = 'pending';
CREATE INDEX inbox_aside ON hub.inbox (tenant_id, id) WHERE state IN ('quarantined', 'unassigned');
CREATE INDEX inbox_age ON hub.inbox USING brin (received_at);
ALTER TABLE hub.inbox SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
                           fillfactor = 90);

-- Events leave a transaction here; the sequencer alone moves them on, in dense positions.
CREATE TABLE hub.outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL,
  type text NOT NULL,
  session_id uuid,
  conversation_id uuid,
  occurred_at timestamptz NOT NULL,
  body bytea NOT NULL
);
ALTER TABLE hub.outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

CREATE TABLE hub.events (
  position bigint PRIMARY KEY,
  tenant_id uuid NOT NULL,
  type text NOT NULL,
  session_id uuid,
  conversation_id uuid,
  occurred_at timestamptz NOT NULL,
  body bytea NOT NULL
);
CREATE INDEX events_of_tenant ON hub.events (tenant_id, position);

CREATE TABLE hub.sequencer (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  position bigint NOT NULL
);
INSERT INTO hub.sequencer (position) VALUES (0);

-- One lane a chat of a session. `queued` counts its messages waiting (messages.queue_seq not null);
-- `attempt_message` is the head whose provider call was begun and not yet completed, `tries` counts its
-- attempts; `awaits` is a message of unknown outcome whose receipt may end the wait until next_at; `slot_at` is
-- the slot of the session's pace that the head holds. A leased lane's next_at is the end of its lease.
CREATE TABLE hub.lanes (
  session_id uuid NOT NULL REFERENCES hub.sessions ON DELETE CASCADE,
  chat text NOT NULL,
  tenant_id uuid NOT NULL,
  provider text NOT NULL,
  queued integer NOT NULL DEFAULT 0 CHECK (queued >= 0),
  next_at timestamptz NOT NULL,
  lease_until timestamptz,
  fence bigint NOT NULL DEFAULT 0,
  tries smallint NOT NULL DEFAULT 0,
  attempt_message uuid,
  attempt_at timestamptz,
  awaits uuid,
  slot_at timestamptz,
  paced_until timestamptz NOT NULL DEFAULT '-infinity',
  PRIMARY KEY (session_id, chat)
) WITH (fillfactor = 50);
CREATE INDEX lanes_due ON hub.lanes (session_id, next_at) WHERE queued > 0 OR attempt_message IS NOT NULL;
ALTER TABLE hub.lanes SET (autovacuum_vacuum_scale_factor = 0.05);

-- Receipts that overtook the answer to the send they belong to.
CREATE TABLE hub.early_receipts (
  session_id uuid NOT NULL REFERENCES hub.sessions ON DELETE CASCADE,
  provider_message_id text NOT NULL,
  status text NOT NULL,
  tenant_id uuid NOT NULL,
  at timestamptz NOT NULL,
  error text,
  kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (session_id, provider_message_id, status)
);

CREATE TABLE hub.idempotency_keys (
  tenant_id uuid NOT NULL,
  caller text NOT NULL,
  key text NOT NULL,
  request_hash bytea NOT NULL,
  message_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, caller, key)
);

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

-- A scheduler's tick acts once, however many schedulers run.
CREATE TABLE hub.ticks (
  name text PRIMARY KEY,
  acted_at timestamptz NOT NULL
);

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA hub TO hub_app, hub_system;
REVOKE ALL ON hub.sequencer, hub.ticks FROM hub_app;
REVOKE ALL ON hub.tenants, hub.events FROM hub_app;
GRANT SELECT, UPDATE (name, language, greeting) ON hub.tenants TO hub_app;
GRANT SELECT ON hub.events TO hub_app;
REVOKE ALL ON hub.sandbox_screens FROM hub_system;

ALTER TABLE hub.tenants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.tenants TO hub_app USING (id = hub.tenant());
CREATE POLICY directory ON hub.tenants TO hub_system USING (true);

DO $$ DECLARE name text; BEGIN
  FOREACH name IN ARRAY ARRAY['users', 'sessions', 'paces', 'session_routes', 'inbox', 'outbox', 'events',
                              'lanes', 'early_receipts', 'idempotency_keys', 'sandbox_screens'] LOOP
    EXECUTE format('ALTER TABLE hub.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY own ON hub.%I TO hub_app USING (tenant_id = hub.tenant())', name);
    EXECUTE format('CREATE POLICY directory ON hub.%I TO hub_system USING (true)', name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['sequencer', 'ticks'] LOOP
    EXECUTE format('ALTER TABLE hub.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY machinery ON hub.%I TO hub_system USING (true)', name);
  END LOOP;
END $$;
