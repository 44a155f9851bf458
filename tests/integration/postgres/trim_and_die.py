"""Delete what is too old, and die by SIGKILL in the middle: `trim_and_die.py URL TENANT WORDS N`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from asyncpg.connection import Connection

from tests.integration.conftest import PlainBox, Woken, new_id, plain_plugins
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.privacy.retention import PostgresRetentionSweep
from whatsapp_hub.adapters.postgres.repositories.accounts.directory import PostgresDirectory
from whatsapp_hub.adapters.postgres.repositories.session_settings import SettingsVault
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.privacy.keep_retention import KeepRetention
from whatsapp_hub.domain.ids import TenantId

URL, TENANT, WORDS, NTH = sys.argv[1], TenantId(UUID(sys.argv[2])), sys.argv[3], int(sys.argv[4])
_met = 0


def mortal(run: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """The process ends when a connection has just carried out the Nth statement with these words."""

    async def runs(self: Any, statement: str, *arguments: Any, **more: Any) -> Any:
        global _met
        answer = await run(self, statement, *arguments, **more)
        _met += WORDS in statement
        if _met >= NTH:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return runs


async def main() -> None:
    database = Database(URL, app_connections=2, system_connections=2)
    await database.open()
    vault = SettingsVault(PlainBox(), Providers(plain_plugins(), None))  # type: ignore[arg-type] # no provider is called
    directory = PostgresDirectory(database, vault)
    storage = PostgresStorage(database, directory, vault, Woken(), new_id)
    for name in ("execute", "fetch", "fetchval"):
        setattr(Connection, name, mortal(getattr(Connection, name)))
    await KeepRetention(directory, PostgresRetentionSweep(database, storage), lambda: datetime.now(UTC))(TENANT)
    await database.close()


asyncio.run(main())
