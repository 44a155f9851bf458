"""Cost of one company's flood for another: B's latencies during A's flood, and without it.

    python -m benchmarks.fairness [--seconds 10] [--only api|inbound|receivers]

Each flood comes from a process of its own. A few times a second B reads a list, and a customer of B writes whom the bot
answers and whose message goes to a webhook; `build/fairness.json` has the times.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from benchmarks.hub import ADMIN, Hub
from benchmarks.stack import stack

PASSWORD = "a long enough password"
AT_ONCE = 128
APART_S = 0.2
FLOODS = ("alone", "api", "inbound", "receivers")


@dataclass(frozen=True)
class Company:
    url: str
    token: str
    session: str

    def client(self) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=AT_ONCE)
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=60, trust_env=False, limits=limits)


@dataclass
class Waits:
    """Latencies in seconds."""

    lists: list[float] = field(default_factory=list)
    replies: list[float] = field(default_factory=list)
    posts: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, dict[str, float]]:
        return {name: _figures(waits) for name, waits in asdict(self).items()}


def _figures(waits: list[float]) -> dict[str, float]:
    ordered = sorted(waits)
    at = {"p50": statistics.median(ordered), "p95": ordered[int(len(ordered) * 0.95)], "worst": ordered[-1]}
    return {name: round(1000 * value, 1) for name, value in at.items()} | {"count": len(ordered)}


class Receiver:
    """Answer webhooks, and record when each text arrived; a deaf one never answers."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.heard: dict[str, float] = {}
        self._deaf = deaf
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
                body = await reader.readexactly(length)
                if self._deaf:
                    continue
                event = json.loads(body)
                text = str(event.get("data", {}).get("message", {}).get("content", ""))
                self.heard.setdefault(text, time.perf_counter())
                writer.write(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.close()


async def probe(company: Company, heard: dict[str, float], seconds: float) -> Waits:
    waits, phones = Waits(), itertools.count(5511900000000 + int(time.time()) % 10**6 * 100)
    async with company.client() as client:

        async def lists() -> None:
            began = time.perf_counter()
            (await client.get("/api/conversations")).raise_for_status()
            waits.lists.append(time.perf_counter() - began)

        async def reply() -> None:
            phone, text = str(next(phones)), uuid4().hex
            path, began = f"/sandbox/{company.session}", time.perf_counter()
            (await client.post(f"{path}/messages", json={"from": phone, "text": text})).raise_for_status()
            while text not in heard:
                await asyncio.sleep(0.002)
            waits.posts.append(heard[text] - began)
            while not any(
                message["direction"] == "OUTBOUND"
                for message in (await client.get(f"{path}/phones/{phone}/messages")).json()
            ):
                await asyncio.sleep(0.01)
            waits.replies.append(time.perf_counter() - began)

        until, asked = time.monotonic() + seconds, []
        while time.monotonic() < until:
            asked += [asyncio.create_task(lists()), asyncio.create_task(reply())]
            await asyncio.sleep(APART_S)
        await asyncio.gather(*asked)
    return waits


async def flood(company: Company, kind: str) -> None:
    """Flood until killed."""
    async with company.client() as client:

        async def again(number: int) -> None:
            for count in itertools.count():
                phone = f"55119{number:03}{count % 1000:05}"
                if kind == "api":
                    await client.get("/api/conversations")
                else:
                    body = {"from": phone, "text": "oi"}
                    await client.post(f"/sandbox/{company.session}/messages", json=body)

        await asyncio.gather(*(again(number) for number in range(AT_ONCE)))


async def company(hub: Hub, client: httpx.AsyncClient) -> Company:
    """Make a company with an administrator, a department and a session of the sandbox."""
    slug = f"c{uuid4().hex[:8]}"
    made = (await client.post("/api/tenants", json={"slug": slug, "name": slug})).json()
    body = {"email": f"{slug}@example.com", "password": PASSWORD, "name": "A", "role": "ADMIN", "companyId": made["id"]}
    (await client.post("/api/users", json=body)).raise_for_status()
    login = {"email": body["email"], "password": PASSWORD}
    token = (await client.post("/api/auth/login", json=login)).json()["token"]
    async with Company(hub.address, token, "").client() as own:
        (await own.post("/api/departments", json={"name": "Vendas", "slug": "vendas"})).raise_for_status()
        session = (await own.post("/api/sessions", json={"name": slug, "provider": "SANDBOX"})).json()["id"]
        (await own.post(f"/api/sessions/{session}/start")).raise_for_status()
    return Company(hub.address, token, session)


async def _hook(company: Company, url: str, count: int = 1) -> None:
    async with company.client() as client:
        for number in range(count):
            body = {"url": f"{url}{number}", "events": ["message.received"]}
            (await client.post("/api/webhooks", json=body)).raise_for_status()


@asynccontextmanager
async def _flooding(company: Company, kind: str) -> AsyncIterator[None]:
    if kind == "alone":
        yield
        return
    given = json.dumps(asdict(company))
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "benchmarks.fairness", "--flood", kind, given)
    await asyncio.sleep(2)
    try:
        yield
    finally:
        process.kill()
        await process.wait()


async def measure(kinds: tuple[str, ...], seconds: float) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind in kinds:
        async with stack() as made, Hub(made.folder, "serve", **made.environment) as hub:
            async with httpx.AsyncClient(base_url=hub.address, timeout=60, trust_env=False) as client:
                login = {"email": ADMIN[0], "password": ADMIN[1]}
                token = (await client.post("/api/auth/login", json=login)).json()["token"]
                client.headers["Authorization"] = f"Bearer {token}"
                stranger, measured = await company(hub, client), await company(hub, client)
            receiver, deaf = Receiver(), Receiver(deaf=True)
            async with receiver as url, deaf as nowhere:
                await _hook(measured, url)
                if kind == "receivers":
                    await _hook(stranger, nowhere, 50)
                async with _flooding(stranger, kind):
                    waits = await probe(measured, receiver.heard, seconds)
            found[kind] = waits.figures()
            print(kind, json.dumps(found[kind]), flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fairness", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--only", choices=FLOODS, action="append")
    parser.add_argument("--flood", nargs=2, metavar=("KIND", "COMPANY"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.flood:
        kind, company = given.flood
        asyncio.run(flood(Company(**json.loads(company)), kind))
        return
    found = asyncio.run(measure(tuple(given.only or FLOODS), given.seconds))
    path = Path("build/fairness.json")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=2), encoding="utf-8")
    print(f"written to {path}")


if __name__ == "__main__":
    main()
