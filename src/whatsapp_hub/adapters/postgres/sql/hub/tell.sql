-- Record a transaction's events, by its last statement: into the log with the next positions, where nobody else is giving
-- any just now and nothing waits that may be older; else into the outbox, for the sequencer. True: into the log.
--
-- The transaction that gives positions holds the sequencer's row until it has committed, so the next one begins where it
-- ended, and what is committed is without a hole. Nobody but the sequencer waits for that row. An earlier event of the same
-- conversation is either in the outbox, where it is seen (its transaction ended before this one got the conversation's
-- lock), or has its position.
CREATE OR REPLACE FUNCTION hub.tell(
  types text[], sessions uuid[], conversations uuid[], times timestamptz[], bodies bytea[]
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
  -- For a process that freezes before its commit, or waits for a frozen one (the statement's other parts run after this one).
  PERFORM set_config('idle_in_transaction_session_timeout', '2s', true), set_config('lock_timeout', '2s', true);
  INSERT INTO hub.events (position, tenant_id, type, session_id, conversation_id, occurred_at, body)
  SELECT head + x.n, tenant, x.type, x.session, x.conversation, x.at, x.body
  FROM unnest(types, sessions, conversations, times, bodies) WITH ORDINALITY
    AS x(type, session, conversation, at, body, n);
  UPDATE hub.sequencer SET position = head + cardinality(types);
  RETURN true;
END $$;
GRANT CREATE ON SCHEMA hub TO hub_system;
ALTER FUNCTION hub.tell(text[], uuid[], uuid[], timestamptz[], bytea[]) OWNER TO hub_system;
REVOKE CREATE ON SCHEMA hub FROM hub_system;
REVOKE ALL ON FUNCTION hub.tell(text[], uuid[], uuid[], timestamptz[], bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub.tell(text[], uuid[], uuid[], timestamptz[], bytea[]) TO hub_app;
