-- A tenant's rows move between `pooled` and a schema of their own while the hub works. See docs/decisions.

-- A move that has begun and not ended: 'copying' (the tenant is still at its source), 'clearing' (it is at its target).
CREATE TABLE hub.placement_moves (
  tenant_id uuid PRIMARY KEY REFERENCES hub.tenants,
  source text NOT NULL,
  target text NOT NULL,
  stage text NOT NULL CHECK (stage IN ('copying', 'clearing')),
  began_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- Which rows changed at the source since they were copied.
CREATE TABLE hub.placement_changes (
  tenant_id uuid NOT NULL,
  relation text NOT NULL,
  key jsonb NOT NULL
);
CREATE INDEX placement_changes_of_tenant ON hub.placement_changes (tenant_id, relation);

ALTER TABLE hub.placement_moves ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE hub.placement_changes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY directory ON hub.placement_moves TO hub_system USING (true);
CREATE POLICY own ON hub.placement_moves TO hub_app USING (tenant_id = hub.tenant());
CREATE POLICY own ON hub.placement_changes TO hub_app USING (tenant_id = hub.tenant());
GRANT SELECT ON hub.placement_moves TO hub_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.placement_moves TO hub_system;
GRANT SELECT, INSERT, DELETE ON hub.placement_changes TO hub_app;

-- Arguments: the columns of the primary key. Only while a move copies is there a trigger that calls it, for its tenant.
CREATE FUNCTION hub.placement_changed() RETURNS trigger LANGUAGE plpgsql AS $$
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

-- Begins a transaction of a tenant where its rows are. Whoever enters holds the tenant's placement until the transaction
-- ends; a move waits for them and lets nobody else in (HUB03). A process that remembers another place is told (HUB04).
CREATE FUNCTION hub.enter(tenant uuid, place text, caller text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  was_set text; -- assignments cost a tenth of PERFORM
  present text;
BEGIN
  IF NOT pg_try_advisory_xact_lock_shared(1886151012, uuid_hash(tenant)) THEN
    RAISE EXCEPTION USING ERRCODE = 'HUB03', MESSAGE = 'the tenant is being moved';
  END IF;
  was_set := set_config('app.tenant_id', tenant::text, true);
  SELECT CASE t.placement WHEN 'pooled' THEN 'pooled' ELSE 'client_' || t.slug END INTO present
    FROM hub.tenants AS t WHERE t.id = tenant;
  IF present IS DISTINCT FROM place THEN
    RAISE EXCEPTION USING ERRCODE = 'HUB04', MESSAGE = 'the tenant stands elsewhere';
  END IF;
  was_set := set_config('app.caller', caller, true);
  was_set := set_config('search_path', place || ', hub', true); -- last: what is planned above is planned for one path
END $$;
