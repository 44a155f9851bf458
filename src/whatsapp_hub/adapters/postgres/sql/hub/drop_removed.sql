-- Drop the schema of a company that is being removed, also one that an unfinished move made, and the triggers of that move.
-- Nothing where the company is not being removed. The login that works need not own them.
CREATE OR REPLACE FUNCTION hub.drop_removed(company uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
  slug CONSTANT text := (SELECT t.slug FROM hub.tenants t WHERE t.id = company AND t.removed_at IS NOT NULL);
  statement text;
BEGIN
  IF slug IS NULL THEN
    RETURN;
  END IF;
  EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', 'client_' || slug);
  FOR statement IN
    SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger
    WHERE starts_with(tgname, format('moving_%s_', replace(company::text, '-', '')))
  LOOP
    EXECUTE statement;
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION hub.drop_removed(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub.drop_removed(uuid) TO hub_system;
