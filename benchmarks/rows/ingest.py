"""Webhook ingest, durable before 200, as ratios to baselines of the same run and machine."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID

from benchmarks import meta
from benchmarks.baselines import pgbench
from benchmarks.baselines.serving import baseline
from benchmarks.hub import APP_SECRET, Api, Hub
from benchmarks.load import Mix, Outcome, Plan, generate, wamid
from benchmarks.report import Row
from benchmarks.rows import Size
from benchmarks.stack import Stack

PHONE_NUMBER_ID = "106540352242922"
MOST_PER_S = 60_000
WARM_UP_S = 0.5
OTHERS = {"pgbench": "pgbench", "parse": "parse_only", "bare": "bare_parse_only", "orm": "orm_transaction"}


@dataclass(frozen=True)
class Contestants:
    stack: Stack
    tenant: UUID
    session: UUID
    hub_port: int
    parse_port: int
    bare_port: int
    orm_port: int

    async def round(self, number: int, seconds: float) -> dict[str, float]:
        """Measure each in turn, in requests (or inserts) a second; the inbox is empty before each."""
        found = {"hub": await self._hub(number, seconds)}
        found["pgbench"] = max([await self._pgbench(clients, seconds) for clients in (8, 64)])
        found["parse"] = (await self._requests(self.parse_port, f"p{number}", seconds)).per_s
        found["bare"] = (await self._requests(self.bare_port, f"b{number}", seconds)).per_s
        found["orm"] = (await self._requests(self.orm_port, f"o{number}", seconds)).per_s
        return found

    async def _hub(self, number: int, seconds: float) -> float:
        outcome = await self._requests(self.hub_port, f"h{number}", seconds)
        stored = await self.stack.value("SELECT count(*) FROM hub.inbox WHERE state = 'pending'")
        if stored < outcome.answered:
            raise RuntimeError(f"{outcome.answered} requests were answered 200, {stored} are stored")
        return outcome.per_s

    async def _pgbench(self, clients: int, seconds: float) -> float:
        await self._empty()
        body = meta.text_message(PHONE_NUMBER_ID, "5511900000000", wamid("x", 0), "bom dia")
        return await pgbench.per_second(self.stack, self.tenant, self.session, body, clients, max(1, round(seconds)))

    async def _requests(self, port: int, run: str, seconds: float) -> Outcome:
        await self._empty()
        plan = Plan(
            port=port,
            mix=Mix((PHONE_NUMBER_ID,), APP_SECRET, run),
            count=int(MOST_PER_S * (seconds + WARM_UP_S)),
            rate=None,
            duration_s=seconds + WARM_UP_S,
            warm_up_s=WARM_UP_S,
        )
        outcome = await generate(plan)
        if outcome.refused or outcome.broken:
            raise RuntimeError(f"{outcome.refused} requests refused, {outcome.broken} broken")
        if outcome.answered >= plan.count:
            raise RuntimeError(f"{plan.count} requests were too few: raise MOST_PER_S")
        return outcome

    async def _empty(self) -> None:
        await self.stack.execute("TRUNCATE hub.inbox", "CHECKPOINT")


async def rows(stack: Stack, size: Size) -> list[Row]:
    async with AsyncExitStack() as held:
        contestants = await _contestants(stack, held)
        found = await _rounds(contestants, size, "")
        if size.slow_commits:
            async with stack.slow_commits():
                found += await _rounds(contestants, size, "_slow_commits")
        return found


async def _contestants(stack: Stack, held: AsyncExitStack) -> Contestants:
    """Run the hub's API alone: rows stay in the inbox, as with the others."""
    hub = await held.enter_async_context(Hub(stack.folder, "api", **stack.environment))
    async with Api(hub) as api:
        session = await api.meta_session(PHONE_NUMBER_ID)
        tenant = (await api.get("/api/auth/me"))["companyId"]
    environment = {"DATABASE_URL": stack.postgres.dsn, "TENANT_ID": tenant, "SESSION_ID": session}
    parse_port = await held.enter_async_context(baseline("benchmarks.baselines.parse_litestar", environment))
    bare_port = await held.enter_async_context(baseline("benchmarks.baselines.parse_only", environment))
    orm_port = await held.enter_async_context(baseline("benchmarks.baselines.orm", environment))
    return Contestants(stack, UUID(tenant), UUID(session), hub.port, parse_port, bare_port, orm_port)


async def _rounds(contestants: Contestants, size: Size, suffix: str) -> list[Row]:
    per_s: dict[str, list[float]] = {}
    for number in range(size.rounds):
        for name, value in (await contestants.round(number, size.ingest_s)).items():
            per_s.setdefault(name, []).append(value)

    def ratio(other: str) -> list[float]:
        return [a / b for a, b in zip(per_s["hub"], per_s[other], strict=True)]

    limits = {} if suffix else {"pgbench": (0.40, 0.60), "parse": (0.60, 0.80), "orm": (10.0, 14.0)}
    found = []
    for other, name in OTHERS.items():
        reach, stretch = limits.get(other, (None, None))
        found.append(Row.of(f"ingest_against_{name}{suffix}", ratio(other), "×", reach=reach, stretch=stretch))
    units = {"hub": "ingest", **OTHERS}
    return found + [Row.of(f"{units[name]}_per_s{suffix}", values, "1/s") for name, values in per_s.items()]
