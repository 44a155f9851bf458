"""A hub with agents on duty and known customers, for the full path and the latencies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from benchmarks.hub import APP_SECRET, Api, Hub
from benchmarks.load import Mix, Outcome, Plan, generate
from benchmarks.rows import Size
from benchmarks.sockets import Observers, Seen
from benchmarks.stack import Stack

NUMBERS = tuple(f"10654035224292{n}" for n in range(4))  # the Cloud API accepts 80 messages a second a number
AGENTS = 4
SOCKETS = 10
CHOOSE_AFTER_S = 7.0  # the Cloud API accepts one message per 6 s to one customer; the menu was the first
LEAD_S = 0.5
SEED_PER_S = 200
LATE_S = 30.0

UNSENT = "SELECT count(*) FROM pooled.messages WHERE direction = 'OUTBOUND' AND status = 'PENDING'"
PENDING = "SELECT count(*) FROM hub.inbox WHERE state = 'pending'"
RECEIVED = "SELECT count(*) FROM pooled.messages WHERE whatsapp_message_id LIKE $1"


@dataclass(frozen=True)
class Flow:
    """Outcome of one stretch of load. `lost`: messages answered 200 that were never stored."""

    rate: float
    outcome: Outcome
    seen: Seen
    lost: int
    replies_after_s: float


@dataclass(frozen=True)
class Desk:
    stack: Stack
    hub: Hub
    api: Api
    agents: tuple[str, ...]
    observers: Observers
    known: int

    async def flow(self, run: str, rate: float, seconds: float) -> Flow:
        """Send messages at `rate`; return once all came out as events, or `LATE_S` after the last."""
        count = round(rate * seconds)
        for token in self.agents:
            await self.api.go_online(token)
        await self.observers.watch(run, count)
        mix = Mix(NUMBERS, APP_SECRET, run, known=self.known, choose_after=round(rate * CHOOSE_AFTER_S / 10) * 10)
        outcome = await generate(Plan(self.hub.port, mix, count, rate, seconds))
        ended = time.monotonic()
        await asyncio.gather(self.observers.until_all(LATE_S), self._until_none(UNSENT, LATE_S))
        replies_after_s = time.monotonic() - ended
        seen = await self.observers.report(outcome.start, rate)
        stored = await self.stack.value(RECEIVED, f"wamid.{run}.%")
        return Flow(rate, outcome, seen, outcome.answered - stored, replies_after_s)

    async def seed(self) -> None:
        """Make every known customer write an hour ago and wait with an agent."""
        mix = Mix(NUMBERS, APP_SECRET, "seed", known=self.known, seeds=True)
        await generate(Plan(self.hub.port, mix, self.known, SEED_PER_S, self.known / SEED_PER_S))
        await self._until_none(PENDING, 60)
        await self._until_none(UNSENT, 60)
        await self.stack.execute("VACUUM ANALYZE")

    async def _until_none(self, query: str, at_most_s: float) -> None:
        deadline = time.monotonic() + at_most_s
        while await self.stack.value(query) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)


@asynccontextmanager
async def desk(stack: Stack, size: Size) -> AsyncIterator[Desk]:
    """The whole hub on the stack's servers, `SOCKETS` sockets of its administrator, agents who are online."""
    async with Hub(stack.folder, "serve", **stack.environment) as hub, Api(hub) as api:
        root = await api.department("Atendimento", is_root=True)
        await api.department("Vendas")
        agents = [await api.agent(f"agent{n}@example.com", root["id"]) for n in range(AGENTS)]
        for token in agents:
            await api.go_online(token)
        present = {session["name"] for session in await api.get("/api/sessions")}
        for number in NUMBERS:
            if f"meta-{number}" not in present:
                await api.meta_session(number)
        async with Observers(hub.port, api.token, SOCKETS) as observers:
            made = Desk(stack, hub, api, tuple(agents), observers, size.known_customers)
            await made.seed()
            yield made
