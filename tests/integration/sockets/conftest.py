"""An API process of its own, whose memory can be looked at, and clients that do not keep to the protocol."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest_asyncio
import socketio
from websockets.asyncio.client import ClientConnection, connect

from tests.integration.http.conftest import JWT_SECRET, MASTER, Company, Person, RunningHub, free_port
from whatsapp_hub.main.settings import Settings

SECRETS = {
    "JWT_SECRET": JWT_SECRET,
    "HUB_SECRET_KEY": "fedcba9876543210fedcba9876543210",
    "HUB_ADMIN_EMAIL": MASTER[0],
    "HUB_ADMIN_PASSWORD": MASTER[1],
}
MB = 1024 * 1024


@dataclass
class ApiProcess:
    """`whatsapp-hub api`, as it runs in production."""

    pid: int
    port: int
    hub: RunningHub
    log: Path
    owner: Any

    @property
    def memory(self) -> int:
        """What the process holds of memory, in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    async def raw(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    @asynccontextmanager
    async def frames(self, sid: str | None = None, **options: Any) -> AsyncIterator[ClientConnection]:
        """A WebSocket without Socket.IO's manners. What Engine.IO opens with has been read."""
        named = f"&sid={sid}" if sid else ""
        url = f"ws://127.0.0.1:{self.port}/socket.io/?EIO=4&transport=websocket{named}"
        async with connect(url, proxy=None, max_size=2**24, **options) as websocket:
            if not sid:
                assert str(await websocket.recv()).startswith("0{")
            yield websocket

    @asynccontextmanager
    async def signed_in(self, person: Person, **options: Any) -> AsyncIterator[ClientConnection]:
        """The same, of somebody who is let in."""
        async with self.frames(**options) as websocket:
            await websocket.send(f'40{{"token":"{person.token}"}}')
            while not str(await websocket.recv()).startswith('42["connected"'):
                pass
            yield websocket

    async def handshake(self) -> str:
        """Open a socket by long polling; its id."""
        answer = await self.hub.http.get("/socket.io/?EIO=4&transport=polling")
        assert answer.status_code == 200, answer.text
        return str(
            answer.json()["sid"] if answer.text[0] == "{" else httpx.Response(200, text=answer.text[1:]).json()["sid"]
        )

    async def post(self, sid: str, body: bytes | str) -> httpx.Response:
        return await self.hub.http.post(f"/socket.io/?EIO=4&transport=polling&sid={sid}", content=body)

    async def poll(self, sid: str) -> httpx.Response:
        return await self.hub.http.get(f"/socket.io/?EIO=4&transport=polling&sid={sid}")

    async def sockets(self) -> int:
        """How many the process says that it has open."""
        page = await self.hub.http.get("/metrics", headers={"Authorization": "Bearer a token for the scraper"})
        lines = [line for line in page.text.splitlines() if line.startswith("whatsapp_hub_sockets{")]
        return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines)


@pytest_asyncio.fixture(scope="module")
async def api(database_url: str, valkey_url: str, tmp_path_factory: Any) -> AsyncIterator[ApiProcess]:
    folder: Path = tmp_path_factory.mktemp("api")
    port, log = free_port(), folder / "api.log"
    variables = {"DATABASE_URL": database_url, "REDIS_URL": valkey_url, "HUB_DATA_DIR": str(folder), "PORT": str(port)}
    more = {"LOG_FORMAT": "json", "RATE_LIMIT_USER": "1000000", "METRICS_TOKEN": "a token for the scraper"}
    environment = {**os.environ, **SECRETS, **variables, **more}
    owner = await asyncpg.connect(database_url)
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "whatsapp_hub", "api"), env=environment, stdout=output, stderr=output
        )
    try:
        url = f"http://127.0.0.1:{port}"
        settings = Settings(port=port, database_url=database_url, redis_url=valkey_url, jwt_secret=JWT_SECRET)
        async with httpx.AsyncClient(base_url=url, timeout=30, limits=httpx.Limits(max_connections=None)) as http:
            await _ready(http, process, log)
            hub = RunningHub(url, http, Person(http, {}, ""), settings)
            hub.master = await hub.sign_in(*MASTER)
            yield ApiProcess(process.pid, port, hub, log, owner)
    finally:
        await owner.close()
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 15)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _ready(http: httpx.AsyncClient, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(180):
        while True:
            assert process.returncode is None, log.read_text()
            try:
                if (await http.get("/health")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


@pytest_asyncio.fixture
async def company(api: ApiProcess) -> Company:
    return await api.hub.company()


@dataclass
class Neighbour:
    """Somebody else at work meanwhile, on a socket and by HTTP: how long they waited, and before (`alone`)."""

    waits: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)

    @property
    def slowed_s(self) -> float:
        """How much longer the worst wait was than the worst before: a busy machine slows both."""
        return max(self.waits) - max(self.alone)


@asynccontextmanager
async def neighbour(api: ApiProcess) -> AsyncIterator[Neighbour]:
    """Their waits are measured until the block ends; the connection must outlast it."""
    person = (await api.hub.company()).admin
    client, at_work = socketio.AsyncClient(reconnection=False), Neighbour()
    await client.connect(api.hub.url, auth={"token": person.token}, transports=["websocket"])

    async def round(waits: list[float]) -> None:
        for ask in (lambda: client.call("heartbeat", timeout=20), lambda: person.get("/api/conversations")):
            began = time.monotonic()
            await ask()
            waits.append(time.monotonic() - began)

    async def work() -> None:
        while True:
            await round(at_work.waits)
            await asyncio.sleep(0.2)

    for _ in range(5):
        await round(at_work.alone)
    working = asyncio.create_task(work())
    try:
        yield at_work
        async with asyncio.timeout(20):
            while len(at_work.waits) < 2 and not working.done():
                await asyncio.sleep(0.01)
        assert not working.done(), working.exception()
        assert client.connected
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await client.disconnect()
