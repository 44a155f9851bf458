"""`python -m benchmarks.hanging`: the good ones' events without and beside those that hang, and how these come back.

First without for `--without` seconds, then beside the hanging ones for `--beside`, then all are put right. Events are
timed in windows, from the moment WhatsApp was due to push a message until a socket of the company has it. Prints a line
a window; all goes into build/hanging.json.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

import benchmarks.hanging
from benchmarks.hanging import prepare
from benchmarks.hanging.numbers import Number, WhatsApp, comeback, link_all, statuses
from benchmarks.hanging.ways import KINDS, Doors, Way
from benchmarks.hub import Api, Hub
from benchmarks.report import BUILD, percentile
from benchmarks.sockets import Observers

LEAD_S = 0.5
LATE_S = 15.0
BACK_WITHIN_S = 60.0
SOCKETS = 1


@dataclass
class World:
    """A hub with linked numbers. `seen` is what is reported in the end."""

    hub: Hub
    api: Api
    whatsapp: WhatsApp
    observers: Observers
    good: list[Number]
    hanging: list[Number]
    asked: argparse.Namespace
    seen: dict[str, Any] = field(default_factory=dict)
    runs: int = 0

    async def window(self, phase: str, seconds: float) -> list[float]:
        """Let messages come for `seconds`; return how long their events took."""
        self.runs += 1
        run, rate = f"w{self.runs}", self.asked.rate
        count, start = round(rate * seconds), time.monotonic() + LEAD_S
        await self.observers.watch(run, count)
        cpu = self._connector_cpu()
        users = [number.user for number in self.good]
        await self.whatsapp.ask("flow", users=users, run=run, rate=rate, count=count, start=start)
        await self.observers.until_all(LATE_S)
        cpu = (self._connector_cpu() - cpu) / (time.monotonic() - start)
        report, took = await self.observers.report(start, rate), await self.observers.latencies(start, rate)
        line = {
            "phase": phase,
            **figures(took),
            "missing": report.missing,
            "doubled": report.doubled,
            "connector": round(cpu, 3),
            "load": round(os.getloadavg()[0], 1),
        }
        self.seen.setdefault("windows", []).append(line)
        say(line)
        return took

    async def phase(self, name: str, seconds: float) -> None:
        took: list[float] = []
        for _ in range(max(1, round(seconds / self.asked.window))):
            took += await self.window(name, self.asked.window)
        self.seen[name] = {**figures(took), "retries": (await self.whatsapp.ask(""))["retries"]}
        say({name: self.seen[name]})

    async def hang(self) -> None:
        for n, number in enumerate(self.hanging):
            await number.way.hang(KINDS[n % len(KINDS)])

    async def put_right(self) -> None:
        for number in self.hanging:
            await number.way.put_right()
        took = await comeback(self.hanging, self.api, BACK_WITHIN_S)
        known = sorted(one for one in took if one is not None)
        worst = {
            kind: max((one if one is not None else BACK_WITHIN_S) for one in took[n :: len(KINDS)])
            for n, kind in enumerate(KINDS)
            if took[n :: len(KINDS)]
        }
        up = await statuses(self.api)
        lost = sum(up.get(number.id) != "CONNECTED" for number in self.good)
        half = known[len(known) // 2] if known else None
        self.seen.setdefault("comebacks", []).append(
            {"back": len(known), "of": len(took), "half_s": half, "worst_s": worst, "good_ones_lost": lost}
        )
        say({"comeback": self.seen["comebacks"][-1]})

    def _connector_cpu(self) -> float:
        """Return the seconds of processor that the connector has used."""
        pid = self.hub.child("connector")
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def figures(took: Sequence[float]) -> dict[str, float]:
    return {
        "events": len(took),
        **{f"p{n}": round(percentile(took, n / 100), 1) for n in (50, 95, 99)},
        "max": max(took, default=0.0),
    }


def say(what: object) -> None:
    print(time.strftime("%H:%M:%S"), json.dumps(what), flush=True)


async def settle(world: World) -> None:
    """Let each customer write, and an agent take what they wrote: from then on nothing answers by itself."""
    await world.window("seed", 10)
    for conversation in await world.api.conversations():
        await world.api.post(f"/api/conversations/{conversation['id']}/assign")


async def measure(world: World) -> None:
    asked = world.asked
    say({"linking": len(world.good) + len(world.hanging)})
    began = time.monotonic()
    await link_all([*world.good, *world.hanging], world.api, world.whatsapp)
    say({"linked_s": round(time.monotonic() - began, 1)})
    await settle(world)
    if asked.wait_for:
        say({"waiting_for": str(asked.wait_for)})
        while not asked.wait_for.exists():
            await asyncio.sleep(0.5)
    await world.window("warm", asked.warm)
    for _ in range(asked.turns):
        await world.phase("without", asked.without)
        await world.hang()
        await world.phase("beside", asked.beside)
        await world.put_right()
    await world.phase("without_again", asked.again)


async def main(asked: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="hub-hanging-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user when we are root
        root, pem = prepare.root_key(folder), prepare.certificate(folder)
        environment = {
            "PYTHONPATH": str(prepare.library(folder, root)),
            "SSL_CERT_FILE": str(pem),
            "MAX_INSTANCES": "1000",
            "STAGGERED_BOOT_DELAY_MS": "50",
            "WHATSAPP_RECONNECT_ATTEMPTS": "0",
        }
        async with (
            WhatsApp(asked.program, root, pem) as whatsapp,
            Doors(pem) as doors,
            Hub(folder, "serve", **environment) as hub,
            Api(hub) as api,
            Observers(hub.port, api.token, SOCKETS) as observers,
            AsyncExitStack() as open_ways,
        ):
            ways = [Way(whatsapp.port, doors) for _ in range(asked.good + asked.hanging)]
            for way in ways:
                await way.open()
                open_ways.callback(way.close)
            numbers = [Number(f"55118{n:08d}", way) for n, way in enumerate(ways)]
            good, hanging = numbers[: asked.good], numbers[asked.good :]
            await api.department("Atendimento", is_root=True)
            world = World(hub, api, whatsapp, observers, good, hanging, asked)
            try:
                await measure(world)
            finally:
                BUILD.mkdir(exist_ok=True)
                (BUILD / "hanging.json").write_text(json.dumps(world.seen, indent=1))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.hanging",
        description=benchmarks.hanging.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("program", type=Path, metavar="SERVER.cjs")
    parser.add_argument("--good", type=int, default=50)
    parser.add_argument("--hanging", type=int, default=100)
    parser.add_argument("--rate", type=float, default=20.0, help="messages a second to the good ones")
    parser.add_argument("--turns", type=int, default=1, help="how often without, beside and put right")
    parser.add_argument("--without", type=float, default=300.0, help="seconds")
    parser.add_argument("--beside", type=float, default=600.0)
    parser.add_argument("--again", type=float, default=100.0, help="without, once more at the end")
    parser.add_argument("--warm", type=float, default=20.0)
    parser.add_argument("--window", type=float, default=50.0)
    parser.add_argument("--wait-for", type=Path, help="measure once this file is there: the machine is quiet")
    return parser.parse_args()


if __name__ == "__main__":
    uvloop.run(main(arguments()))
