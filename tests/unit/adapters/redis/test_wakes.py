"""A loop that waits for a wake-up ends when it is cancelled, even if one comes at that very moment."""

import asyncio
from uuid import uuid4

from whatsapp_hub.adapters.redis.wakes import WakeSignal
from whatsapp_hub.domain.ids import TenantId


async def test_a_ring_swallows_no_cancellation() -> None:
    signal = WakeSignal(lambda: 60.0)

    async def loop() -> None:
        while True:
            await signal.wait()

    for pause in range(4):
        task = asyncio.create_task(loop())
        for _ in range(2):
            await asyncio.sleep(0)
        signal.ring()
        for _ in range(pause):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=0.5)
        assert done, f"it went on, cancelled {pause} turns after the ring"


async def test_it_says_whom_it_rang_for() -> None:
    signal, one, other = WakeSignal(lambda: 60.0), TenantId(uuid4()), TenantId(uuid4())
    for whose in (one, other, one):
        signal.ring(whose)
    assert await signal.wait() == {one, other}
    signal.ring(one)
    assert await signal.wait() == {one}


async def test_a_ring_without_a_name_is_for_all() -> None:
    signal = WakeSignal(lambda: 60.0)
    signal.ring(TenantId(uuid4()))
    signal.ring()
    assert await signal.wait() is None


async def test_however_often_it_rings_for_one_all_are_looked_at_in_time() -> None:
    signal = WakeSignal(lambda: 0.05)
    heard = []
    for _ in range(20):
        signal.ring(TenantId(uuid4()))
        heard.append(await signal.wait())
        await asyncio.sleep(0.01)
    assert heard.count(None) >= 2
    assert any(heard)
