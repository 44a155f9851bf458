"""Fetch a file, and die by SIGKILL in the middle: `fetch_and_die.py URL TENANT FOLDER WORDS N`. WORDS `-`: live."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from asyncpg.connection import Connection

from tests.fakes.files import in_pieces
from tests.integration.conftest import PlainBox, Woken, new_id, plain_plugins
from whatsapp_hub.adapters.media.object_store import ObjectFiles
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.repositories.accounts.directory import PostgresDirectory
from whatsapp_hub.adapters.postgres.repositories.session_settings import SettingsVault
from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.media.fetch_media import FetchMedia
from whatsapp_hub.application.media.keep_file import KeepFile
from whatsapp_hub.application.ports.edge.inspection import FileFacts
from whatsapp_hub.application.ports.provider.plugin import Download, Providers
from whatsapp_hub.domain.ids import TenantId

CONTENT = b"\xff\xd8\xff" + bytes(3_000_000)
_met = 0


class Line:
    """Hands over one file; may die within it."""

    @asynccontextmanager
    async def download(self, session: Any, file: Any, most: int) -> AsyncIterator[Download]:
        yield Download(self._pieces())

    async def _pieces(self) -> AsyncIterator[bytes]:
        async for piece in in_pieces(CONTENT, 65_536):
            meet("a piece")
            yield piece

    async def aclose(self) -> None: ...


def meet(what: str) -> None:
    """Die where the Nth such thing has just happened."""
    global _met
    _met += WORDS in what
    if WORDS != "-" and _met >= NTH:
        os.kill(os.getpid(), signal.SIGKILL)


def mortal(run: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def runs(self: Any, statement: str, *arguments: Any, **more: Any) -> Any:
        answer = await run(self, statement, *arguments, **more)
        meet(statement)
        return answer

    return runs


async def facts(owner: object, file: object, mime_type: str, size: int) -> FileFacts:
    return FileFacts(640, 480, thumbnail=b"\xff\xd8\xffsmall")


def fetcher(storage: Any, folder: Path) -> FetchMedia:
    files, providers = ObjectFiles(folder), Providers(plain_plugins(), None)  # type: ignore[arg-type]
    providers._live["SANDBOX"] = Line()  # type: ignore[assignment] # nothing else of it is asked
    return FetchMedia(storage, providers, files, KeepFile(storage, files), facts, lambda: datetime.now(UTC))


async def main() -> None:
    database = Database(sys.argv[1], app_connections=4, system_connections=2)
    await database.open()
    vault = SettingsVault(PlainBox(), Providers(plain_plugins(), None))  # type: ignore[arg-type] # no provider is called
    storage = PostgresStorage(database, PostgresDirectory(database, vault), vault, Woken(), new_id)
    for name in ("execute", "fetch", "fetchval"):
        setattr(Connection, name, mortal(getattr(Connection, name)))
    fetch = fetcher(storage, Path(sys.argv[3]))
    while await fetch(TenantId(UUID(sys.argv[2]))):
        await fetch._running.drain()
    await database.close()


if __name__ == "__main__":
    WORDS, NTH = sys.argv[4], int(sys.argv[5])
    asyncio.run(main())
else:
    WORDS, NTH = "-", 0
