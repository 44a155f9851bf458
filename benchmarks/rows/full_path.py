"""Webhook → stored → routed → socket event, with a tenth of new customers whose menus are sent: how many a second."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.report import Row
from benchmarks.rows import Size
from benchmarks.rows.customers import Desk, Flow

REACH = 600
BACKLOG_S = 1.0
SETTLE_S = 5.0


async def rows(desk: Desk, size: Size) -> list[Row]:
    """Raise the rate until one is not carried; lower it if the first is not. One stretch, no spread."""
    await desk.flow("warm", size.full_path_rates[0] / 2, SETTLE_S)
    best = await _highest(desk, size, [rate for rate in size.full_path_rates if rate >= REACH])
    if not carries(best):
        best = await _first(desk, size, [rate for rate in reversed(size.full_path_rates) if rate < REACH], best)
    carried = best.rate if carries(best) else 0.0
    return [
        Row.of("full_path", [carried], "msg/s", reach=REACH, stretch=1200),
        Row.of("full_path_backlog_at_end", [backlog_s(best)], "s", reach=BACKLOG_S, less_is_better=True),
        Row.of("full_path_lost", [lost(best)], "messages", reach=0, less_is_better=True),
        Row.of("full_path_p99", [best.seen.p99_ms], "ms"),
    ]


async def _highest(desk: Desk, size: Size, rates: Sequence[int]) -> Flow:
    """Return the last of ascending rates that is carried, or the first one if none is."""
    best = await _stretch(desk, size, rates[0])
    for rate in rates[1:]:
        if not carries(best) or not carries(flow := await _stretch(desk, size, rate)):
            break
        best = flow
    return best


async def _first(desk: Desk, size: Size, rates: Sequence[int], otherwise: Flow) -> Flow:
    """Return the first of descending rates that is carried."""
    for rate in rates:
        otherwise = await _stretch(desk, size, rate)
        if carries(otherwise):
            break
    return otherwise


async def _stretch(desk: Desk, size: Size, rate: int) -> Flow:
    flow = await desk.flow(f"full{rate}", rate, size.full_path_s)
    word = "carried" if carries(flow) else "not carried"
    print(
        f"  {rate} msg/s: {word}; backlog {backlog_s(flow):.2f} s (events {flow.seen.last_after_s:.2f}), "
        f"lost {lost(flow)}, p50 {flow.seen.p50_ms:.0f} ms, p99 {flow.seen.p99_ms:.0f} ms",
        flush=True,
    )
    return flow


def backlog_s(flow: Flow) -> float:
    """Return how long after the last message was due its event and the last reply came."""
    return max(flow.seen.last_after_s, flow.replies_after_s)


def lost(flow: Flow) -> int:
    """Return how many were not accepted, not stored, or not seen by some socket."""
    return max(flow.lost, flow.seen.missing) + flow.outcome.refused + flow.outcome.broken


def carries(flow: Flow) -> bool:
    return lost(flow) == 0 and backlog_s(flow) <= BACKLOG_S
