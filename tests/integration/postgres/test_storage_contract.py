"""PostgreSQL holds to the contract of storages and queues."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from tests.contracts.storage.suite import *  # noqa: F403 (all that a storage must hold to)
from tests.contracts.storage.world import Backend, World
from whatsapp_hub.adapters.postgres.connectors.commands import PostgresCommands
from whatsapp_hub.adapters.postgres.connectors.leases import PostgresLeases
from whatsapp_hub.adapters.postgres.queues.inbox_writer import GroupCommitInbox
from whatsapp_hub.adapters.postgres.queues.log import PostgresEventLog
from whatsapp_hub.adapters.postgres.queues.webhook_queue import PostgresWebhookQueue


@pytest_asyncio.fixture(scope="module")
async def backend(hub: Any) -> AsyncIterator[Backend]:
    queue = PostgresWebhookQueue(hub.database, hub.vault.box)
    leases, commands = PostgresLeases(hub.database), PostgresCommands(hub.database, hub.woken)
    async with GroupCommitInbox(hub.url, hub.woken) as inbox:
        yield Backend(hub.storage, inbox, PostgresEventLog(hub.database), leases, commands, queue)


@pytest_asyncio.fixture
async def world(backend: Backend) -> World:
    return await World.made(backend)


@pytest_asyncio.fixture
async def other(backend: Backend) -> World:
    return await World.made(backend)
