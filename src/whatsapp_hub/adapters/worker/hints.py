"""taskiq carries hints, PostgreSQL remembers: a task says "there may be work", the claim decides.

So the queue may be flushed, restarted or gone: a sweep each second finds what a lost hint left behind. There are
no results and no acknowledgements to rely on. See docs/decisions.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from taskiq import AsyncBroker, BrokerMessage, TaskiqMessage
from taskiq.api import run_receiver_task
from taskiq_redis import ListQueueBroker

from whatsapp_hub.application.ports.delivery import Work

log = logging.getLogger(__name__)

QUEUE = "hub:hints"
TASK = "hub.hint"
RESTART_S = 0.5
TAKEN_AT_ONCE = 64


class HintQueue(ListQueueBroker):
    """With one client for all hints: making one for each, as taskiq-redis does, costs a third of a millisecond. Hints
    that lie there say the same again and again: each is given once."""

    def __init__(self, redis_url: str) -> None:
        super().__init__(redis_url, queue_name=QUEUE, socket_connect_timeout=1, socket_timeout=None)
        self._redis = Redis(connection_pool=self.connection_pool)

    async def kick(self, message: BrokerMessage) -> None:
        await self._redis.lpush(self.queue_name, message.message)

    async def listen(self) -> AsyncGenerator[bytes, None]:
        while True:
            try:
                found: Any = await self._redis.blmpop(0, 1, self.queue_name, direction="RIGHT", count=TAKEN_AT_ONCE)
            except RedisConnectionError:
                await asyncio.sleep(RESTART_S)
                continue
            for hint in dict.fromkeys(found[1] if found else ()):
                yield hint


def _message(work: Work) -> TaskiqMessage:
    return TaskiqMessage(task_id=work.value, task_name=TASK, labels={}, args=[work.value], kwargs={})


def make_broker(redis_url: str) -> AsyncBroker:
    return HintQueue(redis_url)


class Hints:
    """`tell` puts a hint into the queue; `listen` hands hints to this process for ever."""

    def __init__(self, broker: AsyncBroker) -> None:
        self.on_hint: Callable[[Work], None] = lambda work: None
        self._broker = broker

        async def hint(work: str) -> None:
            self.on_hint(Work(work))

        broker.register_task(hint, task_name=TASK)
        self._said = {work: broker.formatter.dumps(_message(work)) for work in Work}

    async def tell(self, work: Work) -> None:
        """Raises whatever the queue raises; a lost hint is found by the sweep."""
        await self._broker.kick(self._said[work])

    async def listen(self) -> None:
        """Runs taskiq's receiver and starts it again when it ends: a flushed or restarted Valkey ends it."""
        while True:
            try:
                await run_receiver_task(self._broker, sync_workers=1, max_async_tasks=16, propagate_exceptions=False)
                log.warning("hints.receiver_ended")
            except asyncio.CancelledError:
                if (task := asyncio.current_task()) and task.cancelling():
                    raise
                log.warning("hints.receiver_cancelled_itself")
            except Exception as error:
                log.warning("hints.receiver_failed", extra={"error": type(error).__name__})
            await asyncio.sleep(RESTART_S)

    async def aclose(self) -> None:
        await self._broker.shutdown()
