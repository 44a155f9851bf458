"""`python -m benchmarks.chaos [--fault NAME]… [--quick]`: into build/chaos.json; ends with 1 if anything went wrong."""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any

import uvloop

from benchmarks.chaos import faults
from benchmarks.chaos.checks import Findings, check
from benchmarks.chaos.faults import Fault, Scene, Struck
from benchmarks.chaos.traffic import Traffic
from benchmarks.chaos.world import World, world
from benchmarks.report import write_json

AT_MOST_S = 900.0
SHOWN = 5
BUSY = """
    SELECT (SELECT count(*) FROM hub.inbox WHERE state = 'pending') + (SELECT count(*) FROM hub.outbox)
      + (SELECT count(*) FROM hub.lanes WHERE %s)"""
WAITS = "queued > 0 OR attempt_message IS NOT NULL"
RUNS_FREELY = "queued > 0 AND attempt_message IS NULL AND awaits IS NULL"


@dataclass(frozen=True)
class Given:
    """Size of a run. `settle_s`: how long the hub may take until it is idle. A lane whose call was cut off waits 45 s
    for its lease and 60 s for a receipt; a quick run does not wait for those (`patient`), it only counts them."""

    messages: int = 2000
    kills: int = 20
    away_s: float = 60.0
    per_s: float = 60.0
    settle_s: float = 240.0
    patient: bool = True
    seed: int = 0


@dataclass(frozen=True)
class Result:
    """One fault's entry in build/chaos.json."""

    fault: str
    seed: int
    strikes: int
    sent: int
    received: int
    lost: int
    doubled: int
    unknown: int
    in_flight: int
    unsettled: int
    waiting: int
    misordered: int
    recovery_s: float
    recovery_median_s: float
    took_s: float
    wrong: list[str]

    @property
    def passed(self) -> bool:
        return not (self.lost or self.doubled or self.misordered or self.wrong)


def plan(given: Given) -> dict[str, tuple[Fault, int, int]]:
    """Return each fault, how often it strikes, in how many messages."""
    few = max(2, given.kills // 5)
    return {
        "kill": (faults.kill_everything, given.kills, given.messages),
        "kill-role": (faults.kill_a_role, few, given.messages // 2),
        "kill-supervisor": (faults.kill_supervisor, max(1, few // 2), given.messages // 2),
        "flush": (faults.flush_then_restart, 1, given.messages // 2),
        "valkey-away": (faults.stop_valkey(given.away_s), 1, given.messages),
        "postgres": (faults.kill_postgres, max(1, few // 2), given.messages // 2),
    }


async def run_all(names: Sequence[str], given: Given) -> list[Result]:
    """Run all faults on one hub. What one fault cut off may be settled during the next."""
    results = []
    async with world() as made:
        before, in_flight = set[str](), set[str]()
        for name in names:
            fault, strikes, messages = plan(given)[name]
            chance = random.Random(f"{given.seed}/{name}")
            print(f"{name}: {messages} messages, {strikes} strikes, seed {given.seed} …", flush=True)
            result, findings = await run_one(made, name, fault, strikes, messages, given, chance, before, in_flight)
            before |= findings.unknown
            show(result, findings)
            results.append(result)
    return results


async def run_one(
    made: World,
    name: str,
    fault: Fault,
    strikes: int,
    messages: int,
    given: Given,
    chance: random.Random,
    before: set[str],
    in_flight: set[str],
) -> tuple[Result, Findings]:
    began = time.monotonic()
    run = f"{name.replace('-', '')}{given.seed}"
    traffic = Traffic(made, run, messages, given.per_s, chance)
    struck, cut_off_before = Struck(in_flight=in_flight), len(in_flight)
    moments = [chance.randrange(messages // 20, messages * 17 // 20) for _ in range(strikes)]
    async with asyncio.timeout(AT_MOST_S):
        receipts = asyncio.create_task(traffic.receipts())
        await asyncio.gather(traffic.run(), faults.strike(Scene(made, traffic.ledger, chance, struck), fault, moments))
        await settle(made, traffic, given)
        receipts.cancel()
        with suppress(asyncio.CancelledError):
            await receipts
    findings = await check(made, traffic.ledger)
    unknown = findings.unknown - before
    if strangers := unknown - in_flight:
        findings.wrong.append(f"{len(strangers)} of unknown outcome were not in flight at a kill")
    findings.wrong += [f"no {what} while Valkey was away" for what in struck.silent]
    result = Result(
        fault=name,
        seed=given.seed,
        strikes=strikes,
        sent=traffic.ledger.acknowledged,
        received=findings.received,
        lost=len(findings.lost),
        doubled=len(findings.doubled),
        unknown=len(unknown),
        in_flight=len(in_flight) - cut_off_before,
        unsettled=findings.unsettled,
        waiting=findings.waiting,
        misordered=len(findings.misordered),
        recovery_s=round(max(struck.recoveries_s, default=0.0), 2),
        recovery_median_s=round(statistics.median(struck.recoveries_s or [0.0]), 2),
        took_s=round(time.monotonic() - began, 1),
        wrong=findings.wrong[:SHOWN],
    )
    return result, findings


async def settle(made: World, traffic: Traffic, given: Given) -> None:
    """Wait until nothing is left to do, all receipts included."""
    deadline = time.monotonic() + given.settle_s
    busy = BUSY % (WAITS if given.patient else RUNS_FREELY)
    while time.monotonic() < deadline:
        if not await made.value(busy) and not traffic.owes_receipts:
            await asyncio.sleep(0.5)  # the record of sends is read every 0.2 s
            if not await made.value(busy) and not traffic.owes_receipts:
                return
        await asyncio.sleep(0.2)


def show(result: Result, findings: Findings) -> None:
    words = (f"{field.name} {getattr(result, field.name)}" for field in fields(result)[3:-1])
    print(f"  {'passed' if result.passed else 'FAILED'}: {', '.join(words)}", flush=True)
    for title, several in (
        ("lost", findings.lost), ("doubled", findings.doubled), ("misordered", findings.misordered),
        ("wrong", findings.wrong),
    ):  # fmt: skip
        for one in several[:SHOWN]:
            print(f"    {title}: {one}", flush=True)


def document(results: Sequence[Result]) -> list[dict[str, Any]]:
    return [{field.name: getattr(result, field.name) for field in fields(result)} for result in results]


def main() -> None:
    names = list(plan(Given()))
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--fault", action="append", choices=names, help="only this one (several: in this order)")
    parser.add_argument("--messages", type=int, help="messages of a full run (2000)")
    parser.add_argument("--kills", type=int, help="kills of the whole hub (20)")
    parser.add_argument("--seed", type=int, help="when what happens (drawn and printed)")
    parser.add_argument("--quick", action="store_true", help="under a minute: few kills, some 300 messages")
    told = parser.parse_args()
    quick = Given(messages=120, kills=2, away_s=4, per_s=60, settle_s=10, patient=False)
    base = quick if told.quick else Given()
    given = Given(
        messages=told.messages or base.messages,
        kills=told.kills or base.kills,
        away_s=base.away_s,
        per_s=base.per_s,
        settle_s=base.settle_s,
        patient=base.patient,
        seed=random.randrange(10_000) if told.seed is None else told.seed,
    )
    chosen = told.fault or (["kill", "flush", "valkey-away"] if told.quick else names)
    results = uvloop.run(run_all(chosen, given))
    path = write_json(document(results), "chaos.json")
    print(f"written to {path}")
    sys.exit(0 if all(result.passed for result in results) else 1)


if __name__ == "__main__":
    main()
