-- Names and numbers of what is closed by pieces (migrations/hub/versions/0115_search_keys.sql) in the place of trigrams:
-- a search for two names, or for a whole number, crosses short lists, however many conversations there are. Such pieces
-- cost more to write. So what is under way, which changes with every message, and of which there are few, keeps its
-- trigrams: each message writes what it wrote, less the bucket; the pieces are written when a conversation is closed.
-- The tenant as text, which only the search below asks for: as it is, the planner would take this small index for lists.

DROP INDEX conversations_searched;
DO $$ BEGIN
  EXECUTE format($index$
    CREATE INDEX conversations_searched_live ON conversations USING gin
      ((tenant_id::text),
       translate(lower(customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy') %1$I.gin_trgm_ops,
       customer_phone %1$I.gin_trgm_ops) WHERE status IN ('OPEN', 'ASSIGNED') $index$,
    (SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'pg_trgm'));
END $$;
CREATE INDEX conversations_searched_closed ON conversations USING gin
  (tenant_id, date_bin('3 days', updated_at, '2000-01-01 00:00+00'), hub.search_keys(customer_name, customer_phone))
  WHERE status IN ('RESOLVED', 'ARCHIVED');

DROP FUNCTION search_conversations(
  text, text, integer, integer, text[], uuid, uuid, uuid, boolean, uuid, uuid, timestamptz, uuid);
-- Those of a list (the same filters and sight) whose name is like `pattern` or whose number is like `digits`, each null
-- where there is none; `keys` are pieces that all of them have. Past (before_at, before_id), the most recently changed
-- first, at most `most`. One look after the other, each in its index:
--   live           what is under way
--   bucket         closed ones, three days at a time from the newest on, until they are enough
--   rest           the older ones in one go, after four buckets, or after two that had so few that the name is rare;
--                  without asking the index for the tenant: where a company has most of the rows, that is a list as
--                  long as the table
--   tenant's rest  the same with it, and of the list alone, if those were more than `enough`
-- If even these are more, the answer is not complete: a name so frequent, of which a list has so few newer ones, is found
-- sooner in that list itself.
CREATE FUNCTION search_conversations(
  pattern text, digits text, keys tsquery, most integer, enough integer, statuses text[], department uuid, holder uuid,
  of_session uuid, everything boolean, reader uuid, readers_department uuid, before_at timestamptz, before_id uuid,
  OUT complete boolean, OUT ids uuid[]
) LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
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

-- As 0113_lists, but how many older messages say the words is told by the buckets from the first that says them on (at
-- least eight): where the newest are other companies', too few were expected, and five thousand read for nothing.
DROP FUNCTION search_messages(tsquery, uuid, bigint, integer, boolean, uuid, uuid);
CREATE FUNCTION search_messages(
  wanted tsquery, conversation uuid, before bigint, most integer, everything boolean, reader uuid, department uuid
) RETURNS TABLE (id uuid, seq bigint) LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
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
        AND to_tsvector('hub.portuguese'::regconfig, m.content) @@ wanted
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
        AND to_tsvector('hub.portuguese'::regconfig, m.content) @@ words
      ORDER BY m.seq DESC LIMIT coalesce(budget, most)),
    seen AS MATERIALIZED (
      SELECT s.id, s.seq FROM saying s
      WHERE (everything OR coalesce((
          SELECT c.assigned_user_id = reader OR c.department_id = department
            OR c.assigned_user_id IS NULL AND c.department_id IS NULL
          FROM conversations c WHERE c.id = s.conversation_id), false))
        AND (NOT is_phrase OR to_tsvector('hub.portuguese'::regconfig, s.content) @@ wanted)
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
      AND to_tsvector('hub.portuguese'::regconfig, m.content) @@ words
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
      AND (NOT is_phrase OR to_tsvector('hub.portuguese'::regconfig, s.content) @@ wanted)
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
        AND to_tsvector('hub.portuguese'::regconfig, m.content) @@ words
      ORDER BY m.seq DESC LIMIT coalesce(budget, most))
    SELECT s.id, s.seq FROM saying s
    WHERE (everything OR coalesce((
        SELECT c.assigned_user_id = reader OR c.department_id = department
          OR c.assigned_user_id IS NULL AND c.department_id IS NULL
        FROM conversations c WHERE c.id = s.conversation_id), false))
      AND (NOT is_phrase OR to_tsvector('hub.portuguese'::regconfig, s.content) @@ wanted)
    ORDER BY s.seq DESC LIMIT most;
END $$;

DO $$ DECLARE place CONSTANT text := current_schema(); name text; BEGIN
  EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO hub_search', place);
  FOREACH name IN ARRAY ARRAY['search_messages(tsquery, uuid, bigint, integer, boolean, uuid, uuid)',
      'search_conversations(text, text, tsquery, integer, integer, text[], uuid, uuid, uuid, boolean, uuid, uuid,'
      ' timestamptz, uuid)'
  ] LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, place);
    EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off', name);
    EXECUTE format('ALTER FUNCTION %s SET max_parallel_workers_per_gather = 0', name);
    EXECUTE format('ALTER FUNCTION %s OWNER TO hub_search', name);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', name);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO hub_app', name);
  END LOOP;
  -- Of the last of them, search_conversations: there is one good plan, and making it takes longer than most searches.
  EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_generic_plan', name);
  EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM hub_search', place);
END $$;
