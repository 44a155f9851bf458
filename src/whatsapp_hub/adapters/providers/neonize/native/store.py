"""whatsmeow's store of device keys: tables of its own in the schema `whatsmeow` of the hub's database.

Only the role `hub_whatsmeow` reaches them, and only connectors use it. The table `devices` maps devices to sessions.
Read access to this schema is enough to impersonate any linked device: see docs/providers.md.
Go never closes a store's connections. So each session gets a `StoreAccess`, its own path to the database that can be
shut: its connections are ended on the server, and Go finds them dead at its next query and drops them.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import asyncpg

from whatsapp_hub.adapters.addresses.postgres import Host, PostgresAddress
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.ids import SessionId

ROLE = "hub_whatsmeow"
SCHEMA = "whatsmeow"
PREPARING = "whatsapp-hub preparing whatsmeow"

AT_ONCE = 4
"""Our own connections at once, however many sessions open and close."""

IDLE = "10s"
"""After so long PostgreSQL ends a store's idle connection, which Go replaces when it needs one: a quiet number holds
none."""

_ONE_AT_A_TIME = 0x77686D77
_CONNECT_TIMEOUT_S = 5.0
_SOCKET = ".s.PGSQL."
_FOLDER = "whatsapp-hub-doors-"
_PASSED_ON = ("sslcert", "sslkey", "sslrootcert")


class StoreAccess:
    """One session's path to the database: a link to its socket, or over TCP a file with the password. `url` is for Go's
    driver (lib/pq), which looks for either at each new connection."""

    def __init__(self, folder: Path, address: PostgresAddress, application_name: str, *, tls: bool) -> None:
        """`address` has one host: Go's driver takes no lists."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(dir=folder))
        [host], given = address.hosts, address.parameters
        wanted = {
            "port": str(host.port),
            "user": address.user,
            "options": given.get("options", ""),
            "search_path": SCHEMA,
            "role": ROLE,
            "application_name": application_name,
            "connect_timeout": "10",
            "idle_session_timeout": IDLE,
        }
        wanted |= self._place(host, address.password)
        if not host.is_socket:
            wanted |= {"sslmode": _sslmode(given, tls=tls), **{n: given[n] for n in _PASSED_ON if n in given}}
        query = urlencode({name: value for name, value in wanted.items() if value}, quote_via=quote)
        self.url = f"postgres:///{quote(address.database, safe='')}?{query}"

    def _place(self, host: Host, password: str) -> dict[str, str]:
        if not host.is_socket:
            return {"host": host.name, **_passfile(self._folder, password)}
        socket = f"{_SOCKET}{host.port}"
        (self._folder / socket).symlink_to(Path(host.name) / socket)
        return {"host": str(self._folder), "sslmode": "disable", "password": password}

    def shut(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _sslmode(given: Mapping[str, str], *, tls: bool) -> str:
    """Return lib/pq's sslmode. It has no `prefer`; whether that means TLS is known from our own connection."""
    asked = given.get("sslmode") or "prefer"
    return asked if asked in ("disable", "require", "verify-ca", "verify-full") else "require" if tls else "disable"


def _passfile(folder: Path, password: str) -> dict[str, str]:
    if not password:
        return {}
    path = folder / "pgpass"
    path.touch(mode=0o600)
    path.write_text("*:*:*:*:" + password.replace("\\", "\\\\").replace(":", "\\:") + "\n")
    return {"passfile": str(path)}


def _sweep(parent: Path) -> None:
    """Remove the folders of processes that were killed."""
    for folder in parent.glob(f"{_FOLDER}*"):
        pid = folder.name.removeprefix(_FOLDER).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)


class DeviceStore:
    """The store. All methods but `access` and `close` do I/O and raise Unavailable."""

    def __init__(self, database_url: str) -> None:
        self._addresses = list(PostgresAddress.parse(database_url).each_host())
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-"))
        _sweep(self._folder.parent)
        self._tls = False
        self._at_once = asyncio.Semaphore(AT_ONCE)

    def access(self, application_name: str) -> StoreAccess:
        return StoreAccess(self._folder, self._addresses[0], application_name, tls=self._tls)

    @asynccontextmanager
    async def preparing(self) -> AsyncIterator[None]:
        """Hold a lock among all connectors: whatsmeow's first-start migrations race."""
        async with self._connection() as connection:
            self._tls = await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") or False
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

    async def end_connections(self, application_name: str) -> int:
        """End the connections that a session's store has open, in any process. Returns how many."""
        async with self._connection(role="") as connection:
            ended = await connection.fetch(
                "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE application_name = $1"
                " AND datname = current_database()",
                application_name,
            )
        return len(ended)

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    @asynccontextmanager
    async def _connection(self, role: str = ROLE) -> AsyncIterator[Any]:
        settings = {"search_path": SCHEMA, "application_name": "whatsapp-hub whatsmeow", "jit": "off"}
        if role:
            settings["role"] = role
        async with self._at_once:
            connection = await self._connect(settings)
            try:
                yield connection
            except (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError) as error:
                raise Unavailable(f"the store of WhatsApp Web devices does not answer: {error}") from error
            finally:
                connection.terminate()

    async def _connect(self, settings: dict[str, str]) -> Any:
        """Connect; of several hosts, StoreAccess uses the one that answered last."""
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
