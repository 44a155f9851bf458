"""The tail hands on every event once, in order, whatever goes wrong around it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from whatsapp_hub.adapters.realtime import tail as tails
from whatsapp_hub.adapters.realtime.tail import Tail
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.ids import TenantId

TENANT = TenantId(uuid4())


class Log:
    """A log in memory that can be away."""

    def __init__(self) -> None:
        self.events: list[LoggedEvent] = []
        self.away = 0

    def add(self, count: int) -> None:
        for _ in range(count):
            position = len(self.events) + 1
            at = datetime.now(UTC)
            self.events.append(LoggedEvent(position, TENANT, "x", None, None, at, b"{}"))

    async def read(self, after: int, limit: int, tenant_id: TenantId | None = None) -> list[LoggedEvent]:
        if self.away:
            self.away -= 1
            raise Unavailable("database")
        return self.events[after : after + limit]

    async def head(self) -> int:
        return len(self.events)


class Bell:
    async def wait(self) -> bool:
        await asyncio.sleep(0.001)
        return True


@asynccontextmanager
async def running(log: Log, heard: list[int], fail_at: int | None = None) -> AsyncIterator[Tail]:
    async def hear(event: LoggedEvent) -> None:
        if event.position == fail_at:
            raise RuntimeError("bad event")
        heard.append(event.position)

    async def begin(position: int) -> None:
        begun.append(position)

    begun: list[int] = []
    tail = Tail(log, Bell(), begin, hear)
    task = asyncio.create_task(tail.run())
    await asyncio.sleep(0.01)
    try:
        yield tail
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(heard: list[int], last: int) -> None:
    async with asyncio.timeout(5):
        while not heard or heard[-1] != last:
            await asyncio.sleep(0.001)


async def test_it_begins_at_the_end_and_misses_nothing_after() -> None:
    log = Log()
    heard: list[int] = []
    log.add(10)
    async with running(log, heard):
        log.add(tails.AT_ONCE * 2 + 3)
        await until(heard, 10 + tails.AT_ONCE * 2 + 3)
    assert heard == list(range(11, 10 + tails.AT_ONCE * 2 + 4))


async def test_a_log_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    heard: list[int] = []
    monkeypatch.setattr(tails, "AWAY_S", 0.001)
    async with running(log, heard):
        log.away = 3
        log.add(5)
        await until(heard, 5)
    assert heard == [1, 2, 3, 4, 5]


async def test_an_event_that_cannot_be_shown_does_not_stop_the_others() -> None:
    log = Log()
    heard: list[int] = []
    async with running(log, heard, fail_at=2) as tail:
        log.add(3)
        await until(heard, 3)
        assert tail.position == 3
    assert heard == [1, 3]
