-- Begin a transaction of a tenant where its rows are. Each transaction holds the tenant's placement until it ends; a move
-- waits for them and lets nobody else in (HUB03). A process that remembers another place learns it (HUB04).
CREATE OR REPLACE FUNCTION hub.enter(tenant uuid, place text, caller text) RETURNS void LANGUAGE plpgsql AS $$
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
