-- What comes in, what goes out, and the log between them.
--
-- Whenever a table was vacuumed or analysed, every connection plans its statements with it anew: a few milliseconds each,
-- and for a moment everything waits. The tables through which all messages flow are looked for along one index whatever
-- they hold, so what the planner knows of them may be old: hence their thresholds.

-- Raw updates. `source` is the session's id, or `app` for an update that belongs to no one session; `fence`: the dial that
-- brought it (null: of a provider that holds no socket). Claims walk from chat to chat along inbox_pending: their cost
-- does not grow with what a chat has waiting.
CREATE TABLE hub.inbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source text NOT NULL,
  dedupe_key text NOT NULL,
  tenant_id uuid,
  session_id uuid,
  provider text NOT NULL,
  chat text NOT NULL,
  body bytea NOT NULL,
  received_at timestamptz NOT NULL DEFAULT hub.now(),
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'quarantined', 'unassigned')),
  tries smallint NOT NULL DEFAULT 0,
  retry_at timestamptz,
  error text,
  fence bigint,
  UNIQUE (source, dedupe_key)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05, fillfactor = 90,
  autovacuum_analyze_threshold = 100000);
CREATE INDEX inbox_pending ON hub.inbox (tenant_id, session_id, chat, id) WHERE state = 'pending';
CREATE INDEX inbox_aside ON hub.inbox (tenant_id, id) WHERE state IN ('quarantined', 'unassigned');
CREATE INDEX inbox_age ON hub.inbox USING brin (received_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.inbox TO hub_app, hub_system;
ALTER TABLE hub.inbox ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.inbox TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.inbox TO hub_system USING (true);

-- Receipts that overtook the answer to the send they belong to.
CREATE TABLE hub.early_receipts (
  session_id uuid NOT NULL REFERENCES hub.sessions ON DELETE CASCADE,
  provider_message_id text NOT NULL,
  status text NOT NULL,
  tenant_id uuid NOT NULL,
  at timestamptz NOT NULL,
  error text,
  kept_at timestamptz NOT NULL DEFAULT hub.now(),
  PRIMARY KEY (session_id, provider_message_id, status)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.early_receipts TO hub_app, hub_system;
ALTER TABLE hub.early_receipts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.early_receipts TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.early_receipts TO hub_system USING (true);

CREATE TABLE hub.idempotency_keys (
  tenant_id uuid NOT NULL,
  caller text NOT NULL,
  key text NOT NULL,
  request_hash bytea NOT NULL,
  message_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT hub.now(),
  PRIMARY KEY (tenant_id, caller, key)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.idempotency_keys TO hub_app, hub_system;
ALTER TABLE hub.idempotency_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.idempotency_keys TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.idempotency_keys TO hub_system USING (true);

-- One lane a chat of a session. `queued` counts its messages waiting (messages.queue_seq not null);
-- `attempt_message` is the head whose provider call was begun and not yet completed, `tries` counts its
-- attempts; `awaits` is a message of unknown outcome whose receipt may end the wait until next_at; `slot_at` is
-- the slot of the session's pace that the head holds; `typing_for`: the head that is being typed. A leased lane's next_at
-- is the end of its lease. It is analysed once while lanes are few, then when most of them changed.
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
  typing_for uuid,
  PRIMARY KEY (session_id, chat)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_threshold = 2000,
  autovacuum_analyze_scale_factor = 1);
CREATE INDEX lanes_due ON hub.lanes (session_id, next_at) WHERE queued > 0 OR attempt_message IS NOT NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.lanes TO hub_app, hub_system;
ALTER TABLE hub.lanes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.lanes TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.lanes TO hub_system USING (true);

-- Events that wait for their position, which the sequencer gives (hub.tell).
CREATE TABLE hub.outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL,
  type text NOT NULL,
  session_id uuid,
  conversation_id uuid,
  occurred_at timestamptz NOT NULL,
  body bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000,
  autovacuum_analyze_threshold = 1000000);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.outbox TO hub_app, hub_system;
ALTER TABLE hub.outbox ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.outbox TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.outbox TO hub_system USING (true);

-- The log: every committed event in dense positions. Of a conversation, where it stood at a position: whom an event of it
-- is for is found there, however late.
CREATE TABLE hub.events (
  position bigint PRIMARY KEY,
  tenant_id uuid NOT NULL,
  type text NOT NULL,
  session_id uuid,
  conversation_id uuid,
  occurred_at timestamptz NOT NULL,
  body bytea NOT NULL
) WITH (autovacuum_analyze_threshold = 100000);
CREATE INDEX events_of_tenant ON hub.events (tenant_id, position);
CREATE INDEX events_of_conversation ON hub.events (conversation_id, position) WHERE type LIKE 'conversation.%';
CREATE INDEX events_of_session ON hub.events (session_id, type, position)
  WHERE type LIKE 'session.%' OR type = 'message.received';
CREATE INDEX events_of_sessions ON hub.events (tenant_id, occurred_at)
  WHERE type IN ('session.connected', 'session.error', 'session.auth_corrupted');
GRANT SELECT ON hub.events TO hub_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.events TO hub_system;
ALTER TABLE hub.events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.events TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.events TO hub_system USING (true);

CREATE TABLE hub.sequencer (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  position bigint NOT NULL
) WITH (autovacuum_vacuum_threshold = 50000, autovacuum_analyze_threshold = 1000000);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.sequencer TO hub_system;
ALTER TABLE hub.sequencer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY machinery ON hub.sequencer TO hub_system USING (true);
INSERT INTO hub.sequencer (position) VALUES (0);

-- A scheduler's tick acts once, however many schedulers run.
CREATE TABLE hub.ticks (
  name text PRIMARY KEY,
  acted_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.ticks TO hub_system;
ALTER TABLE hub.ticks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY machinery ON hub.ticks TO hub_system USING (true);

-- Outgoing webhooks. The planner turns the log into deliveries, position by position; each subscription is driven by
-- one worker at a time (lease, fence). `due_at`: when it next wants a worker; before `open_until` its receiver, which
-- failed `failures` times in a row (last counted at `failed_at`), is left alone. `cursor`: how far the log has been turned
-- into its deliveries. `headers` and `sealed_url` are sealed; `moves`: how often its address changed; `of_bot`: the
-- webhook that a session's bot hears through.
CREATE TABLE hub.webhooks (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES hub.tenants,
  session_id uuid REFERENCES hub.sessions ON DELETE CASCADE,
  of_session boolean NOT NULL DEFAULT false,
  url text NOT NULL,
  format text NOT NULL CHECK (format IN ('standard', 'flat', 'instance', 'waha')),
  events text[] NOT NULL,
  secrets bytea NOT NULL,
  is_active boolean NOT NULL,
  ended_reason text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  cursor bigint NOT NULL,
  due_at timestamptz NOT NULL DEFAULT 'infinity',
  lease_until timestamptz NOT NULL DEFAULT '-infinity',
  fence bigint NOT NULL DEFAULT 0,
  failures integer NOT NULL DEFAULT 0,
  open_until timestamptz NOT NULL DEFAULT '-infinity',
  of_bot boolean NOT NULL DEFAULT false,
  headers bytea,
  failed_at timestamptz,
  sealed_url bytea,
  moves integer NOT NULL DEFAULT 0,
  CHECK (NOT of_session OR session_id IS NOT NULL),
  CHECK (NOT of_bot OR session_id IS NOT NULL AND NOT of_session)
) WITH (fillfactor = 50);
CREATE INDEX webhooks_of_tenant ON hub.webhooks (tenant_id, created_at);
CREATE INDEX webhooks_due ON hub.webhooks (due_at) WHERE is_active;
CREATE INDEX webhooks_of_session ON hub.webhooks (session_id) WHERE session_id IS NOT NULL;
CREATE UNIQUE INDEX one_webhook_of_a_session ON hub.webhooks (session_id) WHERE of_session;
CREATE UNIQUE INDEX one_bot_of_a_session ON hub.webhooks (session_id) WHERE of_bot;
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.webhooks TO hub_app, hub_system;
ALTER TABLE hub.webhooks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.webhooks TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.webhooks TO hub_system USING (true);
SELECT hub.audits('hub.webhooks', 'webhook', 'cursor', 'due_at', 'lease_until', 'fence', 'failures', 'failed_at',
                  'open_until', 'moves');

-- One row an event and subscription; `attempts` are [{at, status, error, tookMs}]. Deliveries of one lane (a
-- conversation, else a session) are made one after the other; only the first of a lane can have a later next_at.
CREATE TABLE hub.webhook_deliveries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  webhook_id uuid NOT NULL REFERENCES hub.webhooks ON DELETE CASCADE,
  tenant_id uuid NOT NULL,
  position bigint NOT NULL,
  type text NOT NULL,
  lane text NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead', 'cancelled')),
  tries smallint NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT hub.now(),
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT hub.now(),
  finished_at timestamptz,
  attempts jsonb NOT NULL DEFAULT '[]',
  UNIQUE (webhook_id, position)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX deliveries_in_order ON hub.webhook_deliveries (webhook_id, position) WHERE state = 'pending';
CREATE INDEX deliveries_later ON hub.webhook_deliveries (webhook_id, next_at) WHERE state = 'pending';
CREATE INDEX deliveries_age ON hub.webhook_deliveries USING brin (created_at);
CREATE INDEX deliveries_dead ON hub.webhook_deliveries (webhook_id) WHERE state = 'dead';
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.webhook_deliveries TO hub_app, hub_system;
ALTER TABLE hub.webhook_deliveries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.webhook_deliveries TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.webhook_deliveries TO hub_system USING (true);

CREATE TABLE hub.webhook_planner (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  position bigint NOT NULL
);
GRANT SELECT, UPDATE ON hub.webhook_planner TO hub_system;
ALTER TABLE hub.webhook_planner ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY machinery ON hub.webhook_planner TO hub_system USING (true);
INSERT INTO hub.webhook_planner (position) VALUES (0);
