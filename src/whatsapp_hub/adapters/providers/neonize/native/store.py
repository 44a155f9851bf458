"""whatsmeow's store of device keys: tables of its own in the schema `whatsmeow` of the hub's database.

Only the role `hub_whatsmeow` reaches them, and only connectors use it. The table `devices` maps devices to sessions.
Read access to this schema is enough to impersonate any linked device: see docs/providers.md.
Go opens connections for each number as it likes, and never closes them. So it gets none to PostgreSQL: each dial has an
access to this process's door (`sharing/`), which lends a few connections to all, and can be shut.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import structlog

from whatsapp_hub.adapters.addresses.postgres import PostgresAddress
from whatsapp_hub.adapters.providers.neonize.sharing.door import StoreAccess, StoreDoor
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.ids import SessionId

ROLE = "hub_whatsmeow"
SCHEMA = "whatsmeow"
PREPARING = "whatsapp-hub preparing whatsmeow"

AT_ONCE = 4
"""Our own connections at once, however many sessions open and close."""

SHARED = 8
"""Connections that all numbers of a process share."""

STORES = "whatsapp-hub stores"
"""Name of a shared connection (`application_name`) before a number uses it."""

_ONE_AT_A_TIME = 0x77686D77
_CONNECT_TIMEOUT_S = 5.0
_FOLDER = "whatsapp-hub-doors-"
_FREE = """
    SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
      - count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"""

log = structlog.get_logger(__name__)


def _sweep(parent: Path) -> None:
    """Remove the folders of processes that were killed."""
    for folder in parent.glob(f"{_FOLDER}*"):
        pid = folder.name.removeprefix(_FOLDER).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _settings(role: str, application_name: str) -> dict[str, str]:
    return {"search_path": SCHEMA, "role": role, "application_name": application_name, "jit": "off"}


class DeviceStore:
    """The store. All methods but the first two do I/O; all but `aclose` raise Unavailable."""

    def __init__(self, database_url: str, shared: int = SHARED) -> None:
        """`shared`: connections for all its accesses together."""
        self._addresses = list(PostgresAddress.parse(database_url).each_host())
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-"))
        _sweep(self._folder.parent)
        self._shared = shared
        self._door = StoreDoor(self._folder, partial(self._connect, _settings(ROLE, STORES)), shared)
        self._at_once = asyncio.Semaphore(AT_ONCE)

    def access(self, application_name: str, on_failure: Callable[[str], None] | None = None) -> StoreAccess:
        """Make an access for a dial. `on_failure` is called, on the loop, when the store cannot be used any more: hang
        up, then shut the access. Until then Go gets no answer, so that it acknowledges nothing."""
        return self._door.access(application_name, on_failure)

    def shut_accesses(self) -> None:
        """Shut every access: nothing that Go asks reaches PostgreSQL any more."""
        self._door.shut_accesses()

    @asynccontextmanager
    async def preparing(self) -> AsyncIterator[None]:
        """Open the door, and hold a lock among all connectors: whatsmeow's first-start migrations race."""
        try:
            await self._door.open()
        except OSError as error:
            raise Unavailable(f"the door to the stores cannot be opened: {error}") from error
        async with self._connection() as connection:
            if (free := await connection.fetchval(_FREE)) < self._shared:
                log.warning("neonize.few_connections", free=free, wanted=self._shared)
            await connection.execute("SELECT pg_advisory_lock($1)", _ONE_AT_A_TIME)
            yield

    async def device_of(self, session_id: SessionId) -> str:
        """Return the JID, with its device, that the session was paired as; empty if it is to be paired."""
        async with self._connection() as connection:
            jid = await connection.fetchval("SELECT jid FROM devices WHERE session_id = $1", session_id)
        return jid or ""

    async def has(self, jid: str) -> bool:
        """Whether whatsmeow still has this device. (Without it, its `Neonize` ends the process.)"""
        async with self._connection() as connection:
            return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM whatsmeow_device WHERE jid = $1)", jid))

    async def remember(self, session_id: SessionId, jid: str) -> None:
        async with self._connection() as connection:
            await connection.execute(
                "INSERT INTO devices (session_id, jid) VALUES ($1, $2)"
                " ON CONFLICT (session_id) DO UPDATE SET jid = excluded.jid, paired_at = now()",
                session_id,
                jid,
            )

    async def forget(self, session_id: SessionId) -> None:
        """Delete the session's device with its keys, contacts and sessions."""
        async with self._connection() as connection, connection.transaction():
            jid = await connection.fetchval("DELETE FROM devices WHERE session_id = $1 RETURNING jid", session_id)
            if jid and await connection.fetchval("SELECT to_regclass('whatsmeow_device')"):
                await connection.execute("DELETE FROM whatsmeow_device WHERE jid = $1", jid)

    async def aclose(self) -> None:
        await self._door.aclose()
        shutil.rmtree(self._folder, ignore_errors=True)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        async with self._at_once:
            connection = await self._connect(_settings(ROLE, "whatsapp-hub whatsmeow"))
            try:
                yield connection
            except (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError) as error:
                raise Unavailable(f"the store of WhatsApp Web devices does not answer: {error}") from error
            finally:
                connection.terminate()

    async def _connect(self, settings: dict[str, str]) -> Any:
        """Connect to the host that answered last, else to the next."""
        failure: Exception | None = None
        for address in list(self._addresses):
            try:
                connection = await asyncpg.connect(
                    **address.arguments, timeout=_CONNECT_TIMEOUT_S, server_settings=settings, statement_cache_size=0
                )
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                failure = failure or error
                continue
            self._addresses.sort(key=lambda one: one is not address)
            return connection
        raise Unavailable(f"the store of WhatsApp Web devices does not answer: {failure}") from failure
