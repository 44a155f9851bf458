"""The console kept open for minutes while customers write: `make console-long`. Not part of `make test`."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from tests.integration.console.conftest import ADMIN, Open, Site, Window
from tests.integration.console.scenarios.test_background import two_tabs
from tests.integration.console.test_coming_back import shows_all
from tests.integration.console.test_inbox import phone
from tests.integration.console.test_pages import PLACES

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MINUTES = float(os.environ.get("MINUTES", "3"))
CUSTOMERS = 8
GROWN_MB, GROWN_NODES, GROWN_LISTENERS = 10, 2_000, 400
PER_SECOND, AWAY_S, AROUND_S = 50, 30, 10
PARTS = ("first", "second")
BACKGROUND_MINUTES = float(os.environ.get("BACKGROUND_MINUTES", "10"))


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


@dataclass
class Traffic:
    """Customers who write on time, `PER_SECOND` in all; while the hub is away each holds what they have to say."""

    site: Site
    session_id: str
    numbers: list[str]
    written: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        headers = {"Authorization": f"Bearer {self.site.token}"}
        async with httpx.AsyncClient(base_url=self.site.url, timeout=20, trust_env=False, headers=headers) as http:
            await asyncio.gather(*(self._writes(http, n) for n in range(len(self.numbers))))

    async def _writes(self, http: httpx.AsyncClient, n: int) -> None:
        apart, count = len(self.numbers) / PER_SECOND, 0
        began = time.monotonic() + n / PER_SECOND
        while not self.ended.is_set():
            await asyncio.sleep(max(0.0, began + count * apart - time.monotonic()))
            body = {"from": self.numbers[n], "text": f"{n} says {count}"}
            while not await self._accepted(http, body):
                await asyncio.sleep(0.2)
            count += 1
            self.written += 1

    async def _accepted(self, http: httpx.AsyncClient, body: dict[str, str]) -> bool:
        try:
            return (await http.post(f"/sandbox/{self.session_id}/messages", json=body)).status_code < 300
        except httpx.TransportError:
            return False


async def test_the_api_is_away_for_half_a_minute_before_three_browsers(site: Site, open_window: Open) -> None:
    session_id, numbers = await site.sandbox("away"), [phone() for _ in range(10)]
    for n, number in enumerate(numbers):
        await site.writes(session_id, number, "hello", f"Away {n}")
    found = [(await site.conversation_of(number))["id"] for number in numbers]
    people = [ADMIN[0], *[await site.agent(f"Witness {n}", role="ADMIN") for n in range(2)]]
    windows = [await open_window(person) for person in people]
    for n, window in enumerate(windows):
        await window.page.goto(f"{site.url}/dashboard/c/{found[n]}?view=all&number={session_id}")
        await expect(window.page.locator(".bubble.in").first).to_be_visible()
    traffic = Traffic(site, session_id, numbers)
    writing = asyncio.create_task(traffic.run())
    await asyncio.sleep(AROUND_S)
    before = traffic.written
    await asyncio.gather(_away(site), _write_offline(windows))
    back = await _answers(site)
    for window in windows:
        await expect(window.page.locator(".connection.live")).to_be_visible(timeout=60_000)
    caught_up_s = time.monotonic() - back
    await asyncio.sleep(AROUND_S)
    traffic.ended.set()
    await writing
    texts = [await _all_texts(site, id) for id in found]
    for n, window in enumerate(windows):
        await _holds_all(window, n, texts)
    print(
        f"{traffic.written} messages, {before} of them before the API was away for {AWAY_S} s; "
        f"missing 0, doubled 0; caught up {caught_up_s:.1f} s after it answered"
    )


async def _away(site: Site) -> None:
    """End the API's process, and each that is started in its place, for `AWAY_S`."""
    ends = time.monotonic() + AWAY_S
    while time.monotonic() < ends:
        with suppress(AssertionError, ProcessLookupError):  # the next one is not there yet
            site.kill_api()
        await asyncio.sleep(0.1)


async def _write_offline(windows: list[Window]) -> None:
    await asyncio.sleep(AWAY_S / 3)
    for n, window in enumerate(windows):
        for part in PARTS:
            await window.write(f"{part}, offline, by {n}")
        await window.page.locator(".composer textarea").fill(f"a draft of {n}")


async def _holds_all(window: Window, n: int, texts: list[list[str]]) -> None:
    """The chat is the database's, what was written offline was sent once, in order, and the draft is there."""
    wanted = texts[n]
    said = [int(text.rpartition(" ")[2]) for text in wanted if " says " in text]
    assert said == list(range(len(said)))
    assert [text for text in wanted if "offline" in text] == [f"{part}, offline, by {n}" for part in PARTS]
    for other, there in enumerate(texts):
        if other != n:
            await expect(window.row(f"Away {other}")).to_contain_text(there[-1])
    assert await _all_shown(window, wanted[-1]) == wanted
    await expect(window.page.locator(".composer textarea")).to_have_value(f"a draft of {n}")


async def _answers(site: Site) -> float:
    """Wait until the hub answers again; return when."""
    async with httpx.AsyncClient(base_url=site.url, timeout=5, trust_env=False) as http:
        while True:
            try:
                if (await http.get("/health")).status_code == 200:
                    return time.monotonic()
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


async def _all_texts(site: Site, conversation_id: str) -> list[str]:
    texts: list[str] = []
    cursor = ""
    while True:
        page = await site.call("GET", f"/api/conversations/{conversation_id}/messages?limit=200{cursor}")
        texts = [message["content"].strip() for message in page["messages"]] + texts
        if not page.get("nextCursor"):
            return texts
        cursor = f"&cursor={page['nextCursor']}"


async def _all_shown(window: Window, last: str) -> list[str]:
    """Read the chat from its beginning, once its last message is there."""
    await expect(window.page.locator(".bubble").last).to_contain_text(last)
    beginning = window.page.get_by_text("Beginning of the conversation")
    for _ in range(400):
        await window.page.locator(".timeline").evaluate("one => { one.scrollTop = 0 }")
        shown = await window.bubbles()
        await window.page.wait_for_timeout(50)
        if await beginning.count() and len(await window.bubbles()) == len(shown):
            return [text.strip() for text in shown]
    raise AssertionError("the beginning is not reached")


async def test_a_tab_in_the_background_stays_online(site: Site, built: None, tmp_path: Path) -> None:
    email = await site.agent("Bea Background", await site.department("Background"))
    async with two_tabs(tmp_path) as (page, front):
        await page.bring_to_front()
        window = Window(site, page.context, page)
        await window.sign_in(email)
        await window.be("Online")
        await front.bring_to_front()
        assert await page.evaluate("document.hidden")
        ends = time.monotonic() + 60 * BACKGROUND_MINUTES
        while time.monotonic() < ends:
            [user] = [u for u in await site.call("GET", "/api/users?limit=200") if u["email"] == email]
            assert user["onlineStatus"] == "ONLINE"
            await asyncio.sleep(10)
