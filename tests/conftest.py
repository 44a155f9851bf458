"""Servers for the whole session. Tests that need neither start neither."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from whatsapp_hub.adapters.postgres.engine.embedded import EmbeddedPostgres
from whatsapp_hub.adapters.redis.embedded import EmbeddedValkey

# The contracts are no test modules themselves.
pytest.register_assert_rewrite("tests.contracts")

# What a developer's own `.env` says must not reach a test, nor the programs that tests start.
os.environ["HUB_ENV_FILE"] = os.devnull


@pytest.fixture(scope="session")
def servers_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("servers")


@pytest_asyncio.fixture(scope="session")
async def postgres_url(servers_folder: Path) -> AsyncIterator[str]:
    """`postgresql://…` of a superuser, on an empty server of the session (HUB_TEST_DATABASE_URL: on that one)."""
    if given := os.environ.get("HUB_TEST_DATABASE_URL"):
        yield given
        return
    async with EmbeddedPostgres(servers_folder / "postgres") as server:
        yield server.dsn


@pytest_asyncio.fixture(scope="session")
async def valkey_url(servers_folder: Path) -> AsyncIterator[str]:
    """A URL for redis-py, of a server of the session (HUB_TEST_REDIS_URL: of that one)."""
    if given := os.environ.get("HUB_TEST_REDIS_URL"):
        yield given
        return
    async with EmbeddedValkey(servers_folder / "valkey") as server:
        yield server.url
