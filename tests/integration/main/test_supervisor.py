from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from whatsapp_hub.adapters.processes.child import running

SMALL_HUB = Path(__file__).with_name("small_hub.py")


@dataclass
class Hub:
    folder: Path
    port: int
    process: asyncio.subprocess.Process
    greeting: str

    async def health(self) -> str:
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(f"http://127.0.0.1:{self.port}/health")).text

    async def healthy_again(self, *, other_than: str) -> str:
        async with asyncio.timeout(15):
            while True:
                try:
                    if (text := await self.health()) != other_than:
                        return text
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.05)

    def processes(self) -> list[int]:
        return running(str(self.folder))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def launch(folder: Path, port: int) -> asyncio.subprocess.Process:
    environment = {**os.environ, "HUB_DATA_DIR": str(folder), "PORT": str(port), "PYTHONPATH": str(SMALL_HUB.parent)}
    for name in ("DATABASE_URL", "REDIS_URL"):
        environment.pop(name, None)
    return await asyncio.create_subprocess_exec(
        sys.executable,
        SMALL_HUB,
        "serve",
        folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def running_hub(folder: Path) -> AsyncIterator[Hub]:
    port = free_port()
    process = await launch(folder, port)
    assert process.stdout is not None
    greeting = ""
    async with asyncio.timeout(60):
        while "Ctrl-C" not in greeting:
            line = await process.stdout.readline()
            assert line, greeting
            greeting += line.decode()
        while not (folder / "worker").exists():
            await asyncio.sleep(0.05)
    yield Hub(folder, port, process, greeting)
    if process.returncode is None:
        process.terminate()
        await process.wait()


@pytest_asyncio.fixture(scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hub]:
    """Shared by the tests that leave it running."""
    async with running_hub(tmp_path_factory.mktemp("hub")) as running_one:
        yield running_one


@pytest_asyncio.fixture
async def own_hub(tmp_path: Path) -> AsyncIterator[Hub]:
    async with running_hub(tmp_path) as running_one:
        yield running_one


async def test_it_says_where_it_is_and_who_may_enter(hub: Hub) -> None:
    assert f"http://127.0.0.1:{hub.port}\n" in hub.greeting
    assert "/schema" in hub.greeting
    assert "admin@example.com" in hub.greeting
    assert "made-up" in hub.greeting
    assert "whatsapp-hub demo" in hub.greeting


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_told_to_stop_it_stops_everything_cleanly(own_hub: Hub, number: signal.Signals) -> None:
    own_hub.process.send_signal(number)
    assert await asyncio.wait_for(own_hub.process.wait(), 15) == 0
    assert (own_hub.folder / "worker").read_text() == "stopped cleanly"
    assert own_hub.processes() == []


async def test_killed_it_leaves_nothing_running_and_starts_again(own_hub: Hub) -> None:
    before = await own_hub.health()
    own_hub.process.kill()
    await own_hub.process.wait()
    async with asyncio.timeout(15):
        while own_hub.processes():
            await asyncio.sleep(0.05)
    again = await launch(own_hub.folder, own_hub.port)
    assert await own_hub.healthy_again(other_than=before)
    again.terminate()
    assert await again.wait() == 0


async def test_a_role_that_crashes_is_started_again(hub: Hub) -> None:
    before = await hub.health()
    os.kill(int(before.split()[0]), signal.SIGKILL)
    assert await hub.healthy_again(other_than=before)


@pytest.mark.parametrize("mark", ["-D {folder}/postgres/pgdata", "--unixsocket {folder}/valkey"])
async def test_a_database_that_crashes_is_started_again(hub: Hub, mark: str) -> None:
    (pid,) = running(mark.format(folder=hub.folder))
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(15):
        while running(mark.format(folder=hub.folder)) in ([], [pid]):
            await asyncio.sleep(0.05)
    assert hub.process.returncode is None


async def refusal(folder: Path, port: int) -> str:
    """The last line of a start that is refused."""
    second = await launch(folder, port)
    _, errors = await asyncio.wait_for(second.communicate(), 15)
    assert second.returncode == 1
    return errors.decode().strip().splitlines()[-1]


async def test_a_second_hub_on_the_same_folder_is_refused(hub: Hub) -> None:
    assert re.search(r"FolderTaken: .* is in use by another hub", await refusal(hub.folder, free_port()))
    assert await hub.health()


async def test_a_taken_port_is_named(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert f"PORT: cannot listen on 127.0.0.1:{hub.port}" in await refusal(tmp_path_factory.mktemp("other"), hub.port)
