"""A connection pooler between the hub and PostgreSQL, or a role that is not the hub's own: refused before any query.

Behind a session pooler that ignored the startup setting `role`, one tenant once read another's messages.
"""

import asyncio
import pwd
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import pytest
import pytest_asyncio

from tests.fakes.ports import listened_on
from tests.fakes.postgres_proxy import PostgresProxy
from tests.integration.http.conftest import free_port
from tests.integration.postgres.conftest import World
from whatsapp_hub.adapters.postgres.engine import database as module
from whatsapp_hub.adapters.postgres.engine.database import APP, SYSTEM, Database, arguments_of, connect, prelude
from whatsapp_hub.adapters.postgres.engine.isolation import NotIsolated
from whatsapp_hub.adapters.postgres.engine.migrate import migrate
from whatsapp_hub.adapters.postgres.engine.version import is_current
from whatsapp_hub.adapters.postgres.queues.inbox_writer import GroupCommitInbox
from whatsapp_hub.adapters.processes.child import unprivileged_user
from whatsapp_hub.application.ports.queues.inbox import NewUpdate
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.main.commands import doctor
from whatsapp_hub.main.settings import Settings

PGBOUNCER = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
DROPPED = (
    "role,jit,search_path,plan_cache_mode,enable_seqscan,enable_hashjoin,enable_mergejoin,"
    "idle_in_transaction_session_timeout,extra_float_digits"
)
needs_pgbouncer = pytest.mark.skipif(PGBOUNCER is None, reason="needs pgbouncer (Debian: apt-get install pgbouncer)")


@dataclass
class Pooler:
    url: str
    mode: str


@pytest_asyncio.fixture(scope="module", params=["session", "transaction", "session that drops nothing"])
async def pooler(
    request: pytest.FixtureRequest, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Pooler]:
    """pgbouncer before the module's database, with every setting of ours ignored, as hosts set it up."""
    assert PGBOUNCER
    mode, port, folder = request.param.split(" ")[0], free_port(), tmp_path_factory.mktemp("pgbouncer") / "settings"
    parts = urlsplit(database_url)
    folder.mkdir()
    async with PostgresProxy(database_url) as door:  # pgbouncer gives root up and may not enter the server's own folder
        host = unquote(parse_qs(urlsplit(door.dsn).query)["host"][0])
        (folder / "users").write_text(f'"{parts.username}" ""\n')
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={host} port=5432\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
            f"unix_socket_dir =\nauth_type = trust\nauth_file = {folder}/users\npool_mode = {mode}\n"
            + ("" if "nothing" in request.param else f"ignore_startup_parameters = {DROPPED}\n")
        )
        for path in (*folder.iterdir(), folder, *list(folder.parents)[:4], Path(host), Path(host) / ".s.PGSQL.5432"):
            path.chmod(0o777 if path.is_socket() else 0o755)
        as_user = ["-u", pwd.getpwuid(user_id).pw_name] if (user_id := unprivileged_user()) else []
        running = await asyncio.create_subprocess_exec(PGBOUNCER, "-q", *as_user, str(folder / "pgbouncer.ini"))
        await listened_on(port)
        yield Pooler(f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}", mode)
        running.send_signal(signal.SIGTERM)
        await running.wait()


@needs_pgbouncer
async def test_the_pooler_itself_works(pooler: Pooler) -> None:
    """Else the tests below would pass whatever the hub does."""
    connection = await asyncpg.connect(pooler.url, statement_cache_size=0, timeout=5)
    assert await connection.fetchval("SELECT count(*) FROM hub.tenants") >= 0
    await connection.close()


@needs_pgbouncer
@pytest.mark.parametrize("role", [APP, SYSTEM])
async def test_no_connection_of_the_hub_goes_through_a_pooler(pooler: Pooler, role: str) -> None:
    for _ in range(3):  # a pooled server may have seen the hub's statements before
        with pytest.raises(NotIsolated, match="pooler"):
            await connect(pooler.url, role)


@needs_pgbouncer
async def test_pools_do_not_open_through_a_pooler(pooler: Pooler) -> None:
    database = Database(pooler.url, app_connections=2, system_connections=1)
    with pytest.raises(NotIsolated, match="pooler"):
        await database.open()
    with pytest.raises(Unavailable):
        await database.system(lambda c: c.fetchval("SELECT 1"))
    await database.close()


@needs_pgbouncer
async def test_migrations_start_and_doctor_name_the_pooler(pooler: Pooler) -> None:
    for refused in (migrate, is_current):
        with pytest.raises(NotIsolated, match="DATABASE_URL must lead to PostgreSQL itself"):
            await refused(pooler.url)
    [finding] = await doctor._database(Settings(database_url=pooler.url))
    assert (finding.subject, finding.good) == ("database", False)
    assert "pooler" in finding.says


@needs_pgbouncer
async def test_webhooks_are_not_stored_through_a_pooler(pooler: Pooler) -> None:
    async with GroupCommitInbox(pooler.url, lambda *_: None) as inbox:
        with pytest.raises(Unavailable):
            await inbox.append([NewUpdate("META", "m:1:1", "5511", b"{}")])


@pytest.fixture
def role_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a pooler does that answers with the server's own process number."""
    settings: Callable[[str], dict[str, str]] = module._settings
    monkeypatch.setattr(module, "_settings", lambda role: {k: v for k, v in settings(role).items() if k != "role"})


@pytest.mark.usefixtures("role_dropped")
async def test_a_connection_that_works_as_its_login_is_never_used(database_url: str) -> None:
    for role in (APP, SYSTEM):
        with pytest.raises(NotIsolated, match="works as the role postgres"):
            await connect(database_url, role)
    database = Database(database_url, app_connections=2, system_connections=1)
    with pytest.raises(NotIsolated):
        await database.open()
    await database.close()


async def test_a_pool_whose_server_is_exchanged_for_a_wrong_one_refuses(
    database_url: str, request: pytest.FixtureRequest
) -> None:
    database = Database(database_url, app_connections=2, system_connections=1)
    await database.open()
    request.getfixturevalue("role_dropped")
    for pool in database._pools.values():
        await pool.expire_connections()
        pool._connect_kwargs["server_settings"] = module._settings(APP)
    with pytest.raises(NotIsolated):
        await database.system(lambda c: c.fetchval("SELECT 1"))
    with pytest.raises(NotIsolated):
        await database.begin("BEGIN", "hub")
    await database.close()


async def test_a_transaction_takes_its_role_itself_whatever_the_connection_was(world: World) -> None:
    """A server behind the pool may change between two transactions; the prelude does not trust the connection."""
    connection: Any = await asyncpg.connect(**arguments_of(world.hub.url))
    assert await connection.fetchval("SELECT current_user") != APP
    await connection.execute(prelude(world.tenant))
    assert await connection.fetchval("SELECT current_user") == APP
    seen = await connection.fetch("SELECT DISTINCT tenant_id FROM hub.sessions")
    assert {row["tenant_id"] for row in seen} <= {world.tenant.id}
    await connection.execute("ROLLBACK")
    await connection.close()
