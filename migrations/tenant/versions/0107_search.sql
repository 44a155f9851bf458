-- Search in messages and in customers' names and numbers: see migrations/hub/versions/0107_search.sql.
--
-- The index of messages has three keys: tenant, bucket (131,072 messages in the order in which they came) and stems.
-- A search looks bucket by bucket from the newest on, so that a frequent word costs one bucket and not all of them; a
-- word that the newest buckets do not have often enough is rare, and the last step finds it in one go.

DO $$ DECLARE trgm text := (SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'pg_trgm');
BEGIN
  EXECUTE $index$
    CREATE INDEX messages_found ON messages
      USING gin (tenant_id, (seq >> 17), to_tsvector('hub.portuguese'::regconfig, content)) WHERE content <> '' $index$;
  EXECUTE format($index$
    CREATE INDEX conversations_named ON conversations USING gin
      (tenant_id, translate(lower(customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy') %1$I.gin_trgm_ops)
      WHERE customer_name IS NOT NULL $index$, trgm);
  EXECUTE format($index$
    CREATE INDEX conversations_numbered ON conversations USING gin (tenant_id, customer_phone %1$I.gin_trgm_ops)
      WHERE customer_phone IS NOT NULL $index$, trgm);
END $$;

CREATE FUNCTION search_messages(
  wanted tsquery, conversation uuid, before bigint, most integer, everything boolean, reader uuid, department uuid
) RETURNS TABLE (id uuid, seq bigint) LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
  tenant CONSTANT uuid := hub.tenant();
  bucket bigint := least(before, (SELECT last_value FROM messages_seq_seq)) >> 17;
  total integer := 0;
  got integer;
BEGIN
  IF conversation IS NOT NULL THEN
    RETURN QUERY SELECT m.id, m.seq FROM messages m
      WHERE m.tenant_id = tenant AND m.conversation_id = conversation AND m.seq < before AND m.content <> ''
        AND to_tsvector('hub.portuguese'::regconfig, m.content) @@ wanted
        AND (everything OR EXISTS (SELECT FROM conversations c WHERE c.id = m.conversation_id
          AND (c.assigned_user_id = reader OR c.department_id = department
            OR c.assigned_user_id IS NULL AND c.department_id IS NULL)))
      ORDER BY m.seq DESC LIMIT most;
    RETURN;
  END IF;
  FOR step IN 1..8 LOOP
    RETURN QUERY SELECT m.id, m.seq FROM messages m
      WHERE m.tenant_id = tenant AND m.seq >> 17 = bucket AND m.seq < before AND m.content <> ''
        AND to_tsvector('hub.portuguese'::regconfig, m.content) @@ wanted
        AND (everything OR EXISTS (SELECT FROM conversations c WHERE c.id = m.conversation_id
          AND (c.assigned_user_id = reader OR c.department_id = department
            OR c.assigned_user_id IS NULL AND c.department_id IS NULL)))
      ORDER BY m.seq DESC LIMIT most - total;
    GET DIAGNOSTICS got = ROW_COUNT;
    total := total + got;
    IF total >= most OR bucket <= 0 THEN
      RETURN;
    END IF;
    bucket := bucket - 1;
  END LOOP;
  RETURN QUERY SELECT m.id, m.seq FROM messages m
    WHERE m.tenant_id = tenant AND m.seq < least(before, (bucket + 1) << 17) AND m.content <> ''
      AND to_tsvector('hub.portuguese'::regconfig, m.content) @@ wanted
      AND (everything OR EXISTS (SELECT FROM conversations c WHERE c.id = m.conversation_id
        AND (c.assigned_user_id = reader OR c.department_id = department
          OR c.assigned_user_id IS NULL AND c.department_id IS NULL)))
    ORDER BY m.seq DESC LIMIT most - total;
END $$;

-- `pattern` is a LIKE pattern of folded words, `digits` one of a number, each null where there is none. The most
-- recently changed come first; beyond `most` nothing is found: such a search says too little.
CREATE FUNCTION search_conversations(pattern text, digits text, most integer)
RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER AS $$
  SELECT c.id FROM conversations c
  WHERE c.id IN (
    SELECT n.id FROM conversations n WHERE n.tenant_id = hub.tenant() AND n.customer_name IS NOT NULL
      AND translate(lower(n.customer_name), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ', 'aaaaaaeeeeiiiiooooouuuucnyy') LIKE pattern
    UNION ALL
    SELECT p.id FROM conversations p WHERE p.tenant_id = hub.tenant() AND p.customer_phone IS NOT NULL
      AND p.customer_phone LIKE digits)
  ORDER BY c.updated_at DESC, c.id DESC LIMIT most
$$;

DO $$ DECLARE place CONSTANT text := current_schema(); name text; BEGIN
  EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO hub_search', place);
  GRANT SELECT ON messages, conversations TO hub_search;
  GRANT SELECT ON SEQUENCE messages_seq_seq TO hub_search;
  CREATE POLICY found ON messages FOR SELECT TO hub_search USING (true);
  CREATE POLICY found ON conversations FOR SELECT TO hub_search USING (true);
  FOREACH name IN ARRAY ARRAY['search_messages(tsquery, uuid, bigint, integer, boolean, uuid, uuid)',
                              'search_conversations(text, text, integer)'] LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, place);
    EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off', name);
    EXECUTE format('ALTER FUNCTION %s OWNER TO hub_search', name);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', name);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO hub_app', name);
  END LOOP;
  EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM hub_search', place);
END $$;

-- Lists of what is under way: of a department, of a person. Few rows at any time, however many are closed. And all that
-- a person ever had.
CREATE INDEX conversations_of_department_live ON conversations (tenant_id, department_id, updated_at DESC, id DESC)
  WHERE status IN ('OPEN', 'ASSIGNED');
CREATE INDEX conversations_of_user_live ON conversations (tenant_id, assigned_user_id, updated_at DESC, id DESC)
  WHERE status IN ('OPEN', 'ASSIGNED');
CREATE INDEX conversations_of_user_all ON conversations (tenant_id, assigned_user_id, updated_at DESC, id DESC)
  WHERE assigned_user_id IS NOT NULL;
