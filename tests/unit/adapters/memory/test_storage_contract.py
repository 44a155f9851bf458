"""The memory holds to the contract of storages and queues."""

from __future__ import annotations

import pytest
import pytest_asyncio

from tests.contracts.storage.suite import *  # noqa: F403 (all that a storage must hold to)
from tests.contracts.storage.world import Backend, World
from tests.fakes.providers import plain_plugins
from whatsapp_hub.adapters.memory.storage import MemoryStorage


@pytest.fixture
def backend() -> Backend:
    s = MemoryStorage(plugins=plain_plugins())
    return Backend(s, s.inbox, s.log, s.leases, s.commands, s.webhook_queue)


@pytest_asyncio.fixture
async def world(backend: Backend) -> World:
    return await World.made(backend)


@pytest_asyncio.fixture
async def other(backend: Backend) -> World:
    return await World.made(backend)
