-- Note that a user's access changed with their second factor (hub.access_changes).
CREATE OR REPLACE FUNCTION hub.second_factor_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO hub.access_changes (tenant_id, user_id)
  VALUES (coalesce(NEW.tenant_id, OLD.tenant_id), coalesce(NEW.id, OLD.id));
  RETURN NULL;
END $$;
