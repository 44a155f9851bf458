"""A PostgreSQL as an operator runs it, with a login that has what docs/database.md says and no more."""

import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fakes.debian_postgres import DebianPostgres, programs
from tests.fakes.ports import listened_on
from whatsapp_hub.adapters.processes.child import Child
from whatsapp_hub.adapters.redis.embedded import program


@pytest_asyncio.fixture(scope="session")
async def debian() -> AsyncIterator[DebianPostgres]:
    """`owner` may create roles and owns the database `hub`; `stranger` has no rights at all."""
    programs()
    with tempfile.TemporaryDirectory(prefix="hubpg") as folder:
        Path(folder).chmod(0o755)
        async with DebianPostgres(Path(folder) / "server") as server:
            admin = await server.owner()
            for statement in (
                "CREATE ROLE owner LOGIN CREATEROLE CREATEDB PASSWORD 'right'",
                "CREATE ROLE super LOGIN SUPERUSER PASSWORD 'right'",
                "CREATE ROLE stranger LOGIN PASSWORD 'right'",
                "CREATE ROLE refused LOGIN",
                "CREATE ROLE tls_only LOGIN",
                "CREATE DATABASE hub OWNER owner",
            ):
                await admin.execute(statement)
            await admin.close()
            yield server


@pytest.fixture
def silent() -> Iterator[int]:
    """A port where connections are taken and nothing is ever said."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(8)
        yield listening.getsockname()[1]


@pytest_asyncio.fixture(scope="session")
async def guarded_valkey() -> AsyncIterator[int]:
    """The port of a Valkey with the password `right`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    given = {"port": str(port), "bind": "127.0.0.1", "requirepass": "right", "save": ""}
    server = await Child.start(
        [program(), *(part for name, value in given.items() for part in (f"--{name}", value))],
        death_signal=signal.SIGKILL,
        output=subprocess.DEVNULL,  # type: ignore[arg-type] # as create_subprocess_exec takes it
    )
    await listened_on(port)
    yield port
    await server.stop(signal.SIGTERM, deadline_s=5)
