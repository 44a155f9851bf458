"""Every loop of every role ends when it is cancelled, at whatever moment, and whatever its servers do meanwhile."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from dishka import AsyncContainer
from redis.asyncio import Redis

from tests.integration.http.conftest import JWT_SECRET
from whatsapp_hub.adapters.postgres.connectors.processes import PostgresProcesses
from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.redis import typing as typing_module
from whatsapp_hub.adapters.redis import wakes as wakes_module
from whatsapp_hub.adapters.redis.fire_and_forget import FireAndForget
from whatsapp_hub.adapters.redis.typing import TypingChannel
from whatsapp_hub.adapters.redis.wakes import CHANNEL, Channel, Wakes
from whatsapp_hub.adapters.worker import hint_queue as hints_module
from whatsapp_hub.application.ports.connections.processes import Process
from whatsapp_hub.application.ports.queues.wakeups import Work
from whatsapp_hub.application.pulse import PULSE
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.main.roles.worker import LOOPS
from whatsapp_hub.main.settings import Settings
from whatsapp_hub.main.wiring.container import make_container
from whatsapp_hub.main.wiring.infrastructure import Part

ROUNDS = 25
ENDS_WITHIN_S = 5.0


@pytest_asyncio.fixture(params=["valkey", "a valkey that never answers", "no valkey"])
async def redis_url(request: pytest.FixtureRequest, valkey_url: str) -> AsyncIterator[str]:
    if request.param == "valkey":
        yield valkey_url
        return

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.CancelledError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if request.param == "no valkey":
        server.close()
    yield f"redis://127.0.0.1:{port}/0"
    server.close()


@pytest_asyncio.fixture
async def container(
    database_url: str, redis_url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[AsyncContainer]:
    for module in (wakes_module, hints_module, typing_module):
        monkeypatch.setattr(module, "RECEIVE_S", 1)
    settings = Settings(
        hub_data_dir=str(tmp_path),
        database_url=database_url,
        redis_url=redis_url,
        jwt_secret=JWT_SECRET,
        hub_secret_key="fedcba9876543210fedcba9876543210",
    )
    made = make_container(settings, Part.WORKER)
    yield made
    await made.close()


async def ends(make: Callable[[], Awaitable[Any]], rounds: int = ROUNDS) -> None:
    chance = random.Random(7)
    for _ in range(rounds):
        task = asyncio.ensure_future(await make())
        await asyncio.sleep(chance.choice([0, 0, 0.001, 0.01, 0.05, 0.2]) * chance.random())
        task.cancel()
        await asyncio.wait([task], timeout=ENDS_WITHIN_S)
        assert task.done(), "the loop swallowed its cancellation"
        assert task.cancelled(), task.exception()


@pytest.mark.parametrize("name", LOOPS)
async def test_a_worker_s_loop_ends_when_it_is_cancelled(container: AsyncContainer, name: str) -> None:
    await ends(lambda: LOOPS[name](container))


async def test_an_api_s_listeners_end_when_they_are_cancelled(redis_url: str) -> None:
    redis = Redis.from_url(redis_url, socket_connect_timeout=2)
    wakes = Wakes([], lambda *_: asyncio.sleep(0))
    channel, typing = Channel(redis, FireAndForget(redis.connection_pool)), TypingChannel(redis)

    async def wakes_loop() -> Any:
        return channel.listen(wakes, Work.EVENTS)

    async def typing_loop() -> Any:
        return typing.listen(lambda _: None)

    await ends(wakes_loop)
    await ends(typing_loop)
    await redis.aclose()


@pytest.mark.parametrize(
    "junk",
    [b"", b"\xff\xfe", b"x:not-a-uuid", b"x:" + b"," * 1000, b"\x00" * 100_000, b"x:" + b"1" * 32 + b",y"],
    ids=["empty", "no utf-8", "no uuid", "commas", "long", "half of it"],
)
async def test_junk_on_the_channel_ends_no_listener(valkey_url: str, junk: bytes) -> None:
    redis = Redis.from_url(valkey_url)
    wakes, heard = Wakes([], lambda *_: asyncio.sleep(0)), asyncio.Event()
    bell = wakes.listen(Work.EVENTS)
    listening = asyncio.create_task(Channel(redis, FireAndForget(redis.connection_pool)).listen(wakes, Work.EVENTS))
    typing = asyncio.create_task(TypingChannel(redis).listen(lambda said: heard.set() if said == b"good" else 1 / 0))
    async with asyncio.timeout(10):
        while not await redis.publish(f"{CHANNEL}:{Work.EVENTS}", junk):
            await asyncio.sleep(0.01)
        while not await redis.publish(typing_module.CHANNEL, junk):
            await asyncio.sleep(0.01)
        await redis.publish(f"{CHANNEL}:{Work.EVENTS}", b"x:")
        await redis.publish(typing_module.CHANNEL, b"0" * 32 + b"good")
        await heard.wait()
        await bell.wait()
    assert not listening.done()
    assert not typing.done()
    for task in (listening, typing):
        task.cancel()
    await asyncio.wait([listening, typing])
    await redis.aclose()


async def test_loops_say_that_they_go_round(container: AsyncContainer) -> None:
    tasks = {name: asyncio.ensure_future(await loop(container)) for name, loop in LOOPS.items()}
    for name in LOOPS:
        PULSE.ended(name)
    async with asyncio.timeout(10):
        while not LOOPS.keys() <= PULSE.ages().keys():
            await asyncio.sleep(0.05)
    for task in tasks.values():
        task.cancel()
    await asyncio.wait(tasks.values())
    for name in LOOPS:
        PULSE.ended(name)


async def test_a_read_only_server_is_away_and_comes_back(database_url: str) -> None:
    database = Database(database_url, app_connections=1, system_connections=1)
    await database.open()
    write = "INSERT INTO hub.processes (id, role, name, version) VALUES (gen_random_uuid(), 'x', 'x', 'x')"
    await database.system(lambda db: db.execute("SET default_transaction_read_only = on"))
    with pytest.raises(Unavailable):
        await database.ping()  # what /health asks: no 200 from a hub that takes nothing
    with pytest.raises(Unavailable):
        await database.system(lambda db: db.execute(write))
    assert await database.system(lambda db: db.fetchval("SELECT 1")) == 1
    await database.close()
    await database.open()
    await database.system(lambda db: db.execute(write))
    await database.close()


async def test_a_loop_that_stands_is_named_by_health_s_look(database_url: str) -> None:
    database = Database(database_url, app_connections=1, system_connections=1)
    await database.open()
    processes = PostgresProcesses(database)
    one, other = (Process(uuid4(), "worker", f"host:{n}", "1") for n in (1, 2))
    await processes.announce(one, {"memory": 1.0, "stands:lanes": 43.6, "stands:inbox": 50.0})
    await processes.announce(other, {"memory": 1.0})
    assert await processes.stalled() == ["worker host:1: inbox (50 s)", "worker host:1: lanes (44 s)"]
    await processes.announce(one, {"memory": 1.0})
    assert await processes.stalled() == []
    await database.close()
