"""The console in Debian's chromium, before a hub with conversations: its weight, how soon it is painted, what long use
leaves."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, CDPSession, Page, async_playwright

from benchmarks.hub import ADMIN
from benchmarks.report import Row, percentile
from benchmarks.rows import Size, shift
from benchmarks.rows.customers import Desk

ROOT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage"]
PLACES = (
    "/dashboard/sessions",
    "/dashboard/users",
    "/dashboard/departments",
    "/dashboard/automation/replies",
    "/dashboard/metrics",
    "/dashboard/audit",
    "/dashboard/developers/webhooks",
    "/dashboard/settings",
)
BEFORE = """
window.__asking = 0;
const asked = window.fetch;
window.fetch = (...given) => {
  window.__asking += 1;
  return asked(...given).finally(() => { window.__asking -= 1; });
};
window.__painted = (ready) => new Promise((resolve) => {
  const look = () => ready()
    ? requestAnimationFrame(() => setTimeout(() => resolve(performance.now())))
    : requestAnimationFrame(look);
  look();
});
window.__rows = window.__painted(() => document.querySelectorAll(".row").length >= 10);
"""
REQUESTS = """async () => {
  const painted = await window.__rows;
  return 1 + performance.getEntriesByType("resource").filter((one) => one.startTime < painted).length;
}"""
QUIET = "window.__asking === 0"
OPEN = """async (address) => {
  const link = document.querySelector(`.rail a[href="${address}"]`);
  const begun = performance.now();
  link.click();
  return await window.__painted(() => location.pathname === address && document.querySelector("main h1")) - begun;
}"""
PALETTE = """async () => {
  const begun = performance.now();
  document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "k", ctrlKey: true, bubbles: true}));
  const took = await window.__painted(() => document.querySelector(".palette [role=option]")) - begun;
  document.querySelector("dialog").dispatchEvent(new Event("cancel", {cancelable: true}));
  await window.__painted(() => !document.querySelector("dialog"));
  return took;
}"""
WEIGHT = """() => performance.getEntriesByType("resource")
  .filter((one) => one.name.endsWith(ending)).reduce((sum, one) => sum + one.encodedBodySize, 0) / 1024"""


async def rows(desk: Desk, size: Size) -> list[Row]:
    """Measure with the desk's known customers in the list. Raises CalledProcessError where it does not build."""
    subprocess.run([sys.executable, ROOT / "scripts/build_console.py"], check=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        first = [await _first(browser, desk.hub.port) for _ in range(size.rounds)]
        async with _signed_in(browser, desk.hub.port) as page:
            work = await _work(page, size)
            after = await _long_use(page, size.console_openings)
        await desk.stack.execute("SET session_replication_role = replica", shift.COPIED, shift.SAID, "VACUUM ANALYZE")
        async with _signed_in(browser, desk.hub.port, shift.WATCH) as page:
            worked = await shift.rows(page, desk, size)
        await browser.close()
    return [*_first_rows(first), *work, *after, *worked]


async def _first(browser: Browser, port: int) -> dict[str, float]:
    """Open the login page and then the inbox with nothing cached."""
    async with _signed_in(browser, port) as page:
        inbox_ms = await page.evaluate("window.__rows")
        context = await browser.new_context()
        login = await context.new_page()
        await login.goto(f"http://127.0.0.1:{port}/login")
        await login.get_by_label("E-mail").or_(login.locator("input[type=email]")).first.wait_for()
        paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
        found = {
            "login_painted": float(await login.evaluate(paint)),
            "inbox_painted": float(inbox_ms),
            "login_js": await _weight(login, ".js"),
            "inbox_js": await _weight(page, ".js"),
            "css": await _weight(page, ".css"),
            "requests": float(await page.evaluate(REQUESTS)),
        }
        await context.close()
        return found


async def _weight(page: Page, ending: str) -> float:
    return float(await page.evaluate(WEIGHT.replace("ending", json.dumps(ending))))


@asynccontextmanager
async def _signed_in(browser: Browser, port: int, more: str = "") -> AsyncIterator[Page]:
    """Yield the inbox of a browser whose cookie is the administrator's; `more`: a script of the page besides."""
    url = f"http://127.0.0.1:{port}"
    context: BrowserContext = await browser.new_context(viewport={"width": 1440, "height": 900})
    body = {"email": ADMIN[0], "password": ADMIN[1]}
    answer = await context.request.post(
        f"{url}/api/auth/browser", data=body, headers={"X-Hub-Csrf": "1", "Origin": url}
    )
    if not answer.ok:
        raise RuntimeError(f"signing in: {answer.status}")
    await context.add_init_script(BEFORE + more)
    page = await context.new_page()
    await page.goto(f"{url}/dashboard?view=all")
    await page.locator(".row").first.wait_for()
    yield page
    await context.close()


def _first_rows(found: list[dict[str, float]]) -> list[Row]:
    limits = {
        "login_js": ("kB", 30, 24),
        "inbox_js": ("kB", 110, 90),
        "css": ("kB", 15, 10),
        "requests": ("requests", 12, 9),
        "login_painted": ("ms", None, None),
        "inbox_painted": ("ms", 900, 600),
    }
    return [
        Row.of(f"console_{name}", [one[name] for one in found], unit, reach=reach, stretch=stretch, less_is_better=True)
        for name, (unit, reach, stretch) in limits.items()
    ]


async def _work(page: Page, size: Size) -> list[Row]:
    """Open each page by the rail, for the first time and again, and the palette; each once what the page before asked
    for is there, as for somebody who looks at what they opened."""
    first = [await _opened(page, OPEN, place) for place in PLACES]
    again = [await _opened(page, OPEN, place) for _ in range(size.rounds * 4) for place in PLACES]
    palette = [await _opened(page, PALETTE) for _ in range(size.rounds * 4)]
    return [
        Row.of("console_page_first_p95", [percentile(first, 0.95)], "ms", reach=100, stretch=80, less_is_better=True),
        Row.of("console_page_again_p95", [percentile(again, 0.95)], "ms", reach=50, stretch=30, less_is_better=True),
        Row.of("console_palette_p95", [percentile(palette, 0.95)], "ms", reach=50, stretch=30, less_is_better=True),
    ]


async def _opened(page: Page, script: str, place: str | None = None) -> float:
    took = float(await page.evaluate(script, place))
    await until(page, QUIET)
    return took


async def until(page: Page, condition: str) -> None:
    """Wait for a condition of the page, whose policy forbids Playwright's own way after the first look."""
    while not await page.evaluate(condition):
        await asyncio.sleep(0.02)


async def _long_use(page: Page, openings: int) -> list[Row]:
    """Open pages so many times, and compare what the browser holds after as many before."""
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    for _ in range(5):
        await _walk(page, len(PLACES))
    before = await _held(session)
    await _walk(page, openings)
    after = await _held(session)
    return [
        Row.of("console_heap", [before["JSHeapUsedSize"] / 2**20], "MB", reach=60, stretch=40, less_is_better=True),
        Row.of(
            "console_heap_grown",
            [(after["JSHeapUsedSize"] - before["JSHeapUsedSize"]) / 2**20],
            "MB",
            reach=10,
            stretch=5,
            less_is_better=True,
        ),
        Row.of("console_nodes_grown", [after["Nodes"] - before["Nodes"]], "nodes"),
        Row.of("console_listeners_grown", [after["JSEventListeners"] - before["JSEventListeners"]], "listeners"),
    ]


async def _walk(page: Page, openings: int) -> None:
    for number in range(openings):
        await page.evaluate(OPEN, PLACES[number % len(PLACES)])


async def _held(session: CDPSession) -> dict[str, float]:
    """What the page holds once its garbage is collected."""
    for _ in range(2):
        await session.send("HeapProfiler.collectGarbage")
    found: dict[str, Any] = await session.send("Performance.getMetrics")
    return {one["name"]: float(one["value"]) for one in found["metrics"]}
