-- Search: Portuguese stems without accents, and a role that only search functions have.
--
-- Row-level security keeps operators that are not leakproof (full text, LIKE) off their indexes. So search goes through
-- functions of the role hub_search, which sees all rows and reads app.tenant_id itself; nobody can become hub_search
-- but the login that migrates.

CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA hub;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA hub;
CREATE EXTENSION IF NOT EXISTS btree_gin SCHEMA hub;

CREATE TEXT SEARCH CONFIGURATION hub.portuguese (COPY = pg_catalog.portuguese);
DO $$ BEGIN
  EXECUTE format(
    'ALTER TEXT SEARCH CONFIGURATION hub.portuguese ALTER MAPPING FOR hword, hword_part, word '
    'WITH %I.unaccent, portuguese_stem',
    (SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'unaccent'));
  BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hub_search') THEN
      CREATE ROLE hub_search NOLOGIN;
    END IF;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this server was faster
  END;
END $$;
GRANT hub_search TO CURRENT_USER;
GRANT USAGE ON SCHEMA hub TO hub_search;
