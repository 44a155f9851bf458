"""taskiq carries hints, PostgreSQL remembers: a hint says "there may be work", the claim decides.

So the queue may be flushed, restarted or gone: a sweep each second finds what a lost hint left behind. There are
no results and no acknowledgements to rely on, hence no taskiq receiver either: what the broker yields sets a wake
signal. See docs/decisions.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from functools import cached_property, lru_cache
from typing import Protocol

from whatsapp_hub.application.ports.queues.wakeups import Work
from whatsapp_hub.domain.ids import TenantId

log = logging.getLogger(__name__)

QUEUE = "hub:hints"
RESTART_S = 0.5
CACHED = 4096

Send = Callable[..., Awaitable[None]]
"""Send a command to Valkey, given as its arguments."""


class Queue(Protocol):
    """The queue of hints, in their form."""

    def encode(self, work: Work, tenant_id: TenantId | None) -> bytes: ...

    def decode(self, hint: bytes) -> tuple[Work, TenantId | None]:
        """Read a hint. Raises whatever its format does for what is none."""
        ...

    def listen(self) -> AsyncIterator[bytes]: ...

    async def shutdown(self) -> None: ...


class Hints:
    """Hints to workers. `publish` queues one for each tenant (None: all) by a `send` that awaits no reply: taskiq-redis
    would make a client for each task. `listen` passes hints to `on_hint` forever."""

    def __init__(self, redis_url: str, send: Send) -> None:
        self._redis_url, self._send = redis_url, send
        self.on_hint: Callable[[Work, TenantId | None], None] = lambda work, tenant_id: None
        self._is_used = False
        self._encode_cached = lru_cache(CACHED)(lambda work, tenant_id: self._queue.encode(work, tenant_id))
        self._decode_cached = lru_cache(CACHED)(lambda hint: self._queue.decode(hint))

    @cached_property
    def _queue(self) -> Queue:
        """Import taskiq with the first hint: an idle connector does without it, and what it brings (11 MB)."""
        from whatsapp_hub.adapters.worker.hint_queue import HintQueue

        self._is_used = True
        return HintQueue(self._redis_url, QUEUE)

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
        if self._is_used:
            await self._queue.shutdown()
