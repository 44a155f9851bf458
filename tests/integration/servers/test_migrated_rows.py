"""Migrations that change rows, by a login that row-level security binds (docs/database.md wants no other)."""

from uuid import uuid4

from tests.fakes.debian_postgres import DebianPostgres
from whatsapp_hub.adapters.postgres.engine.migrate import migrate


async def test_a_menu_that_waits_for_its_answer_goes_on_waiting_after_the_update(debian: DebianPostgres) -> None:
    """0125: the time-out of a conversation at the menu is the menu's, else it never reaches the root department."""
    server = await debian.owner()
    await server.execute("CREATE DATABASE menus OWNER owner")
    await server.close()
    url = debian.url("owner", database="menus")
    await migrate(url)
    admin, contact, waiting = await debian.owner("menus"), uuid4(), uuid4()
    try:
        for column in ("asks", "told_at", "heard_at", "media_at"):
            await admin.execute(f"ALTER TABLE pooled.conversations DROP COLUMN {column}")
        await admin.execute("UPDATE pooled.alembic_version SET version_num = '0124_session_messages'")
        await admin.execute("INSERT INTO pooled.contacts VALUES ($1, $2, 'Ana', NULL, false, now())", contact, uuid4())
        await admin.execute(
            """INSERT INTO pooled.conversations
                 (id, tenant_id, session_id, contact_id, chat, status, flow_state, timeout_at, created_at, updated_at)
               VALUES ($1, $2, $2, $3, 'x', 'OPEN', 'GREETING', now(), now(), now())""",
            waiting, uuid4(), contact,
        )  # fmt: skip
        await migrate(url)
        assert await admin.fetchval("SELECT asks FROM pooled.conversations WHERE id = $1", waiting) is True
        forced = "SELECT relforcerowsecurity FROM pg_class WHERE oid = 'pooled.conversations'::regclass"
        assert await admin.fetchval(forced) is True
    finally:
        await admin.close()
