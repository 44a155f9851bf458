"""Where customers' data stands: the documentation is complete, and the store of linked devices forgets them."""

import re
from pathlib import Path
from uuid import UUID

from tests.integration.conftest import Hub, new_id

TABLES = """
    SELECT CASE WHEN n.nspname = 'pooled' THEN c.relname ELSE n.nspname || '.' || c.relname END AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('hub', 'pooled') AND c.relname <> 'alembic_version'"""
STORE = (
    "CREATE TABLE whatsmeow.whatsmeow_contacts (our_jid text, their_jid text, push_name text)",
    "CREATE TABLE whatsmeow.whatsmeow_sessions (our_jid text, their_id text, session bytea)",
    "CREATE TABLE whatsmeow.whatsmeow_message_secrets (our_jid text, chat_jid text, sender_jid text, key bytea)",
    "CREATE TABLE whatsmeow.whatsmeow_lid_map (lid text PRIMARY KEY, pn text UNIQUE NOT NULL)",
)
ANA, LID, BRUNO = "5511999990001", "123456789012345", "5511999990002"


async def test_the_documentation_names_every_table(hub: Hub) -> None:
    """A table that is added later must say what of customers stands in it."""
    named = set(re.findall(r"`([a-z_.]+)`", Path("docs/privacy.md").read_text()))
    there = {row["name"] for row in await hub.owner.fetch(TABLES)}
    assert there - named == set()


async def a_device(hub: Hub, jid: str) -> UUID:
    """A linked device of a new company, that knows Ana and Bruno."""
    tenant, session_id = await hub.tenant(), new_id()
    await hub.owner.execute(
        """INSERT INTO hub.sessions (id, tenant_id, key, name, provider, routing, settings, agent_id, status,
             created_at, updated_at) VALUES ($1, $2, 'k', 'n', 'HELD', 'none', '', 'a', 'CONNECTED', now(), now())""",
        session_id,
        tenant.id,
    )
    await hub.owner.execute("INSERT INTO whatsmeow.devices (session_id, jid) VALUES ($1, $2)", session_id, jid)
    for who in (ANA, BRUNO):
        await hub.owner.execute(
            "INSERT INTO whatsmeow.whatsmeow_contacts VALUES ($1, $2, 'name')", jid, f"{who}@s.whatsapp.net"
        )
        await hub.owner.execute("INSERT INTO whatsmeow.whatsmeow_sessions VALUES ($1, $2, '')", jid, f"{who}:1")
        await hub.owner.execute(
            "INSERT INTO whatsmeow.whatsmeow_message_secrets VALUES ($1, '1203@g.us', $2, '')",
            jid,
            f"{who}@s.whatsapp.net",
        )
    await hub.owner.execute("INSERT INTO whatsmeow.whatsmeow_sessions VALUES ($1, $2, '')", jid, f"{LID}_1:3")
    return tenant.id


async def left(hub: Hub, jid: str) -> int:
    rows = [
        await hub.owner.fetchval(f"SELECT count(*) FROM whatsmeow.{table} WHERE our_jid = $1", jid)
        for table in ("whatsmeow_contacts", "whatsmeow_sessions", "whatsmeow_message_secrets")
    ]
    return sum(rows)


async def test_a_companys_devices_forget_a_person(hub: Hub) -> None:
    for statement in STORE:
        await hub.owner.execute(statement)
    await hub.owner.execute("INSERT INTO whatsmeow.whatsmeow_lid_map VALUES ($1, $2)", LID, ANA)
    ours, theirs = await a_device(hub, "1@s.whatsapp.net"), await a_device(hub, "2@s.whatsapp.net")

    async def forget(tenant_id: UUID) -> int:
        query = "SELECT hub.forget_in_store($1, $2)"
        gone: int = await hub.database.system(lambda c: c.fetchval(query, tenant_id, [ANA, LID]))
        return gone

    assert await forget(ours) == 4
    assert (await left(hub, "1@s.whatsapp.net"), await left(hub, "2@s.whatsapp.net")) == (3, 7)
    assert (
        await hub.owner.fetchval("SELECT count(*) FROM whatsmeow.whatsmeow_lid_map") == 1
    )  # another's device knows Ana
    assert await forget(theirs) == 5
    assert await hub.owner.fetchval("SELECT count(*) FROM whatsmeow.whatsmeow_lid_map") == 0
    assert await forget(theirs) == 0
