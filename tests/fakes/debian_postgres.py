"""Debian's PostgreSQL (`apt-get install postgresql`) as an operator runs it: TCP, passwords, its own settings."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path
from typing import Self

import asyncpg
import pytest

from whatsapp_hub.adapters.processes.child import Child, unprivileged_user

FOLDER = Path("/usr/lib/postgresql")
HBA = """
local all all trust
host all refused 127.0.0.1/32 reject
hostssl all tls_only 127.0.0.1/32 trust
host all tls_only 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
"""


def programs() -> Path:
    """The folder of the oldest that is installed. Skips the test where there is none."""
    found = sorted(FOLDER.glob("*/bin/initdb"), key=lambda path: int(path.parent.parent.name))
    if not found:
        pytest.skip("no PostgreSQL of Debian's here: apt-get install postgresql")
    return found[0].parent


class DebianPostgres:
    """`url(login, password, database)` leads to it over TCP; `owner()` connects as superuser."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._user_id = unprivileged_user()
        self._server: Child | None = None
        self.port = 0

    def url(self, login: str, password: str = "right", database: str = "hub", query: str = "") -> str:
        return f"postgresql://{login}:{password}@127.0.0.1:{self.port}/{database}{query}"

    async def owner(self, database: str = "postgres") -> asyncpg.Connection:
        return await asyncpg.connect(host=str(self._folder), port=self.port, user="postgres", database=database)

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True)
        if self._user_id is not None:
            os.chown(self._folder, self._user_id, self._user_id)
        data = self._folder / "data"
        made = await self._run("initdb", f"--pgdata={data}", "--username=postgres", "--auth=trust", "--locale=C.UTF-8")
        assert await made.wait() == 0
        (data / "pg_hba.conf").write_text(HBA)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        given = {"listen_addresses": "127.0.0.1", "port": self.port, "fsync": "off", "max_connections": 240}
        given["unix_socket_directories"] = self._folder
        options = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        self._server = await self._run("postgres", "-D", str(data), *options)
        await self._answers()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        await self._server.stop(signal.SIGINT, signal.SIGQUIT, deadline_s=20)

    async def _run(self, program: str, *arguments: str) -> Child:
        with (self._folder / "log").open("ab") as log:
            return await Child.start(
                [programs() / program, *arguments],
                death_signal=signal.SIGQUIT,
                user_id=self._user_id,
                output=log,
                cwd="/",
            )

    async def _answers(self) -> None:
        async with asyncio.timeout(30):
            while True:
                try:
                    await (await self.owner()).close()
                except (OSError, asyncpg.CannotConnectNowError):
                    await asyncio.sleep(0.05)
                else:
                    return
