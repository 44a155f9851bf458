"""What one stranger costs everybody else: a user's waits, and the memory of API and worker, beside each of them.

    python -m benchmarks.strangers [--seconds 60] [--only STRANGER]…

Each stranger works from a process of its own as fast as it can, with what the hub leaves it of the processors; the
user beside it asks for a list, sends a message and has a customer write whose message comes to a socket, five times a
second. The table is `build/strangers.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import socketio

from benchmarks.fairness import Company, company
from benchmarks.hostile import STRANGERS
from benchmarks.hub import ADMIN, Hub
from benchmarks.stack import Stack, stack

MB = 1024 * 1024
APART_S = 0.2
SETTLES_S = 8.0
"""Before the first stranger, so that nothing is the first of its kind when memory is read."""
MOST_WAIT_MS = 250.0
MOST_GROWTH_MB = 50.0
ROLES = ("api", "worker")


@dataclass
class Waits:
    """Seconds; `failed` counts what was not answered well."""

    lists: list[float] = field(default_factory=list)
    sends: list[float] = field(default_factory=list)
    events: list[float] = field(default_factory=list)
    failed: int = 0

    def figures(self) -> dict[str, dict[str, float]]:
        named = {"list": self.lists, "send": self.sends, "event": self.events}
        return {name: _figures(sorted(waits)) for name, waits in named.items()}


def _figures(waits: list[float]) -> dict[str, float]:
    if not waits:
        return {"p50": float("inf"), "p99": float("inf"), "worst": float("inf"), "count": 0}
    at = {"p50": waits[len(waits) // 2], "p99": waits[int(len(waits) * 0.99)], "worst": waits[-1]}
    return {name: round(1000 * value, 1) for name, value in at.items()} | {"count": len(waits)}


class User:
    """Somebody at work: `async with User(company) as user`, then `await user.works(seconds)`."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._client = company.client()
        self._socket = socketio.AsyncClient(reconnection=False)
        self._heard: dict[str, asyncio.Event] = {}
        self._phone = f"55119{int(time.time()) % 10**8:08}"
        self._conversation = ""

    async def __aenter__(self) -> User:
        self._socket.on("message-received", self._hear)
        await self._socket.connect(self._company.url, auth={"token": self._company.token}, transports=["websocket"])
        body = {"sessionId": self._company.session, "to": self._phone, "content": "Bom dia"}
        made = (await self._client.post("/api/conversations", json=body)).raise_for_status()
        self._conversation = made.json()["id"]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.disconnect()
        await self._client.aclose()

    async def _hear(self, data: object) -> None:
        said = json.dumps(data)
        for text, heard in self._heard.items():
            if text in said:
                heard.set()

    async def works(self, seconds: float) -> Waits:
        waits, until = Waits(), time.monotonic() + seconds
        asked: list[asyncio.Task[None]] = []
        while time.monotonic() < until:
            for ask, into in ((self._lists, waits.lists), (self._sends, waits.sends), (self._hears, waits.events)):
                asked.append(asyncio.create_task(_timed(ask, into)))
            await asyncio.sleep(APART_S)
        ends = await asyncio.gather(*asked, return_exceptions=True)
        waits.failed = sum(isinstance(end, BaseException) for end in ends)
        return waits

    async def _lists(self) -> None:
        (await self._client.get("/api/conversations")).raise_for_status()

    async def _sends(self) -> None:
        body = {"conversationId": self._conversation, "content": "Olá"}
        (await self._client.post("/api/messages/send", json=body)).raise_for_status()

    async def _hears(self) -> None:
        text = uuid4().hex
        heard = self._heard[text] = asyncio.Event()
        body = {"from": self._phone, "text": text}
        try:
            (await self._client.post(f"/sandbox/{self._company.session}/messages", json=body)).raise_for_status()
            async with asyncio.timeout(60):
                await heard.wait()
        finally:
            del self._heard[text]


async def _timed(ask: Callable[[], Awaitable[None]], into: list[float]) -> None:
    began = time.perf_counter()
    await ask()
    into.append(time.perf_counter() - began)


class Memory:
    """The highest resident memory of API and worker since it began to look, less what they had then."""

    def __init__(self, hub: Hub) -> None:
        self._pids = {role: pid for role in ROLES if (pid := hub.child(role))}
        self._before = self._now()
        self._most = dict(self._before)

    def _now(self) -> dict[str, float]:
        return {role: _resident(pid) / MB for role, pid in self._pids.items()}

    async def watch(self) -> None:
        while True:
            self._most = {role: max(mb, self._most[role]) for role, mb in self._now().items()}
            await asyncio.sleep(0.1)

    @property
    def grown_mb(self) -> dict[str, float]:
        return {role: round(self._most[role] - self._before[role], 1) for role in self._pids}


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


@asynccontextmanager
async def _beside(kind: str, given: dict[str, str]) -> AsyncIterator[None]:
    if kind == "alone":
        yield
        return
    arguments = ("-m", "benchmarks.hostile", kind, json.dumps(given))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments)
    try:
        yield
        if process.returncode is not None:
            raise RuntimeError(f"the stranger {kind} ended by itself: {process.returncode}")
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _companies(hub: Hub) -> tuple[Company, Company]:
    async with httpx.AsyncClient(base_url=hub.address, timeout=60, trust_env=False) as client:
        login = {"email": ADMIN[0], "password": ADMIN[1]}
        token = (await client.post("/api/auth/login", json=login)).json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        return await company(hub, client), await company(hub, client)


async def measure(made: Stack, kinds: tuple[str, ...], seconds: float) -> dict[str, Any]:
    found: dict[str, Any] = {}
    often = {"WAHA_POLLING_INTERVAL_MS": "2000"}
    async with Hub(made.folder, "serve", **made.environment, **often) as hub:
        stranger, mine = await _companies(hub)
        async with User(mine) as user:
            await user.works(SETTLES_S)
            for kind in kinds:
                memory = Memory(hub)
                watching = asyncio.create_task(memory.watch())
                async with _beside(kind, asdict(stranger)):
                    waits = await user.works(seconds)
                watching.cancel()
                load = round(os.getloadavg()[0], 1)
                found[kind] = {**waits.figures(), "failed": waits.failed, "grown_mb": memory.grown_mb, "load": load}
                print(_line(kind, found[kind]), flush=True)
    return found


def _line(kind: str, row: dict[str, Any]) -> str:
    asked = ("list", "send", "event")
    waits = " ".join(f"{name} {row[name]['p99']:7.1f} {row[name]['worst']:7.1f} |" for name in asked)
    grown = " ".join(f"{role} {mb:+.1f} MB" for role, mb in row["grown_mb"].items())
    worst = max(row[name]["worst"] for name in asked)
    met = worst < MOST_WAIT_MS and not row["failed"] and max(row["grown_mb"].values()) <= MOST_GROWTH_MB
    return f"{kind:12} {waits} {grown} | failed {row['failed']} | load {row['load']} | {'met' if met else 'NOT MET'}"


async def run(kinds: tuple[str, ...], seconds: float) -> dict[str, Any]:
    async with stack() as made:
        return await measure(made, kinds, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.strangers", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--only", choices=("alone", *STRANGERS), action="append")
    given = parser.parse_args()
    print("milliseconds: p99 and worst of each", flush=True)
    found = asyncio.run(run(tuple(given.only or ("alone", *STRANGERS)), given.seconds))
    path = Path("build/strangers.json")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=2), encoding="utf-8")
    print(f"written to {path}")


if __name__ == "__main__":
    main()
