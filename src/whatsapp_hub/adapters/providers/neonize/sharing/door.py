"""The door to the stores: a Unix socket of this process, at which Go's connections share those to PostgreSQL."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from whatsapp_hub.adapters.providers.neonize.sharing.client import KeyWriter, StoreClient
from whatsapp_hub.adapters.providers.neonize.sharing.keys import HeldKeys
from whatsapp_hub.adapters.providers.neonize.sharing.pool import ConnectionPool

SETTLED_S = 0.05
"""A store that was not asked for so long has nothing under way."""

USED_S = 1.0
"""A store that was asked within so long is being used."""

_PORT = 5432
_SOCKET = f".s.PGSQL.{_PORT}"
_LOOK_S = 0.01


class StoreAccess:
    """One dial's way to its store: a link to the door, which can be taken away. `url` is for Go's driver (lib/pq).

    `on_failure`: called once when the store cannot be used; until the access is shut, nothing is answered then. Without
    it, errors are answered."""

    def __init__(self, door: StoreDoor, user: str, name: str, on_failure: Callable[[str], None] | None) -> None:
        self.name = name
        self._door, self._user, self._on_failure = door, user, on_failure
        self.keys: HeldKeys | None = None
        self._clients: set[StoreClient] = set()
        self._is_shut = False
        self._asked_at = 0.0
        self._folder = Path(tempfile.mkdtemp(dir=door.folder))
        (self._folder / _SOCKET).symlink_to(door.socket)
        wanted = {
            "host": str(self._folder),
            "port": str(_PORT),
            "user": user,
            "sslmode": "disable",
            "binary_parameters": "yes",  # one batch a statement, in the place of two
            "application_name": name,
        }
        self.url = f"postgres:///stores?{urlencode(wanted, quote_via=quote)}"

    @property
    def tells_errors(self) -> bool:
        return self._on_failure is None

    @property
    def is_used(self) -> bool:
        """Whether it was asked for something just now, or has not answered yet."""
        return time.monotonic() - self._asked_at < USED_S or any(client.is_busy for client in self._clients)

    @property
    def store_waits_s(self) -> float:
        """For how long it has waited for PostgreSQL, which does not answer anybody."""
        return self._door.away_s if any(client.is_busy for client in self._clients) else 0.0

    def hold_keys(self, holds: Callable[[bool], None], is_unstored: Callable[[], bool]) -> HeldKeys:
        """Write what decrypting a message changes only once `stored` of the result is called. `holds` is called while
        something is held: nothing may go out to WhatsApp then. Only while the door is open."""
        self.keys = HeldKeys(self._door.key_writer(self._user), holds, is_unstored)
        return self.keys

    async def settle(self, within_s: float) -> None:
        """Wait until nothing is under way, so that what was read by now is stored and reported."""
        until, quiet_since = time.monotonic() + within_s, time.monotonic()
        while (now := time.monotonic()) < until:
            if any(client.is_busy for client in self._clients) or (self.keys and self.keys.is_holding):
                quiet_since = now
            elif now - quiet_since >= SETTLED_S:
                return
            await asyncio.sleep(_LOOK_S)

    def shut(self) -> None:
        """End its connections; further ones are refused. Idempotent."""
        self._is_shut = True
        if self.keys is not None:
            self.keys.drop()
        self._door.forget(self._user)
        for client in list(self._clients):
            client.abort()
        shutil.rmtree(self._folder, ignore_errors=True)

    # -- for its clients

    def join(self, client: StoreClient) -> None:
        self._clients.add(client)

    def left(self, client: StoreClient) -> None:
        self._clients.discard(client)

    def asked(self) -> None:
        self._asked_at = time.monotonic()

    def failed(self, why: str) -> None:
        on_failure, self._on_failure = self._on_failure, _is_told
        if on_failure is not None and not self._is_shut:
            on_failure(why)


def _is_told(_: str) -> None:
    pass


class StoreDoor:
    """The door of a process, on its loop. `connect` opens a connection of asyncpg's; raises Unavailable."""

    def __init__(self, folder: Path, connect: Callable[[], Awaitable[Any]], most: int) -> None:
        self.folder, self.socket = folder, folder / _SOCKET
        self._connect, self._most = connect, most
        self._pool: ConnectionPool | None = None
        self._server: asyncio.Server | None = None
        self._accesses: dict[str, StoreAccess] = {}
        self._users = count(1)

    @property
    def away_s(self) -> float:
        return self._pool.away_s if self._pool else 0.0

    async def open(self) -> None:
        """Listen. Idempotent. Raises OSError."""
        if self._server is not None:
            return
        pool = self._pool = ConnectionPool(self._connect, self._most)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: StoreClient(self, pool), str(self.socket), backlog=1024)

    def access(self, name: str, on_failure: Callable[[str], None] | None = None) -> StoreAccess:
        """Make an access. `name`: of the connections to PostgreSQL while they are used by it."""
        user = f"store{next(self._users)}"
        access = self._accesses[user] = StoreAccess(self, user, name, on_failure)
        return access

    def key_writer(self, user: str) -> KeyWriter:
        if self._pool is None:
            raise RuntimeError("the door is not open")
        return KeyWriter(self, self._pool, user)

    def access_of(self, user: str) -> StoreAccess | None:
        return self._accesses.get(user)

    def forget(self, user: str) -> None:
        self._accesses.pop(user, None)

    def shut_accesses(self) -> None:
        for access in list(self._accesses.values()):
            access.shut()

    async def aclose(self) -> None:
        self.shut_accesses()
        if self._server is not None:
            self._server.close()
        if self._pool is not None:
            await self._pool.aclose()
        self._server = self._pool = None
