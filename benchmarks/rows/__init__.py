"""The rows of the speed table, one file a group. Each is `async def rows(stack, size) -> list[Row]`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """How long to measure: in full, or enough to check that the harness works."""

    rounds: int = 5
    ingest_s: float = 3.0
    full_path_s: float = 60.0
    full_path_rates: tuple[int, ...] = (150, 300, 450, 600, 800, 1000, 1200)
    latency_s: float = 10.0
    latency_rates: tuple[int, ...] = (200, 400, 800)
    known_customers: int = 1000
    fan_out_sockets: int = 1000
    fan_out_s: float = 10.0
    lane_batches: int = 250
    slow_commits: bool = True
    dialling_sessions: tuple[int, ...] = (1, 80, 300, 1000)
    connectors: int = 4
    console_openings: int = 2000


QUICK = Size(
    rounds=1,
    ingest_s=1.5,
    full_path_s=8.0,
    full_path_rates=(150, 300, 600),
    latency_s=4.0,
    latency_rates=(200, 400),
    known_customers=200,
    fan_out_sockets=100,
    fan_out_s=3.0,
    lane_batches=50,
    slow_commits=False,
    dialling_sessions=(1, 20),
    connectors=2,
    console_openings=80,
)
