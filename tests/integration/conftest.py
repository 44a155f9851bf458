"""A migrated database of its own for each module, copied from a template, and the hub's storage on it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest_asyncio
import uuid_utils.compat

from tests.fakes.providers import plain_plugins
from tests.fakes.secrets import PlainBox as PlainBox
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.engine.migrate import migrate
from whatsapp_hub.adapters.postgres.repositories.accounts.directory import PostgresDirectory
from whatsapp_hub.adapters.postgres.repositories.session_settings import SettingsVault
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.queues.wakeups import Work
from whatsapp_hub.domain.accounts.tenant import Placement, Tenant
from whatsapp_hub.domain.ids import TenantId

TEMPLATE = "hub_test_template"
_numbers = itertools.count(1)


def of_database(url: str, name: str) -> str:
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}/{name}{query}"


async def drop(admin: Any, name: str) -> None:
    await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


HAPPENED = """
    (SELECT position AS n, tenant_id, conversation_id, type, body FROM hub.events
     UNION ALL SELECT id + (1::bigint << 62), tenant_id, conversation_id, type, body FROM hub.outbox) AS happened"""
"""What transactions told, in order of `n`, whether it has its position yet or waits for the sequencer."""


@dataclass
class Woken:
    """Remembers which wake-ups were given."""

    works: list[Work] = field(default_factory=list)

    def __call__(self, work: Work, tenant_id: TenantId | None = None) -> None:
        self.works.append(work)

    def take(self) -> Counter[Work]:
        taken = Counter(self.works)
        self.works.clear()
        return taken


@dataclass
class Hub:
    """The storage of one database, and what tests need to look behind it."""

    url: str
    database: Database
    vault: SettingsVault
    directory: PostgresDirectory
    storage: PostgresStorage
    woken: Woken
    owner: Any
    """A connection of the owner, whom row-level security does not bind."""

    async def tenant(self, placement: Placement = Placement.POOLED) -> Tenant:
        slug = f"t{uuid4().hex[:12]}"
        tenant = Tenant(TenantId(new_id()), slug, slug, datetime.now(UTC), placement)
        await self.directory.add_tenant(tenant)
        return tenant


def new_id() -> UUID:
    return uuid_utils.compat.uuid7()


@pytest_asyncio.fixture(scope="session")
async def template(postgres_url: str) -> AsyncIterator[str]:
    """The name of a migrated database that is only ever copied."""
    admin = await asyncpg.connect(postgres_url)
    await drop(admin, TEMPLATE)
    await admin.execute(f'CREATE DATABASE "{TEMPLATE}"')
    await migrate(of_database(postgres_url, TEMPLATE))
    yield TEMPLATE
    await drop(admin, TEMPLATE)
    await admin.close()


@pytest_asyncio.fixture(scope="session")
async def new_database(postgres_url: str, template: str) -> AsyncIterator[Callable[[], Any]]:
    """Makes one more migrated database and returns its URL; all are dropped at the end."""
    async with databases(postgres_url, template, lambda: f"hub_test_{next(_numbers)}") as make:
        yield make


@asynccontextmanager
async def databases(postgres_url: str, template: str, named: Callable[[], str]) -> AsyncIterator[Callable[[], Any]]:
    """Copies of a database, made one by one and dropped at the end."""
    admin = await asyncpg.connect(postgres_url)
    made: list[str] = []

    async def make() -> str:
        made.append(named())
        await drop(admin, made[-1])
        await admin.execute(f'CREATE DATABASE "{made[-1]}" TEMPLATE "{template}"')
        url = of_database(postgres_url, made[-1])
        await _as_if_just_migrated(url)
        return url

    yield make
    for name in made:
        await drop(admin, name)
    await admin.close()


async def _as_if_just_migrated(url: str) -> None:
    """The template's clock stopped when it was made: as after an outage, nothing would be deleted by age for long."""
    connection = await asyncpg.connect(url)
    if await connection.fetchval("SELECT to_regclass('hub.clock') IS NOT NULL"):
        await connection.execute("UPDATE hub.clock SET seen_at = clock_timestamp()")
    await connection.close()


@pytest_asyncio.fixture(scope="module")
async def database_url(new_database: Callable[[], Any]) -> str:
    """A migrated database of this module."""
    url: str = await new_database()
    return url


@pytest_asyncio.fixture(scope="module")
async def hub(database_url: str) -> AsyncIterator[Hub]:
    database = Database(database_url, app_connections=16)
    await database.open()
    plugins = plain_plugins()
    host: Any = None
    vault = SettingsVault(PlainBox(), Providers(plugins, host))
    directory = PostgresDirectory(database, vault)
    woken = Woken()
    owner = await asyncpg.connect(database_url)
    yield Hub(
        database_url,
        database,
        vault,
        directory,
        PostgresStorage(database, directory, vault, woken, new_id),
        woken,
        owner,
    )
    await owner.close()
    await database.close()
