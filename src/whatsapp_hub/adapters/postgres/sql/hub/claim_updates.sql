-- Claim what each batch of received updates asks first, in one round trip. The statements of a function see, one after
-- the other, what was committed while the one before waited for its locks; one statement would only see what it began with.
--
-- From one chat's head to the next along inbox_pending, beginning after (after_session, after_chat): each step is one
-- index look-up, however much a chat has waiting. The recursion runs only as far as LIMIT asks, and a lock is tried only
-- on chats whose head is due. Advisory locks die with the transaction. Of each chat that is ours a prefix follows, up to
-- the first update that waits for its retry; short chats are not starved by long ones. A chat with nothing to give is one
-- row without id.
CREATE OR REPLACE FUNCTION hub.claim_updates(of_tenant uuid, after_session uuid, after_chat text, at_most int)
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
