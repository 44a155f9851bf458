from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
import tempfile
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from whatsapp_hub.adapters.postgres.engine.embedded import EmbeddedPostgres
from whatsapp_hub.adapters.processes.child import running
from whatsapp_hub.adapters.processes.folder import FolderTaken

HOLD = Path(__file__).with_name("hold_server.py")


async def query(server: EmbeddedPostgres, sql: str) -> object:
    connection = await asyncpg.connect(server.dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def hold(folder: Path) -> asyncio.subprocess.Process:
    """Another process that runs the server of `folder`, once it answers."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, HOLD, "postgres", folder, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline()
    return process


def servers_of(folder: Path) -> list[int]:
    return running(f"-D {folder}/pgdata")


async def until_gone(folder: Path) -> None:
    async with asyncio.timeout(10):
        while servers_of(folder):
            await asyncio.sleep(0.05)


async def test_it_keeps_what_was_written_and_leaves_nothing_running(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path) as server:
        await query(server, "CREATE TABLE kept AS SELECT 42 AS answer")
        assert servers_of(tmp_path)
    assert not servers_of(tmp_path)
    assert not (tmp_path / "run").exists()
    async with EmbeddedPostgres(tmp_path) as server:
        assert await query(server, "SELECT answer FROM kept") == 42


async def test_it_is_fit_for_the_hub(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path) as server:
        assert int(str(await query(server, "SHOW server_version_num"))) >= 180000
        assert await query(server, "SHOW synchronous_commit") == "on"
        assert await query(server, "SHOW fsync") == "on"
        assert await query(server, "SHOW jit") == "off"
        assert await query(server, "SHOW listen_addresses") == ""
        await query(server, "CREATE EXTENSION unaccent")
        await query(server, "CREATE EXTENSION pg_trgm")


async def test_sqlalchemy_takes_its_url(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path) as server:
        engine = create_async_engine(server.url)
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar() == 1
        await engine.dispose()


async def test_a_killed_hub_takes_its_server_along_and_the_next_start_recovers(tmp_path: Path) -> None:
    holder = await hold(tmp_path)
    async with asyncio.timeout(10):
        connection = await asyncpg.connect(host=str(tmp_path / "run"), user="postgres", database="whatsapp_hub")
        await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        holder.kill()
        await holder.wait()
    connection.terminate()
    if sys.platform == "linux":
        await until_gone(tmp_path)
    async with EmbeddedPostgres(tmp_path) as server:
        assert await query(server, "SELECT answer FROM kept") == 42


async def test_a_server_that_outlived_its_hub_is_ended_first(tmp_path: Path) -> None:
    """As where the kernel does not tie it to its parent: the start must not trip over it, nor share its files."""
    async with EmbeddedPostgres(tmp_path) as server:
        await query(server, "CREATE TABLE kept AS SELECT 42 AS answer")
        (old,) = servers_of(tmp_path)
        await server.start()
        assert servers_of(tmp_path) != [old]
        assert await query(server, "SELECT answer FROM kept") == 42


async def test_a_stale_pid_file_that_names_a_living_stranger_is_no_obstacle(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path):
        pid_file = (tmp_path / "pgdata" / "postmaster.pid").read_text().splitlines()
    stranger = await asyncio.create_subprocess_exec("sleep", "60")
    (tmp_path / "pgdata" / "postmaster.pid").write_text("\n".join([str(stranger.pid), *pid_file[1:]]) + "\n")
    async with EmbeddedPostgres(tmp_path) as server:
        assert await query(server, "SELECT 1") == 1
        assert stranger.returncode is None
    stranger.kill()
    await stranger.wait()


async def test_it_can_be_started_again_on_the_same_address_after_a_crash(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path) as server:
        address = server.dsn
        (pid,) = servers_of(tmp_path)
        os.kill(pid, signal.SIGKILL)
        assert await server.exited() != 0
        await server.start()
        assert server.dsn == address
        assert await query(server, "SELECT 1") == 1


async def test_an_interrupted_first_start_leaves_no_half_cluster(tmp_path: Path) -> None:
    starting = asyncio.create_task(EmbeddedPostgres(tmp_path).__aenter__())
    while not list(tmp_path.glob("pgdata.new-*/base")):
        await asyncio.sleep(0.005)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    async with EmbeddedPostgres(tmp_path) as server:
        assert await query(server, "SELECT 1") == 1
    assert not list(tmp_path.glob("pgdata.new-*"))


async def test_a_second_start_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path) as server:
        with pytest.raises(FolderTaken, match=f"process {os.getpid()}"):
            await EmbeddedPostgres(tmp_path).__aenter__()
        assert await query(server, "SELECT 1") == 1


async def test_a_path_too_long_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 90) / ("e" * 90)
    async with EmbeddedPostgres(deep) as server:
        assert await query(server, "SELECT 1") == 1
        sockets = Path((deep / "socket-folder").read_text())
        assert sockets.is_dir()
    assert not sockets.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that PostgreSQL's user may not enter")
async def test_as_root_it_works_below_a_closed_folder_and_leaves_it_closed() -> None:
    with tempfile.TemporaryDirectory() as closed:  # 0700, root's
        async with EmbeddedPostgres(Path(closed) / "hub") as server:
            assert await query(server, "SELECT 1") == 1
            (pid,) = servers_of((Path(closed) / "hub").resolve())
            assert Path(f"/proc/{pid}").stat().st_uid != 0
        assert stat.S_IMODE(Path(closed).stat().st_mode) == 0o700
