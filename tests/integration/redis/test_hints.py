"""Hints say that there may be work: each kind once however often it lies there, and again after the Valkey was away."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from redis.asyncio import Redis

from whatsapp_hub.adapters.worker.hints import Hints, make_broker
from whatsapp_hub.application.ports.delivery import Work


@pytest_asyncio.fixture
async def hints(valkey_url: str) -> AsyncIterator[Hints]:
    async with Redis.from_url(valkey_url) as client:
        await client.flushdb()
    made = Hints(make_broker(valkey_url))
    yield made
    await made.aclose()


async def test_what_was_said_a_hundred_times_is_heard_once_or_twice(hints: Hints, valkey_url: str) -> None:
    heard: list[Work] = []
    hints.on_hint = heard.append
    for _ in range(100):
        await hints.tell(Work.INBOX)
    await hints.tell(Work.LANES)
    listening = asyncio.create_task(hints.listen())
    async with asyncio.timeout(10):
        while Work.LANES not in heard:
            await asyncio.sleep(0.01)
    assert heard.count(Work.INBOX) in (1, 2)
    async with Redis.from_url(valkey_url) as client:
        await client.client_kill_filter(_type="normal", skipme=True)  # as a restart does
    count = len(heard)
    async with asyncio.timeout(10):
        while len(heard) == count:
            await hints.tell(Work.INBOX)
            await asyncio.sleep(0.1)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
