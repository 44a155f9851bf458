"""Socket.IO clients in a process of their own, which record when each webhook's message arrives as an event.

A client here is a WebSocket that speaks just enough Engine.IO 4 and Socket.IO 5: connect, answer pings, find the
message's id in `message-received`. `python -m benchmarks.sockets` takes one JSON line on stdin: {port, token, sockets},
answers `{"ready": n}`, then takes lines {"run", "count"} (watch), {"report": {start, rate}}, {"latencies": {start,
rate}} and {"stop": true}.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import struct
import sys
import time
from array import array
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Self

import uvloop

from benchmarks.report import percentile

RECEIVED = b'["message-received"'
READY_WITHIN_S = 20.0
LONGEST_ANSWER = 2**24


@dataclass(frozen=True)
class Seen:
    """Latency from webhook to event, over all sockets. `missing`: messages that some socket did not get; `doubled`:
    those that one got twice; `last_after_s`: when the last event came, from the last message's intended time."""

    events: int
    missing: int
    doubled: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    last_after_s: float


class Client(asyncio.Protocol):
    """`arrived[i]` is when message i of the watched run came (0: not yet)."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self._buffer = bytearray()
        self._upgraded = False
        self._transport: asyncio.Transport
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.mark = b""
        self.arrived = array("d")
        self.doubled = 0

    def watch(self, run: str, count: int) -> None:
        self.mark = f"wamid.{run}.".encode()
        self.arrived = array("d", [0.0] * count)
        self.doubled = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded and not self._finish_upgrade():
            return
        while (frame := self._take_frame()) is not None:
            self._handle(*frame)

    def _finish_upgrade(self) -> bool:
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return False
        if b" 101 " not in self._buffer[:32]:
            self._fail(f"no WebSocket: {bytes(self._buffer[:200])!r}")
            return False
        del self._buffer[: head + 4]
        self._upgraded = True
        return True

    def _take_frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, at = buffer[1] & 0x7F, 2
        if size >= 126:
            wide = 2 if size == 126 else 8
            if len(buffer) < 2 + wide:
                return None
            size, at = int.from_bytes(buffer[2 : 2 + wide], "big"), 2 + wide
        if len(buffer) < at + size:
            return None
        frame = buffer[0] & 0x0F, bytes(buffer[at : at + size])
        del buffer[: at + size]
        return frame

    def _handle(self, opcode: int, payload: bytes) -> None:
        if opcode == 9:
            self._send(payload, opcode=10)
        elif opcode == 8:
            self._fail("the server closed the socket")
        elif payload.startswith(b"42"):
            self._event(payload)
        elif payload == b"2":
            self._send(b"3")
        elif payload.startswith(b"0"):
            self._send(b"40" + json.dumps({"token": self._token}).encode())
        elif payload.startswith(b"40") and not self.ready.done():
            self._send(b'42["join-company"]')
            self.ready.set_result(None)
        elif payload.startswith(b"44"):
            self._fail(f"refused: {payload!r}")

    def _event(self, payload: bytes) -> None:
        if not self.mark or not payload.startswith(RECEIVED, 2):
            return
        at = payload.find(self.mark)
        if at < 0:
            return
        i = int(payload[at + len(self.mark) : at + len(self.mark) + 8])
        if self.arrived[i]:
            self.doubled += 1
        else:
            self.arrived[i] = time.monotonic()

    def _send(self, payload: bytes, opcode: int = 1) -> None:
        mask = os.urandom(4)
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + struct.pack(">H", size)
        masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
        self._transport.write(bytes([0x80 | opcode]) + length + mask + masked)

    def _fail(self, why: str) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(why))
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("the socket ended"))


def latencies_of(clients: list[Client], start: float, rate: float) -> list[float]:
    """Return how long each message took to each socket, in milliseconds."""
    return [round(1000 * (at - start - i / rate), 2) for client in clients for i, at in enumerate(client.arrived) if at]


def summary(clients: list[Client], start: float, rate: float) -> Seen:
    latencies: list[float] = []
    missing, last = set[int](), start
    for client in clients:
        for i, at in enumerate(client.arrived):
            if at:
                latencies.append(1000 * (at - start - i / rate))
                last = max(last, at)
            else:
                missing.add(i)
    count = len(clients[0].arrived)
    return Seen(
        events=len(latencies),
        missing=len(missing),
        doubled=sum(client.doubled for client in clients),
        p50_ms=percentile(latencies, 0.50),
        p99_ms=percentile(latencies, 0.99),
        max_ms=max(latencies, default=0.0),
        last_after_s=last - start - (count - 1) / rate,
    )


async def serve() -> None:
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    given = json.loads(await lines.readline())
    clients = []
    for _ in range(given["sockets"]):
        _, client = await loop.create_connection(
            lambda: Client(given["port"], given["token"]), "127.0.0.1", given["port"]
        )
        await asyncio.wait_for(client.ready, READY_WITHIN_S)
        clients.append(client)
    _say({"ready": len(clients)})
    while line := await lines.readline():
        order = json.loads(line)
        if "run" in order:
            for client in clients:
                client.watch(order["run"], order["count"])
            _say({"watching": order["run"]})
        elif "report" in order:
            _say(asdict(summary(clients, **order["report"])))
        elif "latencies" in order:
            _say(latencies_of(clients, **order["latencies"]))
        elif "seen" in order:
            _say({"missing": sum(at == 0 for client in clients for at in client.arrived)})
        else:
            return


def _say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


class Observers:
    """`async with Observers(port, token, sockets) as observers: await observers.watch(run, count)`."""

    def __init__(self, port: int, token: str, sockets: int = 10) -> None:
        self._first: dict[str, Any] = {"port": port, "token": token, "sockets": sockets}
        self._process: asyncio.subprocess.Process

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.sockets", stdin=pipe, stdout=pipe, limit=LONGEST_ANSWER
        )
        await self._ask(self._first, READY_WITHIN_S + 5 + 0.05 * self._first["sockets"])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def watch(self, run: str, count: int) -> None:
        await self._ask({"run": run, "count": count})

    async def until_all(self, at_most_s: float) -> None:
        """Wait until every socket has every message, `at_most_s` at most."""
        deadline = time.monotonic() + at_most_s
        while (await self._ask({"seen": True}))["missing"] and time.monotonic() < deadline:
            await asyncio.sleep(0.2)

    async def report(self, start: float, rate: float) -> Seen:
        return Seen(**await self._ask({"report": {"start": start, "rate": rate}}, 60))

    async def latencies(self, start: float, rate: float) -> list[float]:
        """Return how long each message that came took to each socket, in milliseconds."""
        found = await self._ask({"latencies": {"start": start, "rate": rate}}, 60)
        return [float(one) for one in found]

    async def _ask(self, order: object, timeout_s: float = 10) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        answer = await asyncio.wait_for(self._process.stdout.readline(), timeout_s)
        if not answer:
            raise RuntimeError("the sockets' process ended; its words are above")
        return json.loads(answer)


if __name__ == "__main__":
    uvloop.run(serve())
