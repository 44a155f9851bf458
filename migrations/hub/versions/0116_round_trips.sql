-- What each batch of received updates asks first, in one round trip each. The statements of a function see, one after the
-- other, what was committed while the one before waited for its locks; one statement would only see what it began with.

-- From one chat's head to the next along inbox_pending, beginning after (after_session, after_chat): each step is one
-- index look-up, however much a chat has waiting. The recursion runs only as far as LIMIT asks, and a lock is tried only
-- on chats whose head is due. Advisory locks die with the transaction. Of each chat that is ours a prefix follows, up to
-- the first update that waits for its retry; short chats are not starved by long ones. A chat with nothing to give is one
-- row without id.
CREATE FUNCTION hub.claim_updates(of_tenant uuid, after_session uuid, after_chat text, at_most int)
RETURNS TABLE (
  place bigint, session_id uuid, chat text, is_ours bool,
  id bigint, provider text, body bytea, received_at timestamptz, tries smallint, fence bigint)
LANGUAGE plpgsql AS $$
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
    FROM head WHERE retry_at IS NULL OR retry_at <= clock_timestamp() LIMIT at_most) AS seen;

  RETURN QUERY
    WITH seen AS (
      SELECT * FROM unnest(sessions, chats, ours) WITH ORDINALITY AS s(session_id, chat, is_ours, place)),
    picked AS (
      SELECT seen.place, due.id FROM seen
      CROSS JOIN LATERAL (
        SELECT first.id, row_number() OVER w AS rank,
          bool_and(first.retry_at IS NULL OR first.retry_at <= clock_timestamp()) OVER w AS is_due
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

-- The contacts of these names, locked, with all their names. Advisory locks on names that nobody has come first, then the
-- contacts' rows by id: whoever meets the same new person at the same moment waits here, and then finds the contact.
-- A contact that was merged into another while we waited for it is looked up again.
CREATE FUNCTION hub.meet(kinds text[], names text[])
RETURNS TABLE (
  id uuid, created_at timestamptz, name text, profile_pic text, is_group bool, kind text, value text, address text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  locked uuid[];
BEGIN
  PERFORM pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended(hub.tenant()::text || w.kind || w.value, 1) AS key
    FROM unnest(kinds, names) AS w(kind, value)
    WHERE NOT EXISTS (
      SELECT FROM contact_identities i WHERE i.tenant_id = hub.tenant() AND i.kind = w.kind AND i.value = w.value)
    ORDER BY 1) AS unknown;
  FOR turn IN 1..5 LOOP
    locked := ARRAY(
      SELECT c.id FROM contacts c WHERE c.id IN (
        SELECT i.contact_id FROM unnest(kinds, names) AS w(kind, value)
        JOIN contact_identities i ON i.tenant_id = hub.tenant() AND i.kind = w.kind AND i.value = w.value)
      ORDER BY c.id FOR NO KEY UPDATE);
    IF NOT EXISTS (
      SELECT FROM unnest(kinds, names) AS w(kind, value)
      JOIN contact_identities i ON i.tenant_id = hub.tenant() AND i.kind = w.kind AND i.value = w.value
      WHERE i.contact_id <> ALL (locked))
    THEN
      RETURN QUERY
        SELECT c.id, c.created_at, c.name, c.profile_pic, c.is_group, i.kind, i.value, i.address
        FROM contacts c JOIN contact_identities i ON i.contact_id = c.id
        WHERE c.id = ANY (locked) ORDER BY c.id, i.added_at, i.kind, i.value;
      RETURN;
    END IF;
  END LOOP;
  RAISE serialization_failure USING MESSAGE = 'these contacts are being merged';
END $$;

-- A plan that is made once must know early when a handful of lanes has become thousands.
ALTER TABLE hub.lanes SET (autovacuum_analyze_threshold = 500);
