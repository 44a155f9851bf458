-- A message of any length is stored. PostgreSQL refuses a tsvector of more than 1 MB, and so every insert of a text of very
-- many different words: the first 65,536 characters are searched, which is as long as a text of WhatsApp's can be, and
-- never more than 0.4 MB of stems. The function says the same expression as the index, or would read every message.
CREATE INDEX messages_searched ON messages
  USING gin (tenant_id, (seq >> 15), to_tsvector('hub.portuguese'::regconfig, left(content, 65536)))
  WITH (gin_pending_list_limit = 128) WHERE content <> '';
DROP INDEX messages_found;
ALTER INDEX messages_searched RENAME TO messages_found;

DO $$
DECLARE
  found CONSTANT regprocedure := 'search_messages(tsquery, uuid, bigint, integer, boolean, uuid, uuid)'::regprocedure;
  said CONSTANT text := pg_get_functiondef(found);
  told CONSTANT text := regexp_replace(said, '::regconfig, ([ms])\.content\)', '::regconfig, left(\1.content, 65536))', 'g');
BEGIN
  EXECUTE told;
END $$;
