-- A database at the last revisions before the migrations were squashed (hub 0149_write_probe, tenant 0133_long_texts), as
-- pg_dump wrote it: made once by the replaced migrations, never edited. One company in `pooled`, one in a schema of its own.

DO $$ DECLARE name text; BEGIN
  FOREACH name IN ARRAY ARRAY['hub_app', 'hub_system', 'hub_search', 'hub_whatsmeow'] LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = name);
    EXECUTE format('CREATE ROLE %I NOLOGIN', name);
  END LOOP;
END $$;


SELECT pg_catalog.set_config('search_path', '', true);
SET LOCAL check_function_bodies = false;
SET LOCAL row_security = off;

CREATE SCHEMA client_acme;

CREATE SCHEMA hub;

CREATE SCHEMA pooled;

CREATE SCHEMA whatsmeow;

ALTER SCHEMA whatsmeow OWNER TO hub_whatsmeow;

CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA hub;

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA hub;

CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA hub;

CREATE FUNCTION client_acme.search_conversations(pattern text, digits text, keys tsquery, most integer, enough integer, statuses text[], department uuid, holder uuid, of_session uuid, everything boolean, reader uuid, readers_department uuid, before_at timestamp with time zone, before_id uuid, OUT complete boolean, OUT ids uuid[]) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'client_acme', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
  tenant CONSTANT uuid := hub.tenant();
  rare CONSTANT integer := 4;
  closed text[] := '{RESOLVED,ARCHIVED}';
  look text := 'live';
  edge timestamptz := 'infinity';
  newest timestamptz;
  bucket timestamptz;
  buckets integer := 0;
  in_buckets integer := 0;
  alike_count integer;
  found_ids uuid[];
  found_ats timestamptz[];
  ats timestamptz[] := '{}';
  live_count integer;
