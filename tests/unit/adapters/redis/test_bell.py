"""A loop that waits for a bell ends when it is told to, even if it rings at that very moment."""

import asyncio

from whatsapp_hub.adapters.redis.wakes import Bell


async def test_a_ring_swallows_no_cancellation() -> None:
    bell = Bell(lambda: 60.0)

    async def loop() -> None:
        while True:
            await bell.wait()

    for pause in range(4):
        task = asyncio.create_task(loop())
        for _ in range(2):
            await asyncio.sleep(0)
        bell.ring()
        for _ in range(pause):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=0.5)
        assert done, f"it went on, cancelled {pause} turns after the ring"
