-- Find the contacts of these names, locked, with all their names. Advisory locks on names that nobody has come first, then
-- the contacts' rows by id: a transaction that meets the same new person at the same moment waits here, and then finds the
-- contact. A contact that was merged into another while we waited for it is looked up again.
--
-- The contacts that had one of these names before (left_identities) are locked with the others: `until` says when each of
-- them left it, and is null for the names that a contact has now. Whose names these were is asked once the contacts are
-- locked: a change of number that was committed while we waited for its contact is seen. Where left_identities is not
-- there yet (tenants' schemas are migrated after this one, while processes of the version before go on), nobody has left
-- anything. What the company keeps of a contact (contacts.own) is read in a way that a schema without the column bears.
CREATE OR REPLACE FUNCTION hub.meet(kinds text[], names text[])
RETURNS TABLE (
  id uuid, created_at timestamptz, name text, profile_pic text, is_group bool, kind text, value text, address text,
  until timestamptz, own jsonb)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  locked uuid[];
  former uuid[] := '{}';
BEGIN
  PERFORM pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended(hub.tenant()::text || w.kind || w.value, 1) AS key
    FROM unnest(kinds, names) AS w(kind, value)
    WHERE NOT EXISTS (
      SELECT FROM contact_identities i WHERE i.tenant_id = hub.tenant() AND i.kind = w.kind AND i.value = w.value)
    ORDER BY 1) AS unknown;
  FOR turn IN 1..5 LOOP
    IF former = '{}' THEN
      locked := ARRAY(
        SELECT c.id FROM contacts c WHERE c.id IN (
          SELECT i.contact_id FROM unnest(kinds, names) AS w(kind, value)
          JOIN contact_identities i ON i.tenant_id = hub.tenant() AND i.kind = w.kind AND i.value = w.value)
        ORDER BY c.id FOR NO KEY UPDATE);
    ELSE
      locked := ARRAY(
        SELECT c.id FROM contacts c WHERE c.id = ANY (former || ARRAY(
          SELECT i.contact_id FROM unnest(kinds, names) AS w(kind, value)
          JOIN contact_identities i ON i.tenant_id = hub.tenant() AND i.kind = w.kind AND i.value = w.value))
        ORDER BY c.id FOR NO KEY UPDATE);
    END IF;
    IF to_regclass('left_identities') IS NOT NULL THEN
      IF EXISTS (SELECT FROM left_identities l WHERE l.tenant_id = hub.tenant()) THEN
        former := ARRAY(
          SELECT l.contact_id FROM unnest(kinds, names) AS w(kind, value)
          JOIN left_identities l ON l.tenant_id = hub.tenant() AND l.kind = w.kind AND l.value = w.value);
      END IF;
    END IF;
    IF former <@ locked AND NOT EXISTS (
      SELECT FROM unnest(kinds, names) AS w(kind, value)
      JOIN contact_identities i ON i.tenant_id = hub.tenant() AND i.kind = w.kind AND i.value = w.value
      WHERE i.contact_id <> ALL (locked))
    THEN
      IF former = '{}' THEN
        RETURN QUERY
          SELECT c.id, c.created_at, c.name, c.profile_pic, c.is_group, i.kind, i.value, i.address, NULL::timestamptz,
            nullif(to_jsonb(c) -> 'own', 'null')
          FROM contacts c JOIN contact_identities i ON i.contact_id = c.id
          WHERE c.id = ANY (locked) ORDER BY c.id, i.added_at, i.kind, i.value;
      ELSE
        RETURN QUERY
          SELECT c.id, c.created_at, c.name, c.profile_pic, c.is_group, n.kind, n.value, n.address, n.until,
            nullif(to_jsonb(c) -> 'own', 'null')
          FROM contacts c CROSS JOIN LATERAL (
            SELECT i.kind, i.value, i.address, i.added_at, NULL::timestamptz AS until
            FROM contact_identities i WHERE i.contact_id = c.id
            UNION ALL
            SELECT l.kind, l.value, l.value, NULL, l.until
            FROM left_identities l WHERE l.contact_id = c.id) AS n
          WHERE c.id = ANY (locked) ORDER BY c.id, n.added_at, n.kind, n.value, n.until;
      END IF;
      RETURN;
    END IF;
  END LOOP;
  RAISE serialization_failure USING MESSAGE = 'these contacts are being merged';
END $$;
