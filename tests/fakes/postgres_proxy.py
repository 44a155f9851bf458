"""A PostgreSQL that can be made to hang: a socket in between, for one hub's DSN."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from dataclasses import replace
from pathlib import Path

from whatsapp_hub.adapters.addresses.postgres import Host, PostgresAddress


class PostgresProxy:
    """`dsn` leads through it. While `hangs`, nothing is passed on in either direction, new connections included."""

    def __init__(self, dsn: str) -> None:
        address = PostgresAddress.parse(dsn)
        [self._target] = address.hosts
        self._folder = Path(tempfile.mkdtemp(prefix="pgproxy"))
        self.dsn = replace(address, hosts=(Host(str(self._folder)),)).url
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
        target = self._target
        if target.is_socket:
            theirs, ours = await asyncio.open_unix_connection(f"{target.name}/.s.PGSQL.{target.port}")
        else:
            theirs, ours = await asyncio.open_connection(target.name, target.port)
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
