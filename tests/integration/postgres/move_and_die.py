"""Move a tenant, and die by SIGKILL in the middle: `move_and_die.py URL SLUG PLACEMENT WORDS`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

import asyncpg

from whatsapp_hub.adapters.postgres.placement.move import PostgresPlacementMoves
from whatsapp_hub.adapters.postgres.repositories.accounts.directory import TENANTS, tenant_of
from whatsapp_hub.application.accounts.move_tenants import MoveTenant
from whatsapp_hub.domain.accounts.tenant import Placement


class Mortal(asyncpg.Connection):  # type: ignore[misc] # asyncpg has no types
    """It has just carried out a statement with these words when the process ends."""

    async def execute(self, statement: str, *arguments: Any, **more: Any) -> Any:
        tag = await super().execute(statement, *arguments, **more)
        if sys.argv[4] in statement:
            os.kill(os.getpid(), signal.SIGKILL)
        return tag


class Everybody:
    async def tenants(self) -> list[Any]:
        connection = await asyncpg.connect(sys.argv[1])
        rows = await connection.fetch(f"{TENANTS} WHERE slug = $1", sys.argv[2])
        await connection.close()
        return [tenant_of(row) for row in rows]


async def main() -> None:
    connect = asyncpg.connect
    asyncpg.connect = lambda *args, **more: connect(*args, connection_class=Mortal, **more)
    directory: Any = Everybody()
    await MoveTenant(directory, PostgresPlacementMoves(sys.argv[1]))(sys.argv[2], Placement(sys.argv[3]))


asyncio.run(main())
