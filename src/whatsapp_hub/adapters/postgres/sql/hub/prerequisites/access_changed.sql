-- Note whose access changed, for the API processes (hub.access_changes).
CREATE OR REPLACE FUNCTION hub.access_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'users' THEN
    INSERT INTO hub.access_changes (tenant_id, user_id) VALUES (NEW.tenant_id, NEW.id);
  ELSIF TG_TABLE_NAME = 'sign_ins' THEN
    INSERT INTO hub.access_changes (tenant_id, user_id, sign_in_id) VALUES (NEW.tenant_id, NEW.user_id, NEW.id);
  ELSIF TG_TABLE_NAME = 'api_keys' THEN
    INSERT INTO hub.access_changes (tenant_id, api_key_id) VALUES (NEW.tenant_id, NEW.id);
  ELSE
    INSERT INTO hub.access_changes (tenant_id) VALUES (NEW.id);
  END IF;
  RETURN NULL;
END $$;
