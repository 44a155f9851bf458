"""`python -m benchmarks.chaos.campaign [--people N] [--kills N]`: a campaign, with kill -9 of the worker and of the
whole hub while it runs; into build/chaos-campaign.json. Ends with 1 if a person was written to twice, or was skipped.

A person whose message was with the provider when its process died may have got it or not: the hub says `UNKNOWN`, and
does not send it again. Those are counted apart.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from benchmarks.graph import Graph
from benchmarks.hub import Api, Hub
from benchmarks.report import write_json

NUMBER = "106540352242921"
A_TABLE = 2000
AT_MOST_S = 1800.0
ANSWERS_WITHIN_S = 0.05
WHOLE_EVERY = 5
"""Every fifth kill is of everything, databases included."""
STATES = """
    SELECT i.address, r.state FROM hub.campaign_recipients r
    JOIN pooled.contact_identities i ON i.contact_id = r.contact_id AND i.kind = 'phone' WHERE r.campaign_id = $1"""
ENDED = "SELECT ended_at IS NOT NULL FROM hub.campaigns WHERE id = $1"
OPEN = "SELECT count(*) FROM hub.lanes WHERE queued > 0 OR attempt_message IS NOT NULL"


@dataclass
class Result:
    """`unknown`: of unknown outcome by the hub's word; `unknown_received`: those of them whom the provider has."""

    people: int
    kills: int
    once: int = 0
    twice: int = 0
    skipped: int = 0
    unknown: int = 0
    unknown_received: int = 0
    took_s: float = 0.0

    @property
    def passed(self) -> bool:
        return not (self.twice or self.skipped)


async def run(people: int, kills: int, seed: int) -> Result:
    """Run it on a hub of its own."""
    chance, result = random.Random(seed), Result(people, kills)
    with tempfile.TemporaryDirectory(prefix="hub-campaign-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user when we are root
        async with Graph(ANSWERS_WITHIN_S) as graph, Hub(folder, WHATSAPP_API_URL=graph.url) as hub:
            async with Api(hub) as api:
                campaign_id = await _started(api, people)
            began = time.monotonic()
            async with asyncio.timeout(AT_MOST_S):
                await _kill(hub, graph, [int(people * n / (kills + 1)) for n in range(1, kills + 1)], chance)
                await _until(hub, ENDED, True, campaign_id)
                await _until(hub, OPEN, 0)
            result.took_s = round(time.monotonic() - began, 1)
            await asyncio.sleep(1)
            states = {row["address"]: row["state"] for row in await _rows(hub, STATES, campaign_id)}
            _judge(result, states, Counter(send.to.lstrip("+") for send in await graph.sends()))
    return result


def _judge(result: Result, states: dict[str, str], got: Counter[str]) -> None:
    everybody = {_phone(n) for n in range(result.people)}
    result.once = sum(got[phone] == 1 for phone in everybody)
    result.twice = sum(got[phone] > 1 for phone in everybody)
    unknown = {phone for phone in everybody if states.get(phone) in ("UNKNOWN", "QUEUED")}
    result.unknown, result.unknown_received = len(unknown), len([p for p in unknown if got[p]])
    result.skipped = len([p for p in everybody if not got[p] and p not in unknown])


async def _started(api: Api, people: int) -> str:
    session_id = await api.meta_session(NUMBER)
    for first in range(0, people, A_TABLE):
        rows = "".join(f"+{_phone(n)},P{n}\n" for n in range(first, min(people, first + A_TABLE)))
        answer = await api.client.post("/api/contacts/csv", content=f"phone,name\n{rows}", timeout=120)
        answer.raise_for_status()
    parameters = [{"type": "body", "parameters": [{"type": "text", "text": "{{name}}"}]}]
    template = {"name": "offer", "language": "pt_BR", "components": parameters}
    body: dict[str, Any] = {"name": "Ten thousand", "sessionId": session_id, "template": template}
    made = await api.post("/api/campaigns", **body, audience={"everybody": True})
    assert made["audience"]["receive"] == people, made
    await api.post(f"/api/campaigns/{made['campaign']['id']}/start")
    return str(made["campaign"]["id"])


def _phone(n: int) -> str:
    return f"55119{80_000_000 + n}"


async def _kill(hub: Hub, graph: Graph, moments: list[int], chance: random.Random) -> None:
    """Kill when so many messages have gone out."""
    sent = 0
    for number, moment in enumerate(moments, start=1):
        while sent < moment:
            await asyncio.sleep(0.1)
            sent += len(await graph.new_sends())
        await asyncio.sleep(chance.uniform(0, 0.2))
        print(f"  kill {number} after {sent} messages", flush=True)
        if number % WHOLE_EVERY == 0:
            await hub.kill()
            await hub.start()
            continue
        while (pid := hub.child("worker")) is None:
            await asyncio.sleep(0.05)
        os.kill(pid, signal.SIGKILL)


async def _until(hub: Hub, query: str, wanted: object, *arguments: Any) -> None:
    while True:
        rows = await _rows(hub, query, *arguments)
        if rows and rows[0][0] == wanted:
            return
        await asyncio.sleep(0.5)


async def _rows(hub: Hub, query: str, *arguments: Any) -> list[Any]:
    connection = await asyncpg.connect(hub.database_url, timeout=30)
    try:
        return list(await connection.fetch(query, *arguments))
    finally:
        await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos.campaign", description=__doc__)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    told = parser.parse_args()
    print(f"a campaign of {told.people} with {told.kills} kills, seed {told.seed} …", flush=True)
    result = uvloop.run(run(told.people, told.kills, told.seed))
    path = write_json([asdict(result)], "chaos-campaign.json")
    print(f"{'passed' if result.passed else 'FAILED'}: {asdict(result)}\nwritten to {path}", flush=True)
    sys.exit(0 if result.passed else 1)


if __name__ == "__main__":
    main()
