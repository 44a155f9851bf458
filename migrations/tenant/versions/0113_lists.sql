-- Lists of conversations that cost the same however many there are, and searches that cannot read everything.
--
-- Every index has the status before the order: a list of several statuses, or of all four, merges as many scans, each of
-- which ends with the page. So one index serves what is live, what is closed and both; there were two or three.
-- Each message of a round changes its updated_at and writes to all of them: five, in the place of six.
-- A department's and a person's end with the session, so that a list of both skips others' rows inside the index.

DROP INDEX conversations_listed, conversations_of_user, conversations_of_department_live, conversations_of_user_live,
  conversations_of_user_all;
CREATE INDEX conversations_of_department ON conversations
  (tenant_id, status, department_id, updated_at DESC, id DESC, session_id) WHERE department_id IS NOT NULL;
CREATE INDEX conversations_of_user ON conversations
  (tenant_id, status, assigned_user_id, updated_at DESC, id DESC, session_id) WHERE assigned_user_id IS NOT NULL;
CREATE INDEX conversations_of_session ON conversations (tenant_id, status, session_id, updated_at DESC, id DESC);
-- What every agent sees until a department or a person has it.
CREATE INDEX conversations_of_nobody ON conversations (tenant_id, status, updated_at DESC, id DESC)
  WHERE assigned_user_id IS NULL AND department_id IS NULL;

