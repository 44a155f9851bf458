"""Try whether PostgreSQL stores anything: with a full disk it goes on answering every read, and some writes.

One row of a table made for it is written, and before it a megabyte of temporary files: a full disk still takes a row
where a page has room. The processes of the hub take turns: who finds the row fresh writes nothing.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from whatsapp_hub.adapters.postgres.engine.failures import translated
from whatsapp_hub.domain.errors import Contention, StoresNothing

EVERY_S = 10.0
AGAIN_S = 2.0
"""After a failure, so that it is known soon when there is room again."""

# By the server's clock: the hub's time stands while nothing can be stored. What is of the future is old, too.
_IS_FRESH = f"""
    SELECT stored_at BETWEEN clock_timestamp() - interval '{EVERY_S} s' AND clock_timestamp() FROM hub.write_probe"""
_BOUNDS = "SET LOCAL work_mem = '64kB'; SET LOCAL temp_tablespaces = ''; SET LOCAL lock_timeout = '1s'"
_TAKE_ROOM = "SELECT count(*) FROM generate_series(1, 40000)"
_STORE = "UPDATE hub.write_probe SET stored_at = clock_timestamp()"

System = Callable[[Callable[[Any], Awaitable[Any]]], Awaitable[Any]]

log = logging.getLogger(__name__)


async def refusal(connection: Any) -> StoresNothing | None:
    """Return why nothing can be stored, or None. `connection` is hub_system's. Raises the driver's errors of a server
    that is away."""
    try:
        if not await connection.fetchval(_IS_FRESH):
            async with connection.transaction():
                await connection.execute(_BOUNDS)
                await connection.fetchval(_TAKE_ROOM)
                await connection.execute(_STORE)
    except (asyncpg.ConfigurationLimitExceededError, asyncpg.UndefinedTableError):
        return None  # temp_file_limit, or a database that is not migrated: nothing is said of the disk
    except asyncpg.PostgresError as error:
        known = translated(error)
        if isinstance(known, Contention):  # somebody else's turn
            return None
        if known is not None and not isinstance(known, StoresNothing):
            raise
        return known if isinstance(known, StoresNothing) else StoresNothing(type(error).__name__)
    return None


class WriteProbe:
    """`await probe()` raises StoresNothing, or Unavailable. What was found is good for ten seconds, a failure for two;
    `system` runs work as hub_system."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._asking = asyncio.Lock()
        self._good_until = 0.0
        self._refusal: StoresNothing | None = None

    async def __call__(self) -> None:
        async with self._asking:
            if time.monotonic() >= self._good_until:
                await self._ask()
        if self._refusal is not None:
            raise StoresNothing(self._refusal.reason)

    async def _ask(self) -> None:
        before, self._refusal = self._refusal, await self._system(refusal)
        self._good_until = time.monotonic() + (AGAIN_S if self._refusal else EVERY_S)
        if self._refusal and not before:
            log.error("database.stores_nothing", extra={"reason": self._refusal.reason})
        elif before and not self._refusal:
            log.info("database.stores_again")
