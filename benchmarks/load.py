"""A load generator in a process of its own: keep-alive connections, requests built beforehand, raw sockets.

Open loop: request i is due at `start + i / rate` whatever the server does; its latency counts from then, waiting for a
free connection included. Without a rate every connection sends again as soon as it is answered (closed loop).

`python -m benchmarks.load` reads one `Plan` as JSON from stdin and writes one `Outcome` to stdout.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import subprocess
import sys
import time
from array import array
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import uvloop

from benchmarks import meta
from benchmarks.report import percentile

TICK_S = 0.001
GRACE_S = 15.0
CUSTOMERS = 1_000_000
OLD_S = 3600


@dataclass(frozen=True)
class Mix:
    """Mix of messages. Of each ten one is a new customer's first, one chooses from the menu (a customer who was new
    `choose_after` messages ago), the others come from `known` customers; `known` = 0: each from a new one.

    `seeds` makes every message the first and an hour old of one of `known`: they enter the queue unanswered."""

    phone_number_ids: tuple[str, ...]
    secret: str
    run: str
    known: int = 0
    choose_after: int = 0
    seeds: bool = False
    path: str = meta.SHARED_PATH

    def request(self, i: int) -> bytes:
        customer, text = self.words(i)
        number = self.phone_number_ids[int(customer[-5:]) % len(self.phone_number_ids)]
        sent_at = int(time.time()) - OLD_S if self.seeds else None
        body = meta.text_message(number, customer, wamid(self.run, i), text, sent_at)
        return meta.request(self.path, self.secret, body)

    def words(self, i: int) -> tuple[str, str]:
        """Return the customer's number and text of message i."""
        if self.seeds or (self.known and i % 10 > 1):
            return customer_number("known", i % self.known), f"message {i}"
        was_new = i - 1 - self.choose_after
        if self.known and i % 10 == 1 and was_new >= 0:
            return customer_number(self.run, was_new), "1"
        return customer_number(self.run, i), "bom dia"


def wamid(run: str, i: int) -> str:
    return f"wamid.{run}.{i:08d}"


def customer_number(group: str, i: int) -> str:
    """Return a Brazilian mobile number, the same for the same group and i; two groups share one in 8,300."""
    assert i < CUSTOMERS, "a group has no more numbers"
    place = int.from_bytes(hashlib.sha256(group.encode()).digest()[:8], "big")
    return f"55{11 + place % 83:02d}9{place // 83 % 100:02d}{i:06d}"


@dataclass(frozen=True)
class Plan:
    """A load to run. `start` is on the monotonic clock, which all processes of a machine share (None: at once)."""

    port: int
    mix: Mix
    count: int
    rate: float | None
    duration_s: float
    connections: int = 64
    start: float | None = None
    warm_up_s: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """Result of a plan. `per_s` excludes the warm-up; latencies are of answered requests, in milliseconds."""

    start: float
    asked: int
    answered: int
    refused: int
    broken: int
    seconds: float
    per_s: float
    p50_ms: float
    p99_ms: float
    max_ms: float


