-- Sessions that hold a socket: the processes that hold them, their lines, and what these processes are asked to do.

-- A connector exists as long as its lease has not ended: `until`, by this server's clock. Whoever finds it ended deletes
-- the row, which frees its lines; a connector that then wants to renew finds nothing to renew, and has lost them.
CREATE TABLE hub.connectors (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  kinds text[] NOT NULL,
  room integer NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  until timestamptz NOT NULL
);

-- One row a session that holds a socket, from its first start on. `fence` numbers its dials and changes of holder;
-- `is_clean`: its last holder hung up before it let go. The rest is the session's Life (domain/life.py).
CREATE TABLE hub.lines (
  session_id uuid PRIMARY KEY REFERENCES hub.sessions ON DELETE CASCADE,
  tenant_id uuid NOT NULL,
  provider text NOT NULL,
  connector_id uuid REFERENCES hub.connectors ON DELETE SET NULL,
  held_since timestamptz,
  is_clean boolean NOT NULL DEFAULT true,
  is_wanted boolean NOT NULL DEFAULT false,
  fence bigint NOT NULL DEFAULT 0,
  attempts integer NOT NULL DEFAULT 0,
  has_paired boolean NOT NULL DEFAULT false,
  is_up boolean NOT NULL DEFAULT false,
  must_forget boolean NOT NULL DEFAULT false,
  dial_at timestamptz,
  deadline_at timestamptz,
  pairing_until timestamptz,
  code_until timestamptz,
  losses timestamptz[] NOT NULL DEFAULT '{}',
  paired_at timestamptz,
  connected_at timestamptz,
  disconnected_at timestamptz,
  disconnect_reason text
);
CREATE INDEX lines_free ON hub.lines (provider) WHERE connector_id IS NULL AND is_wanted;
CREATE INDEX lines_held ON hub.lines (connector_id) WHERE connector_id IS NOT NULL;
CREATE INDEX lines_late ON hub.lines (deadline_at) WHERE deadline_at IS NOT NULL;

-- What the holder of a session is asked to do. No reference to the session: the credentials of a deleted one are still
-- to be forgotten, by the connector that held it, or by any once that one is gone (`for_connector`).
CREATE TABLE hub.commands (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  session_id uuid NOT NULL,
  provider text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('pairing_code', 'log_out', 'forget')),
  argument text,
  for_connector uuid,
  asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  taken_by uuid,
  answered_at timestamptz,
  answer text,
  error text,
  error_code text,
  error_detail text
);
CREATE INDEX commands_open ON hub.commands (session_id) WHERE answered_at IS NULL;

-- The dial that brought an update (null: of a provider that holds no socket).
ALTER TABLE hub.inbox ADD COLUMN fence bigint;

-- Ends what old holders left connected to the store of these sessions (see store_name in ports/held.py), and waits until
-- it is gone; how many connections there were. The store's login is the one that owns this function.
CREATE FUNCTION hub.end_stores(sessions uuid[]) RETURNS bigint LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
    SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 2000)) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user
      AND application_name = ANY (SELECT 'whatsapp-hub session ' || s FROM unnest(sessions) AS s)
  $$;
REVOKE ALL ON FUNCTION hub.end_stores(uuid[]) FROM public;
GRANT EXECUTE ON FUNCTION hub.end_stores(uuid[]) TO hub_system;

GRANT SELECT ON hub.connectors TO hub_app; -- whether a lease still holds: no tenant's data
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.connectors TO hub_system;
GRANT SELECT, INSERT, UPDATE, DELETE ON hub.lines, hub.commands TO hub_app, hub_system;
ALTER TABLE hub.connectors ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY machinery ON hub.connectors TO hub_system USING (true);
CREATE POLICY seen ON hub.connectors FOR SELECT TO hub_app USING (true);

DO $$ DECLARE name text; BEGIN
  FOREACH name IN ARRAY ARRAY['lines', 'commands'] LOOP
    EXECUTE format('ALTER TABLE hub.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY own ON hub.%I TO hub_app USING (tenant_id = hub.tenant())', name);
    EXECUTE format('CREATE POLICY directory ON hub.%I TO hub_system USING (true)', name);
  END LOOP;
END $$;
