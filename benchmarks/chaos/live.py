"""`python -m benchmarks.chaos.live [--quick]`: two API processes, two workers, 200 sockets, one receiver of webhooks,
while processes are killed. Compares what each client received with the log; into build/chaos-live.json.

In turn, kill -9 hits a worker (one of the two leads the sequencer; both get their turn) and an API process, and the
Valkey is restarted. A killed process is started again a second later.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import Any

import asyncpg
import httpx
import uvloop

from benchmarks.chaos.listeners import Listener, Seat, Verdict, judge, still_due
from benchmarks.hub import Api, Hub
from benchmarks.report import write_json
from benchmarks.stack import Stack, stack
from whatsapp_hub.application.ports.queues.log import LoggedEvent

LOG = (
    "SELECT position, tenant_id, type, session_id, conversation_id, occurred_at, body FROM hub.events ORDER BY position"
)
BUSY = """
    SELECT (SELECT count(*) FROM hub.inbox WHERE state = 'pending') + (SELECT count(*) FROM hub.outbox)
      + (SELECT count(*) FROM hub.lanes WHERE queued > 0)"""
UNDELIVERED = "SELECT count(*) FROM hub.webhook_deliveries WHERE state = 'pending'"
DOWN_S = 1.0
BETWEEN_S = 2.5


@dataclass(frozen=True)
class Given:
    """Size of a run. `rounds`: how often each fault strikes. `webhooks`: wait for the receiver, and so for dead
    workers' leases."""

    sockets: int = 200
    customers: int = 60
    rounds: int = 2
    per_s: float = 6.0
    settle_s: float = 90.0
    webhooks: bool = True
    seed: int = 0


QUICK = Given(sockets=16, customers=12, rounds=1, per_s=12.0, settle_s=30.0, webhooks=False)


@dataclass
class Receiver:
    """Accept every webhook; record `(lane, position)` in the order of arrival."""

    port: int = 0
    taken: list[tuple[str, int]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).lower():
                size = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
                said = json.loads(await reader.readexactly(size))
                conversation = said["data"].get("conversation", {}).get("id") or said["data"].get("message", {}).get(
                    "conversationId"
                )
                self.taken.append((str(conversation or said["sessionId"]), said["position"]))
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@dataclass(frozen=True)
class Result:
    seed: int
    sockets: int
    strikes: int
    events: int
    verdict: Verdict
    webhooks: int
    webhooks_missing: int
    webhooks_again: int
    webhooks_misordered: int
    settled_s: float

    @property
    def passed(self) -> bool:
        v = self.verdict
        bad = v.missing + v.doubled + v.misordered + v.strange + len(v.wrong)
        return not (bad or self.webhooks_missing or self.webhooks_misordered)

    def document(self) -> dict[str, Any]:
        flat = {k: v for k, v in asdict(self).items() if k != "verdict"}
        return {**flat, **asdict(self.verdict), "passed": self.passed}


@dataclass
class Stage:
    """The processes, and the two companies."""

    made: Stack
    apis: list[Hub]
    workers: list[Hub]
    receiver: Receiver
    chance: random.Random
    strikes: int = 0
    seats: list[Seat] = field(default_factory=list)
    sessions: list[tuple[str, str]] = field(default_factory=list)
    webhook_id: str = ""

    async def connection(self) -> Any:
        return await asyncpg.connect(self.made.postgres.dsn)

    async def log(self) -> list[LoggedEvent]:
        connection = await self.connection()
        try:
            return [LoggedEvent(**dict(row)) for row in await connection.fetch(LOG)]
        finally:
            await connection.close()

    async def kill(self, hub: Hub) -> None:
        await hub.kill()
        self.strikes += 1
        await asyncio.sleep(DOWN_S)
        await hub.start()

    async def restart_valkey(self) -> None:
        await self.made.valkey.start()  # ends the one that runs
        self.strikes += 1


@asynccontextmanager
async def staged(given: Given) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as entered:
        made = await entered.enter_async_context(stack())
        receiver = Receiver()
        server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
        receiver.port = server.sockets[0].getsockname()[1]
        entered.callback(server.close)
        hubs: list[Hub] = []
        for n, role in enumerate(("api", "api", "worker", "worker")):
            folder = made.folder / f"{role}{n}"
            folder.mkdir()
            hub = Hub(folder, role, **made.environment)
            hubs.append(await entered.enter_async_context(hub))
        stage = Stage(made, hubs[:2], hubs[2:], receiver, random.Random(given.seed))
        async with Api(hubs[0]) as api:
            await furnish(stage, api, given)
        yield stage


async def furnish(stage: Stage, api: Api, given: Given) -> None:
    """Create two companies: supervisors and agents of two departments in one, supervisors in the other."""
    own = (await api.get("/api/auth/me"))["companyId"]
    sales = await api.department("Vendas")
    support = await api.department("Suporte")
    stage.seats += [Seat(api.token, own, is_supervisor=True)]
    for department in (sales, support):
        token = await api.agent(f"{department['slug']}@example.com", department["id"])
        stage.seats.append(Seat(token, own, department["id"]))
    stage.sessions.append((await api.sandbox_session(), api.token))
    other = await api.post("/api/tenants", slug="other", name="Other")
    email, password = "other@example.com", "a-long-enough-password"
    await api.post("/api/users", email=email, password=password, name="O", role="ADMIN", companyId=other["id"])
    token = (await api.post("/api/auth/login", email=email, password=password))["token"]
    stage.seats.append(Seat(token, other["id"], is_supervisor=True))
    api.client.headers["Authorization"] = f"Bearer {token}"
    stage.sessions.append((await api.sandbox_session("other"), token))
    api.client.headers["Authorization"] = f"Bearer {api.token}"
    made = await api.post("/api/webhooks", url=f"http://127.0.0.1:{stage.receiver.port}/")
    stage.webhook_id = made["id"]


