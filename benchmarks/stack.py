"""Servers shared by the measurements: PostgreSQL and Valkey as the hub embeds them, in a temporary folder."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.graph import Graph
from benchmarks.hub import ADMIN, SECRETS
from whatsapp_hub.adapters.postgres.engine.embedded import PORT, SUPERUSER, EmbeddedPostgres
from whatsapp_hub.adapters.redis.embedded import EmbeddedValkey
from whatsapp_hub.main.settings import Settings
from whatsapp_hub.main.supervise.supervisor import prepare_database

FSYNC_TRIES = 200
SLOW_COMMITS = {"commit_delay": "2000", "commit_siblings": "0"}


@dataclass(frozen=True)
class Stack:
    folder: Path
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    graph: Graph

    @property
    def environment(self) -> dict[str, str]:
        """Environment of a hub that uses these servers."""
        return {
            **SECRETS,
            "DATABASE_URL": self.postgres.dsn,
            "REDIS_URL": self.valkey.url,
            "WHATSAPP_API_URL": self.graph.url,
        }

    @property
    def libpq(self) -> dict[str, str]:
        """Environment of PostgreSQL's own programs."""
        sockets = self.postgres.dsn.partition("host=")[2].replace("%2F", "/")
        return {**os.environ, "PGHOST": sockets, "PGPORT": str(PORT), "PGUSER": SUPERUSER, "PGDATABASE": "whatsapp_hub"}

    async def execute(self, *statements: str) -> None:
        connection = await asyncpg.connect(self.postgres.dsn)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def value(self, query: str, *arguments: Any) -> Any:
        connection = await asyncpg.connect(self.postgres.dsn)
        try:
            return await connection.fetchval(query, *arguments)
        finally:
            await connection.close()

    @asynccontextmanager
    async def slow_commits(self) -> AsyncIterator[None]:
        """Delay each commit by 2 ms, as a remote disk would."""
        await self.execute(*(f"ALTER SYSTEM SET {k} = {v}" for k, v in SLOW_COMMITS.items()), "SELECT pg_reload_conf()")
        try:
            yield
        finally:
            await self.execute(*(f"ALTER SYSTEM RESET {name}" for name in SLOW_COMMITS), "SELECT pg_reload_conf()")

    def fsync_us(self) -> float:
        """Return the median of one 8 kB write and fdatasync in the database's folder."""
        path = self.folder / "fsync"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        took = []
        try:
            for _ in range(FSYNC_TRIES):
                os.pwrite(descriptor, bytes(8192), 0)
                began = time.perf_counter()
                os.fdatasync(descriptor)
                took.append(time.perf_counter() - began)
        finally:
            os.close(descriptor)
            path.unlink()
        return 1e6 * statistics.median(took)


@asynccontextmanager
async def stack() -> AsyncIterator[Stack]:
    """Migrate, and create the first administrator."""
    with tempfile.TemporaryDirectory(prefix="hub-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user when we are root
        async with (
            EmbeddedPostgres(folder / "postgres") as postgres,
            EmbeddedValkey(folder / "valkey") as valkey,
            Graph() as graph,
        ):
            made = Stack(folder, postgres, valkey, graph)
            await _prepare(made)
            yield made


async def _prepare(made: Stack) -> None:
    settings = Settings.from_environment(
        {**made.environment, "HUB_ADMIN_EMAIL": ADMIN[0], "HUB_ADMIN_PASSWORD": ADMIN[1]}
    )
    await prepare_database(settings.completed())
    # As in a database of some age: WAL is written into recycled files, so no commit waits for a new one.
    full = ("SELECT pg_logical_emit_message(true, 'bench', 'x')", "SELECT pg_switch_wal()")
    await made.execute(*full * 14, "CHECKPOINT")