@dataclass
class Generator:
    plan: Plan
    requests: list[bytes]
    next: Iterator[int] = field(default_factory=itertools.count)
    idle: deque[Connection] = field(default_factory=deque)
    waiting: deque[int] = field(default_factory=deque)
    begun: array[float] = field(default_factory=lambda: array("d"))
    latencies: array[float] = field(default_factory=lambda: array("d"))
    finished: array[float] = field(default_factory=lambda: array("d"))
    asked: int = 0
    refused: int = 0
    broken: int = 0
    start: float = 0.0
    closing: bool = False

    async def run(self) -> Outcome:
        self.begun.extend([0.0] * len(self.requests))
        await asyncio.gather(*(self.connect() for _ in range(self.plan.connections)))
        self.start = self.plan.start or time.monotonic()
        await asyncio.sleep(self.start - time.monotonic())
        await (self._by_schedule(self.plan.rate) if self.plan.rate else self._at_once())
        return self._outcome()

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: Connection(self), "127.0.0.1", self.plan.port)
        except OSError:
            self.broken += 1

    async def _by_schedule(self, rate: float) -> None:
        due = 0
        while due < len(self.requests):
            until = min(len(self.requests), int((time.monotonic() - self.start) * rate) + 1)
            for i in range(due, until):
                self.begun[i] = self.start + i / rate
                self.ask(i)
            due = until
            await asyncio.sleep(TICK_S)
        await self._until(lambda: self._settled >= self.asked and not self.waiting, GRACE_S)

    async def _at_once(self) -> None:
        for _ in range(self.plan.connections):
            self._ask_next()
        await asyncio.sleep(self.plan.duration_s)
        self.closing = True
        await self._until(lambda: self._settled >= self.asked, GRACE_S)

    async def _until(self, done: Any, at_most_s: float) -> None:
        deadline = time.monotonic() + at_most_s
        while not done() and time.monotonic() < deadline:
            await asyncio.sleep(0.002)

    @property
    def _settled(self) -> int:
        return len(self.latencies) + self.refused + self.broken

    def _ask_next(self) -> None:
        i = next(self.next)
        if i < len(self.requests) and not self.closing:
            self.begun[i] = time.monotonic()
            self.ask(i)

    def ask(self, i: int) -> None:
        if self.idle:
            self.asked += 1
            self.idle.popleft().ask(i, self.requests[i])
        else:
            self.waiting.append(i)

    def answered(self, connection: Connection, i: int, status: int) -> None:
        now = time.monotonic()
        if status == 200:
            self.latencies.append(now - self.begun[i])
            self.finished.append(now)
        else:
            self.refused += 1
        self.free(connection)

    def free(self, connection: Connection) -> None:
        self.idle.append(connection)
        if self.waiting:
            self.ask(self.waiting.popleft())
        elif not self.plan.rate and self.start:
            self._ask_next()

    def lost(self, was_asking: bool) -> None:
        self.broken += was_asking
        if not self.closing:
            asyncio.get_running_loop().create_task(self.connect())

    def _outcome(self) -> Outcome:
        warm = self.start + self.plan.warm_up_s
        counted = [at for at in self.finished if at >= warm]
        until = self.start + self.plan.duration_s if not self.plan.rate else max(counted, default=warm)
        in_time = sum(at <= until for at in counted)
        ms = [1000 * value for value in self.latencies]
        return Outcome(
            start=self.start,
            asked=self.asked,
            answered=len(ms),
            refused=self.refused,
            broken=self.broken,
            seconds=until - self.start,
            per_s=in_time / max(until - warm, 1e-9),
            p50_ms=percentile(ms, 0.50),
            p99_ms=percentile(ms, 0.99),
            max_ms=max(ms, default=0.0),
        )


class Connection(asyncio.Protocol):
    """A connection with one request at a time."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._asking: int | None = None
        self._buffer = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._generator.free(self)

    def ask(self, i: int, request: bytes) -> None:
        self._asking = i
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0 or len(self._buffer) < head + 4 + _content_length(self._buffer, head):
            return
        status, self._buffer = int(self._buffer[9:12]), b""
        i, self._asking = self._asking, None
        if i is not None:
            self._generator.answered(self, i, status)

    def connection_lost(self, exc: Exception | None) -> None:
        if self in self._generator.idle:
            self._generator.idle.remove(self)
        self._generator.lost(self._asking is not None)


def _content_length(data: bytes, head: int) -> int:
    at = data.lower().find(b"content-length:", 0, head)
    return int(data[at + 15 : data.index(b"\r", at)]) if at >= 0 else 0


async def generate(plan: Plan) -> Outcome:
    """Run a plan in a process of its own. Raises RuntimeError when that process fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.load", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        output, _ = await process.communicate(json.dumps(asdict(plan)).encode())
    except BaseException:
        process.kill()
        raise
    if process.returncode:
        raise RuntimeError(f"the load generator ended with {process.returncode}")
    return Outcome(**json.loads(output))


def main() -> None:
    given = json.load(sys.stdin)
    mix = Mix(**given.pop("mix"))
    plan = Plan(mix=mix, **given)
    requests = [mix.request(i) for i in range(plan.count)]
    outcome = uvloop.run(Generator(plan, requests).run())
    json.dump(asdict(outcome), sys.stdout)


if __name__ == "__main__":
    main()
