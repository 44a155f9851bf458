"""Migrations by a login that row-level security binds (docs/database.md wants no other)."""

from tests.fakes.before_squash import LAST, SCHEMAS, fill, revisions
from tests.fakes.debian_postgres import DebianPostgres
from whatsapp_hub.adapters.postgres.engine.migrate import migrate
from whatsapp_hub.adapters.postgres.engine.version import newest


async def test_a_bound_login_takes_a_database_of_the_version_before_over(debian: DebianPostgres) -> None:
    """It owns the schemas, reads every company's place through hub_system, and sees no row of a tenant."""
    server = await debian.owner()
    await server.execute("CREATE DATABASE before OWNER owner")
    await server.close()
    superuser = await debian.owner("before")
    await fill(superuser)
    try:
        await superuser.execute("GRANT hub_app, hub_system, hub_search, hub_whatsmeow TO owner")
        for kind, name in [tuple(row) for row in await superuser.fetch(_OWNED)]:
            await superuser.execute(f"ALTER {kind} {name} OWNER TO owner")
        assert await revisions(superuser) == LAST
        await migrate(debian.url("owner", database="before"))
        assert await revisions(superuser) == {schema: newest(tree) for schema, tree in SCHEMAS.items()}
        forced = "SELECT relforcerowsecurity FROM pg_class WHERE oid = 'pooled.conversations'::regclass"
        assert await superuser.fetchval(forced) is True
        assert await superuser.fetchval("SELECT count(*) FROM client_acme.messages") == 1
    finally:
        await superuser.close()


_OWNED = """
    SELECT 'SCHEMA', nspname FROM pg_namespace WHERE nspname IN ('hub', 'pooled', 'client_acme')
    UNION ALL
    SELECT 'TABLE', c.oid::regclass::text FROM pg_class c
    WHERE relnamespace IN ('hub'::regnamespace, 'pooled'::regnamespace, 'client_acme'::regnamespace)
      AND relowner::regrole::text = 'postgres' AND relkind IN ('r', 'v')
    UNION ALL
    SELECT 'SEQUENCE', nspname || '.queue_seq' FROM pg_namespace WHERE nspname IN ('pooled', 'client_acme')
    UNION ALL
    SELECT 'FUNCTION', p.oid::regprocedure::text FROM pg_proc p
    WHERE pronamespace IN ('hub'::regnamespace, 'pooled'::regnamespace, 'client_acme'::regnamespace)
      AND proowner::regrole::text = 'postgres'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL
    SELECT 'TEXT SEARCH CONFIGURATION', 'hub.portuguese'"""