BEGIN
  ids := '{}';
  IF statuses IS NOT NULL THEN
    closed := ARRAY(SELECT s FROM unnest(closed) AS s WHERE s = ANY (statuses));
  END IF;
  LOOP
    IF look <> 'live' THEN
      SELECT max(newest_of.updated_at) INTO newest
        FROM unnest(closed) AS s(status), LATERAL (
          SELECT c.updated_at FROM conversations c
          WHERE c.tenant_id = tenant AND c.status = s.status AND c.updated_at < edge
            AND (before_at IS NULL OR c.updated_at <= before_at)
          ORDER BY c.updated_at DESC LIMIT 1) AS newest_of;
      EXIT WHEN newest IS NULL;
      bucket := date_bin('3 days', newest, '2000-01-01 00:00+00');
    END IF;
    WITH alike AS MATERIALIZED (
      -- names and numbers apart: of both in one condition the planner would rather read all that the tenant has
      SELECT c.id, c.updated_at, c.tenant_id, c.status, c.department_id, c.assigned_user_id, c.session_id
        FROM conversations c
        WHERE look = 'live' AND c.status IN ('OPEN', 'ASSIGNED') AND c.tenant_id::text = tenant::text
          AND translate(lower(c.customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy') LIKE pattern
      UNION ALL
      SELECT c.id, c.updated_at, c.tenant_id, c.status, c.department_id, c.assigned_user_id, c.session_id
        FROM conversations c
        WHERE look = 'live' AND c.status IN ('OPEN', 'ASSIGNED') AND c.tenant_id::text = tenant::text
          AND c.customer_phone LIKE digits
          AND (translate(lower(c.customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy') LIKE pattern) IS NOT TRUE
      UNION ALL
      SELECT c.id, c.updated_at, c.tenant_id, c.status, c.department_id, c.assigned_user_id, c.session_id
        FROM conversations c
        WHERE look = 'bucket' AND c.status IN ('RESOLVED', 'ARCHIVED') AND c.tenant_id = tenant
          AND date_bin('3 days', c.updated_at, '2000-01-01 00:00+00') = bucket
          AND hub.search_keys(c.customer_name, c.customer_phone) @@ keys
          AND (translate(lower(c.customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy') LIKE pattern
            OR c.customer_phone LIKE digits)
      UNION ALL
      (SELECT c.id, c.updated_at, c.tenant_id, c.status, c.department_id, c.assigned_user_id, c.session_id
        FROM conversations c
        WHERE look = 'rest' AND c.status IN ('RESOLVED', 'ARCHIVED') AND c.updated_at < edge
          AND hub.search_keys(c.customer_name, c.customer_phone) @@ keys
          AND (translate(lower(c.customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy') LIKE pattern
            OR c.customer_phone LIKE digits)
        LIMIT enough + 1)
      UNION ALL
      (SELECT c.id, c.updated_at, c.tenant_id, c.status, c.department_id, c.assigned_user_id, c.session_id
        FROM conversations c
        WHERE look = 'tenant''s rest' AND c.status IN ('RESOLVED', 'ARCHIVED') AND c.tenant_id = tenant
          AND c.updated_at < edge AND hub.search_keys(c.customer_name, c.customer_phone) @@ keys
          AND (translate(lower(c.customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy') LIKE pattern
            OR c.customer_phone LIKE digits)
          AND (statuses IS NULL OR c.status = ANY (statuses))
          AND (department IS NULL OR c.department_id = department)
          AND (holder IS NULL OR c.assigned_user_id = holder)
          AND (of_session IS NULL OR c.session_id = of_session)
          AND (before_at IS NULL OR (c.updated_at, c.id) < (before_at, before_id))
          AND (everything OR c.assigned_user_id = reader OR c.department_id = readers_department
            OR c.assigned_user_id IS NULL AND c.department_id IS NULL)
        LIMIT enough + 1)),
    found AS MATERIALIZED (
      SELECT a.id, a.updated_at FROM alike a
      WHERE a.tenant_id = tenant
        AND (statuses IS NULL OR a.status = ANY (statuses))
        AND (department IS NULL OR a.department_id = department)
        AND (holder IS NULL OR a.assigned_user_id = holder)
        AND (of_session IS NULL OR a.session_id = of_session)
        AND (before_at IS NULL OR (a.updated_at, a.id) < (before_at, before_id))
        AND (everything OR a.assigned_user_id = reader OR a.department_id = readers_department
          OR a.assigned_user_id IS NULL AND a.department_id IS NULL)
      ORDER BY a.updated_at DESC, a.id DESC LIMIT most)
    SELECT (SELECT count(*) FROM alike), ARRAY(SELECT f.id FROM found f), ARRAY(SELECT f.updated_at FROM found f)
      INTO alike_count, found_ids, found_ats;
    IF look = 'rest' AND alike_count > enough THEN
      look := 'tenant''s rest';
      CONTINUE;
    END IF;
    ids := ids || found_ids;
    ats := ats || found_ats;
    EXIT WHEN look IN ('rest', 'tenant''s rest');
    IF look = 'live' THEN
      live_count := cardinality(ids);
      look := 'bucket';
    ELSE
      EXIT WHEN cardinality(ids) - live_count >= most;
      edge := bucket;
      buckets := buckets + 1;
      in_buckets := in_buckets + alike_count;
      look := CASE WHEN buckets = 4 OR buckets = 2 AND in_buckets < rare THEN 'rest' ELSE 'bucket' END;
    END IF;
  END LOOP;
  complete := look <> 'tenant''s rest' OR alike_count <= enough;
  ids := ARRAY(SELECT f.id FROM unnest(ids, ats) AS f(id, at) ORDER BY f.at DESC, f.id DESC LIMIT most);
END $$;

ALTER FUNCTION client_acme.search_conversations(pattern text, digits text, keys tsquery, most integer, enough integer, statuses text[], department uuid, holder uuid, of_session uuid, everything boolean, reader uuid, readers_department uuid, before_at timestamp with time zone, before_id uuid, OUT complete boolean, OUT ids uuid[]) OWNER TO hub_search;

CREATE FUNCTION client_acme.search_messages(wanted tsquery, conversation uuid, before bigint, most integer, everything boolean, reader uuid, department uuid) RETURNS TABLE(id uuid, seq bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'client_acme', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    AS $$
DECLARE
  tenant CONSTANT uuid := hub.tenant();
  words CONSTANT tsquery := regexp_replace(wanted::text, '<(-|\d+)>', '&', 'g')::tsquery;
  is_phrase CONSTANT boolean := words <> wanted;
  budget integer := CASE WHEN is_phrase THEN 1000 WHEN NOT everything THEN 2000 END;
  bucket bigint := least(before, (SELECT last_value FROM messages_seq_seq)) >> 15;
  said integer;
  heard integer := 0;
  walked integer := 0;
  ids uuid[];
  seqs bigint[];
BEGIN
  IF conversation IS NOT NULL THEN
    RETURN QUERY SELECT m.id, m.seq FROM messages m
      WHERE m.tenant_id = tenant AND m.conversation_id = conversation AND m.seq < before AND m.content <> ''
        AND to_tsvector('hub.portuguese'::regconfig, left(m.content, 65536)) @@ wanted
        AND (everything OR coalesce((
          SELECT c.assigned_user_id = reader OR c.department_id = department
            OR c.assigned_user_id IS NULL AND c.department_id IS NULL
          FROM conversations c WHERE c.id = m.conversation_id), false))
      ORDER BY m.seq DESC LIMIT most;
    RETURN;
  END IF;
  FOR step IN 1..24 LOOP
    WITH saying AS MATERIALIZED (
      SELECT m.id, m.seq, m.conversation_id, m.content FROM messages m
      WHERE m.tenant_id = tenant AND m.seq >> 15 = bucket AND m.seq < before AND m.content <> ''
        AND to_tsvector('hub.portuguese'::regconfig, left(m.content, 65536)) @@ words
      ORDER BY m.seq DESC LIMIT coalesce(budget, most)),
    seen AS MATERIALIZED (
      SELECT s.id, s.seq FROM saying s
      WHERE (everything OR coalesce((
          SELECT c.assigned_user_id = reader OR c.department_id = department
            OR c.assigned_user_id IS NULL AND c.department_id IS NULL
          FROM conversations c WHERE c.id = s.conversation_id), false))
        AND (NOT is_phrase OR to_tsvector('hub.portuguese'::regconfig, left(s.content, 65536)) @@ wanted)
      ORDER BY s.seq DESC LIMIT most)
    SELECT (SELECT count(*) FROM saying), ARRAY(SELECT s.id FROM seen s), ARRAY(SELECT s.seq FROM seen s)
      INTO said, ids, seqs;
    RETURN QUERY SELECT * FROM unnest(ids, seqs);
    most := most - cardinality(ids);
    budget := budget - said;
    heard := heard + said;
    walked := walked + (heard > 0)::integer;
    IF most <= 0 OR budget <= 0 OR bucket <= 0 THEN
      RETURN;
    END IF;
    bucket := bucket - 1;
  END LOOP;
  IF budget IS NOT NULL AND heard * bucket / greatest(walked, 8) > 5000 THEN
    RETURN;
  END IF;
  WITH alike AS MATERIALIZED (
    SELECT m.id, m.tenant_id, m.seq, m.conversation_id, m.content FROM messages m
    WHERE m.seq < least(before, (bucket + 1) << 15) AND m.content <> ''
      AND to_tsvector('hub.portuguese'::regconfig, left(m.content, 65536)) @@ words
    LIMIT 5001),
  saying AS MATERIALIZED (
    SELECT m.id, m.seq, m.conversation_id, m.content FROM alike m
    WHERE m.tenant_id = tenant AND (SELECT count(*) FROM alike) <= 5000
    ORDER BY m.seq DESC LIMIT coalesce(budget, 5000)),
  seen AS MATERIALIZED (
    SELECT s.id, s.seq FROM saying s
    WHERE (everything OR coalesce((
        SELECT c.assigned_user_id = reader OR c.department_id = department
          OR c.assigned_user_id IS NULL AND c.department_id IS NULL
        FROM conversations c WHERE c.id = s.conversation_id), false))
      AND (NOT is_phrase OR to_tsvector('hub.portuguese'::regconfig, left(s.content, 65536)) @@ wanted)
    ORDER BY s.seq DESC LIMIT most)
  SELECT (SELECT count(*) FROM alike), ARRAY(SELECT s.id FROM seen s), ARRAY(SELECT s.seq FROM seen s)
    INTO said, ids, seqs;
  IF said <= 5000 OR budget IS NOT NULL THEN
    RETURN QUERY SELECT * FROM unnest(ids, seqs);
    RETURN;
  END IF;
  RETURN QUERY
    WITH saying AS MATERIALIZED (
      SELECT m.id, m.seq, m.conversation_id, m.content FROM messages m
      WHERE m.tenant_id = tenant AND m.seq < least(before, (bucket + 1) << 15) AND m.content <> ''
        AND to_tsvector('hub.portuguese'::regconfig, left(m.content, 65536)) @@ words
      ORDER BY m.seq DESC LIMIT coalesce(budget, most))
    SELECT s.id, s.seq FROM saying s
    WHERE (everything OR coalesce((
        SELECT c.assigned_user_id = reader OR c.department_id = department
          OR c.assigned_user_id IS NULL AND c.department_id IS NULL
        FROM conversations c WHERE c.id = s.conversation_id), false))
      AND (NOT is_phrase OR to_tsvector('hub.portuguese'::regconfig, left(s.content, 65536)) @@ wanted)
    ORDER BY s.seq DESC LIMIT most;
END $$;

ALTER FUNCTION client_acme.search_messages(wanted tsquery, conversation uuid, before bigint, most integer, everything boolean, reader uuid, department uuid) OWNER TO hub_search;

CREATE FUNCTION hub.access_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION hub.audit_address(address text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    RETURN to_jsonb(regexp_replace(regexp_replace(address, '[?#].*$'::text, '?***'::text), '//[^/@]*@'::text, '//***@'::text));

CREATE FUNCTION hub.audit_row() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
  who CONSTANT json := current_setting('app.caller')::json;
  secret CONSTANT text[] := ARRAY['settings', 'password_hash', 'digest', 'secret', 'secrets', 'headers', 'sealed_url'];
  address CONSTANT text[] := ARRAY['url', 'webhook_url'];
  quiet CONSTANT text[] := TG_ARGV[1:] || ARRAY['tenant_id', 'updated_at'];
  was jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
  now jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
  entity_id CONSTANT text := coalesce(now, was) ->> 'id';
  name text;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    SELECT jsonb_object_agg(key, was -> key), jsonb_object_agg(key, value) INTO was, now
    FROM jsonb_each(now) WHERE value IS DISTINCT FROM was -> key AND key <> ALL (quiet);
    IF now IS NULL THEN
      RETURN NULL;
    END IF;
  ELSE
    was := jsonb_strip_nulls(was - quiet);
    now := jsonb_strip_nulls(now - quiet);
  END IF;
  FOREACH name IN ARRAY secret LOOP
    was := CASE WHEN was ? name THEN jsonb_set(was, ARRAY[name], '"***"') ELSE was END;
    now := CASE WHEN now ? name THEN jsonb_set(now, ARRAY[name], '"***"') ELSE now END;
  END LOOP;
  FOREACH name IN ARRAY address LOOP
    was := CASE WHEN was ->> name IS NULL THEN was ELSE jsonb_set(was, ARRAY[name], hub.audit_address(was ->> name)) END;
    now := CASE WHEN now ->> name IS NULL THEN now ELSE jsonb_set(now, ARRAY[name], hub.audit_address(now ->> name)) END;
  END LOOP;
  INSERT INTO hub.audit (tenant_id, caller, user_id, email, address, action, change, entity, entity_id, before, after)
  VALUES (hub.tenant(), who ->> 'key', (who ->> 'user')::uuid, who ->> 'email', who ->> 'from', who ->> 'doing',
          CASE TG_OP WHEN 'INSERT' THEN 'create' WHEN 'UPDATE' THEN 'update' ELSE 'delete' END,
          TG_ARGV[0], coalesce(entity_id, ''), was, now);
  RETURN NULL;
END $$;

CREATE FUNCTION hub.audits(target regclass, VARIADIC arguments text[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
  EXECUTE format(
    'CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW '
    'WHEN (coalesce(current_setting(''app.caller'', true), '''') <> '''') EXECUTE FUNCTION hub.audit_row(%s)',
    target, (SELECT string_agg(quote_literal(a), ', ') FROM unnest(arguments) AS a));
END $$;

CREATE FUNCTION hub.claim_updates(of_tenant uuid, after_session uuid, after_chat text, at_most integer) RETURNS TABLE(place bigint, session_id uuid, chat text, is_ours boolean, id bigint, provider text, body bytea, received_at timestamp with time zone, tries smallint, fence bigint)
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
DECLARE
  sessions uuid[];
  chats text[];
  ours bool[];
  of_each int;
BEGIN
  SELECT array_agg(seen.session_id), array_agg(seen.chat), array_agg(seen.is_ours),
    2 * ceil(at_most::float / greatest(1, count(*) FILTER (WHERE seen.is_ours))) -- a long chat's rest has its turn next
  INTO sessions, chats, ours, of_each
  FROM (
    WITH RECURSIVE head AS (
      (SELECT i.session_id, i.chat, i.retry_at, 1 AS step FROM hub.inbox i
       WHERE i.state = 'pending' AND i.tenant_id = of_tenant AND (i.session_id, i.chat) > (after_session, after_chat)
       ORDER BY i.session_id, i.chat, i.id LIMIT 1)
      UNION ALL
      SELECT next.session_id, next.chat, next.retry_at, head.step + 1 FROM head
      CROSS JOIN LATERAL (
        SELECT i.session_id, i.chat, i.retry_at FROM hub.inbox i
        WHERE i.state = 'pending' AND i.tenant_id = of_tenant AND (i.session_id, i.chat) > (head.session_id, head.chat)
        ORDER BY i.session_id, i.chat, i.id LIMIT 1) AS next
      WHERE head.step < 8 * at_most)
    SELECT head.session_id, head.chat,
      pg_try_advisory_xact_lock(hashtextextended(head.session_id::text || head.chat, 3)) AS is_ours
    FROM head WHERE retry_at IS NULL OR retry_at <= (SELECT now FROM hub.time) LIMIT at_most) AS seen;

  RETURN QUERY
    WITH seen AS (
      SELECT * FROM unnest(sessions, chats, ours) WITH ORDINALITY AS s(session_id, chat, is_ours, place)),
    picked AS (
      SELECT seen.place, due.id FROM seen
      CROSS JOIN LATERAL (
        SELECT first.id, row_number() OVER w AS rank,
          bool_and(first.retry_at IS NULL OR first.retry_at <= (SELECT now FROM hub.time)) OVER w AS is_due
        FROM (SELECT i.id, i.retry_at FROM hub.inbox i
              WHERE i.state = 'pending' AND i.tenant_id = of_tenant
                AND i.session_id = seen.session_id AND i.chat = seen.chat
              ORDER BY i.id LIMIT of_each) AS first
        WINDOW w AS (ORDER BY first.id)) AS due
      WHERE seen.is_ours AND due.is_due ORDER BY due.rank, due.id LIMIT at_most)
    SELECT seen.place, seen.session_id, seen.chat, seen.is_ours,
      i.id, i.provider, i.body, i.received_at, i.tries, i.fence
    FROM seen LEFT JOIN picked ON picked.place = seen.place LEFT JOIN hub.inbox i ON i.id = picked.id;
END $$;

CREATE FUNCTION hub.counted(counts jsonb, place text, n bigint) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (n > 0) THEN (counts || jsonb_build_object(place, (COALESCE(((counts ->> place))::bigint, (0)::bigint) + n))) ELSE counts END;

CREATE FUNCTION hub.end_stores(sessions uuid[]) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 2000)) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user
      AND application_name = ANY (SELECT 'whatsapp-hub session ' || s FROM unnest(sessions) AS s)
  $$;

CREATE FUNCTION hub.enter(tenant uuid, place text, caller text) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
  was_set text; -- assignments cost a tenth of PERFORM
  present text;
BEGIN
  IF NOT pg_try_advisory_xact_lock_shared(1886151012, uuid_hash(tenant)) THEN
    RAISE EXCEPTION USING ERRCODE = 'HUB03', MESSAGE = 'the tenant is being moved';
  END IF;
  was_set := set_config('app.tenant_id', tenant::text, true);
  SELECT CASE t.placement WHEN 'pooled' THEN 'pooled' ELSE 'client_' || t.slug END INTO present
    FROM hub.tenants AS t WHERE t.id = tenant;
  IF present IS DISTINCT FROM place THEN
    RAISE EXCEPTION USING ERRCODE = 'HUB04', MESSAGE = 'the tenant stands elsewhere';
  END IF;
  was_set := set_config('app.caller', caller, true);
  was_set := set_config('search_path', place || ', hub', true); -- last: what is planned above is planned for one path
END $$;

CREATE FUNCTION hub.forget_in_store(of_tenant uuid, people text[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
END $_$;

CREATE FUNCTION hub.impersonal(fields jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT jsonb_object_agg(jsonb_each.key, jsonb_each.value) AS jsonb_object_agg FROM jsonb_each(impersonal.fields) jsonb_each(key, value) WHERE (jsonb_each.key = ANY (ARRAY['status'::text, 'flow_state'::text, 'priority'::text, 'silenced'::text, 'bot_part'::text, 'department_id'::text, 'assigned_user_id'::text, 'assigned_at'::text, 'resolved_at'::text, 'rating'::text, 'rated_at'::text, 'rated_user_id'::text, 'user_id'::text, 'conversation_id'::text, 'created_at'::text])));

CREATE FUNCTION hub.meet(kinds text[], names text[]) RETURNS TABLE(id uuid, created_at timestamp with time zone, name text, profile_pic text, is_group boolean, kind text, value text, address text, until timestamp with time zone)
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
DECLARE
  locked uuid[];
  former uuid[] := '{}';
BEGIN
  PERFORM pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended(hub.tenant()::text || w.kind || w.value, 1) AS key
    FROM unnest(kinds, names) AS w(kind, value)
    WHERE NOT EXISTS (
      SELECT FROM contact_identities i WHERE i.tenant_id = hub.tenant() AND i.kind = w.kind AND i.value = w.value)
    ORDER BY 1) AS unknown;
  FOR turn IN 1..5 LOOP
    IF former = '{}' THEN
      locked := ARRAY(
        SELECT c.id FROM contacts c WHERE c.id IN (
          SELECT i.contact_id FROM unnest(kinds, names) AS w(kind, value)
          JOIN contact_identities i ON i.tenant_id = hub.tenant() AND i.kind = w.kind AND i.value = w.value)
        ORDER BY c.id FOR NO KEY UPDATE);
    ELSE
      locked := ARRAY(
        SELECT c.id FROM contacts c WHERE c.id = ANY (former || ARRAY(
          SELECT i.contact_id FROM unnest(kinds, names) AS w(kind, value)
          JOIN contact_identities i ON i.tenant_id = hub.tenant() AND i.kind = w.kind AND i.value = w.value))
        ORDER BY c.id FOR NO KEY UPDATE);
    END IF;
    IF to_regclass('left_identities') IS NOT NULL THEN
      IF EXISTS (SELECT FROM left_identities l WHERE l.tenant_id = hub.tenant()) THEN
        former := ARRAY(
          SELECT l.contact_id FROM unnest(kinds, names) AS w(kind, value)
          JOIN left_identities l ON l.tenant_id = hub.tenant() AND l.kind = w.kind AND l.value = w.value);
      END IF;
    END IF;
    IF former <@ locked AND NOT EXISTS (
      SELECT FROM unnest(kinds, names) AS w(kind, value)
      JOIN contact_identities i ON i.tenant_id = hub.tenant() AND i.kind = w.kind AND i.value = w.value
      WHERE i.contact_id <> ALL (locked))
    THEN
      IF former = '{}' THEN
        RETURN QUERY
          SELECT c.id, c.created_at, c.name, c.profile_pic, c.is_group, i.kind, i.value, i.address, NULL::timestamptz
          FROM contacts c JOIN contact_identities i ON i.contact_id = c.id
          WHERE c.id = ANY (locked) ORDER BY c.id, i.added_at, i.kind, i.value;
      ELSE
        RETURN QUERY
          SELECT c.id, c.created_at, c.name, c.profile_pic, c.is_group, n.kind, n.value, n.address, n.until
          FROM contacts c CROSS JOIN LATERAL (
            SELECT i.kind, i.value, i.address, i.added_at, NULL::timestamptz AS until
            FROM contact_identities i WHERE i.contact_id = c.id
            UNION ALL
            SELECT l.kind, l.value, l.value, NULL, l.until
            FROM left_identities l WHERE l.contact_id = c.id) AS n
          WHERE c.id = ANY (locked) ORDER BY c.id, n.added_at, n.kind, n.value, n.until;
      END IF;
      RETURN;
    END IF;
  END LOOP;
  RAISE serialization_failure USING MESSAGE = 'these contacts are being merged';
END $$;

CREATE FUNCTION hub.now() RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
BEGIN
  RETURN (SELECT now FROM hub.time);
END $$;

CREATE FUNCTION hub.placement_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO hub.placement_changes (tenant_id, relation, key)
    SELECT NEW.tenant_id, TG_TABLE_NAME, jsonb_object_agg(name, to_jsonb(NEW) -> name) FROM unnest(TG_ARGV) AS name;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO hub.placement_changes (tenant_id, relation, key)
    SELECT OLD.tenant_id, TG_TABLE_NAME, jsonb_object_agg(name, to_jsonb(OLD) -> name) FROM unnest(TG_ARGV) AS name;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION hub.search_keys(name text, phone text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
DECLARE
  keys text[] := '{}';
  word text;
BEGIN
  -- Names have 256 characters at most. Never an error, as a tsvector of more than a megabyte would be.
  FOREACH word IN ARRAY string_to_array(
    translate(lower(left(coalesce(name, ''), 1024)), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy'), ' ')
  LOOP
    FOR place IN 1 .. length(word) - 2 LOOP
      keys := keys || substr(word, place, 3) || substr(word, place, 4);
    END LOOP;
  END LOOP;
  phone := left(coalesce(phone, ''), 1024);
  FOR place IN 1 .. length(phone) - 2 LOOP
    keys := keys || ('#' || substr(phone, place, 5));
  END LOOP;
  RETURN array_to_tsvector(keys);
END $$;

CREATE FUNCTION hub.second_factor_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO hub.access_changes (tenant_id, user_id)
  VALUES (coalesce(NEW.tenant_id, OLD.tenant_id), coalesce(NEW.id, OLD.id));
  RETURN NULL;
END $$;

CREATE TABLE hub.users (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL,
    online_status text DEFAULT 'OFFLINE'::text NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    department_id uuid,
    max_conversations integer,
    last_heartbeat timestamp with time zone,
    online_since timestamp with time zone,
    last_assigned_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    hands_over boolean DEFAULT false NOT NULL,
    skills text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT users_max_conversations_check CHECK ((max_conversations >= 0)),
    CONSTRAINT users_online_status_check CHECK ((online_status = ANY (ARRAY['ONLINE'::text, 'BUSY'::text, 'OFFLINE'::text]))),
    CONSTRAINT users_role_check CHECK ((role = ANY (ARRAY['MASTER'::text, 'ADMIN'::text, 'AGENT'::text])))
);

ALTER TABLE ONLY hub.users FORCE ROW LEVEL SECURITY;

CREATE FUNCTION hub.standing(person hub.users) RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN sha256(convert_to(concat_ws('
'::text, (person).role, ((person).is_active)::text, (person).email, (person).password_hash), 'UTF8'::name));

CREATE FUNCTION hub.tell(types text[], sessions uuid[], conversations uuid[], times timestamp with time zone[], bodies bytea[]) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  tenant CONSTANT uuid := hub.tenant();
  head bigint;
BEGIN
  IF (SELECT min(id) FROM hub.outbox) IS NULL THEN
    SELECT position INTO head FROM hub.sequencer FOR UPDATE SKIP LOCKED;
  END IF;
  IF head IS NULL THEN
    INSERT INTO hub.outbox (tenant_id, type, session_id, conversation_id, occurred_at, body)
    SELECT tenant, x.type, x.session, x.conversation, x.at, x.body
    FROM unnest(types, sessions, conversations, times, bodies) WITH ORDINALITY
      AS x(type, session, conversation, at, body, n) ORDER BY n;
    RETURN false;
  END IF;
  -- Whoever freezes before his commit, or waits for somebody frozen (the statement's other parts run after this one).
  PERFORM set_config('idle_in_transaction_session_timeout', '2s', true), set_config('lock_timeout', '2s', true);
  INSERT INTO hub.events (position, tenant_id, type, session_id, conversation_id, occurred_at, body)
  SELECT head + x.n, tenant, x.type, x.session, x.conversation, x.at, x.body
  FROM unnest(types, sessions, conversations, times, bodies) WITH ORDINALITY
    AS x(type, session, conversation, at, body, n);
  UPDATE hub.sequencer SET position = head + cardinality(types);
  RETURN true;
END $$;

ALTER FUNCTION hub.tell(types text[], sessions uuid[], conversations uuid[], times timestamp with time zone[], bodies bytea[]) OWNER TO hub_system;

CREATE FUNCTION hub.tenant() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid;

CREATE FUNCTION pooled.search_conversations(pattern text, digits text, keys tsquery, most integer, enough integer, statuses text[], department uuid, holder uuid, of_session uuid, everything boolean, reader uuid, readers_department uuid, before_at timestamp with time zone, before_id uuid, OUT complete boolean, OUT ids uuid[]) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pooled', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
  tenant CONSTANT uuid := hub.tenant();
  rare CONSTANT integer := 4;
  closed text[] := '{RESOLVED,ARCHIVED}';
  look text := 'live';
  edge timestamptz := 'infinity';
  newest timestamptz;
  bucket timestamptz;
  buckets integer := 0;
  in_buckets integer := 0;
  alike_count integer;
  found_ids uuid[];
  found_ats timestamptz[];
  ats timestamptz[] := '{}';
  live_count integer;
BEGIN
  ids := '{}';
  IF statuses IS NOT NULL THEN
    closed := ARRAY(SELECT s FROM unnest(closed) AS s WHERE s = ANY (statuses));
  END IF;
  LOOP
    IF look <> 'live' THEN
      SELECT max(newest_of.updated_at) INTO newest
        FROM unnest(closed) AS s(status), LATERAL (
          SELECT c.updated_at FROM conversations c
          WHERE c.tenant_id = tenant AND c.status = s.status AND c.updated_at < edge
            AND (before_at IS NULL OR c.updated_at <= before_at)
          ORDER BY c.updated_at DESC LIMIT 1) AS newest_of;
      EXIT WHEN newest IS NULL;
      bucket := date_bin('3 days', newest, '2000-01-01 00:00+00');
    END IF;
    WITH alike AS MATERIALIZED (
      -- names and numbers apart: of both in one condition the planner would rather read all that the tenant has
      SELECT c.id, c.updated_at, c.tenant_id, c.status, c.department_id, c.assigned_user_id, c.session_id
        FROM conversations c
        WHERE look = 'live' AND c.status IN ('OPEN', 'ASSIGNED') AND c.tenant_id::text = tenant::text
          AND translate(lower(c.customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy') LIKE pattern
      UNION ALL
      SELECT c.id, c.updated_at, c.tenant_id, c.status, c.department_id, c.assigned_user_id, c.session_id
        FROM conversations c
        WHERE look = 'live' AND c.status IN ('OPEN', 'ASSIGNED') AND c.tenant_id::text = tenant::text
          AND c.customer_phone LIKE digits
          AND (translate(lower(c.customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy') LIKE pattern) IS NOT TRUE
      UNION ALL
      SELECT c.id, c.updated_at, c.tenant_id, c.status, c.department_id, c.assigned_user_id, c.session_id
        FROM conversations c
        WHERE look = 'bucket' AND c.status IN ('RESOLVED', 'ARCHIVED') AND c.tenant_id = tenant
          AND date_bin('3 days', c.updated_at, '2000-01-01 00:00+00') = bucket
          AND hub.search_keys(c.customer_name, c.customer_phone) @@ keys
          AND (translate(lower(c.customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy') LIKE pattern
            OR c.customer_phone LIKE digits)
      UNION ALL
      (SELECT c.id, c.updated_at, c.tenant_id, c.status, c.department_id, c.assigned_user_id, c.session_id
        FROM conversations c
        WHERE look = 'rest' AND c.status IN ('RESOLVED', 'ARCHIVED') AND c.updated_at < edge
          AND hub.search_keys(c.customer_name, c.customer_phone) @@ keys
          AND (translate(lower(c.customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy') LIKE pattern
            OR c.customer_phone LIKE digits)
        LIMIT enough + 1)
      UNION ALL
      (SELECT c.id, c.updated_at, c.tenant_id, c.status, c.department_id, c.assigned_user_id, c.session_id
        FROM conversations c
        WHERE look = 'tenant''s rest' AND c.status IN ('RESOLVED', 'ARCHIVED') AND c.tenant_id = tenant
          AND c.updated_at < edge AND hub.search_keys(c.customer_name, c.customer_phone) @@ keys
          AND (translate(lower(c.customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy') LIKE pattern
            OR c.customer_phone LIKE digits)
          AND (statuses IS NULL OR c.status = ANY (statuses))
          AND (department IS NULL OR c.department_id = department)
          AND (holder IS NULL OR c.assigned_user_id = holder)
          AND (of_session IS NULL OR c.session_id = of_session)
          AND (before_at IS NULL OR (c.updated_at, c.id) < (before_at, before_id))
          AND (everything OR c.assigned_user_id = reader OR c.department_id = readers_department
            OR c.assigned_user_id IS NULL AND c.department_id IS NULL)
        LIMIT enough + 1)),
    found AS MATERIALIZED (
      SELECT a.id, a.updated_at FROM alike a
      WHERE a.tenant_id = tenant
        AND (statuses IS NULL OR a.status = ANY (statuses))
        AND (department IS NULL OR a.department_id = department)
        AND (holder IS NULL OR a.assigned_user_id = holder)
        AND (of_session IS NULL OR a.session_id = of_session)
        AND (before_at IS NULL OR (a.updated_at, a.id) < (before_at, before_id))
        AND (everything OR a.assigned_user_id = reader OR a.department_id = readers_department
          OR a.assigned_user_id IS NULL AND a.department_id IS NULL)
      ORDER BY a.updated_at DESC, a.id DESC LIMIT most)
    SELECT (SELECT count(*) FROM alike), ARRAY(SELECT f.id FROM found f), ARRAY(SELECT f.updated_at FROM found f)
      INTO alike_count, found_ids, found_ats;
    IF look = 'rest' AND alike_count > enough THEN
      look := 'tenant''s rest';
      CONTINUE;
    END IF;
    ids := ids || found_ids;
    ats := ats || found_ats;
    EXIT WHEN look IN ('rest', 'tenant''s rest');
    IF look = 'live' THEN
      live_count := cardinality(ids);
      look := 'bucket';
    ELSE
      EXIT WHEN cardinality(ids) - live_count >= most;
      edge := bucket;
      buckets := buckets + 1;
      in_buckets := in_buckets + alike_count;
      look := CASE WHEN buckets = 4 OR buckets = 2 AND in_buckets < rare THEN 'rest' ELSE 'bucket' END;
    END IF;
  END LOOP;
  complete := look <> 'tenant''s rest' OR alike_count <= enough;
  ids := ARRAY(SELECT f.id FROM unnest(ids, ats) AS f(id, at) ORDER BY f.at DESC, f.id DESC LIMIT most);
END $$;

ALTER FUNCTION pooled.search_conversations(pattern text, digits text, keys tsquery, most integer, enough integer, statuses text[], department uuid, holder uuid, of_session uuid, everything boolean, reader uuid, readers_department uuid, before_at timestamp with time zone, before_id uuid, OUT complete boolean, OUT ids uuid[]) OWNER TO hub_search;

CREATE FUNCTION pooled.search_messages(wanted tsquery, conversation uuid, before bigint, most integer, everything boolean, reader uuid, department uuid) RETURNS TABLE(id uuid, seq bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pooled', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    AS $$
DECLARE
  tenant CONSTANT uuid := hub.tenant();
  words CONSTANT tsquery := regexp_replace(wanted::text, '<(-|\d+)>', '&', 'g')::tsquery;
  is_phrase CONSTANT boolean := words <> wanted;
  budget integer := CASE WHEN is_phrase THEN 1000 WHEN NOT everything THEN 2000 END;
  bucket bigint := least(before, (SELECT last_value FROM messages_seq_seq)) >> 15;
  said integer;
  heard integer := 0;
  walked integer := 0;
  ids uuid[];
  seqs bigint[];
BEGIN
  IF conversation IS NOT NULL THEN
    RETURN QUERY SELECT m.id, m.seq FROM messages m
      WHERE m.tenant_id = tenant AND m.conversation_id = conversation AND m.seq < before AND m.content <> ''
        AND to_tsvector('hub.portuguese'::regconfig, left(m.content, 65536)) @@ wanted
        AND (everything OR coalesce((
          SELECT c.assigned_user_id = reader OR c.department_id = department
            OR c.assigned_user_id IS NULL AND c.department_id IS NULL
          FROM conversations c WHERE c.id = m.conversation_id), false))
      ORDER BY m.seq DESC LIMIT most;
    RETURN;
  END IF;
  FOR step IN 1..24 LOOP
    WITH saying AS MATERIALIZED (
      SELECT m.id, m.seq, m.conversation_id, m.content FROM messages m
      WHERE m.tenant_id = tenant AND m.seq >> 15 = bucket AND m.seq < before AND m.content <> ''
        AND to_tsvector('hub.portuguese'::regconfig, left(m.content, 65536)) @@ words
      ORDER BY m.seq DESC LIMIT coalesce(budget, most)),
    seen AS MATERIALIZED (
      SELECT s.id, s.seq FROM saying s
      WHERE (everything OR coalesce((
          SELECT c.assigned_user_id = reader OR c.department_id = department
            OR c.assigned_user_id IS NULL AND c.department_id IS NULL
          FROM conversations c WHERE c.id = s.conversation_id), false))
        AND (NOT is_phrase OR to_tsvector('hub.portuguese'::regconfig, left(s.content, 65536)) @@ wanted)
      ORDER BY s.seq DESC LIMIT most)
    SELECT (SELECT count(*) FROM saying), ARRAY(SELECT s.id FROM seen s), ARRAY(SELECT s.seq FROM seen s)
      INTO said, ids, seqs;
    RETURN QUERY SELECT * FROM unnest(ids, seqs);
    most := most - cardinality(ids);
    budget := budget - said;
    heard := heard + said;
    walked := walked + (heard > 0)::integer;
    IF most <= 0 OR budget <= 0 OR bucket <= 0 THEN
      RETURN;
    END IF;
    bucket := bucket - 1;
  END LOOP;
  IF budget IS NOT NULL AND heard * bucket / greatest(walked, 8) > 5000 THEN
    RETURN;
  END IF;
  WITH alike AS MATERIALIZED (
    SELECT m.id, m.tenant_id, m.seq, m.conversation_id, m.content FROM messages m
    WHERE m.seq < least(before, (bucket + 1) << 15) AND m.content <> ''
      AND to_tsvector('hub.portuguese'::regconfig, left(m.content, 65536)) @@ words
    LIMIT 5001),
  saying AS MATERIALIZED (
    SELECT m.id, m.seq, m.conversation_id, m.content FROM alike m
    WHERE m.tenant_id = tenant AND (SELECT count(*) FROM alike) <= 5000
    ORDER BY m.seq DESC LIMIT coalesce(budget, 5000)),
  seen AS MATERIALIZED (
    SELECT s.id, s.seq FROM saying s
    WHERE (everything OR coalesce((
        SELECT c.assigned_user_id = reader OR c.department_id = department
          OR c.assigned_user_id IS NULL AND c.department_id IS NULL
        FROM conversations c WHERE c.id = s.conversation_id), false))
      AND (NOT is_phrase OR to_tsvector('hub.portuguese'::regconfig, left(s.content, 65536)) @@ wanted)
    ORDER BY s.seq DESC LIMIT most)
  SELECT (SELECT count(*) FROM alike), ARRAY(SELECT s.id FROM seen s), ARRAY(SELECT s.seq FROM seen s)
    INTO said, ids, seqs;
  IF said <= 5000 OR budget IS NOT NULL THEN
    RETURN QUERY SELECT * FROM unnest(ids, seqs);
    RETURN;
  END IF;
  RETURN QUERY
    WITH saying AS MATERIALIZED (
      SELECT m.id, m.seq, m.conversation_id, m.content FROM messages m
      WHERE m.tenant_id = tenant AND m.seq < least(before, (bucket + 1) << 15) AND m.content <> ''
        AND to_tsvector('hub.portuguese'::regconfig, left(m.content, 65536)) @@ words
      ORDER BY m.seq DESC LIMIT coalesce(budget, most))
    SELECT s.id, s.seq FROM saying s
    WHERE (everything OR coalesce((
        SELECT c.assigned_user_id = reader OR c.department_id = department
          OR c.assigned_user_id IS NULL AND c.department_id IS NULL
        FROM conversations c WHERE c.id = s.conversation_id), false))
      AND (NOT is_phrase OR to_tsvector('hub.portuguese'::regconfig, left(s.content, 65536)) @@ wanted)
    ORDER BY s.seq DESC LIMIT most;
END $$;

ALTER FUNCTION pooled.search_messages(wanted tsquery, conversation uuid, before bigint, most integer, everything boolean, reader uuid, department uuid) OWNER TO hub_search;

CREATE TEXT SEARCH CONFIGURATION hub.portuguese (
    PARSER = pg_catalog."default" );

ALTER TEXT SEARCH CONFIGURATION hub.portuguese
    ADD MAPPING FOR asciiword WITH portuguese_stem;

ALTER TEXT SEARCH CONFIGURATION hub.portuguese
    ADD MAPPING FOR word WITH hub.unaccent, portuguese_stem;

ALTER TEXT SEARCH CONFIGURATION hub.portuguese
    ADD MAPPING FOR numword WITH simple;

ALTER TEXT SEARCH CONFIGURATION hub.portuguese
    ADD MAPPING FOR email WITH simple;

ALTER TEXT SEARCH CONFIGURATION hub.portuguese
    ADD MAPPING FOR url WITH simple;

ALTER TEXT SEARCH CONFIGURATION hub.portuguese
    ADD MAPPING FOR host WITH simple;

ALTER TEXT SEARCH CONFIGURATION hub.portuguese
    ADD MAPPING FOR sfloat WITH simple;

ALTER TEXT SEARCH CONFIGURATION hub.portuguese
    ADD MAPPING FOR version WITH simple;

ALTER TEXT SEARCH CONFIGURATION hub.portuguese
    ADD MAPPING FOR hword_numpart WITH simple;

ALTER TEXT SEARCH CONFIGURATION hub.portuguese
    ADD MAPPING FOR hword_part WITH hub.unaccent, portuguese_stem;

ALTER TEXT SEARCH CONFIGURATION hub.portuguese
    ADD MAPPING FOR hword_asciipart WITH portuguese_stem;

ALTER TEXT SEARCH CONFIGURATION hub.portuguese
    ADD MAPPING FOR numhword WITH simple;

ALTER TEXT SEARCH CONFIGURATION hub.portuguese
    ADD MAPPING FOR asciihword WITH portuguese_stem;

ALTER TEXT SEARCH CONFIGURATION hub.portuguese
    ADD MAPPING FOR hword WITH hub.unaccent, portuguese_stem;

ALTER TEXT SEARCH CONFIGURATION hub.portuguese
    ADD MAPPING FOR url_path WITH simple;

ALTER TEXT SEARCH CONFIGURATION hub.portuguese
    ADD MAPPING FOR file WITH simple;

ALTER TEXT SEARCH CONFIGURATION hub.portuguese
    ADD MAPPING FOR "float" WITH simple;

ALTER TEXT SEARCH CONFIGURATION hub.portuguese
    ADD MAPPING FOR "int" WITH simple;

ALTER TEXT SEARCH CONFIGURATION hub.portuguese
    ADD MAPPING FOR uint WITH simple;

CREATE TABLE client_acme.alembic_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE client_acme.assignments (
    id bigint NOT NULL,
    tenant_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    user_id uuid NOT NULL,
    assigned_at timestamp with time zone NOT NULL,
    unassigned_at timestamp with time zone,
    reason text NOT NULL
);

ALTER TABLE ONLY client_acme.assignments FORCE ROW LEVEL SECURITY;

ALTER TABLE client_acme.assignments ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME client_acme.assignments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE client_acme.contact_identities (
    tenant_id uuid NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    contact_id uuid NOT NULL,
    address text NOT NULL,
    added_at timestamp with time zone DEFAULT hub.now() NOT NULL,
    CONSTRAINT contact_identities_kind_check CHECK ((kind = ANY (ARRAY['phone'::text, 'lid'::text, 'bsuid'::text, 'chat'::text])))
);

ALTER TABLE ONLY client_acme.contact_identities FORCE ROW LEVEL SECURITY;

CREATE TABLE client_acme.contacts (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    name text,
    profile_pic text,
    is_group boolean NOT NULL,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY client_acme.contacts FORCE ROW LEVEL SECURITY;

CREATE TABLE client_acme.conversations (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    chat text NOT NULL,
    customer_phone text,
    customer_name text,
    status text NOT NULL,
    flow_state text NOT NULL,
    department_id uuid,
    assigned_user_id uuid,
    timeout_at timestamp with time zone,
    routed_at timestamp with time zone,
    assigned_at timestamp with time zone,
    greeting_sent_at timestamp with time zone,
    resolved_at timestamp with time zone,
    last_message_at timestamp with time zone,
    last_department_id uuid,
    last_attendant_id uuid,
    routing_reason text,
    unread_count integer DEFAULT 0 NOT NULL,
    menu_tries smallint DEFAULT 0 NOT NULL,
    confirm_tries smallint DEFAULT 0 NOT NULL,
    silenced boolean DEFAULT false NOT NULL,
    bot_texts timestamp with time zone[] DEFAULT '{}'::timestamp with time zone[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    told_timeout timestamp with time zone,
    waiting_since timestamp with time zone,
    first_customer_at timestamp with time zone,
    first_response_at timestamp with time zone,
    priority smallint DEFAULT 0 NOT NULL,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    bot_part text DEFAULT 'none'::text NOT NULL,
    first_response_due_at timestamp with time zone,
    first_response_warn_at timestamp with time zone,
    resolution_due_at timestamp with time zone,
    resolution_warn_at timestamp with time zone,
    target_look_at timestamp with time zone,
    breaches text[],
    pauses timestamp with time zone[],
    rating_asked_at timestamp with time zone,
    rating smallint,
    rated_at timestamp with time zone,
    rated_user_id uuid,
    profile_name text,
    asks boolean DEFAULT false NOT NULL,
    told_at timestamp with time zone,
    heard_at timestamp with time zone,
    media_at timestamp with time zone,
    CONSTRAINT conversations_bot_part_check CHECK ((bot_part = ANY (ARRAY['none'::text, 'talking'::text, 'handed_over'::text]))),
    CONSTRAINT conversations_check CHECK (((status <> 'ASSIGNED'::text) OR (assigned_user_id IS NOT NULL))),
    CONSTRAINT conversations_check1 CHECK (((status <> 'OPEN'::text) OR (assigned_user_id IS NULL))),
    CONSTRAINT conversations_flow_state_check CHECK ((flow_state = ANY (ARRAY['GREETING'::text, 'DEPARTMENT_SELECTED'::text, 'ASSIGNED'::text, 'AWAITING_ROUTING_CONFIRMATION'::text, 'TIMEOUT_REDIRECT'::text, 'RESOLVED'::text]))),
    CONSTRAINT conversations_priority_check CHECK (((priority >= '-1'::integer) AND (priority <= 2))),
    CONSTRAINT conversations_rating_check CHECK (((rating >= 1) AND (rating <= 5))),
    CONSTRAINT conversations_status_check CHECK ((status = ANY (ARRAY['OPEN'::text, 'ASSIGNED'::text, 'RESOLVED'::text, 'ARCHIVED'::text])))
);

ALTER TABLE ONLY client_acme.conversations FORCE ROW LEVEL SECURITY;

CREATE TABLE client_acme.departments (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    color text NOT NULL,
    is_root boolean NOT NULL,
    response_timeout_minutes integer NOT NULL,
    max_agents integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    max_conversations integer,
    last_agent_first boolean DEFAULT true NOT NULL,
    prefers_skills boolean DEFAULT true NOT NULL,
    hours jsonb,
    level jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT departments_max_conversations_check CHECK ((max_conversations >= 0))
);

ALTER TABLE ONLY client_acme.departments FORCE ROW LEVEL SECURITY;

CREATE TABLE client_acme.left_identities (
    tenant_id uuid NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    until timestamp with time zone NOT NULL,
    contact_id uuid NOT NULL
);

ALTER TABLE ONLY client_acme.left_identities FORCE ROW LEVEL SECURITY;

CREATE TABLE client_acme.media (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    mime_type text NOT NULL,
    file_name text NOT NULL,
    content bytea NOT NULL,
    created_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY client_acme.media ALTER COLUMN content SET STORAGE EXTERNAL;

ALTER TABLE ONLY client_acme.media FORCE ROW LEVEL SECURITY;

CREATE TABLE client_acme.messages (
    id uuid NOT NULL,
    seq bigint NOT NULL,
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    chat text NOT NULL,
    direction text NOT NULL,
    type text NOT NULL,
    content text NOT NULL,
    media_url text,
    data json,
    status text NOT NULL,
    outcome text,
    error text,
    whatsapp_message_id text,
    sender_id uuid,
    is_bot boolean DEFAULT false NOT NULL,
    reply_to text,
    author text,
    queue_seq bigint,
    "timestamp" timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT messages_direction_check CHECK ((direction = ANY (ARRAY['INBOUND'::text, 'OUTBOUND'::text]))),
    CONSTRAINT messages_outcome_check CHECK ((outcome = 'unknown'::text)),
    CONSTRAINT messages_status_check CHECK ((status = ANY (ARRAY['PENDING'::text, 'SENT'::text, 'DELIVERED'::text, 'READ'::text, 'FAILED'::text])))
)
WITH (fillfactor='85');

ALTER TABLE ONLY client_acme.messages FORCE ROW LEVEL SECURITY;

ALTER TABLE client_acme.messages ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME client_acme.messages_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE client_acme.notes (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    user_id uuid,
    content text NOT NULL,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY client_acme.notes FORCE ROW LEVEL SECURITY;

CREATE TABLE client_acme.notifications (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    conversation_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    read_at timestamp with time zone
);

ALTER TABLE ONLY client_acme.notifications FORCE ROW LEVEL SECURITY;

CREATE SEQUENCE client_acme.queue_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE client_acme.quick_replies (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    shortcut text NOT NULL COLLATE pg_catalog."C",
    content text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY client_acme.quick_replies FORCE ROW LEVEL SECURITY;

CREATE TABLE client_acme.rules (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    place integer NOT NULL,
    name text NOT NULL,
    session_id uuid,
    words text[] NOT NULL,
    outside_hours boolean,
    labels text[] NOT NULL,
    priority smallint,
    department_id uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT rules_priority_check CHECK (((priority >= '-1'::integer) AND (priority <= 2)))
);

ALTER TABLE ONLY client_acme.rules FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.access_changes (
    id bigint NOT NULL,
    written_by xid8 DEFAULT pg_current_xact_id() NOT NULL,
    at timestamp with time zone DEFAULT hub.now() NOT NULL,
    tenant_id uuid NOT NULL,
    user_id uuid,
    sign_in_id uuid,
    api_key_id uuid
);

ALTER TABLE ONLY hub.access_changes FORCE ROW LEVEL SECURITY;

ALTER TABLE hub.access_changes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME hub.access_changes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE hub.alembic_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE hub.api_keys (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    digest bytea NOT NULL,
    hint text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by uuid NOT NULL,
    scopes text[],
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone
);

ALTER TABLE ONLY hub.api_keys FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.audit (
    id bigint NOT NULL,
    tenant_id uuid NOT NULL,
    at timestamp with time zone DEFAULT hub.now() NOT NULL,
    caller text NOT NULL,
    user_id uuid,
    email text,
    address text,
    action text NOT NULL,
    change text NOT NULL,
    entity text NOT NULL,
    entity_id text NOT NULL,
    before jsonb,
    after jsonb,
    CONSTRAINT audit_change_check CHECK ((change = ANY (ARRAY['create'::text, 'update'::text, 'delete'::text])))
);

ALTER TABLE ONLY hub.audit FORCE ROW LEVEL SECURITY;

ALTER TABLE hub.audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME hub.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE hub.clock (
    is_one boolean DEFAULT true NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    ahead_s double precision NOT NULL,
    lag_s double precision NOT NULL,
    settled_at timestamp with time zone NOT NULL,
    number bigint NOT NULL,
    CONSTRAINT clock_is_one_check CHECK (is_one)
)
WITH (fillfactor='50');

ALTER TABLE ONLY hub.clock FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.commands (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    provider text NOT NULL,
    kind text NOT NULL,
    argument text,
    for_connector uuid,
    asked_at timestamp with time zone DEFAULT hub.now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    taken_by uuid,
    answered_at timestamp with time zone,
    answer text,
    error text,
    error_code text,
    error_detail text,
    CONSTRAINT commands_kind_check CHECK ((kind = ANY (ARRAY['pairing_code'::text, 'log_out'::text, 'forget'::text, 'mark_read'::text, 'typing'::text])))
);

ALTER TABLE ONLY hub.commands FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.connectors (
    id uuid NOT NULL,
    name text NOT NULL,
    kinds text[] NOT NULL,
    room integer NOT NULL,
    started_at timestamp with time zone DEFAULT hub.now() NOT NULL,
    until timestamp with time zone NOT NULL
);

ALTER TABLE ONLY hub.connectors FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.contact_erasures (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    caller text NOT NULL,
    user_id uuid,
    begun_at timestamp with time zone DEFAULT hub.now() NOT NULL,
    finished_at timestamp with time zone,
    taken_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    names text[] NOT NULL,
    untils timestamp with time zone[] NOT NULL,
    chat_sessions uuid[] NOT NULL,
    chats text[] NOT NULL,
    conversations uuid[] NOT NULL,
    group_messages uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    events_upto bigint DEFAULT 0 NOT NULL,
    audit_upto bigint DEFAULT 0 NOT NULL,
    inbox_source text DEFAULT ''::text NOT NULL,
    inbox_key text DEFAULT ''::text NOT NULL,
    counts jsonb DEFAULT '{}'::jsonb NOT NULL
);

ALTER TABLE ONLY hub.contact_erasures FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.contact_exports (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    caller text NOT NULL,
    created_at timestamp with time zone DEFAULT hub.now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    downloaded_at timestamp with time zone
);

ALTER TABLE ONLY hub.contact_exports FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.counters (
    name text NOT NULL,
    labels text[] NOT NULL,
    value double precision NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY hub.counters FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.early_receipts (
    session_id uuid NOT NULL,
    provider_message_id text NOT NULL,
    status text NOT NULL,
    tenant_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    error text,
    kept_at timestamp with time zone DEFAULT hub.now() NOT NULL
);

ALTER TABLE ONLY hub.early_receipts FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.environment_number (
    tenant_id uuid NOT NULL,
    session_id uuid,
    settings bytea NOT NULL
);

ALTER TABLE ONLY hub.environment_number FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.erased_updates (
    source text NOT NULL,
    digest bytea NOT NULL,
    tenant_id uuid NOT NULL,
    erased_at timestamp with time zone DEFAULT hub.now() NOT NULL
);

ALTER TABLE ONLY hub.erased_updates FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.events (
    "position" bigint NOT NULL,
    tenant_id uuid NOT NULL,
    type text NOT NULL,
    session_id uuid,
    conversation_id uuid,
    occurred_at timestamp with time zone NOT NULL,
    body bytea NOT NULL
)
WITH (autovacuum_analyze_threshold='100000');

ALTER TABLE ONLY hub.events FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.idempotency_keys (
    tenant_id uuid NOT NULL,
    caller text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    message_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT hub.now() NOT NULL
);

ALTER TABLE ONLY hub.idempotency_keys FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.inbox (
    id bigint NOT NULL,
    source text NOT NULL,
    dedupe_key text NOT NULL,
    tenant_id uuid,
    session_id uuid,
    provider text NOT NULL,
    chat text NOT NULL,
    body bytea NOT NULL,
    received_at timestamp with time zone DEFAULT hub.now() NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    tries smallint DEFAULT 0 NOT NULL,
    retry_at timestamp with time zone,
    error text,
    fence bigint,
    CONSTRAINT inbox_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'done'::text, 'quarantined'::text, 'unassigned'::text])))
)
WITH (autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_insert_scale_factor='0.05', fillfactor='90', autovacuum_analyze_threshold='100000');

ALTER TABLE ONLY hub.inbox FORCE ROW LEVEL SECURITY;

ALTER TABLE hub.inbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME hub.inbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE hub.lanes (
    session_id uuid NOT NULL,
    chat text NOT NULL,
    tenant_id uuid NOT NULL,
    provider text NOT NULL,
    queued integer DEFAULT 0 NOT NULL,
    next_at timestamp with time zone NOT NULL,
    lease_until timestamp with time zone,
    fence bigint DEFAULT 0 NOT NULL,
    tries smallint DEFAULT 0 NOT NULL,
    attempt_message uuid,
    attempt_at timestamp with time zone,
    awaits uuid,
    slot_at timestamp with time zone,
    paced_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    typing_for uuid,
    CONSTRAINT lanes_queued_check CHECK ((queued >= 0))
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.05', autovacuum_analyze_threshold='2000', autovacuum_analyze_scale_factor='1');

ALTER TABLE ONLY hub.lanes FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.lines (
    session_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    provider text NOT NULL,
    connector_id uuid,
    held_since timestamp with time zone,
    is_clean boolean DEFAULT true NOT NULL,
    is_wanted boolean DEFAULT false NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    has_paired boolean DEFAULT false NOT NULL,
    is_up boolean DEFAULT false NOT NULL,
    must_forget boolean DEFAULT false NOT NULL,
    dial_at timestamp with time zone,
    deadline_at timestamp with time zone,
    pairing_until timestamp with time zone,
    code_until timestamp with time zone,
    losses timestamp with time zone[] DEFAULT '{}'::timestamp with time zone[] NOT NULL,
    paired_at timestamp with time zone,
    connected_at timestamp with time zone,
    disconnected_at timestamp with time zone,
    disconnect_reason text
);

ALTER TABLE ONLY hub.lines FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.login_guesses (
    count bytea NOT NULL,
    failures integer NOT NULL,
    last_at timestamp with time zone
);

ALTER TABLE ONLY hub.login_guesses FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.media_use (
    tenant_id uuid NOT NULL,
    bytes bigint NOT NULL
);

ALTER TABLE ONLY hub.media_use FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.oidc_codes (
    digest bytea NOT NULL,
    state bytea NOT NULL,
    user_id uuid NOT NULL,
    made_for bytea NOT NULL,
    challenge text,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

ALTER TABLE ONLY hub.oidc_codes FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.oidc_links (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    made_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY hub.oidc_links FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.outbox (
    id bigint NOT NULL,
    tenant_id uuid NOT NULL,
    type text NOT NULL,
    session_id uuid,
    conversation_id uuid,
    occurred_at timestamp with time zone NOT NULL,
    body bytea NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='50000', autovacuum_analyze_threshold='1000000');

ALTER TABLE ONLY hub.outbox FORCE ROW LEVEL SECURITY;

ALTER TABLE hub.outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME hub.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE hub.paces (
    session_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    provider text NOT NULL,
    paced_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    hold_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    warm_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    strangers_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL
);

ALTER TABLE ONLY hub.paces FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.pairings (
    session_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    began_at timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    fetch_at timestamp with time zone,
    code text,
    code_until timestamp with time zone,
    is_used_up boolean DEFAULT false NOT NULL,
    look_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY hub.pairings FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.password_resets (
    user_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    digest bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    made_for bytea NOT NULL
);

ALTER TABLE ONLY hub.password_resets FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.placement_changes (
    tenant_id uuid NOT NULL,
    relation text NOT NULL,
    key jsonb NOT NULL
);

ALTER TABLE ONLY hub.placement_changes FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.placement_moves (
    tenant_id uuid NOT NULL,
    source text NOT NULL,
    target text NOT NULL,
    stage text NOT NULL,
    began_at timestamp with time zone DEFAULT hub.now() NOT NULL,
    CONSTRAINT placement_moves_stage_check CHECK ((stage = ANY (ARRAY['copying'::text, 'clearing'::text])))
);

ALTER TABLE ONLY hub.placement_moves FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.polls (
    session_id uuid NOT NULL,
    until timestamp with time zone NOT NULL,
    owed_since timestamp with time zone
);

ALTER TABLE ONLY hub.polls FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.processes (
    id uuid NOT NULL,
    role text NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    started_at timestamp with time zone DEFAULT hub.now() NOT NULL,
    seen_at timestamp with time zone DEFAULT hub.now() NOT NULL,
    gauges jsonb DEFAULT '{}'::jsonb NOT NULL
);

ALTER TABLE ONLY hub.processes FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.sandbox_screens (
    id bigint NOT NULL,
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    phone text NOT NULL,
    message_id text NOT NULL,
    direction text NOT NULL,
    text text NOT NULL,
    sent_as uuid,
    at timestamp with time zone NOT NULL,
    CONSTRAINT sandbox_screens_direction_check CHECK ((direction = ANY (ARRAY['INBOUND'::text, 'OUTBOUND'::text])))
);

ALTER TABLE ONLY hub.sandbox_screens FORCE ROW LEVEL SECURITY;

ALTER TABLE hub.sandbox_screens ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME hub.sandbox_screens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE hub.second_factors (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    secret bytea NOT NULL,
    confirmed_at timestamp with time zone,
    used_step bigint DEFAULT '-1'::integer NOT NULL,
    recovery_digests bytea[] DEFAULT '{}'::bytea[] NOT NULL,
    recovery_codes_left integer DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY hub.second_factors FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.secret_key (
    is_only boolean DEFAULT true NOT NULL,
    key_id text NOT NULL,
    since timestamp with time zone DEFAULT hub.now() NOT NULL,
    CONSTRAINT secret_key_is_only_check CHECK (is_only)
);

ALTER TABLE ONLY hub.secret_key FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.sequencer (
    is_only boolean DEFAULT true NOT NULL,
    "position" bigint NOT NULL,
    CONSTRAINT sequencer_is_only_check CHECK (is_only)
)
WITH (autovacuum_vacuum_threshold='50000', autovacuum_analyze_threshold='1000000');

ALTER TABLE ONLY hub.sequencer FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.session_routes (
    provider text NOT NULL,
    route text NOT NULL,
    session_id uuid NOT NULL,
    tenant_id uuid NOT NULL
);

ALTER TABLE ONLY hub.session_routes FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.session_uses (
    session_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    listened_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY hub.session_uses FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.sessions (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    provider text NOT NULL,
    routing text NOT NULL,
    settings bytea NOT NULL,
    agent_id text NOT NULL,
    user_id uuid,
    department_id uuid,
    phone_number text,
    status text NOT NULL,
    status_reason text,
    is_active boolean DEFAULT false NOT NULL,
    qr_code text,
    webhook_url text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    owner text,
    bot jsonb,
    CONSTRAINT sessions_routing_check CHECK ((routing = ANY (ARRAY['none'::text, 'departments'::text]))),
    CONSTRAINT sessions_status_check CHECK ((status = ANY (ARRAY['DISCONNECTED'::text, 'CONNECTING'::text, 'QR_PENDING'::text, 'CONNECTED'::text, 'RECONNECTING'::text, 'LOGGED_OUT'::text, 'BANNED'::text, 'FAILED'::text])))
);

ALTER TABLE ONLY hub.sessions FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.sign_ins (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    how text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    address text,
    user_agent text,
    ended_at timestamp with time zone,
    end_reason text,
    network text,
    CONSTRAINT sign_ins_check CHECK (((ended_at IS NULL) = (end_reason IS NULL))),
    CONSTRAINT sign_ins_how_check CHECK ((how = ANY (ARRAY['password'::text, 'link'::text, 'oidc'::text])))
);

ALTER TABLE ONLY hub.sign_ins FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.tenants (
    id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    placement text DEFAULT 'pooled'::text NOT NULL,
    language text DEFAULT 'pt-BR'::text NOT NULL,
    greeting text,
    created_at timestamp with time zone NOT NULL,
    texts jsonb DEFAULT '{}'::jsonb NOT NULL,
    hours jsonb,
    level jsonb DEFAULT '{}'::jsonb NOT NULL,
    country text,
    removed_at timestamp with time zone,
    quotas jsonb DEFAULT '{}'::jsonb NOT NULL,
    retention jsonb DEFAULT '{}'::jsonb NOT NULL,
    second_factor_required boolean DEFAULT false NOT NULL,
    CONSTRAINT tenants_country_check CHECK ((country ~ '^[A-Z]{2}$'::text)),
    CONSTRAINT tenants_language_check CHECK ((language = ANY (ARRAY['pt-BR'::text, 'en'::text, 'es'::text]))),
    CONSTRAINT tenants_placement_check CHECK ((placement = ANY (ARRAY['pooled'::text, 'dedicated'::text]))),
    CONSTRAINT tenants_slug_check CHECK ((slug ~ '^[a-z0-9_]{1,48}$'::text))
);

ALTER TABLE ONLY hub.tenants FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.tickets (
    digest bytea NOT NULL,
    sealed bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    holder uuid,
    stream bytea
);

ALTER TABLE ONLY hub.tickets FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.ticks (
    name text NOT NULL,
    acted_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY hub.ticks FORCE ROW LEVEL SECURITY;

CREATE VIEW hub."time" AS
 SELECT now,
    (now - (lag_s * '00:00:01'::interval)) AS long_past
   FROM ( SELECT LEAST(GREATEST((clock_timestamp() + (clock.ahead_s * '00:00:01'::interval)), clock.seen_at), (clock.seen_at + '00:00:03'::interval)) AS now,
            clock.lag_s
           FROM hub.clock) t;

CREATE TABLE hub.webhook_deliveries (
    id bigint NOT NULL,
    webhook_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    "position" bigint NOT NULL,
    type text NOT NULL,
    lane text NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    tries smallint DEFAULT 0 NOT NULL,
    next_at timestamp with time zone DEFAULT hub.now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT hub.now() NOT NULL,
    finished_at timestamp with time zone,
    attempts jsonb DEFAULT '[]'::jsonb NOT NULL,
    CONSTRAINT webhook_deliveries_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'dead'::text, 'cancelled'::text])))
)
WITH (fillfactor='80', autovacuum_vacuum_scale_factor='0.05');

ALTER TABLE ONLY hub.webhook_deliveries FORCE ROW LEVEL SECURITY;

ALTER TABLE hub.webhook_deliveries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME hub.webhook_deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE hub.webhook_planner (
    is_only boolean DEFAULT true NOT NULL,
    "position" bigint NOT NULL,
    CONSTRAINT webhook_planner_is_only_check CHECK (is_only)
);

ALTER TABLE ONLY hub.webhook_planner FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.webhooks (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    session_id uuid,
    of_session boolean DEFAULT false NOT NULL,
    url text NOT NULL,
    format text NOT NULL,
    events text[] NOT NULL,
    secrets bytea NOT NULL,
    is_active boolean NOT NULL,
    ended_reason text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    cursor bigint NOT NULL,
    due_at timestamp with time zone DEFAULT 'infinity'::timestamp with time zone NOT NULL,
    lease_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    open_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    of_bot boolean DEFAULT false NOT NULL,
    headers bytea,
    failed_at timestamp with time zone,
    sealed_url bytea,
    moves integer DEFAULT 0 NOT NULL,
    CONSTRAINT webhooks_check CHECK (((NOT of_session) OR (session_id IS NOT NULL))),
    CONSTRAINT webhooks_check1 CHECK (((NOT of_bot) OR ((session_id IS NOT NULL) AND (NOT of_session)))),
    CONSTRAINT webhooks_format_check CHECK ((format = ANY (ARRAY['standard'::text, 'flat'::text, 'instance'::text, 'waha'::text])))
)
WITH (fillfactor='50');

ALTER TABLE ONLY hub.webhooks FORCE ROW LEVEL SECURITY;

CREATE TABLE hub.write_probe (
    is_one boolean DEFAULT true NOT NULL,
    stored_at timestamp with time zone NOT NULL,
    CONSTRAINT write_probe_is_one_check CHECK (is_one)
)
WITH (fillfactor='50');

ALTER TABLE ONLY hub.write_probe FORCE ROW LEVEL SECURITY;

CREATE TABLE pooled.alembic_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE pooled.assignments (
    id bigint NOT NULL,
    tenant_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    user_id uuid NOT NULL,
    assigned_at timestamp with time zone NOT NULL,
    unassigned_at timestamp with time zone,
    reason text NOT NULL
);

ALTER TABLE ONLY pooled.assignments FORCE ROW LEVEL SECURITY;

ALTER TABLE pooled.assignments ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME pooled.assignments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE pooled.contact_identities (
    tenant_id uuid NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    contact_id uuid NOT NULL,
    address text NOT NULL,
    added_at timestamp with time zone DEFAULT hub.now() NOT NULL,
    CONSTRAINT contact_identities_kind_check CHECK ((kind = ANY (ARRAY['phone'::text, 'lid'::text, 'bsuid'::text, 'chat'::text])))
);

ALTER TABLE ONLY pooled.contact_identities FORCE ROW LEVEL SECURITY;

CREATE TABLE pooled.contacts (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    name text,
    profile_pic text,
    is_group boolean NOT NULL,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY pooled.contacts FORCE ROW LEVEL SECURITY;

CREATE TABLE pooled.conversations (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    chat text NOT NULL,
    customer_phone text,
    customer_name text,
    status text NOT NULL,
    flow_state text NOT NULL,
    department_id uuid,
    assigned_user_id uuid,
    timeout_at timestamp with time zone,
    routed_at timestamp with time zone,
    assigned_at timestamp with time zone,
    greeting_sent_at timestamp with time zone,
    resolved_at timestamp with time zone,
    last_message_at timestamp with time zone,
    last_department_id uuid,
    last_attendant_id uuid,
    routing_reason text,
    unread_count integer DEFAULT 0 NOT NULL,
    menu_tries smallint DEFAULT 0 NOT NULL,
    confirm_tries smallint DEFAULT 0 NOT NULL,
    silenced boolean DEFAULT false NOT NULL,
    bot_texts timestamp with time zone[] DEFAULT '{}'::timestamp with time zone[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    told_timeout timestamp with time zone,
    waiting_since timestamp with time zone,
    first_customer_at timestamp with time zone,
    first_response_at timestamp with time zone,
    priority smallint DEFAULT 0 NOT NULL,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    bot_part text DEFAULT 'none'::text NOT NULL,
    first_response_due_at timestamp with time zone,
    first_response_warn_at timestamp with time zone,
    resolution_due_at timestamp with time zone,
    resolution_warn_at timestamp with time zone,
    target_look_at timestamp with time zone,
    breaches text[],
    pauses timestamp with time zone[],
    rating_asked_at timestamp with time zone,
    rating smallint,
    rated_at timestamp with time zone,
    rated_user_id uuid,
    profile_name text,
    asks boolean DEFAULT false NOT NULL,
    told_at timestamp with time zone,
    heard_at timestamp with time zone,
    media_at timestamp with time zone,
    CONSTRAINT conversations_bot_part_check CHECK ((bot_part = ANY (ARRAY['none'::text, 'talking'::text, 'handed_over'::text]))),
    CONSTRAINT conversations_check CHECK (((status <> 'ASSIGNED'::text) OR (assigned_user_id IS NOT NULL))),
    CONSTRAINT conversations_check1 CHECK (((status <> 'OPEN'::text) OR (assigned_user_id IS NULL))),
    CONSTRAINT conversations_flow_state_check CHECK ((flow_state = ANY (ARRAY['GREETING'::text, 'DEPARTMENT_SELECTED'::text, 'ASSIGNED'::text, 'AWAITING_ROUTING_CONFIRMATION'::text, 'TIMEOUT_REDIRECT'::text, 'RESOLVED'::text]))),
    CONSTRAINT conversations_priority_check CHECK (((priority >= '-1'::integer) AND (priority <= 2))),
    CONSTRAINT conversations_rating_check CHECK (((rating >= 1) AND (rating <= 5))),
    CONSTRAINT conversations_status_check CHECK ((status = ANY (ARRAY['OPEN'::text, 'ASSIGNED'::text, 'RESOLVED'::text, 'ARCHIVED'::text])))
);

ALTER TABLE ONLY pooled.conversations FORCE ROW LEVEL SECURITY;

CREATE TABLE pooled.departments (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    color text NOT NULL,
    is_root boolean NOT NULL,
    response_timeout_minutes integer NOT NULL,
    max_agents integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    max_conversations integer,
    last_agent_first boolean DEFAULT true NOT NULL,
    prefers_skills boolean DEFAULT true NOT NULL,
    hours jsonb,
    level jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT departments_max_conversations_check CHECK ((max_conversations >= 0))
);

ALTER TABLE ONLY pooled.departments FORCE ROW LEVEL SECURITY;

CREATE TABLE pooled.left_identities (
    tenant_id uuid NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    until timestamp with time zone NOT NULL,
    contact_id uuid NOT NULL
);

ALTER TABLE ONLY pooled.left_identities FORCE ROW LEVEL SECURITY;

CREATE TABLE pooled.media (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    mime_type text NOT NULL,
    file_name text NOT NULL,
    content bytea NOT NULL,
    created_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY pooled.media ALTER COLUMN content SET STORAGE EXTERNAL;

ALTER TABLE ONLY pooled.media FORCE ROW LEVEL SECURITY;

CREATE TABLE pooled.messages (
    id uuid NOT NULL,
    seq bigint NOT NULL,
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    chat text NOT NULL,
    direction text NOT NULL,
    type text NOT NULL,
    content text NOT NULL,
    media_url text,
    data json,
    status text NOT NULL,
    outcome text,
    error text,
    whatsapp_message_id text,
    sender_id uuid,
    is_bot boolean DEFAULT false NOT NULL,
    reply_to text,
    author text,
    queue_seq bigint,
    "timestamp" timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT messages_direction_check CHECK ((direction = ANY (ARRAY['INBOUND'::text, 'OUTBOUND'::text]))),
    CONSTRAINT messages_outcome_check CHECK ((outcome = 'unknown'::text)),
    CONSTRAINT messages_status_check CHECK ((status = ANY (ARRAY['PENDING'::text, 'SENT'::text, 'DELIVERED'::text, 'READ'::text, 'FAILED'::text])))
)
WITH (fillfactor='85');

ALTER TABLE ONLY pooled.messages FORCE ROW LEVEL SECURITY;

ALTER TABLE pooled.messages ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME pooled.messages_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE pooled.notes (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    user_id uuid,
    content text NOT NULL,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY pooled.notes FORCE ROW LEVEL SECURITY;

CREATE TABLE pooled.notifications (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    conversation_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    read_at timestamp with time zone
);

ALTER TABLE ONLY pooled.notifications FORCE ROW LEVEL SECURITY;

CREATE SEQUENCE pooled.queue_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE pooled.quick_replies (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    shortcut text NOT NULL COLLATE pg_catalog."C",
    content text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY pooled.quick_replies FORCE ROW LEVEL SECURITY;

CREATE TABLE pooled.rules (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    place integer NOT NULL,
    name text NOT NULL,
    session_id uuid,
    words text[] NOT NULL,
    outside_hours boolean,
    labels text[] NOT NULL,
    priority smallint,
    department_id uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT rules_priority_check CHECK (((priority >= '-1'::integer) AND (priority <= 2)))
);

ALTER TABLE ONLY pooled.rules FORCE ROW LEVEL SECURITY;

CREATE TABLE whatsmeow.devices (
    session_id uuid NOT NULL,
    jid text NOT NULL,
    paired_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE whatsmeow.devices OWNER TO hub_whatsmeow;

INSERT INTO client_acme.alembic_version VALUES ('0133_long_texts');

INSERT INTO client_acme.contact_identities VALUES ('00000000-0000-0000-0000-000000000001', 'phone', '5511999990001', '00000000-0000-0000-0000-000000000015', '5511999990001', '2026-11-26 21:10:54.330316+00');

INSERT INTO client_acme.contacts VALUES ('00000000-0000-0000-0000-000000000015', '00000000-0000-0000-0000-000000000001', 'Ana', NULL, false, '2026-11-01 00:00:00+00');

INSERT INTO client_acme.conversations VALUES ('00000000-0000-0000-0000-00000000001f', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-000000000015', '5511999990001', '5511999990001', 'Ana', 'OPEN', 'GREETING', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, false, '{}', '2026-11-01 00:00:00+00', '2026-11-01 00:00:00+00', NULL, NULL, NULL, NULL, 0, '{}', 'none', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, NULL, NULL, NULL);

INSERT INTO client_acme.messages OVERRIDING SYSTEM VALUE VALUES ('00000000-0000-0000-0000-000000000029', 1, '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-00000000001f', '00000000-0000-0000-0000-000000000015', '5511999990001', 'INBOUND', 'text', 'bom dia', NULL, NULL, 'DELIVERED', NULL, NULL, NULL, NULL, false, NULL, NULL, NULL, '2026-11-01 00:00:00+00', '2026-11-01 00:00:00+00');

INSERT INTO hub.alembic_version VALUES ('0149_write_probe');

INSERT INTO hub.clock VALUES (true, '2026-11-26 21:10:53.609697+00', 0, 0, '2026-11-25 21:10:53.609697+00', 0);

INSERT INTO hub.sequencer VALUES (true, 0);

INSERT INTO hub.sessions VALUES ('00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-000000000001', 'main', 'main', 'SANDBOX', 'departments', '\x', 'agent', NULL, NULL, NULL, 'CONNECTED', NULL, false, NULL, NULL, '2026-11-01 00:00:00+00', '2026-11-01 00:00:00+00', NULL, NULL);
INSERT INTO hub.sessions VALUES ('00000000-0000-0000-0000-00000000000c', '00000000-0000-0000-0000-000000000002', 'main', 'main', 'SANDBOX', 'departments', '\x', 'agent', NULL, NULL, NULL, 'CONNECTED', NULL, false, NULL, NULL, '2026-11-01 00:00:00+00', '2026-11-01 00:00:00+00', NULL, NULL);

INSERT INTO hub.tenants VALUES ('00000000-0000-0000-0000-000000000001', 'acme', 'ACME', 'dedicated', 'pt-BR', NULL, '2026-11-01 00:00:00+00', '{}', NULL, '{}', NULL, NULL, '{}', '{}', false);
INSERT INTO hub.tenants VALUES ('00000000-0000-0000-0000-000000000002', 'corner', 'CORNER', 'pooled', 'pt-BR', NULL, '2026-11-01 00:00:00+00', '{}', NULL, '{}', NULL, NULL, '{}', '{}', false);

INSERT INTO hub.webhook_planner VALUES (true, 0);

INSERT INTO hub.write_probe VALUES (true, '-infinity');

INSERT INTO pooled.alembic_version VALUES ('0133_long_texts');

INSERT INTO pooled.contact_identities VALUES ('00000000-0000-0000-0000-000000000002', 'phone', '5511999990001', '00000000-0000-0000-0000-000000000016', '5511999990001', '2026-11-26 21:10:54.355855+00');

INSERT INTO pooled.contacts VALUES ('00000000-0000-0000-0000-000000000016', '00000000-0000-0000-0000-000000000002', 'Ana', NULL, false, '2026-11-01 00:00:00+00');

INSERT INTO pooled.conversations VALUES ('00000000-0000-0000-0000-000000000020', '00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-00000000000c', '00000000-0000-0000-0000-000000000016', '5511999990001', '5511999990001', 'Ana', 'OPEN', 'GREETING', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, false, '{}', '2026-11-01 00:00:00+00', '2026-11-01 00:00:00+00', NULL, NULL, NULL, NULL, 0, '{}', 'none', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, NULL, NULL, NULL);

INSERT INTO pooled.messages OVERRIDING SYSTEM VALUE VALUES ('00000000-0000-0000-0000-00000000002a', 1, '00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-00000000000c', '00000000-0000-0000-0000-000000000020', '00000000-0000-0000-0000-000000000016', '5511999990001', 'INBOUND', 'text', 'bom dia', NULL, NULL, 'DELIVERED', NULL, NULL, NULL, NULL, false, NULL, NULL, NULL, '2026-11-01 00:00:00+00', '2026-11-01 00:00:00+00');

SELECT pg_catalog.setval('client_acme.assignments_id_seq', 1, false);

SELECT pg_catalog.setval('client_acme.messages_seq_seq', 1, true);

SELECT pg_catalog.setval('client_acme.queue_seq', 1, false);

SELECT pg_catalog.setval('hub.access_changes_id_seq', 1, false);

SELECT pg_catalog.setval('hub.audit_id_seq', 1, false);

SELECT pg_catalog.setval('hub.inbox_id_seq', 1, false);

SELECT pg_catalog.setval('hub.outbox_id_seq', 1, false);

SELECT pg_catalog.setval('hub.sandbox_screens_id_seq', 1, false);

SELECT pg_catalog.setval('hub.webhook_deliveries_id_seq', 1, false);

SELECT pg_catalog.setval('pooled.assignments_id_seq', 1, false);

SELECT pg_catalog.setval('pooled.messages_seq_seq', 1, true);

SELECT pg_catalog.setval('pooled.queue_seq', 1, false);

ALTER TABLE ONLY client_acme.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY client_acme.assignments
    ADD CONSTRAINT assignments_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY client_acme.contact_identities
    ADD CONSTRAINT contact_identities_pkey PRIMARY KEY (tenant_id, kind, value);

ALTER TABLE ONLY client_acme.contacts
    ADD CONSTRAINT contacts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY client_acme.conversations
    ADD CONSTRAINT conversations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY client_acme.departments
    ADD CONSTRAINT departments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY client_acme.departments
    ADD CONSTRAINT departments_tenant_id_slug_key UNIQUE (tenant_id, slug);

ALTER TABLE ONLY client_acme.left_identities
    ADD CONSTRAINT left_identities_pkey PRIMARY KEY (tenant_id, kind, value, until);

ALTER TABLE ONLY client_acme.media
    ADD CONSTRAINT media_pkey PRIMARY KEY (id);

ALTER TABLE ONLY client_acme.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY client_acme.notes
    ADD CONSTRAINT notes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY client_acme.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (user_id, id);

ALTER TABLE ONLY client_acme.quick_replies
    ADD CONSTRAINT quick_replies_pkey PRIMARY KEY (id);

ALTER TABLE ONLY client_acme.quick_replies
    ADD CONSTRAINT quick_replies_tenant_id_shortcut_key UNIQUE (tenant_id, shortcut);

ALTER TABLE ONLY client_acme.rules
    ADD CONSTRAINT rules_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.access_changes
    ADD CONSTRAINT access_changes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY hub.api_keys
    ADD CONSTRAINT api_keys_digest_key UNIQUE (digest);

ALTER TABLE ONLY hub.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.clock
    ADD CONSTRAINT clock_pkey PRIMARY KEY (is_one);

ALTER TABLE ONLY hub.commands
    ADD CONSTRAINT commands_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.connectors
    ADD CONSTRAINT connectors_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.contact_erasures
    ADD CONSTRAINT contact_erasures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.contact_erasures
    ADD CONSTRAINT contact_erasures_tenant_id_contact_id_key UNIQUE (tenant_id, contact_id);

ALTER TABLE ONLY hub.contact_exports
    ADD CONSTRAINT contact_exports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.counters
    ADD CONSTRAINT counters_pkey PRIMARY KEY (name, labels);

ALTER TABLE ONLY hub.early_receipts
    ADD CONSTRAINT early_receipts_pkey PRIMARY KEY (session_id, provider_message_id, status);

ALTER TABLE ONLY hub.environment_number
    ADD CONSTRAINT environment_number_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY hub.erased_updates
    ADD CONSTRAINT erased_updates_pkey PRIMARY KEY (source, digest);

ALTER TABLE ONLY hub.events
    ADD CONSTRAINT events_pkey PRIMARY KEY ("position");

ALTER TABLE ONLY hub.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant_id, caller, key);

ALTER TABLE ONLY hub.inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.inbox
    ADD CONSTRAINT inbox_source_dedupe_key_key UNIQUE (source, dedupe_key);

ALTER TABLE ONLY hub.lanes
    ADD CONSTRAINT lanes_pkey PRIMARY KEY (session_id, chat);

ALTER TABLE ONLY hub.lines
    ADD CONSTRAINT lines_pkey PRIMARY KEY (session_id);

ALTER TABLE ONLY hub.login_guesses
    ADD CONSTRAINT login_guesses_pkey PRIMARY KEY (count);

ALTER TABLE ONLY hub.media_use
    ADD CONSTRAINT media_use_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY hub.oidc_codes
    ADD CONSTRAINT oidc_codes_pkey PRIMARY KEY (digest);

ALTER TABLE ONLY hub.oidc_codes
    ADD CONSTRAINT oidc_codes_state_key UNIQUE (state);

ALTER TABLE ONLY hub.oidc_links
    ADD CONSTRAINT oidc_links_issuer_subject_key UNIQUE (issuer, subject);

ALTER TABLE ONLY hub.oidc_links
    ADD CONSTRAINT oidc_links_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.oidc_links
    ADD CONSTRAINT oidc_links_user_id_issuer_key UNIQUE (user_id, issuer);

ALTER TABLE ONLY hub.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.paces
    ADD CONSTRAINT paces_pkey PRIMARY KEY (session_id);

ALTER TABLE ONLY hub.pairings
    ADD CONSTRAINT pairings_pkey PRIMARY KEY (session_id);

ALTER TABLE ONLY hub.password_resets
    ADD CONSTRAINT password_resets_digest_key UNIQUE (digest);

ALTER TABLE ONLY hub.password_resets
    ADD CONSTRAINT password_resets_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY hub.placement_moves
    ADD CONSTRAINT placement_moves_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY hub.polls
    ADD CONSTRAINT polls_pkey PRIMARY KEY (session_id);

ALTER TABLE ONLY hub.processes
    ADD CONSTRAINT processes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.sandbox_screens
    ADD CONSTRAINT sandbox_screens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.second_factors
    ADD CONSTRAINT second_factors_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.secret_key
    ADD CONSTRAINT secret_key_pkey PRIMARY KEY (is_only);

ALTER TABLE ONLY hub.sequencer
    ADD CONSTRAINT sequencer_pkey PRIMARY KEY (is_only);

ALTER TABLE ONLY hub.session_routes
    ADD CONSTRAINT session_routes_pkey PRIMARY KEY (provider, route, session_id);

ALTER TABLE ONLY hub.session_uses
    ADD CONSTRAINT session_uses_pkey PRIMARY KEY (session_id);

ALTER TABLE ONLY hub.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.sessions
    ADD CONSTRAINT sessions_tenant_id_key_key UNIQUE (tenant_id, key);

ALTER TABLE ONLY hub.sign_ins
    ADD CONSTRAINT sign_ins_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.tenants
    ADD CONSTRAINT tenants_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.tenants
    ADD CONSTRAINT tenants_slug_key UNIQUE (slug);

ALTER TABLE ONLY hub.tickets
    ADD CONSTRAINT tickets_pkey PRIMARY KEY (digest);

ALTER TABLE ONLY hub.ticks
    ADD CONSTRAINT ticks_pkey PRIMARY KEY (name);

ALTER TABLE ONLY hub.users
    ADD CONSTRAINT users_email_key UNIQUE (email);

ALTER TABLE ONLY hub.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_webhook_id_position_key UNIQUE (webhook_id, "position");

ALTER TABLE ONLY hub.webhook_planner
    ADD CONSTRAINT webhook_planner_pkey PRIMARY KEY (is_only);

ALTER TABLE ONLY hub.webhooks
    ADD CONSTRAINT webhooks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hub.write_probe
    ADD CONSTRAINT write_probe_pkey PRIMARY KEY (is_one);

ALTER TABLE ONLY pooled.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY pooled.assignments
    ADD CONSTRAINT assignments_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY pooled.contact_identities
    ADD CONSTRAINT contact_identities_pkey PRIMARY KEY (tenant_id, kind, value);

ALTER TABLE ONLY pooled.contacts
    ADD CONSTRAINT contacts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY pooled.conversations
    ADD CONSTRAINT conversations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY pooled.departments
    ADD CONSTRAINT departments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY pooled.departments
    ADD CONSTRAINT departments_tenant_id_slug_key UNIQUE (tenant_id, slug);

ALTER TABLE ONLY pooled.left_identities
    ADD CONSTRAINT left_identities_pkey PRIMARY KEY (tenant_id, kind, value, until);

ALTER TABLE ONLY pooled.media
    ADD CONSTRAINT media_pkey PRIMARY KEY (id);

ALTER TABLE ONLY pooled.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY pooled.notes
    ADD CONSTRAINT notes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY pooled.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (user_id, id);

ALTER TABLE ONLY pooled.quick_replies
    ADD CONSTRAINT quick_replies_pkey PRIMARY KEY (id);

ALTER TABLE ONLY pooled.quick_replies
    ADD CONSTRAINT quick_replies_tenant_id_shortcut_key UNIQUE (tenant_id, shortcut);

ALTER TABLE ONLY pooled.rules
    ADD CONSTRAINT rules_pkey PRIMARY KEY (id);

ALTER TABLE ONLY whatsmeow.devices
    ADD CONSTRAINT devices_jid_key UNIQUE (jid);

ALTER TABLE ONLY whatsmeow.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (session_id);

CREATE INDEX assignments_held ON client_acme.assignments USING btree (tenant_id, user_id) WHERE (unassigned_at IS NULL);

CREATE INDEX assignments_of_conversation ON client_acme.assignments USING btree (conversation_id, id);

CREATE INDEX contacts_of_tenant ON client_acme.contacts USING btree (tenant_id, id);

CREATE INDEX conversations_answered ON client_acme.conversations USING btree (tenant_id, first_response_at DESC) WHERE (first_response_at IS NOT NULL);

CREATE INDEX conversations_breached ON client_acme.conversations USING btree (tenant_id, status, updated_at DESC, id DESC) WHERE (breaches IS NOT NULL);

CREATE INDEX conversations_by_status ON client_acme.conversations USING btree (tenant_id, status, updated_at DESC, id DESC);

CREATE INDEX conversations_of_department ON client_acme.conversations USING btree (tenant_id, status, department_id, updated_at DESC, id DESC, session_id) WHERE (department_id IS NOT NULL);

CREATE INDEX conversations_of_nobody ON client_acme.conversations USING btree (tenant_id, status, updated_at DESC, id DESC) WHERE ((assigned_user_id IS NULL) AND (department_id IS NULL));

CREATE INDEX conversations_of_session ON client_acme.conversations USING btree (tenant_id, status, session_id, updated_at DESC, id DESC);

CREATE INDEX conversations_of_user ON client_acme.conversations USING btree (tenant_id, status, assigned_user_id, updated_at DESC, id DESC, session_id) WHERE (assigned_user_id IS NOT NULL);

CREATE INDEX conversations_queued ON client_acme.conversations USING btree (department_id, priority DESC, routed_at) WHERE (status = 'OPEN'::text);

CREATE INDEX conversations_rated ON client_acme.conversations USING btree (tenant_id, rated_at) WHERE (rated_at IS NOT NULL);

CREATE INDEX conversations_searched_closed ON client_acme.conversations USING gin (tenant_id, date_bin('3 days'::interval, updated_at, '2000-01-01 00:00:00+00'::timestamp with time zone), hub.search_keys(customer_name, customer_phone)) WITH (gin_pending_list_limit='128') WHERE (status = ANY (ARRAY['RESOLVED'::text, 'ARCHIVED'::text]));

CREATE INDEX conversations_searched_live ON client_acme.conversations USING gin (((tenant_id)::text), translate(lower(customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ'::text, 'aaaaaaeeeeiiiiooooouuuucnyy'::text) hub.gin_trgm_ops, customer_phone hub.gin_trgm_ops) WITH (gin_pending_list_limit='128') WHERE (status = ANY (ARRAY['OPEN'::text, 'ASSIGNED'::text]));

CREATE INDEX conversations_waiting ON client_acme.conversations USING btree (tenant_id, timeout_at) WHERE (timeout_at IS NOT NULL);

CREATE INDEX conversations_with_target ON client_acme.conversations USING btree (tenant_id, target_look_at) WHERE (target_look_at IS NOT NULL);

CREATE INDEX identities_of_contact ON client_acme.contact_identities USING btree (contact_id);

CREATE INDEX left_by_contact ON client_acme.left_identities USING btree (contact_id);

CREATE UNIQUE INDEX message_of_provider ON client_acme.messages USING btree (session_id, whatsapp_message_id) WHERE (whatsapp_message_id IS NOT NULL);

CREATE INDEX messages_age ON client_acme.messages USING brin (created_at);

CREATE INDEX messages_found ON client_acme.messages USING gin (tenant_id, ((seq >> 15)), to_tsvector('hub.portuguese'::regconfig, "left"(content, 65536))) WITH (gin_pending_list_limit='128') WHERE (content <> ''::text);

CREATE INDEX messages_of_conversation ON client_acme.messages USING btree (conversation_id, seq DESC);

CREATE INDEX messages_of_session ON client_acme.messages USING btree (session_id, seq DESC);

CREATE INDEX messages_waiting ON client_acme.messages USING btree (session_id, chat, queue_seq) WHERE (queue_seq IS NOT NULL);

CREATE INDEX messages_with_files ON client_acme.messages USING btree (media_url) WHERE (media_url ~~ '/api/media/%'::text);

CREATE INDEX notes_of_conversation ON client_acme.notes USING btree (conversation_id, id);

CREATE INDEX notifications_age ON client_acme.notifications USING brin (created_at);

CREATE UNIQUE INDEX one_assignment_at_a_time ON client_acme.assignments USING btree (conversation_id) WHERE (unassigned_at IS NULL);

CREATE UNIQUE INDEX one_live_conversation ON client_acme.conversations USING btree (session_id, contact_id) WHERE (status = ANY (ARRAY['OPEN'::text, 'ASSIGNED'::text]));

CREATE UNIQUE INDEX one_root_department ON client_acme.departments USING btree (tenant_id) WHERE is_root;

CREATE INDEX rounds ON client_acme.conversations USING btree (session_id, contact_id, created_at DESC);

CREATE INDEX rules_of_tenant ON client_acme.rules USING btree (tenant_id, place);

CREATE INDEX access_changes_age ON hub.access_changes USING btree (at);

CREATE INDEX access_changes_newest ON hub.access_changes USING btree (written_by);

CREATE INDEX api_keys_of_tenant ON hub.api_keys USING btree (tenant_id, created_at);

CREATE INDEX audit_age ON hub.audit USING brin (at);

CREATE INDEX audit_of_entity ON hub.audit USING btree (tenant_id, entity_id, id DESC);

CREATE INDEX audit_of_tenant ON hub.audit USING btree (tenant_id, id DESC);

CREATE INDEX audit_of_user ON hub.audit USING btree (tenant_id, user_id, id DESC);

CREATE INDEX commands_open ON hub.commands USING btree (session_id) WHERE (answered_at IS NULL);

CREATE INDEX contact_erasures_open ON hub.contact_erasures USING btree (begun_at) WHERE (finished_at IS NULL);

CREATE INDEX contact_exports_age ON hub.contact_exports USING btree (expires_at);

CREATE INDEX deliveries_age ON hub.webhook_deliveries USING brin (created_at);

CREATE INDEX deliveries_dead ON hub.webhook_deliveries USING btree (webhook_id) WHERE (state = 'dead'::text);

CREATE INDEX deliveries_in_order ON hub.webhook_deliveries USING btree (webhook_id, "position") WHERE (state = 'pending'::text);

CREATE INDEX deliveries_later ON hub.webhook_deliveries USING btree (webhook_id, next_at) WHERE (state = 'pending'::text);

CREATE INDEX environment_number_of_session ON hub.environment_number USING btree (session_id);

CREATE INDEX events_of_conversation ON hub.events USING btree (conversation_id, "position") WHERE (type ~~ 'conversation.%'::text);

CREATE INDEX events_of_session ON hub.events USING btree (session_id, type, "position") WHERE ((type ~~ 'session.%'::text) OR (type = 'message.received'::text));

CREATE INDEX events_of_sessions ON hub.events USING btree (tenant_id, occurred_at) WHERE (type = ANY (ARRAY['session.connected'::text, 'session.error'::text, 'session.auth_corrupted'::text]));

CREATE INDEX events_of_tenant ON hub.events USING btree (tenant_id, "position");

CREATE INDEX inbox_age ON hub.inbox USING brin (received_at);

CREATE INDEX inbox_aside ON hub.inbox USING btree (tenant_id, id) WHERE (state = ANY (ARRAY['quarantined'::text, 'unassigned'::text]));

CREATE INDEX inbox_pending ON hub.inbox USING btree (tenant_id, session_id, chat, id) WHERE (state = 'pending'::text);

CREATE INDEX lanes_due ON hub.lanes USING btree (session_id, next_at) WHERE ((queued > 0) OR (attempt_message IS NOT NULL));

CREATE INDEX lines_free ON hub.lines USING btree (provider) WHERE ((connector_id IS NULL) AND is_wanted);

CREATE INDEX lines_held ON hub.lines USING btree (connector_id) WHERE (connector_id IS NOT NULL);

CREATE INDEX lines_late ON hub.lines USING btree (deadline_at) WHERE (deadline_at IS NOT NULL);

CREATE INDEX login_guesses_age ON hub.login_guesses USING btree (last_at);

CREATE INDEX oidc_codes_age ON hub.oidc_codes USING btree (expires_at);

CREATE UNIQUE INDEX one_bot_of_a_session ON hub.webhooks USING btree (session_id) WHERE of_bot;

CREATE UNIQUE INDEX one_instance_a_name ON hub.sessions USING btree (tenant_id, owner, name) WHERE (owner IS NOT NULL);

CREATE UNIQUE INDEX one_webhook_of_a_session ON hub.webhooks USING btree (session_id) WHERE of_session;

CREATE INDEX pairings_due ON hub.pairings USING btree (look_at);

CREATE INDEX placement_changes_of_tenant ON hub.placement_changes USING btree (tenant_id, relation);

CREATE INDEX sandbox_screen ON hub.sandbox_screens USING btree (session_id, phone, id);

CREATE INDEX second_factors_of_tenant ON hub.second_factors USING btree (tenant_id);

CREATE INDEX sessions_of_agent ON hub.sessions USING btree (tenant_id, agent_id);

CREATE INDEX sessions_of_tenant ON hub.sessions USING btree (tenant_id, id);

CREATE INDEX sign_ins_age ON hub.sign_ins USING btree (expires_at);

CREATE INDEX sign_ins_networks ON hub.sign_ins USING btree (user_id, network);

CREATE INDEX sign_ins_of_user ON hub.sign_ins USING btree (user_id, last_seen_at DESC);

CREATE INDEX tickets_age ON hub.tickets USING btree (expires_at);

CREATE INDEX users_leaving ON hub.users USING btree (tenant_id) WHERE hands_over;

CREATE INDEX users_of_tenant ON hub.users USING btree (tenant_id, department_id);

CREATE INDEX webhooks_due ON hub.webhooks USING btree (due_at) WHERE is_active;

CREATE INDEX webhooks_of_session ON hub.webhooks USING btree (session_id) WHERE (session_id IS NOT NULL);

CREATE INDEX webhooks_of_tenant ON hub.webhooks USING btree (tenant_id, created_at);

CREATE INDEX assignments_held ON pooled.assignments USING btree (tenant_id, user_id) WHERE (unassigned_at IS NULL);

CREATE INDEX assignments_of_conversation ON pooled.assignments USING btree (conversation_id, id);

CREATE INDEX contacts_of_tenant ON pooled.contacts USING btree (tenant_id, id);

CREATE INDEX conversations_answered ON pooled.conversations USING btree (tenant_id, first_response_at DESC) WHERE (first_response_at IS NOT NULL);

CREATE INDEX conversations_breached ON pooled.conversations USING btree (tenant_id, status, updated_at DESC, id DESC) WHERE (breaches IS NOT NULL);

CREATE INDEX conversations_by_status ON pooled.conversations USING btree (tenant_id, status, updated_at DESC, id DESC);

CREATE INDEX conversations_of_department ON pooled.conversations USING btree (tenant_id, status, department_id, updated_at DESC, id DESC, session_id) WHERE (department_id IS NOT NULL);

CREATE INDEX conversations_of_nobody ON pooled.conversations USING btree (tenant_id, status, updated_at DESC, id DESC) WHERE ((assigned_user_id IS NULL) AND (department_id IS NULL));

CREATE INDEX conversations_of_session ON pooled.conversations USING btree (tenant_id, status, session_id, updated_at DESC, id DESC);

CREATE INDEX conversations_of_user ON pooled.conversations USING btree (tenant_id, status, assigned_user_id, updated_at DESC, id DESC, session_id) WHERE (assigned_user_id IS NOT NULL);

CREATE INDEX conversations_queued ON pooled.conversations USING btree (department_id, priority DESC, routed_at) WHERE (status = 'OPEN'::text);

CREATE INDEX conversations_rated ON pooled.conversations USING btree (tenant_id, rated_at) WHERE (rated_at IS NOT NULL);

CREATE INDEX conversations_searched_closed ON pooled.conversations USING gin (tenant_id, date_bin('3 days'::interval, updated_at, '2000-01-01 00:00:00+00'::timestamp with time zone), hub.search_keys(customer_name, customer_phone)) WITH (gin_pending_list_limit='128') WHERE (status = ANY (ARRAY['RESOLVED'::text, 'ARCHIVED'::text]));

CREATE INDEX conversations_searched_live ON pooled.conversations USING gin (((tenant_id)::text), translate(lower(customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ'::text, 'aaaaaaeeeeiiiiooooouuuucnyy'::text) hub.gin_trgm_ops, customer_phone hub.gin_trgm_ops) WITH (gin_pending_list_limit='128') WHERE (status = ANY (ARRAY['OPEN'::text, 'ASSIGNED'::text]));

CREATE INDEX conversations_waiting ON pooled.conversations USING btree (tenant_id, timeout_at) WHERE (timeout_at IS NOT NULL);

CREATE INDEX conversations_with_target ON pooled.conversations USING btree (tenant_id, target_look_at) WHERE (target_look_at IS NOT NULL);

CREATE INDEX identities_of_contact ON pooled.contact_identities USING btree (contact_id);

CREATE INDEX left_by_contact ON pooled.left_identities USING btree (contact_id);

CREATE UNIQUE INDEX message_of_provider ON pooled.messages USING btree (session_id, whatsapp_message_id) WHERE (whatsapp_message_id IS NOT NULL);

CREATE INDEX messages_age ON pooled.messages USING brin (created_at);

CREATE INDEX messages_found ON pooled.messages USING gin (tenant_id, ((seq >> 15)), to_tsvector('hub.portuguese'::regconfig, "left"(content, 65536))) WITH (gin_pending_list_limit='128') WHERE (content <> ''::text);

CREATE INDEX messages_of_conversation ON pooled.messages USING btree (conversation_id, seq DESC);

CREATE INDEX messages_of_session ON pooled.messages USING btree (session_id, seq DESC);

CREATE INDEX messages_waiting ON pooled.messages USING btree (session_id, chat, queue_seq) WHERE (queue_seq IS NOT NULL);

CREATE INDEX messages_with_files ON pooled.messages USING btree (media_url) WHERE (media_url ~~ '/api/media/%'::text);

CREATE INDEX notes_of_conversation ON pooled.notes USING btree (conversation_id, id);

CREATE INDEX notifications_age ON pooled.notifications USING brin (created_at);

CREATE UNIQUE INDEX one_assignment_at_a_time ON pooled.assignments USING btree (conversation_id) WHERE (unassigned_at IS NULL);

CREATE UNIQUE INDEX one_live_conversation ON pooled.conversations USING btree (session_id, contact_id) WHERE (status = ANY (ARRAY['OPEN'::text, 'ASSIGNED'::text]));

CREATE UNIQUE INDEX one_root_department ON pooled.departments USING btree (tenant_id) WHERE is_root;

CREATE INDEX rounds ON pooled.conversations USING btree (session_id, contact_id, created_at DESC);

CREATE INDEX rules_of_tenant ON pooled.rules USING btree (tenant_id, place);

CREATE TRIGGER audited AFTER INSERT OR DELETE OR UPDATE ON client_acme.conversations FOR EACH ROW WHEN ((COALESCE(current_setting('app.caller'::text, true), ''::text) <> ''::text)) EXECUTE FUNCTION hub.audit_row('conversation', 'last_message_at', 'unread_count', 'timeout_at', 'told_timeout', 'bot_texts', 'routed_at', 'menu_tries', 'confirm_tries', 'waiting_since', 'first_customer_at', 'first_response_at', 'first_response_due_at', 'first_response_warn_at', 'resolution_due_at', 'resolution_warn_at', 'target_look_at', 'breaches', 'pauses', 'rating_asked_at', 'asks', 'told_at', 'heard_at', 'media_at');

CREATE TRIGGER audited AFTER INSERT OR DELETE OR UPDATE ON client_acme.departments FOR EACH ROW WHEN ((COALESCE(current_setting('app.caller'::text, true), ''::text) <> ''::text)) EXECUTE FUNCTION hub.audit_row('department');

CREATE TRIGGER audited AFTER INSERT OR DELETE OR UPDATE ON client_acme.notes FOR EACH ROW WHEN ((COALESCE(current_setting('app.caller'::text, true), ''::text) <> ''::text)) EXECUTE FUNCTION hub.audit_row('note');

CREATE TRIGGER audited AFTER INSERT OR DELETE OR UPDATE ON client_acme.quick_replies FOR EACH ROW WHEN ((COALESCE(current_setting('app.caller'::text, true), ''::text) <> ''::text)) EXECUTE FUNCTION hub.audit_row('quick_reply');

CREATE TRIGGER audited AFTER INSERT OR DELETE OR UPDATE ON client_acme.rules FOR EACH ROW WHEN ((COALESCE(current_setting('app.caller'::text, true), ''::text) <> ''::text)) EXECUTE FUNCTION hub.audit_row('rule', 'place');

CREATE TRIGGER access_changed AFTER UPDATE ON hub.api_keys FOR EACH ROW WHEN ((((old.revoked_at IS DISTINCT FROM new.revoked_at) OR (old.expires_at IS DISTINCT FROM new.expires_at)) OR (old.scopes IS DISTINCT FROM new.scopes))) EXECUTE FUNCTION hub.access_changed();

CREATE TRIGGER access_changed AFTER DELETE OR UPDATE OF confirmed_at ON hub.second_factors FOR EACH ROW EXECUTE FUNCTION hub.second_factor_changed();

CREATE TRIGGER access_changed AFTER UPDATE ON hub.sign_ins FOR EACH ROW WHEN ((old.ended_at IS DISTINCT FROM new.ended_at)) EXECUTE FUNCTION hub.access_changed();

CREATE TRIGGER access_changed AFTER UPDATE ON hub.tenants FOR EACH ROW WHEN ((old.removed_at IS DISTINCT FROM new.removed_at)) EXECUTE FUNCTION hub.access_changed();

CREATE TRIGGER access_changed AFTER UPDATE ON hub.users FOR EACH ROW WHEN (((((old.role IS DISTINCT FROM new.role) OR (old.is_active IS DISTINCT FROM new.is_active)) OR (old.department_id IS DISTINCT FROM new.department_id)) OR (old.email IS DISTINCT FROM new.email))) EXECUTE FUNCTION hub.access_changed();

CREATE TRIGGER audited AFTER INSERT OR DELETE OR UPDATE ON hub.api_keys FOR EACH ROW WHEN ((COALESCE(current_setting('app.caller'::text, true), ''::text) <> ''::text)) EXECUTE FUNCTION hub.audit_row('api_key', 'last_used_at');

CREATE TRIGGER audited AFTER INSERT OR DELETE OR UPDATE ON hub.oidc_links FOR EACH ROW WHEN ((COALESCE(current_setting('app.caller'::text, true), ''::text) <> ''::text)) EXECUTE FUNCTION hub.audit_row('oidc_link');

CREATE TRIGGER audited AFTER INSERT OR DELETE OR UPDATE ON hub.password_resets FOR EACH ROW WHEN ((COALESCE(current_setting('app.caller'::text, true), ''::text) <> ''::text)) EXECUTE FUNCTION hub.audit_row('password_reset');

CREATE TRIGGER audited AFTER INSERT OR DELETE OR UPDATE ON hub.second_factors FOR EACH ROW WHEN ((COALESCE(current_setting('app.caller'::text, true), ''::text) <> ''::text)) EXECUTE FUNCTION hub.audit_row('second_factor', 'used_step', 'recovery_digests');

CREATE TRIGGER audited AFTER INSERT OR DELETE OR UPDATE ON hub.sessions FOR EACH ROW WHEN ((COALESCE(current_setting('app.caller'::text, true), ''::text) <> ''::text)) EXECUTE FUNCTION hub.audit_row('session', 'qr_code');

CREATE TRIGGER audited AFTER INSERT OR DELETE OR UPDATE ON hub.sign_ins FOR EACH ROW WHEN ((COALESCE(current_setting('app.caller'::text, true), ''::text) <> ''::text)) EXECUTE FUNCTION hub.audit_row('sign_in', 'last_seen_at');

CREATE TRIGGER audited AFTER INSERT OR DELETE OR UPDATE ON hub.tenants FOR EACH ROW WHEN ((COALESCE(current_setting('app.caller'::text, true), ''::text) <> ''::text)) EXECUTE FUNCTION hub.audit_row('company');

CREATE TRIGGER audited AFTER INSERT OR DELETE OR UPDATE ON hub.users FOR EACH ROW WHEN ((COALESCE(current_setting('app.caller'::text, true), ''::text) <> ''::text)) EXECUTE FUNCTION hub.audit_row('user', 'online_status', 'online_since', 'last_heartbeat', 'last_assigned_at', 'hands_over');

CREATE TRIGGER audited AFTER INSERT OR DELETE OR UPDATE ON hub.webhooks FOR EACH ROW WHEN ((COALESCE(current_setting('app.caller'::text, true), ''::text) <> ''::text)) EXECUTE FUNCTION hub.audit_row('webhook', 'cursor', 'due_at', 'lease_until', 'fence', 'failures', 'failed_at', 'open_until', 'moves');

CREATE TRIGGER second_factor_required AFTER UPDATE ON hub.tenants FOR EACH ROW WHEN ((old.second_factor_required IS DISTINCT FROM new.second_factor_required)) EXECUTE FUNCTION hub.access_changed();

CREATE TRIGGER audited AFTER INSERT OR DELETE OR UPDATE ON pooled.conversations FOR EACH ROW WHEN ((COALESCE(current_setting('app.caller'::text, true), ''::text) <> ''::text)) EXECUTE FUNCTION hub.audit_row('conversation', 'last_message_at', 'unread_count', 'timeout_at', 'told_timeout', 'bot_texts', 'routed_at', 'menu_tries', 'confirm_tries', 'waiting_since', 'first_customer_at', 'first_response_at', 'first_response_due_at', 'first_response_warn_at', 'resolution_due_at', 'resolution_warn_at', 'target_look_at', 'breaches', 'pauses', 'rating_asked_at', 'asks', 'told_at', 'heard_at', 'media_at');

CREATE TRIGGER audited AFTER INSERT OR DELETE OR UPDATE ON pooled.departments FOR EACH ROW WHEN ((COALESCE(current_setting('app.caller'::text, true), ''::text) <> ''::text)) EXECUTE FUNCTION hub.audit_row('department');

CREATE TRIGGER audited AFTER INSERT OR DELETE OR UPDATE ON pooled.notes FOR EACH ROW WHEN ((COALESCE(current_setting('app.caller'::text, true), ''::text) <> ''::text)) EXECUTE FUNCTION hub.audit_row('note');

CREATE TRIGGER audited AFTER INSERT OR DELETE OR UPDATE ON pooled.quick_replies FOR EACH ROW WHEN ((COALESCE(current_setting('app.caller'::text, true), ''::text) <> ''::text)) EXECUTE FUNCTION hub.audit_row('quick_reply');

CREATE TRIGGER audited AFTER INSERT OR DELETE OR UPDATE ON pooled.rules FOR EACH ROW WHEN ((COALESCE(current_setting('app.caller'::text, true), ''::text) <> ''::text)) EXECUTE FUNCTION hub.audit_row('rule', 'place');

ALTER TABLE ONLY client_acme.assignments
    ADD CONSTRAINT assignments_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES client_acme.conversations(id) DEFERRABLE;

ALTER TABLE ONLY client_acme.contact_identities
    ADD CONSTRAINT contact_identities_contact_id_fkey FOREIGN KEY (contact_id) REFERENCES client_acme.contacts(id) ON DELETE CASCADE DEFERRABLE;

ALTER TABLE ONLY client_acme.conversations
    ADD CONSTRAINT conversations_contact_id_fkey FOREIGN KEY (contact_id) REFERENCES client_acme.contacts(id) DEFERRABLE;

ALTER TABLE ONLY client_acme.left_identities
    ADD CONSTRAINT left_identities_contact_id_fkey FOREIGN KEY (contact_id) REFERENCES client_acme.contacts(id) ON DELETE CASCADE DEFERRABLE;

ALTER TABLE ONLY client_acme.messages
    ADD CONSTRAINT messages_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES client_acme.conversations(id) DEFERRABLE;

ALTER TABLE ONLY client_acme.notes
    ADD CONSTRAINT notes_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES client_acme.conversations(id) DEFERRABLE;

ALTER TABLE ONLY hub.api_keys
    ADD CONSTRAINT api_keys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES hub.tenants(id);

ALTER TABLE ONLY hub.contact_erasures
    ADD CONSTRAINT contact_erasures_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES hub.tenants(id);

ALTER TABLE ONLY hub.contact_exports
    ADD CONSTRAINT contact_exports_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES hub.tenants(id);

ALTER TABLE ONLY hub.early_receipts
    ADD CONSTRAINT early_receipts_session_id_fkey FOREIGN KEY (session_id) REFERENCES hub.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY hub.environment_number
    ADD CONSTRAINT environment_number_session_id_fkey FOREIGN KEY (session_id) REFERENCES hub.sessions(id) ON DELETE SET NULL;

ALTER TABLE ONLY hub.environment_number
    ADD CONSTRAINT environment_number_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES hub.tenants(id) ON DELETE CASCADE;

ALTER TABLE ONLY hub.lanes
    ADD CONSTRAINT lanes_session_id_fkey FOREIGN KEY (session_id) REFERENCES hub.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY hub.lines
    ADD CONSTRAINT lines_connector_id_fkey FOREIGN KEY (connector_id) REFERENCES hub.connectors(id) ON DELETE SET NULL;

ALTER TABLE ONLY hub.lines
    ADD CONSTRAINT lines_session_id_fkey FOREIGN KEY (session_id) REFERENCES hub.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY hub.oidc_codes
    ADD CONSTRAINT oidc_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES hub.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY hub.oidc_links
    ADD CONSTRAINT oidc_links_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES hub.tenants(id);

ALTER TABLE ONLY hub.oidc_links
    ADD CONSTRAINT oidc_links_user_id_fkey FOREIGN KEY (user_id) REFERENCES hub.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY hub.paces
    ADD CONSTRAINT paces_session_id_fkey FOREIGN KEY (session_id) REFERENCES hub.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY hub.pairings
    ADD CONSTRAINT pairings_session_id_fkey FOREIGN KEY (session_id) REFERENCES hub.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY hub.password_resets
    ADD CONSTRAINT password_resets_user_id_fkey FOREIGN KEY (user_id) REFERENCES hub.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY hub.placement_moves
    ADD CONSTRAINT placement_moves_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES hub.tenants(id);

ALTER TABLE ONLY hub.polls
    ADD CONSTRAINT polls_session_id_fkey FOREIGN KEY (session_id) REFERENCES hub.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY hub.sandbox_screens
    ADD CONSTRAINT sandbox_screens_session_id_fkey FOREIGN KEY (session_id) REFERENCES hub.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY hub.second_factors
    ADD CONSTRAINT second_factors_id_fkey FOREIGN KEY (id) REFERENCES hub.users(id);

ALTER TABLE ONLY hub.second_factors
    ADD CONSTRAINT second_factors_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES hub.tenants(id);

ALTER TABLE ONLY hub.session_routes
    ADD CONSTRAINT session_routes_session_id_fkey FOREIGN KEY (session_id) REFERENCES hub.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY hub.session_uses
    ADD CONSTRAINT session_uses_session_id_fkey FOREIGN KEY (session_id) REFERENCES hub.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY hub.sessions
    ADD CONSTRAINT sessions_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES hub.tenants(id);

ALTER TABLE ONLY hub.sign_ins
    ADD CONSTRAINT sign_ins_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES hub.tenants(id);

ALTER TABLE ONLY hub.sign_ins
    ADD CONSTRAINT sign_ins_user_id_fkey FOREIGN KEY (user_id) REFERENCES hub.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY hub.users
    ADD CONSTRAINT users_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES hub.tenants(id);

ALTER TABLE ONLY hub.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES hub.webhooks(id) ON DELETE CASCADE;

ALTER TABLE ONLY hub.webhooks
    ADD CONSTRAINT webhooks_session_id_fkey FOREIGN KEY (session_id) REFERENCES hub.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY hub.webhooks
    ADD CONSTRAINT webhooks_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES hub.tenants(id);

ALTER TABLE ONLY pooled.assignments
    ADD CONSTRAINT assignments_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES pooled.conversations(id) DEFERRABLE;

ALTER TABLE ONLY pooled.contact_identities
    ADD CONSTRAINT contact_identities_contact_id_fkey FOREIGN KEY (contact_id) REFERENCES pooled.contacts(id) ON DELETE CASCADE DEFERRABLE;

ALTER TABLE ONLY pooled.conversations
    ADD CONSTRAINT conversations_contact_id_fkey FOREIGN KEY (contact_id) REFERENCES pooled.contacts(id) DEFERRABLE;

ALTER TABLE ONLY pooled.left_identities
    ADD CONSTRAINT left_identities_contact_id_fkey FOREIGN KEY (contact_id) REFERENCES pooled.contacts(id) ON DELETE CASCADE DEFERRABLE;

ALTER TABLE ONLY pooled.messages
    ADD CONSTRAINT messages_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES pooled.conversations(id) DEFERRABLE;

ALTER TABLE ONLY pooled.notes
    ADD CONSTRAINT notes_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES pooled.conversations(id) DEFERRABLE;

ALTER TABLE client_acme.assignments ENABLE ROW LEVEL SECURITY;

ALTER TABLE client_acme.contact_identities ENABLE ROW LEVEL SECURITY;

ALTER TABLE client_acme.contacts ENABLE ROW LEVEL SECURITY;

ALTER TABLE client_acme.conversations ENABLE ROW LEVEL SECURITY;

ALTER TABLE client_acme.departments ENABLE ROW LEVEL SECURITY;

CREATE POLICY found ON client_acme.conversations FOR SELECT TO hub_search USING (true);

CREATE POLICY found ON client_acme.messages FOR SELECT TO hub_search USING (true);

ALTER TABLE client_acme.left_identities ENABLE ROW LEVEL SECURITY;

ALTER TABLE client_acme.media ENABLE ROW LEVEL SECURITY;

ALTER TABLE client_acme.messages ENABLE ROW LEVEL SECURITY;

ALTER TABLE client_acme.notes ENABLE ROW LEVEL SECURITY;

ALTER TABLE client_acme.notifications ENABLE ROW LEVEL SECURITY;

CREATE POLICY own ON client_acme.assignments TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON client_acme.contact_identities TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON client_acme.contacts TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON client_acme.conversations TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON client_acme.departments TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON client_acme.left_identities TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON client_acme.media TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON client_acme.messages TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON client_acme.notes TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON client_acme.notifications TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON client_acme.quick_replies TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON client_acme.rules TO hub_app USING ((tenant_id = hub.tenant()));

ALTER TABLE client_acme.quick_replies ENABLE ROW LEVEL SECURITY;

ALTER TABLE client_acme.rules ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.access_changes ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.api_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.audit ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.clock ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.commands ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.connectors ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.contact_erasures ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.contact_exports ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.counters ENABLE ROW LEVEL SECURITY;

CREATE POLICY directory ON hub.api_keys TO hub_system USING (true);

CREATE POLICY directory ON hub.audit TO hub_system USING (true);

CREATE POLICY directory ON hub.commands TO hub_system USING (true);

CREATE POLICY directory ON hub.contact_erasures TO hub_system USING (true);

CREATE POLICY directory ON hub.contact_exports TO hub_system USING (true);

CREATE POLICY directory ON hub.early_receipts TO hub_system USING (true);

CREATE POLICY directory ON hub.environment_number TO hub_system USING (true);

CREATE POLICY directory ON hub.erased_updates TO hub_system USING (true);

CREATE POLICY directory ON hub.events TO hub_system USING (true);

CREATE POLICY directory ON hub.idempotency_keys TO hub_system USING (true);

CREATE POLICY directory ON hub.inbox TO hub_system USING (true);

CREATE POLICY directory ON hub.lanes TO hub_system USING (true);

CREATE POLICY directory ON hub.lines TO hub_system USING (true);

CREATE POLICY directory ON hub.media_use TO hub_system USING (true);

CREATE POLICY directory ON hub.oidc_links TO hub_system USING (true);

CREATE POLICY directory ON hub.outbox TO hub_system USING (true);

CREATE POLICY directory ON hub.paces TO hub_system USING (true);

CREATE POLICY directory ON hub.pairings TO hub_system USING (true);

CREATE POLICY directory ON hub.placement_moves TO hub_system USING (true);

CREATE POLICY directory ON hub.sandbox_screens TO hub_system USING (true);

CREATE POLICY directory ON hub.second_factors TO hub_system USING (true);

CREATE POLICY directory ON hub.session_routes TO hub_system USING (true);

CREATE POLICY directory ON hub.session_uses TO hub_system USING (true);

CREATE POLICY directory ON hub.sessions TO hub_system USING (true);

CREATE POLICY directory ON hub.sign_ins TO hub_system USING (true);

CREATE POLICY directory ON hub.tenants TO hub_system USING (true);

CREATE POLICY directory ON hub.users TO hub_system USING (true);

CREATE POLICY directory ON hub.webhook_deliveries TO hub_system USING (true);

CREATE POLICY directory ON hub.webhooks TO hub_system USING (true);

ALTER TABLE hub.early_receipts ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.environment_number ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.erased_updates ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.events ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.idempotency_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.inbox ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.lanes ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.lines ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.login_guesses ENABLE ROW LEVEL SECURITY;

CREATE POLICY machinery ON hub.access_changes TO hub_system USING (true);

CREATE POLICY machinery ON hub.clock TO hub_system USING (true);

CREATE POLICY machinery ON hub.connectors TO hub_system USING (true);

CREATE POLICY machinery ON hub.counters TO hub_system USING (true);

CREATE POLICY machinery ON hub.login_guesses TO hub_system USING (true);

CREATE POLICY machinery ON hub.oidc_codes TO hub_system USING (true);

CREATE POLICY machinery ON hub.polls TO hub_system USING (true);

CREATE POLICY machinery ON hub.processes TO hub_system USING (true);

CREATE POLICY machinery ON hub.secret_key TO hub_system USING (true);

CREATE POLICY machinery ON hub.sequencer TO hub_system USING (true);

CREATE POLICY machinery ON hub.tickets TO hub_system USING (true);

CREATE POLICY machinery ON hub.ticks TO hub_system USING (true);

CREATE POLICY machinery ON hub.webhook_planner TO hub_system USING (true);

CREATE POLICY machinery ON hub.write_probe TO hub_system USING (true);

ALTER TABLE hub.media_use ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.oidc_codes ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.oidc_links ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.outbox ENABLE ROW LEVEL SECURITY;

CREATE POLICY own ON hub.access_changes TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.api_keys TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.audit TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.commands TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.contact_erasures TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.contact_exports TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.early_receipts TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.environment_number TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.erased_updates TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.events TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.idempotency_keys TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.inbox TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.lanes TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.lines TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.media_use TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.oidc_links TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.outbox TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.paces TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.pairings TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.password_resets TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.placement_changes TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.placement_moves TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.sandbox_screens TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.second_factors TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.session_routes TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.session_uses TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.sessions TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.sign_ins TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.tenants TO hub_app USING ((id = hub.tenant()));

CREATE POLICY own ON hub.users TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.webhook_deliveries TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON hub.webhooks TO hub_app USING ((tenant_id = hub.tenant()));

ALTER TABLE hub.paces ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.pairings ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.password_resets ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.placement_changes ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.placement_moves ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.polls ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.processes ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.sandbox_screens ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.second_factors ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.secret_key ENABLE ROW LEVEL SECURITY;

CREATE POLICY seen ON hub.connectors FOR SELECT TO hub_app USING (true);

ALTER TABLE hub.sequencer ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.session_routes ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.session_uses ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.sessions ENABLE ROW LEVEL SECURITY;

CREATE POLICY shown ON hub.clock FOR SELECT USING (true);

ALTER TABLE hub.sign_ins ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.tenants ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.tickets ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.ticks ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.users ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.webhook_deliveries ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.webhook_planner ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.webhooks ENABLE ROW LEVEL SECURITY;

ALTER TABLE hub.write_probe ENABLE ROW LEVEL SECURITY;

ALTER TABLE pooled.assignments ENABLE ROW LEVEL SECURITY;

ALTER TABLE pooled.contact_identities ENABLE ROW LEVEL SECURITY;

ALTER TABLE pooled.contacts ENABLE ROW LEVEL SECURITY;

ALTER TABLE pooled.conversations ENABLE ROW LEVEL SECURITY;

ALTER TABLE pooled.departments ENABLE ROW LEVEL SECURITY;

CREATE POLICY found ON pooled.conversations FOR SELECT TO hub_search USING (true);

CREATE POLICY found ON pooled.messages FOR SELECT TO hub_search USING (true);

ALTER TABLE pooled.left_identities ENABLE ROW LEVEL SECURITY;

ALTER TABLE pooled.media ENABLE ROW LEVEL SECURITY;

ALTER TABLE pooled.messages ENABLE ROW LEVEL SECURITY;

ALTER TABLE pooled.notes ENABLE ROW LEVEL SECURITY;

ALTER TABLE pooled.notifications ENABLE ROW LEVEL SECURITY;

CREATE POLICY own ON pooled.assignments TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON pooled.contact_identities TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON pooled.contacts TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON pooled.conversations TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON pooled.departments TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON pooled.left_identities TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON pooled.media TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON pooled.messages TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON pooled.notes TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON pooled.notifications TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON pooled.quick_replies TO hub_app USING ((tenant_id = hub.tenant()));

CREATE POLICY own ON pooled.rules TO hub_app USING ((tenant_id = hub.tenant()));

ALTER TABLE pooled.quick_replies ENABLE ROW LEVEL SECURITY;

ALTER TABLE pooled.rules ENABLE ROW LEVEL SECURITY;

GRANT USAGE ON SCHEMA client_acme TO hub_app;
GRANT USAGE ON SCHEMA client_acme TO hub_search;

GRANT USAGE ON SCHEMA hub TO hub_app;
GRANT USAGE ON SCHEMA hub TO hub_system;
GRANT USAGE ON SCHEMA hub TO hub_search;

GRANT USAGE ON SCHEMA pooled TO hub_app;
GRANT USAGE ON SCHEMA pooled TO hub_search;

REVOKE ALL ON FUNCTION client_acme.search_conversations(pattern text, digits text, keys tsquery, most integer, enough integer, statuses text[], department uuid, holder uuid, of_session uuid, everything boolean, reader uuid, readers_department uuid, before_at timestamp with time zone, before_id uuid, OUT complete boolean, OUT ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION client_acme.search_conversations(pattern text, digits text, keys tsquery, most integer, enough integer, statuses text[], department uuid, holder uuid, of_session uuid, everything boolean, reader uuid, readers_department uuid, before_at timestamp with time zone, before_id uuid, OUT complete boolean, OUT ids uuid[]) TO hub_app;

REVOKE ALL ON FUNCTION client_acme.search_messages(wanted tsquery, conversation uuid, before bigint, most integer, everything boolean, reader uuid, department uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION client_acme.search_messages(wanted tsquery, conversation uuid, before bigint, most integer, everything boolean, reader uuid, department uuid) TO hub_app;

REVOKE ALL ON FUNCTION hub.end_stores(sessions uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION hub.end_stores(sessions uuid[]) TO hub_system;

REVOKE ALL ON FUNCTION hub.forget_in_store(of_tenant uuid, people text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION hub.forget_in_store(of_tenant uuid, people text[]) TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.users TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.users TO hub_system;

REVOKE ALL ON FUNCTION hub.tell(types text[], sessions uuid[], conversations uuid[], times timestamp with time zone[], bodies bytea[]) FROM PUBLIC;
GRANT ALL ON FUNCTION hub.tell(types text[], sessions uuid[], conversations uuid[], times timestamp with time zone[], bodies bytea[]) TO hub_app;

REVOKE ALL ON FUNCTION pooled.search_conversations(pattern text, digits text, keys tsquery, most integer, enough integer, statuses text[], department uuid, holder uuid, of_session uuid, everything boolean, reader uuid, readers_department uuid, before_at timestamp with time zone, before_id uuid, OUT complete boolean, OUT ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION pooled.search_conversations(pattern text, digits text, keys tsquery, most integer, enough integer, statuses text[], department uuid, holder uuid, of_session uuid, everything boolean, reader uuid, readers_department uuid, before_at timestamp with time zone, before_id uuid, OUT complete boolean, OUT ids uuid[]) TO hub_app;

REVOKE ALL ON FUNCTION pooled.search_messages(wanted tsquery, conversation uuid, before bigint, most integer, everything boolean, reader uuid, department uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION pooled.search_messages(wanted tsquery, conversation uuid, before bigint, most integer, everything boolean, reader uuid, department uuid) TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE client_acme.assignments TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE client_acme.contact_identities TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE client_acme.contacts TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE client_acme.conversations TO hub_app;
GRANT SELECT ON TABLE client_acme.conversations TO hub_search;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE client_acme.departments TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE client_acme.left_identities TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE client_acme.media TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE client_acme.messages TO hub_app;
GRANT SELECT ON TABLE client_acme.messages TO hub_search;

GRANT SELECT ON SEQUENCE client_acme.messages_seq_seq TO hub_search;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE client_acme.notes TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE client_acme.notifications TO hub_app;

GRANT USAGE ON SEQUENCE client_acme.queue_seq TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE client_acme.quick_replies TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE client_acme.rules TO hub_app;

GRANT SELECT,INSERT ON TABLE hub.access_changes TO hub_app;
GRANT SELECT,INSERT,DELETE ON TABLE hub.access_changes TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.alembic_version TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.alembic_version TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.api_keys TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.api_keys TO hub_system;

GRANT SELECT,INSERT ON TABLE hub.audit TO hub_app;
GRANT SELECT,INSERT,DELETE ON TABLE hub.audit TO hub_system;

GRANT UPDATE(before) ON TABLE hub.audit TO hub_system;

GRANT UPDATE(after) ON TABLE hub.audit TO hub_system;

GRANT SELECT,UPDATE ON TABLE hub.clock TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.commands TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.commands TO hub_system;

GRANT SELECT ON TABLE hub.connectors TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.connectors TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.contact_erasures TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.contact_erasures TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.contact_exports TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.contact_exports TO hub_system;

GRANT SELECT,INSERT,UPDATE ON TABLE hub.counters TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.early_receipts TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.early_receipts TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.environment_number TO hub_app;

GRANT SELECT(tenant_id) ON TABLE hub.environment_number TO hub_system;

GRANT SELECT(settings),UPDATE(settings) ON TABLE hub.environment_number TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.erased_updates TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.erased_updates TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.events TO hub_system;
GRANT SELECT ON TABLE hub.events TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.idempotency_keys TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.idempotency_keys TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.inbox TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.inbox TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.lanes TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.lanes TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.lines TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.lines TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.login_guesses TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.media_use TO hub_app;
GRANT SELECT ON TABLE hub.media_use TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.oidc_codes TO hub_system;

GRANT SELECT,INSERT,DELETE ON TABLE hub.oidc_links TO hub_app;
GRANT SELECT ON TABLE hub.oidc_links TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.outbox TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.outbox TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.paces TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.paces TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.pairings TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.pairings TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.password_resets TO hub_app;

GRANT SELECT,INSERT,DELETE ON TABLE hub.placement_changes TO hub_app;

GRANT SELECT ON TABLE hub.placement_moves TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.placement_moves TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.polls TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.processes TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.sandbox_screens TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.second_factors TO hub_app;
GRANT SELECT ON TABLE hub.second_factors TO hub_system;

GRANT UPDATE(secret) ON TABLE hub.second_factors TO hub_system;

GRANT SELECT,INSERT,UPDATE ON TABLE hub.secret_key TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.sequencer TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.session_routes TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.session_routes TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.session_uses TO hub_system;
GRANT SELECT,DELETE ON TABLE hub.session_uses TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.sessions TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.sessions TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.sign_ins TO hub_app;
GRANT SELECT,DELETE ON TABLE hub.sign_ins TO hub_system;

GRANT UPDATE(last_seen_at) ON TABLE hub.sign_ins TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.tenants TO hub_system;
GRANT SELECT ON TABLE hub.tenants TO hub_app;

GRANT UPDATE(name) ON TABLE hub.tenants TO hub_app;

GRANT UPDATE(language) ON TABLE hub.tenants TO hub_app;

GRANT UPDATE(greeting) ON TABLE hub.tenants TO hub_app;

GRANT UPDATE(texts) ON TABLE hub.tenants TO hub_app;

GRANT UPDATE(hours) ON TABLE hub.tenants TO hub_app;

GRANT UPDATE(level) ON TABLE hub.tenants TO hub_app;

GRANT UPDATE(country) ON TABLE hub.tenants TO hub_app;

GRANT UPDATE(quotas) ON TABLE hub.tenants TO hub_app;

GRANT UPDATE(retention) ON TABLE hub.tenants TO hub_app;

GRANT UPDATE(second_factor_required) ON TABLE hub.tenants TO hub_app;

GRANT SELECT,INSERT,DELETE ON TABLE hub.tickets TO hub_system;

GRANT UPDATE(sealed) ON TABLE hub.tickets TO hub_system;

GRANT UPDATE(expires_at) ON TABLE hub.tickets TO hub_system;

GRANT UPDATE(holder) ON TABLE hub.tickets TO hub_system;

GRANT UPDATE(stream) ON TABLE hub.tickets TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.ticks TO hub_system;

GRANT SELECT ON TABLE hub."time" TO PUBLIC;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.webhook_deliveries TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.webhook_deliveries TO hub_system;

GRANT SELECT,UPDATE ON TABLE hub.webhook_planner TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.webhooks TO hub_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hub.webhooks TO hub_system;

GRANT SELECT,UPDATE ON TABLE hub.write_probe TO hub_system;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pooled.assignments TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pooled.contact_identities TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pooled.contacts TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pooled.conversations TO hub_app;
GRANT SELECT ON TABLE pooled.conversations TO hub_search;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pooled.departments TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pooled.left_identities TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pooled.media TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pooled.messages TO hub_app;
GRANT SELECT ON TABLE pooled.messages TO hub_search;

GRANT SELECT ON SEQUENCE pooled.messages_seq_seq TO hub_search;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pooled.notes TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pooled.notifications TO hub_app;

GRANT USAGE ON SEQUENCE pooled.queue_seq TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pooled.quick_replies TO hub_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE pooled.rules TO hub_app;

