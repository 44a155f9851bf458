-- Find those of a list (the same filters and visibility) whose name is like `pattern` or whose number is like `digits`,
-- each null where there is none; `keys` are pieces that all of them have. Past (before_at, before_id), the most recently
-- changed first, at most `most`. One look after the other, each in its index:
--   live           what is under way
--   bucket         closed ones, three days at a time from the newest on, until they are enough
--   rest           the older ones in one go, after four buckets, or after two that had so few that the name is rare;
--                  without asking the index for the tenant: where a company has most of the rows, that is a list as
--                  long as the table
--   tenant's rest  the same with it, and of the list alone, if those were more than `enough`
-- If even these are more, the answer is not complete: a name so frequent, of which a list has so few newer ones, is found
-- sooner in that list itself. There is one good plan, and making it takes longer than most searches: hence
-- force_generic_plan.
CREATE OR REPLACE FUNCTION search_conversations(
  pattern text, digits text, keys tsquery, most integer, enough integer, statuses text[], department uuid, holder uuid,
  of_session uuid, everything boolean, reader uuid, readers_department uuid, before_at timestamptz, before_id uuid,
  OUT complete boolean, OUT ids uuid[]
) LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT SET enable_seqscan = off SET max_parallel_workers_per_gather = 0
SET plan_cache_mode = force_generic_plan
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
DO $$ BEGIN
  EXECUTE format('GRANT CREATE ON SCHEMA %I TO hub_search', current_schema());
  ALTER FUNCTION search_conversations OWNER TO hub_search;
  EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM hub_search', current_schema());
END $$;
REVOKE ALL ON FUNCTION search_conversations FROM PUBLIC;
GRANT EXECUTE ON FUNCTION search_conversations TO hub_app;
