"""A tenant with a session in a migrated database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest_asyncio

from tests.contracts.storage.world import NOW as NOW
from tests.contracts.storage.world import World as World
from tests.contracts.storage.world import new_id as new_id


@pytest_asyncio.fixture
async def new_world(hub: Any) -> Callable[..., Any]:
    async def make(*placement: Any) -> World:
        return await World.made(hub, *placement)

    return make


@pytest_asyncio.fixture
async def world(new_world: Callable[..., Any]) -> AsyncIterator[World]:
    yield await new_world()
