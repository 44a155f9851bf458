"""Webhook to event on ten sockets: from the moment a webhook was due to the moment each socket has its event."""

from __future__ import annotations

from benchmarks.report import Row
from benchmarks.rows import Size
from benchmarks.rows.customers import Desk

LIMITS_MS = {200: (20.0, 12.0), 400: (40.0, 25.0), 800: (None, 60.0)}


async def rows(desk: Desk, size: Size) -> list[Row]:
    found = await _rounds(desk, size, "")
    if size.slow_commits:
        async with desk.stack.slow_commits():
            found += await _rounds(desk, size, "_slow_commits")
    return found


async def _rounds(desk: Desk, size: Size, suffix: str) -> list[Row]:
    await desk.flow(f"warm{suffix}", size.latency_rates[0], 2)
    p50: dict[int, list[float]] = {}
    p99: dict[int, list[float]] = {}
    for number in range(size.rounds):
        for rate in size.latency_rates:
            flow = await desk.flow(f"lat{rate}r{number}{suffix}", rate, size.latency_s)
            p50.setdefault(rate, []).append(flow.seen.p50_ms)
            p99.setdefault(rate, []).append(flow.seen.p99_ms)
    found = []
    for rate in size.latency_rates:
        reach, stretch = (None, None) if suffix else LIMITS_MS.get(rate, (None, None))
        found.append(Row.of(f"event_p50_at_{rate}{suffix}", p50[rate], "ms", less_is_better=True))
        name = f"event_p99_at_{rate}{suffix}"
        found.append(Row.of(name, p99[rate], "ms", reach=reach, stretch=stretch, less_is_better=True))
    return found