-- Names and numbers in one index, in buckets of three days by the time of the last change: matches of a newer bucket
-- come before all of an older one, so that a name is looked for bucket by bucket, from the newest on.
DROP INDEX conversations_named, conversations_numbered;
DO $$ BEGIN
  EXECUTE format($index$
    CREATE INDEX conversations_searched ON conversations USING gin
      (tenant_id, date_bin('3 days', updated_at, '2000-01-01 00:00+00'),
       translate(lower(customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy') %1$I.gin_trgm_ops,
       customer_phone %1$I.gin_trgm_ops) $index$,
    (SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'pg_trgm'));
END $$;

DROP FUNCTION search_conversations(text, text, integer);
-- Those of a list (the same filters and sight) whose name is like `pattern` or whose number is like `digits`, each null
-- where there is none; past (before_at, before_id), the most recently changed first, at most `most`. After four
-- buckets that were not enough the rest is looked for in one go. First without asking the index for the tenant: where a
-- company has most of the rows, what it has is a list as long as the table, and a rare name is found in a tenth of the
-- time without. Then, if that are more than `enough`, with it. If even that are more, the answer is not complete: a
-- name so frequent, of which a list has so few, is found sooner in that list itself.
CREATE FUNCTION search_conversations(
  pattern text, digits text, most integer, enough integer, statuses text[], department uuid, holder uuid,
  of_session uuid, everything boolean, reader uuid, readers_department uuid, before_at timestamptz, before_id uuid,
  OUT complete boolean, OUT ids uuid[]
) LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
  tenant CONSTANT uuid := hub.tenant();
  edge timestamptz := 'infinity';
  newest timestamptz;
  bucket timestamptz;
  more uuid[];
BEGIN
  complete := true;
  ids := '{}';
  FOR step IN 1..5 LOOP
    SELECT max(newest_of.updated_at) INTO newest
      FROM unnest(coalesce(statuses, '{OPEN,ASSIGNED,RESOLVED,ARCHIVED}')) AS s(status), LATERAL (
        SELECT c.updated_at FROM conversations c
        WHERE c.tenant_id = tenant AND c.status = s.status AND c.updated_at < edge
          AND (before_at IS NULL OR c.updated_at <= before_at)
        ORDER BY c.updated_at DESC LIMIT 1) AS newest_of;
    EXIT WHEN newest IS NULL OR step = 5;
    bucket := date_bin('3 days', newest, '2000-01-01 00:00+00');
    more := ARRAY(
      SELECT c.id FROM conversations c
      WHERE c.tenant_id = tenant AND date_bin('3 days', c.updated_at, '2000-01-01 00:00+00') = bucket
        AND (translate(lower(c.customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy') LIKE pattern
          OR c.customer_phone LIKE digits)
        AND (statuses IS NULL OR c.status = ANY (statuses))
        AND (department IS NULL OR c.department_id = department)
        AND (holder IS NULL OR c.assigned_user_id = holder)
        AND (of_session IS NULL OR c.session_id = of_session)
        AND (before_at IS NULL OR (c.updated_at, c.id) < (before_at, before_id))
        AND (everything OR c.assigned_user_id = reader OR c.department_id = readers_department
          OR c.assigned_user_id IS NULL AND c.department_id IS NULL)
      ORDER BY c.updated_at DESC, c.id DESC LIMIT most - cardinality(ids));
    ids := ids || more;
    IF cardinality(ids) >= most THEN
      RETURN;
    END IF;
    edge := bucket;
  END LOOP;
  IF newest IS NULL THEN
    RETURN;
  END IF;
  WITH alike AS MATERIALIZED (
    SELECT c.* FROM conversations c
    WHERE (translate(lower(c.customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy') LIKE pattern
        OR c.customer_phone LIKE digits)
      AND c.updated_at < edge
    LIMIT enough + 1),
  found AS (
    SELECT c.id, c.updated_at FROM alike c
    WHERE c.tenant_id = tenant
      AND (statuses IS NULL OR c.status = ANY (statuses))
      AND (department IS NULL OR c.department_id = department)
      AND (holder IS NULL OR c.assigned_user_id = holder)
      AND (of_session IS NULL OR c.session_id = of_session)
      AND (before_at IS NULL OR (c.updated_at, c.id) < (before_at, before_id))
      AND (everything OR c.assigned_user_id = reader OR c.department_id = readers_department
        OR c.assigned_user_id IS NULL AND c.department_id IS NULL))
  SELECT (SELECT count(*) FROM alike) <= enough,
    ids || ARRAY(SELECT f.id FROM found f ORDER BY f.updated_at DESC, f.id DESC LIMIT most - cardinality(ids))
    INTO complete, more;
  IF complete THEN
    ids := more;
    RETURN;
  END IF;
  WITH found AS MATERIALIZED (
    SELECT c.id, c.updated_at FROM conversations c
    WHERE c.tenant_id = tenant
      AND (translate(lower(c.customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy') LIKE pattern
        OR c.customer_phone LIKE digits)
      AND c.updated_at < edge
      AND (statuses IS NULL OR c.status = ANY (statuses))
      AND (department IS NULL OR c.department_id = department)
      AND (holder IS NULL OR c.assigned_user_id = holder)
      AND (of_session IS NULL OR c.session_id = of_session)
      AND (before_at IS NULL OR (c.updated_at, c.id) < (before_at, before_id))
      AND (everything OR c.assigned_user_id = reader OR c.department_id = readers_department
        OR c.assigned_user_id IS NULL AND c.department_id IS NULL)
    LIMIT enough + 1)
  SELECT (SELECT count(*) FROM found) <= enough,
    ids || ARRAY(SELECT f.id FROM found f ORDER BY f.updated_at DESC, f.id DESC LIMIT most - cardinality(ids))
    INTO complete, more;
  ids := more;
END $$;

-- As 0107_search, with smaller buckets: 32,768 messages, of which a frequent word reads one or two. And what the index
-- cannot tell is looked for in the newest messages that say the words, so that no search reads everything: whether the
-- words are a phrase, in 1,000; whether a reader who sees a part may see them, in 2,000 (asked one by one, or the planner
-- reads every conversation to know). After 24 buckets the rest is looked for in one go, first without the tenant; for
-- phrases and such readers only if no more than 5,000 older messages say the words.
DROP INDEX messages_found;
CREATE INDEX messages_found ON messages
  USING gin (tenant_id, (seq >> 15), to_tsvector('hub.portuguese'::regconfig, content)) WHERE content <> '';
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
    IF most <= 0 OR budget <= 0 OR bucket <= 0 THEN
      RETURN;
    END IF;
    bucket := bucket - 1;
  END LOOP;
  IF budget IS NOT NULL AND heard * bucket / 24 > 5000 THEN
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
      'search_conversations(text, text, integer, integer, text[], uuid, uuid, uuid, boolean, uuid, uuid, timestamptz, uuid)'
  ] LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, place);
    EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off', name);
    -- starting workers takes longer than any of these searches
    EXECUTE format('ALTER FUNCTION %s SET max_parallel_workers_per_gather = 0', name);
    EXECUTE format('ALTER FUNCTION %s OWNER TO hub_search', name);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', name);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO hub_app', name);
  END LOOP;
  EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM hub_search', place);
END $$;
