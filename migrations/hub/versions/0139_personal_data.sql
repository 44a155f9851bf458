-- Personal data of one customer: who may download a copy until when, and how far an erasure is.

CREATE TABLE hub.contact_exports (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES hub.tenants,
  contact_id uuid NOT NULL,
  caller text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT hub.now(),
  expires_at timestamptz NOT NULL,
  downloaded_at timestamptz
);
CREATE INDEX contact_exports_age ON hub.contact_exports (expires_at);

-- What the customer was known by (`names`, each `until` when it was theirs; the chats of `chat_sessions`, pairwise) is
-- kept while it is looked for, and emptied when the erasure is finished. `counts`: rows by table and way.
CREATE TABLE hub.contact_erasures (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES hub.tenants,
  contact_id uuid NOT NULL,
  caller text NOT NULL,
  user_id uuid,
  begun_at timestamptz NOT NULL DEFAULT hub.now(),
  finished_at timestamptz,
  taken_until timestamptz NOT NULL DEFAULT '-infinity',
  names text[] NOT NULL,
  untils timestamptz[] NOT NULL,
  chat_sessions uuid[] NOT NULL,
  chats text[] NOT NULL,
  conversations uuid[] NOT NULL,
  group_messages uuid[] NOT NULL DEFAULT '{}',
  events_upto bigint NOT NULL DEFAULT 0,
  audit_upto bigint NOT NULL DEFAULT 0,
  inbox_source text NOT NULL DEFAULT '',
  inbox_key text NOT NULL DEFAULT '',
  counts jsonb NOT NULL DEFAULT '{}',
  UNIQUE (tenant_id, contact_id)
);
CREATE INDEX contact_erasures_open ON hub.contact_erasures (begun_at) WHERE finished_at IS NULL;

-- An update that was erased is not taken in again when its provider delivers it once more.
CREATE TABLE hub.erased_updates (
  source text NOT NULL,
  digest bytea NOT NULL,
  tenant_id uuid NOT NULL,
  erased_at timestamptz NOT NULL DEFAULT hub.now(),
  PRIMARY KEY (source, digest)
);

DO $$ DECLARE name text; BEGIN
  FOREACH name IN ARRAY ARRAY['contact_exports', 'contact_erasures', 'erased_updates'] LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON hub.%I TO hub_app, hub_system', name);
    EXECUTE format('ALTER TABLE hub.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY own ON hub.%I TO hub_app USING (tenant_id = hub.tenant())', name);
    EXECUTE format('CREATE POLICY directory ON hub.%I TO hub_system USING (true)', name);
  END LOOP;
END $$;

-- `counts` with `n` more rows of `place`.
CREATE FUNCTION hub.counted(counts jsonb, place text, n bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
  CASE WHEN n > 0 THEN counts || jsonb_build_object(place, coalesce((counts ->> place)::bigint, 0) + n) ELSE counts END;

-- An entry of the record of changes keeps who did what and when; of what was changed, only what says nothing of a person.
CREATE FUNCTION hub.impersonal(fields jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (
  SELECT jsonb_object_agg(key, value) FROM jsonb_each(fields)
  WHERE key = ANY (ARRAY['status', 'flow_state', 'priority', 'silenced', 'bot_part', 'department_id', 'assigned_user_id',
    'assigned_at', 'resolved_at', 'rating', 'rated_at', 'rated_user_id', 'user_id', 'conversation_id', 'created_at']));
GRANT UPDATE (before, after) ON hub.audit TO hub_system;

-- Deletes what the store of a company's linked devices knows of these people; how many rows. The rows are matched by the
-- person's part of a JID or of a Signal address. The pairs of numbers and LIDs are all devices': they stay while another
-- company's device knows that person.
CREATE FUNCTION hub.forget_in_store(of_tenant uuid, people text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ours CONSTANT text[] := ARRAY(
    SELECT d.jid FROM whatsmeow.devices d JOIN hub.sessions s ON s.id = d.session_id WHERE s.tenant_id = of_tenant);
  total bigint := 0;
  gone bigint;
  place record;
BEGIN
  FOR place IN
    SELECT c.relname AS name, string_agg(format('regexp_replace(%I, %L, %L) = ANY ($2)', a.attname, '[:_.@].*$', ''), ' OR ')
      AS theirs
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'whatsmeow'::regnamespace AND c.relkind = 'r'
      AND a.attname IN ('their_jid', 'their_id', 'chat_jid', 'chat_id', 'sender_jid', 'sender_id')
      AND EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname = 'our_jid')
    GROUP BY c.relname
  LOOP
    EXECUTE format('DELETE FROM whatsmeow.%I WHERE our_jid = ANY ($1) AND (%s)', place.name, place.theirs)
      USING ours, people;
    GET DIAGNOSTICS gone = ROW_COUNT;
    total := total + gone;
  END LOOP;
  IF to_regclass('whatsmeow.whatsmeow_lid_map') IS NOT NULL AND to_regclass('whatsmeow.whatsmeow_contacts') IS NOT NULL THEN
    EXECUTE $query$
      DELETE FROM whatsmeow.whatsmeow_lid_map l WHERE (l.pn = ANY ($1) OR l.lid = ANY ($1)) AND NOT EXISTS (
        SELECT FROM whatsmeow.whatsmeow_contacts c WHERE c.their_jid IN (l.pn || '@s.whatsapp.net', l.lid || '@lid')) $query$
      USING people;
    GET DIAGNOSTICS gone = ROW_COUNT;
    total := total + gone;
  END IF;
  RETURN total;
END $$;
REVOKE ALL ON FUNCTION hub.forget_in_store(uuid, text[]) FROM public;
GRANT EXECUTE ON FUNCTION hub.forget_in_store(uuid, text[]) TO hub_system;
