"""Who is typing, between API processes: the one thing that Valkey carries and nobody remembers."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError

CHANNEL = "hub:typing"
AWAY_S = 0.5
TELL_WITHIN_S = 1.0


class TypingChannel:
    """While Valkey is away, other processes are not told; nothing waits for it."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._own = uuid4().hex.encode()

    async def publish(self, said: bytes) -> None:
        try:
            async with asyncio.timeout(TELL_WITHIN_S):
                await self._redis.publish(CHANNEL, self._own + said)
        except (RedisError, OSError, TimeoutError):
            return

    async def listen(self, hear: Callable[[bytes], None]) -> None:
        """What others say, for ever; connects again by itself."""
        while True:
            try:
                async with self._redis.pubsub() as subscription:
                    await subscription.subscribe(CHANNEL)
                    async for message in subscription.listen():
                        if message["type"] == "message" and not message["data"].startswith(self._own):
                            hear(message["data"][len(self._own) :])
            except (RedisError, OSError):
                await asyncio.sleep(AWAY_S)
