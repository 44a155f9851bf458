"""Bring a database's schemas up to date: `hub`, `pooled`, and one for each dedicated tenant.

Alembic runs inside the process, over two script trees (`migrations/hub`, `migrations/tenant`); each schema holds its
own `alembic_version`. One transaction a schema, under an advisory lock: any number of processes may migrate at once.
A schema of the last revision before the squash is stamped first (`schema/stamp.py`); its functions come from files
(`schema/functions.py`). Large indexes are built before (`schema/ahead.py`).
"""

from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from whatsapp_hub.adapters.addresses.postgres import PostgresAddress
from whatsapp_hub.adapters.postgres.engine.database import arguments_of
from whatsapp_hub.adapters.postgres.engine.isolation import check_pooler
from whatsapp_hub.adapters.postgres.engine.refusals import refusal
from whatsapp_hub.adapters.postgres.engine.schema import ahead, functions, stamp
from whatsapp_hub.adapters.postgres.engine.version import ONE_AT_A_TIME, newest, revision_of, scripts


async def migrate(url: str) -> None:
    """Apply missing migrations; harmless when there are none. Needs the right to create roles the first time.

    Raises DatabaseUnusable where a right is missing, the server goes away, or a schema cannot be taken over;
    NotIsolated behind a connection pooler, where advisory locks and prepared statements do not hold.
    """
    engine = _engine(url)
    try:
        await _check_all(engine)
        await _upgrade(engine, "hub", "hub")
        schemas = ["pooled", *await _dedicated(engine)]
        await _build_ahead(url, schemas)
        for schema in schemas:
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


async def _check_all(engine: AsyncEngine) -> None:
    """Refuse before anything is changed: once one schema is stamped, the version before migrates none of them."""
    async with engine.begin() as connection:
        await _lock(connection)
        driver = await _driver(connection)
        if not await driver.fetchval("SELECT to_regclass('hub.alembic_version')"):
            return
        await stamp.check(driver, "hub", "hub")
        for schema in ["pooled", *await _dedicated_in(connection)]:
            await stamp.check(driver, "tenant", schema)


async def _dedicated(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return await _dedicated_in(connection)


async def _dedicated_in(connection: AsyncConnection) -> list[str]:
    slugs = await connection.scalars(text("SELECT slug FROM hub.tenants WHERE placement = 'dedicated' ORDER BY 1"))
    return [f"client_{slug}" for slug in slugs]


async def _build_ahead(url: str, schemas: list[str]) -> None:
    """Build the indexes that no transaction may build while others write."""
    connection = await asyncpg.connect(**arguments_of(url))
    try:
        for schema in schemas:
            await ahead.build(connection, schema)
    finally:
        await connection.close()


async def _upgrade(engine: AsyncEngine, tree: str, schema: str) -> None:
    async with engine.begin() as connection:
        await _lock(connection)
        await connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
        driver = await _driver(connection)
        await stamp.stamp(driver, tree, schema)
        if not await _is_current(driver, tree, schema):
            await functions.apply_prerequisites(driver, tree)
            await connection.run_sync(_run_alembic, tree, schema)
            await functions.apply(driver, tree, schema)


async def _is_current(driver: Any, tree: str, schema: str) -> bool:
    if not await driver.fetchval("SELECT to_regclass($1)", f"{schema}.alembic_version"):
        return False
    known = await revision_of(driver, schema), await functions.remembered(driver, schema)
    return known == (newest(tree), functions.digest(tree))


async def _lock(connection: AsyncConnection) -> None:
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})


async def _driver(connection: AsyncConnection) -> Any:
    """Return asyncpg's connection, which runs scripts of many statements in the same transaction."""
    return (await connection.get_raw_connection()).driver_connection


def _run_alembic(connection: Connection, tree: str, schema: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(scripts() / tree).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["schema"] = schema
    command.upgrade(config, "head")
