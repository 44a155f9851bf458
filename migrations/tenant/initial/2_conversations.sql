-- Conversations, who had them, and what was said.

-- One exchange between a contact and a session. Every index of a list has the status before the order: a list of several
-- statuses merges as many scans, each of which ends with the page, so that one index serves what is live, what is closed
-- and both. A department's and a person's end with the session, so that a list of both skips others' rows inside the index.
CREATE TABLE conversations (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  session_id uuid NOT NULL,
  contact_id uuid NOT NULL REFERENCES contacts DEFERRABLE,
  chat text NOT NULL,
  customer_phone text,
  customer_name text,
  status text NOT NULL CHECK (status IN ('OPEN', 'ASSIGNED', 'RESOLVED', 'ARCHIVED')),
  flow_state text NOT NULL CHECK (flow_state IN ('GREETING', 'DEPARTMENT_SELECTED', 'ASSIGNED',
    'AWAITING_ROUTING_CONFIRMATION', 'TIMEOUT_REDIRECT', 'RESOLVED')),
  department_id uuid,
  assigned_user_id uuid,
  timeout_at timestamptz,
  routed_at timestamptz,
  assigned_at timestamptz,
  greeting_sent_at timestamptz,
  resolved_at timestamptz,
  last_message_at timestamptz,
  last_department_id uuid,
  last_attendant_id uuid,
  routing_reason text,
  unread_count integer NOT NULL DEFAULT 0,
  menu_tries smallint NOT NULL DEFAULT 0,
  confirm_tries smallint NOT NULL DEFAULT 0,
  silenced boolean NOT NULL DEFAULT false,
  bot_texts timestamptz[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  told_timeout timestamptz,
  waiting_since timestamptz,
  first_customer_at timestamptz,
  first_response_at timestamptz,
  priority smallint NOT NULL DEFAULT 0 CHECK (priority BETWEEN -1 AND 2),
  labels text[] NOT NULL DEFAULT '{}',
  bot_part text NOT NULL DEFAULT 'none' CHECK (bot_part IN ('none', 'talking', 'handed_over')),
  first_response_due_at timestamptz,
  first_response_warn_at timestamptz,
  resolution_due_at timestamptz,
  resolution_warn_at timestamptz,
  target_look_at timestamptz,
  breaches text[],
  pauses timestamptz[],
  rating_asked_at timestamptz,
  rating smallint CHECK (rating BETWEEN 1 AND 5),
  rated_at timestamptz,
  rated_user_id uuid,
  profile_name text,
  asks boolean NOT NULL DEFAULT false,
  told_at timestamptz,
  heard_at timestamptz,
  media_at timestamptz,
  CHECK (status <> 'ASSIGNED' OR assigned_user_id IS NOT NULL),
  CHECK (status <> 'OPEN' OR assigned_user_id IS NULL)
);
CREATE UNIQUE INDEX one_live_conversation ON conversations (session_id, contact_id)
  WHERE status IN ('OPEN', 'ASSIGNED');
CREATE INDEX rounds ON conversations (session_id, contact_id, created_at DESC);
CREATE INDEX conversations_by_status ON conversations (tenant_id, status, updated_at DESC, id DESC);
CREATE INDEX conversations_waiting ON conversations (tenant_id, timeout_at) WHERE timeout_at IS NOT NULL;
CREATE INDEX conversations_queued ON conversations (department_id, priority DESC, routed_at) WHERE status = 'OPEN';
CREATE INDEX conversations_answered ON conversations (tenant_id, first_response_at DESC)
  WHERE first_response_at IS NOT NULL;
CREATE INDEX conversations_of_department ON conversations (tenant_id, status, department_id, updated_at DESC, id DESC,
  session_id) WHERE department_id IS NOT NULL;
CREATE INDEX conversations_of_user ON conversations (tenant_id, status, assigned_user_id, updated_at DESC, id DESC,
  session_id) WHERE assigned_user_id IS NOT NULL;
CREATE INDEX conversations_of_session ON conversations (tenant_id, status, session_id, updated_at DESC, id DESC);
CREATE INDEX conversations_of_nobody ON conversations (tenant_id, status, updated_at DESC, id DESC)
  WHERE assigned_user_id IS NULL AND department_id IS NULL;
CREATE INDEX conversations_with_target ON conversations (tenant_id, target_look_at) WHERE target_look_at IS NOT NULL;
CREATE INDEX conversations_breached ON conversations (tenant_id, status, updated_at DESC, id DESC)
  WHERE breaches IS NOT NULL;
CREATE INDEX conversations_rated ON conversations (tenant_id, rated_at) WHERE rated_at IS NOT NULL;
-- Names and numbers of what is closed are found by pieces (hub.search_keys): a search for two names, or for a whole number,
-- crosses short lists, however many conversations there are; in buckets of three days by the time of the last change,
-- since matches of a newer bucket come before all of an older one. Such pieces cost more to write: so what is under way,
-- which changes with every message, and of which there are few, has trigrams. The tenant as text, which only
-- search_conversations asks for: as it is, the planner would take this small index for lists. What a message writes waits
-- in the indexes' lists: one of 128 kB is filed in a thirtieth of the time of one of 4 MB.
DO $$ BEGIN
  EXECUTE format($index$
    CREATE INDEX conversations_searched_live ON conversations USING gin
      ((tenant_id::text),
       translate(lower(customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy') %1$I.gin_trgm_ops,
       customer_phone %1$I.gin_trgm_ops)
      WITH (gin_pending_list_limit = 128) WHERE status IN ('OPEN', 'ASSIGNED') $index$,
    (SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'pg_trgm'));
END $$;
CREATE INDEX conversations_searched_closed ON conversations USING gin
  (tenant_id, date_bin('3 days', updated_at, '2000-01-01 00:00+00'), hub.search_keys(customer_name, customer_phone))
  WITH (gin_pending_list_limit = 128) WHERE status IN ('RESOLVED', 'ARCHIVED');
GRANT SELECT, INSERT, UPDATE, DELETE ON conversations TO hub_app;
GRANT SELECT ON conversations TO hub_search;
ALTER TABLE conversations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY found ON conversations FOR SELECT TO hub_search USING (true);
CREATE POLICY own ON conversations TO hub_app USING (tenant_id = hub.tenant());
SELECT hub.audits('conversations', 'conversation', 'last_message_at', 'unread_count', 'timeout_at', 'told_timeout',
                  'bot_texts', 'routed_at', 'menu_tries', 'confirm_tries', 'waiting_since', 'first_customer_at',
                  'first_response_at', 'first_response_due_at', 'first_response_warn_at', 'resolution_due_at',
                  'resolution_warn_at', 'target_look_at', 'breaches', 'pauses', 'rating_asked_at', 'asks', 'told_at',
                  'heard_at', 'media_at');

-- Who had a conversation when. `assignments_held`: how many somebody has is counted for everybody of a department before
-- each assignment; an assignment changes only when it ends, while each message writes to the indexes of conversations.
CREATE TABLE assignments (
  id bigint GENERATED ALWAYS AS IDENTITY,
  tenant_id uuid NOT NULL,
  conversation_id uuid NOT NULL REFERENCES conversations DEFERRABLE,
  user_id uuid NOT NULL,
  assigned_at timestamptz NOT NULL,
  unassigned_at timestamptz,
  reason text NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX one_assignment_at_a_time ON assignments (conversation_id) WHERE unassigned_at IS NULL;
CREATE INDEX assignments_held ON assignments (tenant_id, user_id) WHERE unassigned_at IS NULL;
CREATE INDEX assignments_of_conversation ON assignments (conversation_id, id);
GRANT SELECT, INSERT, UPDATE, DELETE ON assignments TO hub_app;
ALTER TABLE assignments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON assignments TO hub_app USING (tenant_id = hub.tenant());

CREATE TABLE notes (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  conversation_id uuid NOT NULL REFERENCES conversations DEFERRABLE,
  user_id uuid,
  content text NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX notes_of_conversation ON notes (conversation_id, id);
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO hub_app;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON notes TO hub_app USING (tenant_id = hub.tenant());
SELECT hub.audits('notes', 'note');

-- One row for each recipient; a notification for all supervisors has the same id in each of its rows.
CREATE TABLE notifications (
  id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  kind text NOT NULL,
  conversation_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  read_at timestamptz,
  PRIMARY KEY (user_id, id)
);
CREATE INDEX notifications_age ON notifications USING brin (created_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON notifications TO hub_app;
ALTER TABLE notifications ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON notifications TO hub_app USING (tenant_id = hub.tenant());

-- Messages, in the order of `seq`; those that wait to be sent have a `queue_seq`. The index of the search has three keys:
-- tenant, bucket (32,768 messages in the order in which they came) and stems. A search looks bucket by bucket from the
-- newest on, so that a frequent word costs one bucket and not all. PostgreSQL refuses a tsvector of more than 1 MB: the
-- first 65,536 characters are searched, as long as a text of WhatsApp's can be; search_messages says the same expression.
-- What a message writes waits in the index's list: one of 128 kB is filed in a thirtieth of the time of one of 4 MB.
CREATE TABLE messages (
  id uuid PRIMARY KEY,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  tenant_id uuid NOT NULL,
  session_id uuid NOT NULL,
  conversation_id uuid NOT NULL REFERENCES conversations DEFERRABLE,
  contact_id uuid NOT NULL,
  chat text NOT NULL,
  direction text NOT NULL CHECK (direction IN ('INBOUND', 'OUTBOUND')),
  type text NOT NULL,
  content text NOT NULL,
  media_url text,
  data json,
  status text NOT NULL CHECK (status IN ('PENDING', 'SENT', 'DELIVERED', 'READ', 'FAILED')),
  outcome text CHECK (outcome = 'unknown'),
  error text,
  whatsapp_message_id text,
  sender_id uuid,
  is_bot boolean NOT NULL DEFAULT false,
  reply_to text,
  author text,
  queue_seq bigint,
  timestamp timestamptz NOT NULL,
  created_at timestamptz NOT NULL
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX message_of_provider ON messages (session_id, whatsapp_message_id)
  WHERE whatsapp_message_id IS NOT NULL;
CREATE INDEX messages_of_conversation ON messages (conversation_id, seq DESC);
CREATE INDEX messages_waiting ON messages (session_id, chat, queue_seq) WHERE queue_seq IS NOT NULL;
CREATE INDEX messages_age ON messages USING brin (created_at);
CREATE INDEX messages_with_files ON messages (media_url) WHERE media_url LIKE '/api/media/%';
CREATE INDEX messages_of_session ON messages (session_id, seq DESC);
CREATE INDEX messages_found ON messages
  USING gin (tenant_id, (seq >> 15), to_tsvector('hub.portuguese'::regconfig, left(content, 65536)))
  WITH (gin_pending_list_limit = 128) WHERE content <> '';
GRANT SELECT, INSERT, UPDATE, DELETE ON messages TO hub_app;
GRANT SELECT ON messages TO hub_search;
ALTER TABLE messages ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY found ON messages FOR SELECT TO hub_search USING (true);
CREATE POLICY own ON messages TO hub_app USING (tenant_id = hub.tenant());
GRANT SELECT ON SEQUENCE messages_seq_seq TO hub_search;

-- The order of what waits to be sent.
CREATE SEQUENCE queue_seq;
GRANT USAGE ON SEQUENCE queue_seq TO hub_app;