async def write(stage: Stage, given: Given) -> None:
    """Each customer greets, chooses a department, and talks."""
    words = ("Oi", "1", "tudo bem?", "e agora?", "2", "obrigado")
    turns = [(n, word) for word in words for n in range(given.customers)]
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        for n, word in turns:
            session_id, token = stage.sessions[n % 4 == 0]
            choice = "2" if word == "1" and n % 3 == 0 else word
            body = {"from": f"55119{n:08d}", "text": choice}
            await _until_taken(stage, client, f"/sandbox/{session_id}/messages", token, body)
            await asyncio.sleep(stage.chance.expovariate(given.per_s))


async def _until_taken(stage: Stage, client: httpx.AsyncClient, path: str, token: str, body: object) -> None:
    """Write through any API process that answers. One whose answer was lost may be stored twice and counts as two."""
    while True:
        hub = stage.chance.choice(stage.apis)
        try:
            answer = await client.post(f"{hub.address}{path}", json=body, headers={"Authorization": f"Bearer {token}"})
        except (httpx.HTTPError, AttributeError):
            await asyncio.sleep(0.1)
            continue
        if answer.status_code == 202:
            return
        if answer.status_code < 500:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")
        await asyncio.sleep(0.1)


async def strike(stage: Stage, given: Given) -> None:
    faults: list[Callable[[], Awaitable[None]]] = []
    for n in range(given.rounds):
        faults += [
            lambda n=n: stage.kill(stage.workers[n % 2]),  # type: ignore[misc]
            lambda n=n: stage.kill(stage.apis[n % 2]),  # type: ignore[misc]
            lambda n=n: stage.kill(stage.workers[(n + 1) % 2]),  # type: ignore[misc]
            stage.restart_valkey,
        ]
    for fault in faults:
        await asyncio.sleep(stage.chance.uniform(0.5, BETWEEN_S))
        await fault()


async def run(given: Given) -> Result:
    async with staged(given) as stage:
        ports = tuple(hub.port for hub in stage.apis)
        listeners = [
            Listener(stage.seats[n % len(stage.seats)], ports, random.Random(f"{given.seed}/{n}"))
            for n in range(given.sockets)
        ]
        tasks = [asyncio.create_task(listener.run()) for listener in listeners]
        try:
            async with asyncio.timeout(60):
                while any(listener.base is None for listener in listeners):
                    await asyncio.sleep(0.05)
            striking = asyncio.create_task(strike(stage, given))
            while not striking.done():
                await write(stage, replace(given, customers=given.customers))
            await striking
            settled_s = await settle(stage, given, listeners)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return await result(stage, given, listeners, settled_s)


async def settle(stage: Stage, given: Given, listeners: list[Listener]) -> float:
    """Wait until the hub is idle and every client has received its last event."""
    began = time.monotonic()
    for listener in listeners:
        listener.end()
    connection = await stage.connection()
    try:
        while time.monotonic() < began + given.settle_s:
            waits = await connection.fetchval(BUSY)
            waits += await connection.fetchval(UNDELIVERED) if given.webhooks else 0
            if not waits and not still_due(listeners, await stage.log()):
                break
            await asyncio.sleep(0.5)
    finally:
        await connection.close()
    return time.monotonic() - began


async def result(stage: Stage, given: Given, listeners: list[Listener], settled_s: float) -> Result:
    log = await stage.log()
    own = stage.seats[0].company_id
    connection = await stage.connection()
    since = await connection.fetchval("SELECT min(position) - 1 FROM hub.webhook_deliveries") or 0
    await connection.close()
    expected = {e.position for e in log if str(e.tenant_id) == own and e.position > since}
    positions = [position for _, position in stage.receiver.taken]
    lanes: dict[str, list[int]] = {}
    for lane, position in dict.fromkeys(stage.receiver.taken):
        lanes.setdefault(lane, []).append(position)
    return Result(
        seed=given.seed,
        sockets=given.sockets,
        strikes=stage.strikes,
        events=len(log),
        verdict=judge(listeners, log),
        webhooks=len(positions),
        webhooks_missing=len(expected - set(positions)) if given.webhooks else 0,
        webhooks_again=len(positions) - len(set(positions)),
        webhooks_misordered=sum(a > b for lane in lanes.values() for a, b in pairwise(lane)),
        settled_s=round(settled_s, 1),
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos.live", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="16 sockets, each fault once, no wait for leases")
    parser.add_argument("--sockets", type=int)
    parser.add_argument("--rounds", type=int, help="how often each fault strikes")
    parser.add_argument("--seed", type=int, help="when what happens (drawn and printed)")
    told = parser.parse_args()
    given = QUICK if told.quick else Given()
    seed = random.randrange(10_000) if told.seed is None else told.seed
    given = replace(given, seed=seed, sockets=told.sockets or given.sockets, rounds=told.rounds or given.rounds)
    print(f"{given}", flush=True)
    found = uvloop.run(run(given))
    print(json.dumps(found.document(), indent=1), flush=True)
    print(f"written to {write_json([found.document()], 'chaos-live.json')}")
    sys.exit(0 if found.passed else 1)


if __name__ == "__main__":
    main()
