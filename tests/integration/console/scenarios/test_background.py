"""A tab that nobody looks at: its timers hardly run, and the person stays online."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserType, Error, Page, async_playwright, expect

from tests.integration.console.conftest import ARGUMENTS, CHROMIUM, Site, Window
from tests.integration.console.test_inbox import phone
from tests.integration.http.conftest import free_port

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AT_ONCE = "--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/1"
"""Chromium wakes a hidden tab's timers once a minute, after five minutes: here after a second."""
PINGED_WITHIN_S = 60
COUNT = "window.__ticks = 0; setInterval(() => { window.__ticks += 1; }, 100)"


@asynccontextmanager
async def two_tabs(folder: Path, *more: str) -> AsyncIterator[tuple[Page, Page]]:
    """Two tabs of one window, in a browser as people have it: Playwright's own would keep each tab as if in sight."""
    port = free_port()
    flags = [
        "--headless",
        f"--remote-debugging-port={port}",
        f"--user-data-dir={folder}",
        "--lang=en-GB",
        "--accept-lang=en-GB",
    ]
    with (folder / "chromium.log").open("wb") as log:
        command = [str(CHROMIUM), *flags, *ARGUMENTS, *more, "about:blank"]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        async with async_playwright() as playwright:
            browser = await _connected(playwright.chromium, port)
            context = browser.contexts[0]
            yield context.pages[0], await context.new_page()
            await browser.close()
    finally:
        process.terminate()
        process.wait(30)


async def _connected(chromium: BrowserType, port: int) -> Browser:
    for _ in range(300):
        try:
            return await chromium.connect_over_cdp(f"http://127.0.0.1:{port}", no_defaults=True)
        except Error:
            await asyncio.sleep(0.2)
    raise AssertionError("chromium did not start")


async def test_a_hidden_tab_keeps_its_person_online_and_shows_what_came(
    site: Site, built: None, tmp_path: Path
) -> None:
    named = f"Behind {time.time_ns() % 10_000}"
    email = await site.agent("Bea Behind", await site.department(named))
    async with two_tabs(tmp_path, AT_ONCE) as (page, front):
        await page.bring_to_front()
        window = Window(site, page.context, page)
        await window.sign_in(email)
        await window.be("Online")
        await front.bring_to_front()
        assert await page.evaluate("document.hidden")
        await page.evaluate(COUNT)
        began = time.monotonic()
        for _ in range(2):
            await _is_heard_again(site, email)
        session_id, number = await site.sandbox("behind"), phone()
        await site.writes(session_id, number, "hello", "Bianca Behind")
        await site.writes(session_id, number, named)
        await expect(page.locator(".row", has_text="Bianca Behind")).to_be_attached(timeout=90_000)
        ticks = int(await page.evaluate("window.__ticks"))
        assert ticks < (time.monotonic() - began) * 2, "its timers are not throttled: this shows nothing"


async def _is_heard_again(site: Site, email: str) -> None:
    asked = "SELECT last_heartbeat FROM hub.users WHERE email = $1 AND online_status = 'ONLINE'"
    async with site.database() as database, asyncio.timeout(PINGED_WITHIN_S):
        before = await database.fetchval(asked, email)
        assert before is not None
        while (await database.fetchval(asked, email) or before) <= before:
            await asyncio.sleep(0.2)
