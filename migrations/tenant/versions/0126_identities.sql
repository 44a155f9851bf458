-- Which identities a person had until when: a number that was left belongs to its next holder from then on, and what was
-- written before (and comes late) still belongs to the person who left it.
CREATE TABLE left_identities (
  tenant_id uuid NOT NULL,
  kind text NOT NULL,
  value text NOT NULL,
  until timestamptz NOT NULL,
  contact_id uuid NOT NULL REFERENCES contacts ON DELETE CASCADE,
  PRIMARY KEY (tenant_id, kind, value, until)
);
CREATE INDEX left_by_contact ON left_identities (contact_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON left_identities TO hub_app;
ALTER TABLE left_identities ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON left_identities TO hub_app USING (tenant_id = hub.tenant());

-- Mexican and Argentine numbers get the one spelling by which they are found (domain/phones.py). Where both spellings have
-- a contact already, the one in the new spelling is found from now on and the other keeps its conversations.
ALTER TABLE contact_identities NO FORCE ROW LEVEL SECURITY;
UPDATE contact_identities i SET value = new.value
FROM (
  SELECT DISTINCT ON (tenant_id, value) tenant_id, seen, value FROM (
    SELECT tenant_id, value AS seen, CASE
      WHEN value ~ '^521[2-9][0-9]{9}$' THEN '52' || substr(value, 4)
      WHEN value ~ '^54(11|[23][0-9])[0-9]{8}$' THEN '549' || substr(value, 3) END AS value
    FROM contact_identities WHERE kind = 'phone' AND value ~ '^5[24]') AS found
  WHERE value IS NOT NULL ORDER BY tenant_id, value, seen) AS new
WHERE i.kind = 'phone' AND i.tenant_id = new.tenant_id AND i.value = new.seen AND NOT EXISTS (
  SELECT FROM contact_identities o
  WHERE o.tenant_id = new.tenant_id AND o.kind = 'phone' AND o.value = new.value);
ALTER TABLE contact_identities FORCE ROW LEVEL SECURITY;
