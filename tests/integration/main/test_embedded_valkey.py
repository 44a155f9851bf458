from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
import redis.asyncio

from whatsapp_hub.adapters.processes.child import running
from whatsapp_hub.adapters.processes.folder import FolderTaken
from whatsapp_hub.adapters.redis.embedded import EmbeddedValkey

HOLD = Path(__file__).with_name("hold_server.py")


async def ping(server: EmbeddedValkey) -> bool:
    async with redis.asyncio.from_url(server.url) as client:
        return bool(await client.ping())


async def test_redis_py_takes_its_url_and_nothing_is_left_running(tmp_path: Path) -> None:
    async with EmbeddedValkey(tmp_path) as server:
        assert await ping(server)
    assert not running(str(tmp_path / "run"))


async def test_a_killed_hub_takes_its_server_along(tmp_path: Path) -> None:
    holder = await asyncio.create_subprocess_exec(
        sys.executable, HOLD, "valkey", tmp_path, stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    await holder.stdout.readline()
    holder.kill()
    await holder.wait()
    async with EmbeddedValkey(tmp_path) as server:
        assert await ping(server)
        assert len(running(f"--unixsocket {tmp_path}")) == 1


async def test_it_can_be_started_again_on_the_same_address_after_a_crash(tmp_path: Path) -> None:
    async with EmbeddedValkey(tmp_path) as server:
        address = server.url
        (pid,) = running(f"--unixsocket {tmp_path}")
        os.kill(pid, signal.SIGKILL)
        await server.exited()
        await server.start()
        assert server.url == address
        assert await ping(server)


async def test_a_second_start_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with EmbeddedValkey(tmp_path):
        with pytest.raises(FolderTaken):
            await EmbeddedValkey(tmp_path).__aenter__()


async def test_a_path_too_long_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    async with EmbeddedValkey(tmp_path / ("d" * 90) / ("e" * 90)) as server:
        assert await ping(server)
