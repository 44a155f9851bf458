"""Streams: what was missed and what happens, without a seam, for readers as quick or slow as they like."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from whatsapp_hub.adapters.realtime import streams as module
from whatsapp_hub.adapters.realtime.recent import EventBuffer
from whatsapp_hub.adapters.realtime.streams import LogStreams
from whatsapp_hub.application.ports.edge.realtime import LogSlice
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.domain.errors import Expired, Unavailable
from whatsapp_hub.domain.ids import TenantId

OURS, THEIRS = TenantId(uuid4()), TenantId(uuid4())


def an_event(position: int, tenant_id: TenantId = OURS, body: bytes = b"{}") -> LoggedEvent:
    return LoggedEvent(position, tenant_id, "x", None, None, datetime.now(UTC), body)


class Log:
    """What is committed; the process's tail hears of it later (`catch_up`)."""

    def __init__(self, recent: EventBuffer) -> None:
        self.events: list[LoggedEvent] = []
        self.recent = recent
        self.oldest = 1
        self.away = 0
        self.reads = 0

    def happens(self, count: int = 1, tenant_id: TenantId = OURS) -> None:
        for _ in range(count):
            self.events.append(an_event(len(self.events) + 1, tenant_id))

    def heard(self, upto: int | None = None) -> None:
        for event in self.events[self.recent.position or 0 : upto]:
            self.recent.add(event)

    async def read(self, after: int, limit: int, tenant_id: TenantId) -> list[LoggedEvent]:
        self.reads += 1
        if self.away:
            self.away -= 1
            raise Unavailable("database")
        if not self.oldest - 1 <= after <= len(self.events):
            raise Expired(after, self.oldest)
        return [e for e in self.events[after:] if e.tenant_id == tenant_id][:limit]

    async def head(self) -> int:
        return len(self.events)


@pytest.fixture
def recent() -> EventBuffer:
    recent = EventBuffer(most_events=50)
    recent.begin(0)
    return recent


@pytest.fixture
def log(recent: EventBuffer) -> Log:
    return Log(recent)


@pytest.fixture
def streams(log: Log, recent: EventBuffer, monkeypatch: pytest.MonkeyPatch) -> LogStreams:
    monkeypatch.setattr(module, "SILENT_S", 0.05)
    monkeypatch.setattr(module, "AWAY_S", 0.001)
    return LogStreams(log, recent)  # type: ignore[arg-type]


async def take(stream: AsyncIterator[LogSlice], upto: int) -> list[int]:
    positions: list[int] = []
    async with asyncio.timeout(5):
        async for stretch in stream:
            assert not stretch.is_reset
            positions += [event.position for event in stretch.events]
            if stretch.position >= upto:
                return positions
    raise AssertionError("the stream ended")


@pytest.mark.parametrize("after", [0, 3, 199, 200, 201, 949, 950, 951, 1000])
async def test_from_any_position_everything_after_it_comes_once(log: Log, streams: LogStreams, after: int) -> None:
    log.happens(1000)
    log.heard()
    assert await take(streams.follow(OURS, after), 1000) == list(range(after + 1, 1001))


async def test_without_a_position_it_begins_now(log: Log, streams: LogStreams) -> None:
    log.happens(10)
    log.heard()
    stream = streams.follow(OURS, None)
    assert (await anext(stream)).position == 10
    log.happens(2)
    log.heard()
    assert await take(stream, 12) == [11, 12]


async def test_others_events_are_not_shown_but_move_the_position(log: Log, streams: LogStreams) -> None:
    log.happens(100, THEIRS)
    log.happens(1)
    log.happens(100, THEIRS)
    log.heard()
    stream = streams.follow(OURS, 0)
    assert await take(stream, 201) == [101]


async def test_whoever_keeps_up_costs_no_query(log: Log, streams: LogStreams) -> None:
    stream = streams.follow(OURS, 0)
    for n in range(1, 200):
        log.happens()
        log.heard()
        assert await take(stream, n) == [n]
    assert log.reads == 0


