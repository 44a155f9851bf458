"""`python -m tests.fuzz`: all of it, for as long as it takes; a table, and build/fuzz.json. Ends with 1 where something
was found. `--only SEED:NUMBER --target NAME` makes one input again."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from benchmarks.hub import ADMIN, Hub
from tests.fuzz.document import document_figures
from tests.fuzz.report import Figures, rss_mb, table
from tests.fuzz.requests import Requests
from tests.fuzz.site import Site, things_of
from tests.fuzz.sockets import Sockets
from tests.fuzz.translators import made_again, run, targets
from tests.integration.http.conftest import JWT_SECRET, Person, RunningHub
from whatsapp_hub.main.settings import Settings

BUILD = Path("build")
WARM = 0.2
LIVE_MB = 50.0
"""A hub remembers callers, sessions and rates in caches that are bounded, and not full yet."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31), help="else a new one")
    parser.add_argument("--translators", type=int, default=5_000_000, help="inputs, all translators together")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--examples", type=int, default=200, help="schemathesis: for each operation")
    parser.add_argument("--target", help="a translator's name")
    parser.add_argument("--only", help="SEED:NUMBER, one input of --target")
    return parser.parse_args()


def translators(given: argparse.Namespace) -> list[Figures]:
    chosen = [target for target in targets() if given.target in (None, target.name)]
    found = []
    for target in chosen if given.translators else []:
        found.append(run(target, given.seed, given.translators // len(chosen)))
        print(table(found[-1:]).splitlines()[-1 - len(found[-1].faults)], flush=True)
    return found


async def live(given: argparse.Namespace) -> list[Figures]:
    """A hub of its own, as `serve` runs it."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "JWT_SECRET": JWT_SECRET,
            "HUB_SECRET_KEY": "fedcba9876543210fedcba9876543210",
            "WEBHOOK_ALLOW_PRIVATE": "false",
            "WHATSAPP_PROVIDER": "SANDBOX",
        }
        async with Hub(Path(folder), **environment) as hub, httpx.AsyncClient(timeout=60, trust_env=False) as http:
            http.base_url = httpx.URL(hub.address)
            site = await _site(hub, http)
            found = [
                await _weighed(hub, given.requests, lambda n: Requests(site, http).run(given.seed, n)),
                await _weighed(hub, given.events, lambda n: Sockets(site, hub.address).run(given.seed, n)),
            ]
            if given.examples:
                headers = site.company.admin.headers
                found.append(
                    await asyncio.to_thread(
                        document_figures, hub.address, site.document, headers, given.examples, given.seed
                    )
                )
            healthy = (await http.get("/health")).status_code
            if healthy != 200:
                found[-1].fault(f"/health is {healthy} afterwards")
            for line in failures_in(Path(folder)):
                found[0].fault(line)
        return found


async def _site(hub: Hub, http: httpx.AsyncClient) -> Site:
    running = RunningHub(hub.address, http, Person(http, {}, ""), Settings(database_url=hub.database_url))
    running.master = await running.sign_in(*ADMIN)
    company = await running.company()
    document = (await http.get("/schema/openapi.json")).json()
    return Site(company, document, await things_of(company))


async def _weighed(hub: Hub, count: int, fuzz: Any) -> Figures:
    """What the API process grew by, once it was warm."""
    api = hub.child("api")
    warm: Figures = await fuzz(int(count * WARM))
    before = rss_mb(api)
    figures: Figures = await fuzz(count)
    figures.grown_mb = max(0.0, rss_mb(api) - before)
    figures.bound_mb = LIVE_MB
    figures.faults += warm.faults
    figures.judge()
    return figures


def failures_in(folder: Path) -> list[str]:
    """What the hub's log calls an error: a fault of ours, whatever was answered."""
    found: dict[str, str] = {}
    for log in folder.glob("*.log"):
        for line in log.read_text(errors="replace").splitlines():
            try:
                told = json.loads(line)
            except ValueError:
                continue
            if isinstance(told, dict) and told.get("level") in ("error", "critical"):
                found.setdefault(str(told.get("event")), f"the log: {line[-1500:]}")
    return list(found.values())


def main() -> int:
    given = arguments()
    if given.only:
        seed, number = map(int, given.only.split(":"))
        [target] = [target for target in targets() if target.name == given.target]
        made = made_again(target, seed, number)
        print(made)
        target.take(made)
        return 0
    print(f"seed {given.seed}", flush=True)
    found = translators(given)
    if given.target is None and given.requests + given.events + given.examples:
        found += asyncio.run(live(given))
    print(table(found))
    BUILD.mkdir(exist_ok=True)
    rows = {"seed": given.seed, "rows": [one.row() for one in found]}
    (BUILD / "fuzz.json").write_text(json.dumps(rows, indent=2) + "\n")
    return int(any(one.faults for one in found))


if __name__ == "__main__":
    sys.exit(main())
