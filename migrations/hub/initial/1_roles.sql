-- The shared schema `hub`: the directory (tenants, users, sessions) and the machinery (inbox, outbox, log, lanes).
-- Contacts, conversations and messages stand in tenant schemas (`pooled` or `client_{slug}`): see migrations/tenant.
-- The functions of this schema stand in adapters/postgres/sql/hub.
--
-- hub_app       works for one tenant a transaction (app.tenant_id, set by hub.enter); sees only its rows.
-- hub_system    finds work across tenants; reaches directory and machinery, never what customers wrote.
-- hub_search    owns the search functions. Row-level security keeps operators that are not leakproof (full text, LIKE) off
--               their indexes: so search goes through functions of this role, which sees all rows and reads app.tenant_id
--               itself; nobody can become it but the login that migrates.
-- hub_whatsmeow has WhatsApp Web's devices, in a schema of its own where whatsmeow makes its tables itself. Only connectors
--               take the role; hub_app and hub_system have no right to that schema.

DO $$ DECLARE name text; BEGIN
  FOREACH name IN ARRAY ARRAY['hub_app', 'hub_system', 'hub_search', 'hub_whatsmeow'] LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = name);
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN', name);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this server was faster
    END;
  END LOOP;
END $$;
GRANT hub_app, hub_system, hub_search, hub_whatsmeow TO CURRENT_USER;
GRANT USAGE ON SCHEMA hub TO hub_app, hub_system, hub_search;

CREATE SCHEMA whatsmeow AUTHORIZATION hub_whatsmeow;
CREATE TABLE whatsmeow.devices (
  session_id uuid PRIMARY KEY,
  jid text NOT NULL UNIQUE,
  paired_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE whatsmeow.devices OWNER TO hub_whatsmeow;

-- Portuguese stems without accents.
CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA hub;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA hub;
CREATE EXTENSION IF NOT EXISTS btree_gin SCHEMA hub;
CREATE TEXT SEARCH CONFIGURATION hub.portuguese (COPY = pg_catalog.portuguese);
DO $$ BEGIN
  EXECUTE format(
    'ALTER TEXT SEARCH CONFIGURATION hub.portuguese ALTER MAPPING FOR hword, hword_part, word '
    'WITH %I.unaccent, portuguese_stem',
    (SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'unaccent'));
END $$;
