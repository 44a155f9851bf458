-- What customers and agents wrote, for the tenants placed in this schema. Runs with search_path set to it:
-- table names are unqualified here and everywhere. Only hub_app reaches these tables, one tenant at a time.

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
  UNIQUE (tenant_id, slug)
);
CREATE UNIQUE INDEX one_root_department ON departments (tenant_id) WHERE is_root;

CREATE TABLE contacts (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  name text,
  profile_pic text,
  is_group boolean NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX contacts_of_tenant ON contacts (tenant_id, id);

CREATE TABLE contact_identities (
  tenant_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('phone', 'lid', 'bsuid', 'chat')),
  value text NOT NULL,
  contact_id uuid NOT NULL REFERENCES contacts ON DELETE CASCADE,
  address text NOT NULL,
  added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, kind, value)
);
CREATE INDEX identities_of_contact ON contact_identities (contact_id);

CREATE TABLE conversations (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  session_id uuid NOT NULL,
  contact_id uuid NOT NULL REFERENCES contacts,
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
  CHECK (status <> 'ASSIGNED' OR assigned_user_id IS NOT NULL),
  CHECK (status <> 'OPEN' OR assigned_user_id IS NULL)
);
CREATE UNIQUE INDEX one_live_conversation ON conversations (session_id, contact_id)
  WHERE status IN ('OPEN', 'ASSIGNED');
CREATE INDEX rounds ON conversations (session_id, contact_id, created_at DESC);
CREATE INDEX conversations_listed ON conversations (tenant_id, updated_at DESC, id DESC);
CREATE INDEX conversations_by_status ON conversations (tenant_id, status, updated_at DESC, id DESC);
CREATE INDEX conversations_of_user ON conversations (assigned_user_id) WHERE status = 'ASSIGNED';
CREATE INDEX conversations_queued ON conversations (department_id, routed_at) WHERE status = 'OPEN';
CREATE INDEX conversations_waiting ON conversations (tenant_id, timeout_at) WHERE timeout_at IS NOT NULL;

CREATE SEQUENCE queue_seq;
CREATE TABLE messages (
  id uuid PRIMARY KEY,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  tenant_id uuid NOT NULL,
  session_id uuid NOT NULL,
  conversation_id uuid NOT NULL REFERENCES conversations,
  contact_id uuid NOT NULL,
  chat text NOT NULL,
  direction text NOT NULL CHECK (direction IN ('INBOUND', 'OUTBOUND')),
  type text NOT NULL,
  content text NOT NULL,
  media_url text,
  data json,
  status text NOT NULL CHECK (status IN ('PENDING', 'SENT', 'DELIVERED', 'READ', 'FAILED')),
  outcome text CHECK (outcome IN ('unknown')),
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

CREATE TABLE assignments (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL,
  conversation_id uuid NOT NULL REFERENCES conversations,
  user_id uuid NOT NULL,
  assigned_at timestamptz NOT NULL,
  unassigned_at timestamptz,
  reason text NOT NULL
);
CREATE UNIQUE INDEX one_assignment_at_a_time ON assignments (conversation_id) WHERE unassigned_at IS NULL;

DO $$ DECLARE name text; BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO hub_app', current_schema());
  FOREACH name IN ARRAY ARRAY['departments', 'contacts', 'contact_identities', 'conversations', 'messages',
                              'assignments'] LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO hub_app', name);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY own ON %I TO hub_app USING (tenant_id = hub.tenant())', name);
  END LOOP;
  GRANT USAGE ON SEQUENCE queue_seq TO hub_app;
END $$;
