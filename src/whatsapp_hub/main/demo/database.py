"""A temporary database for the demonstration on the server at DATABASE_URL, so that the configured one stays as
it is."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from whatsapp_hub.adapters.addresses.postgres import PostgresAddress
from whatsapp_hub.adapters.postgres.engine.database import CONNECT_TIMEOUT_S
from whatsapp_hub.adapters.postgres.engine.refusals import DatabaseUnusable, refusal


@asynccontextmanager
async def borrowed_database(url: str) -> AsyncIterator[str]:
    """Create it and yield its address; drop it when the block ends. Raises DatabaseUnusable."""
    address, name = PostgresAddress.parse(url), f"hub_demo_{secrets.token_hex(4)}"
    try:
        connection = await asyncpg.connect(**address.arguments, timeout=CONNECT_TIMEOUT_S)
    except Exception as error:
        raise refusal(error, address) or error from None
    try:
        await connection.execute(f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0")
    except asyncpg.InsufficientPrivilegeError:
        await connection.close()
        raise DatabaseUnusable(
            f"user {address.user!r} may not create the demonstration's own database: give it CREATEDB; or play on a "
            "hub that runs: HOST and PORT say where it is, HUB_ADMIN_EMAIL and HUB_ADMIN_PASSWORD let the play in"
        ) from None
    try:
        yield address.of_database(name).url
    finally:
        await _drop(connection, name)


async def _drop(connection: asyncpg.Connection, name: str) -> None:
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        raise DatabaseUnusable(f"the server went away; drop the demonstration's database {name!r} there") from None
