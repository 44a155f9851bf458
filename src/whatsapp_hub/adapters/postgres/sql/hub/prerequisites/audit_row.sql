-- Write a change into the record of changes. Arguments: the entity's name, then columns whose change alone is not worth an
-- entry. Secrets are masked; so is what an address may carry as one (after a question mark, before an @).
CREATE OR REPLACE FUNCTION hub.audit_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  who CONSTANT json := current_setting('app.caller')::json;
  secret CONSTANT text[] := ARRAY['settings', 'password_hash', 'digest', 'secret', 'secrets', 'headers', 'sealed_url'];
  address CONSTANT text[] := ARRAY['url', 'webhook_url'];
  quiet CONSTANT text[] := TG_ARGV[1:] || ARRAY['tenant_id', 'updated_at'];
  was jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
  now jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
  entity_id CONSTANT text := coalesce(now, was) ->> 'id';
  name text;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    SELECT jsonb_object_agg(key, was -> key), jsonb_object_agg(key, value) INTO was, now
    FROM jsonb_each(now) WHERE value IS DISTINCT FROM was -> key AND key <> ALL (quiet);
    IF now IS NULL THEN
      RETURN NULL;
    END IF;
  ELSE
    was := jsonb_strip_nulls(was - quiet);
    now := jsonb_strip_nulls(now - quiet);
  END IF;
  FOREACH name IN ARRAY secret LOOP
    was := CASE WHEN was ? name THEN jsonb_set(was, ARRAY[name], '"***"') ELSE was END;
    now := CASE WHEN now ? name THEN jsonb_set(now, ARRAY[name], '"***"') ELSE now END;
  END LOOP;
  FOREACH name IN ARRAY address LOOP
    was := CASE WHEN was ->> name IS NULL THEN was ELSE jsonb_set(was, ARRAY[name], hub.audit_address(was ->> name)) END;
    now := CASE WHEN now ->> name IS NULL THEN now ELSE jsonb_set(now, ARRAY[name], hub.audit_address(now ->> name)) END;
  END LOOP;
  INSERT INTO hub.audit (tenant_id, caller, user_id, email, address, action, change, entity, entity_id, before, after)
  VALUES (hub.tenant(), who ->> 'key', (who ->> 'user')::uuid, who ->> 'email', who ->> 'from', who ->> 'doing',
          CASE TG_OP WHEN 'INSERT' THEN 'create' WHEN 'UPDATE' THEN 'update' ELSE 'delete' END,
          TG_ARGV[0], coalesce(entity_id, ''), was, now);
  RETURN NULL;
END $$;
