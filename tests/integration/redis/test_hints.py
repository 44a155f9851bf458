"""Hints say whose work there may be: each once however often it lies there, and again after the Valkey was away."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest_asyncio
from redis.asyncio import Redis

from whatsapp_hub.adapters.redis.fire_and_forget import FireAndForget
from whatsapp_hub.adapters.worker.hints import Hints
from whatsapp_hub.application.ports.queues.wakeups import Work
from whatsapp_hub.domain.ids import TenantId

Heard = list[tuple[Work, TenantId | None]]


@pytest_asyncio.fixture
async def hints(valkey_url: str) -> AsyncIterator[Hints]:
    async with Redis.from_url(valkey_url) as client:
        await client.flushdb()
        unanswered = FireAndForget(client.connection_pool)
        made = Hints(valkey_url, unanswered.send)
        yield made
        await made.aclose()
        await unanswered.aclose()


async def test_what_was_said_a_hundred_times_is_heard_once_or_twice(hints: Hints, valkey_url: str) -> None:
    heard: Heard = []
    hints.on_hint = lambda work, whose: heard.append((work, whose))
    tenant_id = TenantId(uuid4())
    for _ in range(100):
        await hints.publish(Work.INBOX, [tenant_id])
    await hints.publish(Work.LANES, [tenant_id, None])
    listening = asyncio.create_task(hints.listen())
    async with asyncio.timeout(10):
        while not {(Work.LANES, tenant_id), (Work.LANES, None)} <= set(heard):
            await asyncio.sleep(0.01)
    assert heard.count((Work.INBOX, tenant_id)) in (1, 2)
    async with Redis.from_url(valkey_url) as client:
        await client.client_kill_filter(_type="normal", skipme=True)  # as a restart does
    count = len(heard)
    async with asyncio.timeout(10):
        while len(heard) == count:
            await hints.publish(Work.INBOX, [None])
            await asyncio.sleep(0.1)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_what_is_no_hint_stops_nobody(hints: Hints, valkey_url: str) -> None:
    heard: Heard = []
    hints.on_hint = lambda work, whose: heard.append((work, whose))
    async with Redis.from_url(valkey_url) as client:
        await client.lpush("hub:hints", b"garbage")
    await hints.publish(Work.INBOX, [None])
    listening = asyncio.create_task(hints.listen())
    async with asyncio.timeout(10):
        while not heard:
            await asyncio.sleep(0.01)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
