"""The live streams: one event to many sockets, and a webhook's receiver beside others that are down or slow."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from array import array
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

from benchmarks.report import Row, percentile
from benchmarks.rows import Size
from benchmarks.rows.customers import LATE_S, Desk
from benchmarks.sockets import Observers

FAN_OUT_PER_S = 2.0
WEBHOOKS_PER_S = 50.0
BAD = 2  # of each kind
OK = b"HTTP/1.1 204 No Content\r\n\r\n"
DOWN = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
SLOW_S = 2.0


async def rows(desk: Desk, size: Size) -> list[Row]:
    return [*await _fan_out(desk, size), *await _webhooks(desk, size)]


async def _fan_out(desk: Desk, size: Size) -> list[Row]:
    """Measure from when a webhook was due until each socket has its event, one event at a time."""
    p99: list[float] = []
    async with Observers(desk.hub.port, desk.api.token, size.fan_out_sockets) as many:
        for number in range(size.rounds + 1):
            run = f"fan{number}"
            await many.watch(run, round(FAN_OUT_PER_S * size.fan_out_s))
            flow = await desk.flow(run, FAN_OUT_PER_S, size.fan_out_s)
            await many.until_all(LATE_S)
            seen = await many.report(flow.outcome.start, FAN_OUT_PER_S)
            if seen.missing or seen.doubled:
                raise RuntimeError(f"{seen.missing} events missing, {seen.doubled} doubled")
            p99.append(seen.p99_ms)
    name = f"fan_out_p99_{size.fan_out_sockets}"
    return [Row.of(name, p99[1:], "ms", reach=200, stretch=100, less_is_better=True)]


@dataclass
class Receiver:
    """`arrived[i]`: when message i of the watched run came."""

    answer: bytes | None = OK
    delay_s: float = 0.0
    mark: re.Pattern[bytes] = re.compile(rb"$^")
    arrived: array[float] = field(default_factory=lambda: array("d"))
    port: int = 0

    def watch(self, run: str, count: int) -> None:
        self.mark = re.compile(rb"wamid\." + run.encode() + rb"\.(\d{8})")
        self.arrived = array("d", [0.0] * count)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).lower():
                size = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
                self._take(await reader.readexactly(size))
                with suppress(asyncio.CancelledError):  # the server is closed while it is silent
                    await asyncio.sleep(self.delay_s if self.answer else 3600)
                writer.write(self.answer or b"")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _take(self, body: bytes) -> None:
        if b'"message.received"' in body and (found := self.mark.search(body)):
            self.arrived[int(found[1])] = self.arrived[int(found[1])] or time.monotonic()


async def _webhooks(desk: Desk, size: Size) -> list[Row]:
    """Measure a receiver alone, then beside others that are down, slow or silent; in turns, under equal conditions."""
    alone: list[float] = []
    beside: list[float] = []
    async with _subscribed(desk, [Receiver]) as [quick]:
        await _p99(desk, quick, "hookwarm", size)
        for number in range(size.rounds):
            alone.append(await _p99(desk, quick, f"hookalone{number}", size))
            async with _subscribed(desk, _bad()):
                beside.append(await _p99(desk, quick, f"hookbeside{number}", size))
    ratios = [b / a for a, b in zip(alone, beside, strict=True)]
    return [
        Row.of("webhook_p99_alone", alone, "ms", less_is_better=True),
        Row.of("webhook_p99_beside_bad", beside, "ms", less_is_better=True),
        Row.of("webhook_p99_beside_bad_ratio", ratios, "×", reach=1.2, less_is_better=True),
    ]


def _bad() -> list[Callable[[], Receiver]]:
    kinds: list[Callable[[], Receiver]] = [
        lambda: Receiver(DOWN),
        lambda: Receiver(OK, SLOW_S),
        lambda: Receiver(None),
    ]
    return list(itertools.chain.from_iterable([kind] * BAD for kind in kinds))


async def _p99(desk: Desk, receiver: Receiver, run: str, size: Size) -> float:
    receiver.watch(run, round(WEBHOOKS_PER_S * size.latency_s))
    flow = await desk.flow(run, WEBHOOKS_PER_S, size.latency_s)
    deadline = time.monotonic() + LATE_S
    while 0.0 in receiver.arrived:
        if time.monotonic() > deadline:
            raise RuntimeError("a receiver that answers did not get everything")
        await asyncio.sleep(0.05)
    start = flow.outcome.start
    return percentile([1000 * (at - start - i / flow.rate) for i, at in enumerate(receiver.arrived)], 0.99)


@asynccontextmanager
async def _subscribed(desk: Desk, kinds: list[Callable[[], Receiver]]) -> AsyncIterator[list[Receiver]]:
    made = []
    async with AsyncExitStack() as entered:
        for kind in kinds:
            receiver = kind()
            server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
            entered.callback(server.close)
            receiver.port = server.sockets[0].getsockname()[1]
            webhook = await desk.api.post("/api/webhooks", url=f"http://127.0.0.1:{receiver.port}/")
            entered.push_async_callback(desk.api.client.delete, f"/api/webhooks/{webhook['id']}")
            made.append(receiver)
        yield made