async def test_readers_of_any_speed_miss_and_repeat_nothing(log: Log, streams: LogStreams) -> None:
    jitter = random.Random(7)

    async def happen() -> None:
        for _ in range(300):
            log.happens(jitter.randrange(1, 12))
            await asyncio.sleep(0)
            log.heard(jitter.randrange(len(log.events) + 1) if jitter.random() < 0.5 else None)
            await asyncio.sleep(jitter.random() * 0.002)
        log.happens()
        log.heard()

    async def read(pause_s: float, after: int) -> tuple[int, list[int]]:
        seen: list[int] = []
        async for stretch in streams.follow(OURS, after):
            seen += [event.position for event in stretch.events]
            if happening.done() and stretch.position == len(log.events):
                break
            await asyncio.sleep(jitter.random() * pause_s)
        return after, seen

    happening = asyncio.create_task(happen())
    async with asyncio.timeout(20):
        for after, seen in await asyncio.gather(
            *(read(pause, 0) for pause in (0, 0.001, 0.01, 0.05) for _ in range(3))
        ):
            assert seen == list(range(after + 1, len(log.events) + 1))


async def test_a_position_that_is_kept_no_more_is_a_reset_and_then_it_goes_on(log: Log, streams: LogStreams) -> None:
    log.happens(100)
    log.heard()
    log.oldest = 90
    stream = streams.follow(OURS, 10)
    assert await anext(stream) == LogSlice(10)
    assert await anext(stream) == LogSlice(100, is_reset=True)
    log.happens()
    log.heard()
    assert await take(stream, 101) == [101]


async def test_a_position_of_another_log_is_a_reset(log: Log, streams: LogStreams) -> None:
    log.happens(5)
    log.heard()
    stream = streams.follow(OURS, 1_000_000)
    await anext(stream)
    assert await anext(stream) == LogSlice(5, is_reset=True)


async def test_a_reader_who_is_ahead_of_this_process_waits_for_it(log: Log, streams: LogStreams) -> None:
    log.happens(20)
    log.heard(5)
    stream = streams.follow(OURS, 15)
    assert (await anext(stream), await anext(stream)) == (LogSlice(15), LogSlice(15))
    log.heard()
    assert await take(stream, 20) == [16, 17, 18, 19, 20]


async def test_a_log_that_is_away_is_waited_for(log: Log, streams: LogStreams) -> None:
    log.happens(100)
    log.heard()
    log.away = 3
    assert await take(streams.follow(OURS, 0), 100) == list(range(1, 101))


async def test_when_nothing_happens_it_says_so_and_when_the_process_stops_it_ends(streams: LogStreams) -> None:
    stream = streams.follow(OURS, 0)
    for _ in range(3):
        stretch = await anext(stream)
        assert (stretch.position, list(stretch.events), stretch.is_reset) == (0, [], False)
    asyncio.get_running_loop().call_later(0.01, streams.close)
    async with asyncio.timeout(1):
        assert [stretch async for stretch in stream] == []


def test_memory_is_bounded_by_count_and_by_bytes() -> None:
    recent = EventBuffer(most_events=10, most_bytes=100)
    recent.begin(0)
    for position in range(1, 31):
        recent.add(an_event(position, OURS if position % 2 else THEIRS))
    assert recent.floor == 20
    assert [e.position for e in recent.since(20, OURS, 3) or ()] == [21, 23, 25]
    assert recent.since(19, OURS, 3) is None
    recent.add(an_event(31, OURS, b"x" * 99))
    assert (recent.floor, [e.position for e in recent.since(30, OURS, 9) or ()]) == (30, [31])
    assert recent.since(29, OURS, 9) is None
    recent.add(an_event(32, OURS, b"x" * 200))
    assert (recent.floor, recent.since(32, OURS, 1)) == (32, [])
