"""A PostgreSQL that can be made to hang: a socket in between, for one hub's DSN (unix sockets, as embedded)."""

from __future__ import annotations

import asyncio
import contextlib
import re
import tempfile
from pathlib import Path


class PostgresProxy:
    """`dsn` leads through it. While `hangs`, nothing is passed on in either direction, new connections included."""

    def __init__(self, dsn: str) -> None:
        found = re.search(r"host=([^&]+)", dsn)
        assert found, "needs a DSN with a socket folder"
        self._target = f"{found[1]}/.s.PGSQL.5432"
        self._folder = Path(tempfile.mkdtemp(prefix="pgproxy"))
        self.dsn = dsn.replace(found[1], str(self._folder))
        self._open = asyncio.Event()
        self._open.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def hangs(self) -> bool:
        return not self._open.is_set()

    @hangs.setter
    def hangs(self, now: bool) -> None:
        (self._open.clear if now else self._open.set)()

    async def __aenter__(self) -> PostgresProxy:
        self._server = await asyncio.start_unix_server(self._serve, self._folder / ".s.PGSQL.5432")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        self._open.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for path in self._folder.iterdir():
            path.unlink()
        self._folder.rmdir()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._open.wait()
        theirs, ours = await asyncio.open_unix_connection(self._target)
        for a, b in ((reader, ours), (theirs, writer)):
            task = asyncio.create_task(self._pass_on(a, b))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
