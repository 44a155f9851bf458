-- Delete what the store of a company's linked devices knows of these people; return how many rows. The rows are matched by
-- the person's part of a JID or of a Signal address. The pairs of numbers and LIDs are all devices': they stay while
-- another company's device knows that person.
CREATE OR REPLACE FUNCTION hub.forget_in_store(of_tenant uuid, people text[]) RETURNS bigint
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
REVOKE ALL ON FUNCTION hub.forget_in_store(uuid, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub.forget_in_store(uuid, text[]) TO hub_system;
