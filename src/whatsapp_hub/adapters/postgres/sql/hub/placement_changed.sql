-- Note a change at a tenant's source. Arguments: the columns of the primary key. Only while a move copies is there a trigger
-- that calls it, for its tenant.
CREATE OR REPLACE FUNCTION hub.placement_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO hub.placement_changes (tenant_id, relation, key)
    SELECT NEW.tenant_id, TG_TABLE_NAME, jsonb_object_agg(name, to_jsonb(NEW) -> name) FROM unnest(TG_ARGV) AS name;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO hub.placement_changes (tenant_id, relation, key)
    SELECT OLD.tenant_id, TG_TABLE_NAME, jsonb_object_agg(name, to_jsonb(OLD) -> name) FROM unnest(TG_ARGV) AS name;
  END IF;
  RETURN NULL;
END $$;
