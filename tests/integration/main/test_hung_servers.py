"""Servers of the hub's own that hang (SIGSTOP) without ending."""

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest

from tests.integration.hub.world import until
from whatsapp_hub.adapters.postgres.engine.embedded import EmbeddedPostgres
from whatsapp_hub.adapters.redis.embedded import EmbeddedValkey
from whatsapp_hub.domain.backoff import halved
from whatsapp_hub.main.supervise.liveness import Patience, keep_answering
from whatsapp_hub.main.supervise.supervisor import Restarts, keep_running

HASTE = Patience(every_s=0.1, within_s=1.0, silences=2)


@pytest.mark.parametrize("kind", [EmbeddedPostgres, EmbeddedValkey])
async def test_a_server_that_hangs_is_ended_and_started_again(
    kind: type[EmbeddedPostgres] | type[EmbeddedValkey], tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(kind(tmp_path / "server"))
        if isinstance(server, EmbeddedPostgres):
            connection = await asyncpg.connect(server.dsn)
            await connection.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
        kept = [
            asyncio.create_task(keep_running("server", server, Restarts(halved(0.01, 30)))),
            asyncio.create_task(keep_answering("server", server, HASTE)),
        ]
        try:
            first = server.pid
            os.kill(first, signal.SIGSTOP)

            async def is_another() -> bool:
                return server.pid != first

            await until(is_another, 60)

            async def answers() -> bool:
                try:
                    async with asyncio.timeout(1):
                        await server.ask()
                except (OSError, TimeoutError, asyncpg.PostgresError):
                    return False
                return True

            await until(answers, 60)
            if isinstance(server, EmbeddedPostgres):
                connection = await asyncpg.connect(server.dsn)
                assert await connection.fetchval("SELECT n FROM kept") == 7
                await connection.close()
        finally:
            for task in kept:
                task.cancel()
            await asyncio.gather(*kept, return_exceptions=True)
