-- Who changed what. Triggers write it in the changing transaction itself, for what a caller does (`app.caller`, set by
-- the prelude); what the hub does by itself is in the event log. Nobody may change or delete an entry but the trimming.

CREATE TABLE hub.audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  caller text NOT NULL,
  user_id uuid,
  email text,
  address text,
  action text NOT NULL,
  change text NOT NULL CHECK (change IN ('create', 'update', 'delete')),
  entity text NOT NULL,
  entity_id text NOT NULL,
  before jsonb,
  after jsonb
);
CREATE INDEX audit_of_tenant ON hub.audit (tenant_id, id DESC);
CREATE INDEX audit_of_entity ON hub.audit (tenant_id, entity_id, id DESC);
CREATE INDEX audit_of_user ON hub.audit (tenant_id, user_id, id DESC);
CREATE INDEX audit_age ON hub.audit USING brin (at);
ALTER TABLE hub.audit ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hub.audit TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY directory ON hub.audit TO hub_system USING (true);
GRANT SELECT, INSERT ON hub.audit TO hub_app;
GRANT SELECT, DELETE ON hub.audit TO hub_system;

-- Arguments: the entity's name, then columns whose change alone is not worth an entry.
CREATE FUNCTION hub.audit_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  who CONSTANT json := current_setting('app.caller')::json;
  secret CONSTANT text[] := ARRAY['settings', 'password_hash', 'digest', 'secret', 'secrets'];
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
  INSERT INTO hub.audit (tenant_id, caller, user_id, email, address, action, change, entity, entity_id, before, after)
  VALUES (hub.tenant(), who ->> 'key', (who ->> 'user')::uuid, who ->> 'email', who ->> 'from', who ->> 'doing',
          CASE TG_OP WHEN 'INSERT' THEN 'create' WHEN 'UPDATE' THEN 'update' ELSE 'delete' END,
          TG_ARGV[0], coalesce(entity_id, ''), was, now);
  RETURN NULL;
END $$;

CREATE FUNCTION hub.audits(target regclass, VARIADIC arguments text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format(
    'CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW '
    'WHEN (coalesce(current_setting(''app.caller'', true), '''') <> '''') EXECUTE FUNCTION hub.audit_row(%s)',
    target, (SELECT string_agg(quote_literal(a), ', ') FROM unnest(arguments) AS a));
END $$;

ALTER TABLE hub.tenants ADD COLUMN texts jsonb NOT NULL DEFAULT '{}';
GRANT UPDATE (texts) ON hub.tenants TO hub_app;

SELECT hub.audits('hub.tenants', 'company');
SELECT hub.audits('hub.users', 'user', 'online_status', 'online_since', 'last_heartbeat', 'last_assigned_at',
                  'hands_over');
SELECT hub.audits('hub.sessions', 'session', 'qr_code');
SELECT hub.audits('hub.api_keys', 'api_key', 'last_used_at');
