"""The queue of hints: taskiq's messages in a list of Valkey's. Imported by the first hint (`hints.py`)."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from taskiq import TaskiqMessage
from taskiq_redis import ListQueueBroker

from whatsapp_hub.application.ports.queues.wakeups import Work
from whatsapp_hub.application.pulse import PULSE
from whatsapp_hub.domain.ids import TenantId

TASK = "hub.hint"
RESTART_S = 0.5
RECEIVE_S = 5
ANSWER_S = 5.0
BATCH = 64


class HintQueue(ListQueueBroker):
    """taskiq-redis's queue, read by one client in batches. A queue is full of duplicates: each hint of a batch is
    yielded once."""

    def __init__(self, redis_url: str, name: str) -> None:
        super().__init__(redis_url, queue_name=name, socket_connect_timeout=1, socket_timeout=None)
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

    def encode(self, work: Work, tenant_id: TenantId | None) -> bytes:
        """Make a hint."""
        tenant = str(tenant_id) if tenant_id else None
        message = TaskiqMessage(task_id=work.value, task_name=TASK, labels={}, args=[work.value, tenant], kwargs={})
        return self.formatter.dumps(message).message

    def decode(self, hint: bytes) -> tuple[Work, TenantId | None]:
        """Read a hint. Raises whatever the formatter does for what is none."""
        work, tenant = self.formatter.loads(hint).args
        return Work(work), TenantId(UUID(tenant)) if tenant else None
