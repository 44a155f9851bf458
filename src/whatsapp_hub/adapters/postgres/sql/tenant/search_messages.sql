-- Find messages that say `wanted`, newest first, at most `most`, older than `before`, of one conversation or of all that
-- `reader` may see (`everything`: of all). Buckets of 32,768 messages, from the newest on: a frequent word costs one. Where
-- the newest do not say the words often enough, how many older ones do is estimated from the buckets since the first that
-- says them (at least eight); if these are few, they are looked for in one go.
CREATE OR REPLACE FUNCTION search_messages(
  wanted tsquery, conversation uuid, before bigint, most integer, everything boolean, reader uuid, department uuid
) RETURNS TABLE (id uuid, seq bigint) LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT SET enable_seqscan = off SET max_parallel_workers_per_gather = 0
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
      WHERE m.tenant_id = tenant AND m.conversation_id = conversation AND m.seq < before AND m.content <> '' AND m.target IS NULL
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
      WHERE m.tenant_id = tenant AND m.seq >> 15 = bucket AND m.seq < before AND m.content <> '' AND m.target IS NULL
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
    WHERE m.seq < least(before, (bucket + 1) << 15) AND m.content <> '' AND m.target IS NULL
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
      WHERE m.tenant_id = tenant AND m.seq < least(before, (bucket + 1) << 15) AND m.content <> '' AND m.target IS NULL
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
DO $$ BEGIN
  EXECUTE format('GRANT CREATE ON SCHEMA %I TO hub_search', current_schema());
  ALTER FUNCTION search_messages OWNER TO hub_search;
  EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM hub_search', current_schema());
END $$;
REVOKE ALL ON FUNCTION search_messages FROM PUBLIC;
GRANT EXECUTE ON FUNCTION search_messages TO hub_app;
