"""taskiq carries hints, PostgreSQL remembers: a hint says "there may be work", the claim decides.

So the queue may be flushed, restarted or gone: a sweep each second finds what a lost hint left behind. There are
no results and no acknowledgements to rely on, hence no taskiq receiver either: what the broker yields sets a wake
signal. See docs/decisions.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from functools import lru_cache
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from taskiq import TaskiqMessage
from taskiq_redis import ListQueueBroker

from whatsapp_hub.application.ports.queues.wakeups import Work
from whatsapp_hub.application.pulse import PULSE
from whatsapp_hub.domain.ids import TenantId

log = logging.getLogger(__name__)

QUEUE = "hub:hints"
TASK = "hub.hint"
RESTART_S = 0.5
RECEIVE_S = 5
ANSWER_S = 5.0
BATCH = 64
CACHED = 4096

Send = Callable[..., Awaitable[None]]
"""Send a command to Valkey, given as its arguments."""


class HintQueue(ListQueueBroker):
    """taskiq-redis's queue, read by one client in batches. A queue is full of duplicates: each hint of a batch is
    yielded once."""

    def __init__(self, redis_url: str) -> None:
        super().__init__(redis_url, queue_name=QUEUE, socket_connect_timeout=1, socket_timeout=None)
        self._redis = Redis(connection_pool=self.connection_pool)

    async def listen(self) -> AsyncGenerator[bytes, None]:
        """Yield hints as they come, in batches; a lost connection is retried."""
        while True:
            try:
                PULSE.beat("hints")
                async with asyncio.timeout(RECEIVE_S + ANSWER_S):
                    found: Any = await self._redis.blmpop(RECEIVE_S, 1, self.queue_name, direction="RIGHT", count=BATCH)
            except (RedisConnectionError, TimeoutError):
                await asyncio.sleep(RESTART_S)
                continue
            for hint in dict.fromkeys(found[1] if found else ()):
                yield hint


class Hints:
    """Hints to workers. `publish` queues one for each tenant (None: all) by a `send` that awaits no reply: taskiq-redis
    would make a client for each task. `listen` passes hints to `on_hint` forever."""

    def __init__(self, redis_url: str, send: Send) -> None:
        self._send = send
        self.on_hint: Callable[[Work, TenantId | None], None] = lambda work, tenant_id: None
        self._queue = HintQueue(redis_url)
        self._encode_cached = lru_cache(CACHED)(self._encode)
        self._decode_cached = lru_cache(CACHED)(self._decode)

    async def publish(self, work: Work, tenants: Collection[TenantId | None]) -> None:
        """Queue hints. Any may be lost, with redis-py's error or silently: the sweep finds the work."""
        await self._send("LPUSH", QUEUE, *(self._encode_cached(work, tenant_id) for tenant_id in tenants))

    async def listen(self) -> None:
        """Receive hints, also after Valkey was flushed or restarted."""
        while True:
            try:
                async for hint in self._queue.listen():
                    self._receive(hint)
            except Exception as error:
                log.warning("hints.failed", extra={"error": type(error).__name__})
            await asyncio.sleep(RESTART_S)

    def _receive(self, hint: bytes) -> None:
        try:
            work, tenant_id = self._decode_cached(hint)
        except Exception as error:  # another version's, or not a hint at all
            log.warning("hints.unreadable", extra={"error": type(error).__name__})
        else:
            self.on_hint(work, tenant_id)

    async def aclose(self) -> None:
        """Close the queue's connections."""
        await self._queue.shutdown()

    def _encode(self, work: Work, tenant_id: TenantId | None) -> bytes:
        tenant = str(tenant_id) if tenant_id else None
        message = TaskiqMessage(task_id=work.value, task_name=TASK, labels={}, args=[work.value, tenant], kwargs={})
        return self._queue.formatter.dumps(message).message

    def _decode(self, hint: bytes) -> tuple[Work, TenantId | None]:
        work, tenant = self._queue.formatter.loads(hint).args
        return Work(work), TenantId(UUID(tenant)) if tenant else None
