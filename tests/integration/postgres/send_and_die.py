"""Send scheduled messages, and die by SIGKILL where the Nth statement with these words is done:
`send_and_die.py URL TENANT WORDS N`."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from asyncpg.connection import Connection

from tests.integration.conftest import PlainBox, Woken, new_id, plain_plugins
from tests.integration.postgres import fetch_and_die
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.repositories.accounts.directory import PostgresDirectory
from whatsapp_hub.adapters.postgres.repositories.session_settings import SettingsVault
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.sending.open_round import OpenRound
from whatsapp_hub.application.sending.send_scheduled import SendScheduled
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.messaging.capabilities import Capabilities, Limit
from whatsapp_hub.domain.messaging.content_parts import MessageType


def sender(storage: Any) -> SendScheduled:
    plugins = plain_plugins()
    for plugin in plugins.values():
        plugin.capabilities = Capabilities("PLAIN", {MessageType.TEXT: Limit(4096)})
    providers = Providers(plugins, None)  # type: ignore[arg-type] # no provider is called
    return SendScheduled(storage, providers, lambda: datetime.now(UTC), new_id, OpenRound(providers, new_id))


async def main() -> None:
    database = Database(sys.argv[1], app_connections=2, system_connections=1)
    await database.open()
    vault = SettingsVault(PlainBox(), Providers(plain_plugins(), None))  # type: ignore[arg-type] # as above
    storage = PostgresStorage(database, PostgresDirectory(database, vault), vault, Woken(), new_id)
    fetch_and_die.WORDS, fetch_and_die.NTH = sys.argv[3], int(sys.argv[4])
    for name in ("execute", "fetch", "fetchrow", "fetchval"):
        setattr(Connection, name, fetch_and_die.mortal(getattr(Connection, name)))
    await sender(storage)(TenantId(UUID(sys.argv[2])))
    await database.close()


if __name__ == "__main__":
    asyncio.run(main())
