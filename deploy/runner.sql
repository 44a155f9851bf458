-- The login of api, worker and connector: no superuser and no owner, a member of the hub's roles (docs/database.md).
-- psql runs this as the login that migrates, after each `migrate` (service `login` of docker-compose.yml). Harmless when it is
-- repeated; POSTGRES_RUNNER_PASSWORD becomes the password each time.
\set ON_ERROR_STOP on
\getenv password POSTGRES_RUNNER_PASSWORD

-- Keeps the password out of the server's log, whatever that is told to write.
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';

BEGIN;
SELECT 'CREATE ROLE runner' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'runner') \gexec
ALTER ROLE runner LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
GRANT hub_app, hub_system, hub_search, hub_whatsmeow TO runner;
-- A company with a schema of its own is made by the API.
SELECT format('GRANT CREATE ON DATABASE %I TO runner', current_database()) \gexec
-- Each start compares the database's version with its own.
SELECT format('GRANT SELECT ON %I.alembic_version TO runner', schemaname) FROM pg_tables
WHERE tablename = 'alembic_version' AND (schemaname IN ('hub', 'pooled') OR starts_with(schemaname, 'client_')) \gexec
COMMIT;
