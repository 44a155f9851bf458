"""What nobody waits an answer for arrives all the same, and a connection that is gone is noticed."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from whatsapp_hub.adapters.redis import fire_and_forget
from whatsapp_hub.adapters.redis.fire_and_forget import FireAndForget


@pytest_asyncio.fixture
async def client(valkey_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(valkey_url, socket_connect_timeout=2) as client:
        yield client


@pytest_asyncio.fixture
async def silent(client: Redis) -> AsyncIterator[FireAndForget]:
    made = FireAndForget(client.connection_pool)
    yield made
    await made.aclose()


async def length(client: Redis, name: str, at_least: int) -> int:
    """Nobody says when a command was carried out."""
    async with asyncio.timeout(10):
        while (found := await client.llen(name)) < at_least:
            await asyncio.sleep(0.01)
    return found


async def test_all_arrive_whoever_sends_at_the_same_time(client: Redis, silent: FireAndForget) -> None:
    name = uuid4().hex
    await asyncio.gather(*(silent.send("LPUSH", name, str(n)) for n in range(200)))
    assert await length(client, name, 200) == 200
    assert {int(n) for n in await client.lrange(name, 0, -1)} == set(range(200))


async def test_they_still_arrive_when_it_was_asked_whether_it_is_there(
    client: Redis, silent: FireAndForget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fire_and_forget, "CHECK_EVERY_S", 0.0)
    name = uuid4().hex
    for n in range(50):
        await silent.send("LPUSH", name, str(n))
    assert await length(client, name, 50) == 50


async def test_a_broken_connection_is_made_anew(client: Redis, silent: FireAndForget) -> None:
    name = uuid4().hex
    await silent.send("LPUSH", name, "before")
    await length(client, name, 1)
    await client.client_kill_filter(_type="normal", skipme=True)
    async with asyncio.timeout(10):
        while await client.llen(name) < 2:  # what is sent before the break is seen may be lost
            await silent.send("LPUSH", name, "after")
            await asyncio.sleep(0.01)


async def test_a_server_that_says_nothing_when_asked_is_noticed(
    client: Redis, silent: FireAndForget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when its machine is gone: what is sent to it disappears without an error."""
    monkeypatch.setattr(fire_and_forget, "CHECK_EVERY_S", 0.0)
    name = uuid4().hex
    await silent.send("LPUSH", name, "before")
    await length(client, name, 1)
    await client.execute_command("CLIENT", "PAUSE", 1500, "ALL")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await silent.send("LPUSH", name, "lost")
    await silent.send("LPUSH", name, "after")
    assert await length(client, name, 2) == 2
    assert await client.lrange(name, 0, -1) == [b"after", b"before"]


async def test_a_server_that_will_not_be_silent_is_served_too(
    client: Redis, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some hosted ones refuse it: then answers come, and nobody reads them."""
    user, name = f"loud-{uuid4().hex[:8]}", uuid4().hex
    await client.execute_command("ACL", "SETUSER", user, "on", ">word", "~*", "+@all", "-client|reply")
    monkeypatch.setattr(fire_and_forget, "CHECK_EVERY_S", 0.05)
    other = Redis.from_url(valkey_url, username=user, password="word")
    loud = FireAndForget(other.connection_pool)
    try:
        for n in range(30):
            await loud.send("LPUSH", name, str(n))
            await asyncio.sleep(0.01)
        assert await length(client, name, 30) == 30
    finally:
        await loud.aclose()
        await other.aclose()
        await client.execute_command("ACL", "DELUSER", user)
