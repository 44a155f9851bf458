"""Bring a database's schemas up to date: `hub`, `pooled`, and one for each dedicated tenant.

Alembic runs inside the process, over two script trees (`migrations/hub`, `migrations/tenant`); each schema holds its
own `alembic_version`. One transaction a schema, under an advisory lock: any number of processes may migrate at once.
"""

from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from whatsapp_hub.adapters.addresses.postgres import PostgresAddress
from whatsapp_hub.adapters.postgres.engine.database import arguments_of
from whatsapp_hub.adapters.postgres.engine.isolation import check_pooler
from whatsapp_hub.adapters.postgres.engine.refusals import refusal
from whatsapp_hub.adapters.postgres.engine.version import ONE_AT_A_TIME, scripts


async def migrate(url: str) -> None:
    """Apply missing migrations; harmless when there are none. Needs the right to create roles the first time.

    Raises DatabaseUnusable where a right is missing or the server goes away; NotIsolated behind a connection pooler,
    where advisory locks and prepared statements do not hold.
    """
    engine = _engine(url)
    try:
        await _upgrade(engine, "hub", "hub")
        await _upgrade(engine, "tenant", "pooled")
        for schema in await _dedicated(engine):
            await _upgrade(engine, "tenant", schema)
    except (DBAPIError, OSError, asyncpg.PostgresError) as error:
        raise refusal(_of_driver(error), PostgresAddress.parse(url)) or error from error
    finally:
        await engine.dispose()


def _of_driver(error: Exception) -> BaseException:
    """Unwrap the driver's error, which SQLAlchemy wraps twice."""
    inner = error.orig if isinstance(error, DBAPIError) else error
    return getattr(inner, "__cause__", None) or inner or error


async def migrate_tenant(url: str, schema: str) -> None:
    """Create and migrate the schema of one dedicated tenant."""
    engine = _engine(url)
    try:
        await _upgrade(engine, "tenant", schema)
    finally:
        await engine.dispose()


def _engine(url: str) -> AsyncEngine:
    """Create an engine that connects through asyncpg: SQLAlchemy parses addresses differently from libpq."""

    async def connect() -> Any:
        connection = await asyncpg.connect(**arguments_of(url))
        await check_pooler(connection)
        return connection

    return create_async_engine("postgresql+asyncpg://", poolclass=NullPool, async_creator=connect)


async def _dedicated(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        slugs = await connection.scalars(text("SELECT slug FROM hub.tenants WHERE placement = 'dedicated' ORDER BY 1"))
        return [f"client_{slug}" for slug in slugs]


async def _upgrade(engine: AsyncEngine, tree: str, schema: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
        await connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
        await connection.run_sync(_run_alembic, tree, schema)


def _run_alembic(connection: Connection, tree: str, schema: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(scripts() / tree).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["schema"] = schema
    command.upgrade(config, "head")
