"""Whatever form DATABASE_URL has, every part of the hub that connects reaches the same database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

import asyncpg
import pytest
import pytest_asyncio

from whatsapp_hub.adapters.addresses.postgres import PostgresAddress
from whatsapp_hub.adapters.postgres.engine.database import SYSTEM, Database, arguments_of, connect
from whatsapp_hub.adapters.postgres.engine.migrate import migrate, migrate_tenant
from whatsapp_hub.adapters.postgres.engine.version import administrators, is_current
from whatsapp_hub.adapters.providers.neonize.native.store import ROLE, DeviceStore
from whatsapp_hub.main.commands.doctor import examine
from whatsapp_hub.main.settings import Settings

USER = "postgres:postgresql+asyncpg: @/?#%41ü"
DATABASE = "hub/ä @?#%41 test"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@pytest_asyncio.fixture(scope="module")
async def socket(postgres_url: str) -> AsyncIterator[str]:
    """The folder of the server's socket, after a user and a database with strange names were made."""
    admin = await asyncpg.connect(**arguments_of(postgres_url))
    await admin.execute(f"DROP DATABASE IF EXISTS {_quoted(DATABASE)} WITH (FORCE)")
    await admin.execute(f"DROP ROLE IF EXISTS {_quoted(USER)}")
    await admin.execute(f"CREATE ROLE {_quoted(USER)} SUPERUSER LOGIN PASSWORD 'p@ss:/?#%41'")
    await admin.execute(f"CREATE DATABASE {_quoted(DATABASE)} OWNER {_quoted(USER)}")
    hosts = PostgresAddress.parse(postgres_url).hosts
    if not hosts or not hosts[0].is_socket:
        pytest.skip("the server is reached over TCP")
    yield hosts[0].name
    await admin.execute(f"DROP DATABASE {_quoted(DATABASE)} WITH (FORCE)")
    await admin.execute(f"DROP ROLE {_quoted(USER)}")
    await admin.close()


user, password, database = (quote(part, safe="") for part in (USER, "p@ss:/?#%41", DATABASE))
FORMS = {
    "authority": f"postgresql://{user}:{password}@{{host}}/{database}",
    "postgres": f"postgres://{user}:{password}@{{host}}:5432/{database}",
    "driver": f"postgresql+asyncpg://{user}:{password}@{{host}}/{database}",
    "parameters": f"postgresql://?host={{host}}&port=5432&user={user}&password={password}&dbname={database}",
    "mixed": f"postgresql://{user}@/{database}?host={{host}}&connect_timeout=3&sslmode=prefer&application_name=mine",
    "several": f"postgresql://{user}@127.0.0.1:1,{{host}}/{database}",
}


@pytest.mark.parametrize("form", FORMS)
async def test_everything_that_connects_takes_the_address(form: str, socket: str) -> None:
    url = FORMS[form].format(host=quote(socket, safe=""))
    assert Settings.from_environment({"DATABASE_URL": url}).database_url == url
    await migrate(url)
    await migrate_tenant(url, "client_addressed")
    assert await is_current(url)
    assert await administrators(url) == []
    found = Database(url, app_connections=1, system_connections=1)
    await found.open()
    try:
        assert await found.system(lambda c: c.fetchval("SELECT current_database()")) == DATABASE
    finally:
        await found.close()
    own = await connect(url, SYSTEM)
    assert await own.fetchval("SELECT session_user") == USER
    await own.close()
    said = {finding.subject: finding for finding in await examine({"DATABASE_URL": url})}
    assert said["database"].good


@pytest.mark.parametrize("form", FORMS)
async def test_the_store_of_whatsapp_web_takes_the_address(form: str, socket: str) -> None:
    store = DeviceStore(FORMS[form].format(host=quote(socket, safe="")))
    try:
        async with store.preparing():
            door = PostgresAddress.parse(store.access("test").url)
        connection = await asyncpg.connect(**door.arguments | {"dsn": None})
        ours = f"current_database() = '{DATABASE}' AND session_user = '{USER}' AND current_user = '{ROLE}'"
        await connection.execute(f"DO $$ BEGIN ASSERT {ours}; END $$")
        await connection.close()
    finally:
        await store.aclose()
