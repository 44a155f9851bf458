"""A login that serves and does not migrate, as docs/database.md grants it, beside an owner that is no superuser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from tests.fakes.debian_postgres import DebianPostgres
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.engine.migrate import migrate
from whatsapp_hub.adapters.postgres.engine.preflight import check
from whatsapp_hub.adapters.postgres.repositories.accounts.directory import PostgresDirectory
from whatsapp_hub.adapters.postgres.repositories.accounts.tenant_removal import PostgresTenantRemoval
from whatsapp_hub.domain.accounts.tenant import Placement, Tenant
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.main.commands.doctor import examine

DOCUMENTED = Path(__file__).parents[3] / "docs" / "database.md"
SECRETS = {"HUB_SECRET_KEY": "a secret key of thirty-two bytes", "JWT_SECRET": "another secret of thirty-two byte"}


@pytest_asyncio.fixture(scope="module")
async def serving(debian: DebianPostgres) -> AsyncIterator[str]:
    """The documented statements, run by a superuser; the address of the login that they make."""
    admin = await debian.owner()
    await admin.execute("CREATE ROLE hub LOGIN CREATEROLE PASSWORD 'right'")
    await admin.execute("CREATE DATABASE whatsapp_hub OWNER hub")
    await migrate(debian.url("hub", database="whatsapp_hub"))
    statements = re.findall(
        r"^    ((?:CREATE ROLE runner|GRANT [^\n]*runner)[^\n]*)$", DOCUMENTED.read_text(), re.MULTILINE
    )
    assert len(statements) == 4, statements
    for statement in statements:
        await admin.execute(statement.replace("…", "right").partition(" --")[0])
    yield debian.url("runner", database="whatsapp_hub")
    await admin.close()


@pytest_asyncio.fixture
async def admin(debian: DebianPostgres, serving: str) -> AsyncIterator[Any]:
    connection = await debian.owner("whatsapp_hub")
    yield connection
    await connection.close()


async def test_it_may_run_and_may_not_migrate(serving: str) -> None:
    found = await check(serving, will_migrate=False)
    assert (found.forbids_running, "belongs to hub" in str(found.forbids_migrating)) == (None, True)
    connection = await asyncpg.connect(serving)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("ALTER TABLE hub.tenants DISABLE ROW LEVEL SECURITY")
    await connection.close()


async def test_what_a_lost_connector_left_open_is_ended_and_the_doctor_says_where_it_cannot_be(
    serving: str, admin: Any
) -> None:
    session_id = uuid4()
    lost, holder = await asyncpg.connect(serving), await asyncpg.connect(serving)
    await lost.execute(f"SET application_name = 'whatsapp-hub session {session_id}'")
    await holder.execute("SET ROLE hub_system")
    await admin.execute("REVOKE runner FROM hub")
    assert await holder.fetchval("SELECT hub.end_stores($1)", [session_id]) == 0
    assert "GRANT runner TO hub" in await _said(serving)
    await admin.execute("GRANT runner TO hub")
    assert await holder.fetchval("SELECT hub.end_stores($1)", [session_id]) == 1
    assert "GRANT" not in await _said(serving)
    assert lost.is_closed() or await _is_gone(lost)
    await holder.close()


async def _is_gone(connection: Any) -> bool:
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.execute("SELECT 1")
    return True


async def test_a_company_with_its_own_schema_comes_and_goes(serving: str, admin: Any) -> None:
    database = Database(serving)
    await database.open()
    try:
        slug = f"c{uuid4().hex[:8]}"
        tenant = Tenant(TenantId(uuid4()), slug, slug, datetime.now(UTC), Placement.DEDICATED)
        await PostgresDirectory(database, None).add_tenant(tenant)  # type: ignore[arg-type] # no settings are opened
        assert await admin.fetchval("SELECT to_regclass($1)", f"client_{slug}.messages")
        removal = PostgresTenantRemoval(database)
        await database.system(lambda c: c.execute("SELECT hub.drop_removed($1)", tenant.id))
        assert await admin.fetchval("SELECT to_regclass($1)", f"client_{slug}.messages"), "it is not being removed"
        await admin.execute("UPDATE hub.tenants SET removed_at = now() WHERE id = $1", tenant.id)
        await removal.finish(tenant)
        assert not await admin.fetchval("SELECT to_regnamespace($1)", f"client_{slug}")
        assert not await admin.fetchval("SELECT count(*) FROM hub.tenants WHERE id = $1", tenant.id)
    finally:
        await database.close()


async def test_the_doctor_names_companies_whose_provider_is_not_set(serving: str, admin: Any) -> None:
    assert "provider is required" not in await _said(serving)
    for number in range(7):
        tenant_id, slug = uuid4(), f"acme{number}"
        await admin.execute(
            "INSERT INTO hub.tenants (id, slug, name, created_at, oidc_required) VALUES ($1, $2, $2, now(), true)",
            *(tenant_id, slug),
        )
    said = await _said(serving)
    assert re.search(r"acme0, .*acme4 and 2 more: sign-in by a provider is required, but none is set", said)
    named = {"OIDC_ISSUER": "http://127.0.0.1:9", "OIDC_CLIENT_ID": "hub", "FRONTEND_URL": "https://desk.example"}
    assert "provider is required" not in await _said(serving, **named)
    await admin.execute("UPDATE hub.tenants SET removed_at = now() WHERE slug LIKE 'acme%'")
    assert "provider is required" not in await _said(serving)


async def _said(url: str, **more: str) -> str:
    return "\n".join(one.says for one in await examine({"DATABASE_URL": url, **SECRETS, **more}))
