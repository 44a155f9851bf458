"""The console kept open for minutes while customers write: `make console-long`. Not part of `make test`."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

import pytest

from tests.integration.console.conftest import ADMIN, Open, Site, Window
from tests.integration.console.test_coming_back import shows_all
from tests.integration.console.test_inbox import phone
from tests.integration.console.test_pages import PLACES

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MINUTES = float(os.environ.get("MINUTES", "3"))
CUSTOMERS = 8
GROWN_MB, GROWN_NODES, GROWN_LISTENERS = 10, 2_000, 400


async def test_a_desk_that_is_used_for_long_grows_by_nothing_and_misses_nothing(site: Site, open_window: Open) -> None:
    session_id, numbers = await site.sandbox("long"), [phone() for _ in range(CUSTOMERS)]
    for n, number in enumerate(numbers):
        await site.writes(session_id, number, "one", f"Lena Long {n}")
    window = await open_window(ADMIN[0])
    session = await window.page.context.new_cdp_session(window.page)
    await session.send("Performance.enable")
    written, stop = 0, asyncio.Event()

    async def customers_write() -> None:
        nonlocal written
        while not stop.is_set():
            await site.writes(session_id, numbers[written % CUSTOMERS], f"message {written}")
            written += 1
            await asyncio.sleep(0.1)

    writing = asyncio.create_task(customers_write())
    await _tour(window, numbers)
    before = await _held(session)
    ends, tours = time.monotonic() + 60 * MINUTES, 0
    while time.monotonic() < ends:
        await _tour(window, numbers)
        tours += 1
    after = await _held(session)
    stop.set()
    await writing
    grown = {name: after[name] - before[name] for name in after}
    print(f"{tours} tours, {written} messages in {MINUTES} min; before {before}, grown {grown}")
    assert grown["JSHeapUsedSize"] < GROWN_MB * 2**20
    assert grown["Nodes"] < GROWN_NODES
    assert grown["JSEventListeners"] < GROWN_LISTENERS
    for number in numbers[:3]:
        conversation = await site.conversation_of(number)
        await _go(window, f"/dashboard/c/{conversation['id']}?view=all")
        await shows_all(window, site, conversation["id"])


async def _tour(window: Window, numbers: list[str]) -> None:
    """Open every page and some chats, as one does who looks at everything; without a load of the page."""
    for place in PLACES:
        await _go(window, place)
    for n in range(3):
        await _go(window, "/dashboard?view=all")
        await window.row(f"Lena Long {n}").click()
        await window.page.locator(".bubble.in").first.wait_for()


async def _go(window: Window, address: str) -> None:
    script = 'a => { history.pushState(null, "", a); dispatchEvent(new PopStateEvent("popstate")); }'
    await window.page.evaluate(script, address)
    await window.page.locator("h1").first.wait_for(state="attached")


async def _held(session: Any) -> dict[str, float]:
    """What the page holds once its garbage is collected."""
    for _ in range(2):
        await session.send("HeapProfiler.collectGarbage")
    found = {one["name"]: one["value"] for one in (await session.send("Performance.getMetrics"))["metrics"]}
    return {name: found[name] for name in ("JSHeapUsedSize", "Nodes", "JSEventListeners")}
