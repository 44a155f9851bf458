-- End what old holders left connected to the store of these sessions (store_name in
-- application/ports/connections/sockets.py), and wait until it is gone; return how many connections there were. The store's
-- login is the one that owns this function, or one in which that has membership.
CREATE OR REPLACE FUNCTION hub.end_stores(sessions uuid[]) RETURNS bigint LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
    SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 2000)) FROM pg_stat_activity
    WHERE datname = current_database() AND pg_has_role(current_user, usesysid, 'USAGE')
      AND application_name = ANY (SELECT 'whatsapp-hub session ' || s FROM unnest(sessions) AS s)
  $$;
REVOKE ALL ON FUNCTION hub.end_stores(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub.end_stores(uuid[]) TO hub_system;
