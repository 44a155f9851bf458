"""The network is cut, the laptop sleeps, the log is trimmed, a tab is closed or dies: nothing is lost or doubled."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, expect

from tests.integration.console.conftest import ADMIN, Open, Site
from tests.integration.console.test_coming_back import shows_all
from tests.integration.console.test_inbox import phone, until_shown

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CUT = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
CUSTOMERS, MODES = 12, ("Reply", "Note")


async def test_a_cut_network_a_frozen_page_and_a_jump_of_the_clock(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("asleep"), phone()
    await site.writes(session_id, number, "one", "Sven Sleeps")
    conversation = await site.conversation_of(number)
    window = await open_window(ADMIN[0])
    page = window.page
    await window.row("Sven Sleeps").click()
    await expect(page.locator(".bubble.in")).to_have_count(1)
    await page.locator(".composer textarea").fill("unfinished")
    devtools = await window.context.new_cdp_session(page)
    await devtools.send("Network.enable")
    await devtools.send("Network.emulateNetworkConditions", CUT)
    await site.writes(session_id, number, "while it is cut")
    await devtools.send("Network.emulateNetworkConditions", {**CUT, "offline": False})
    await shows_all(window, site, conversation["id"])
    # asleep: no script runs, and half a day later by the clock it wakes up
    await devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
    for n in range(5):
        await site.writes(session_id, number, f"while it sleeps {n}")
    await devtools.send("Page.setWebLifecycleState", {"state": "active"})
    await page.evaluate("{ const now = Date.now; Date.now = () => now() + 12 * 3_600_000 }")
    await shows_all(window, site, conversation["id"])
    await expect(page.locator(".composer textarea")).to_have_value("unfinished")


async def test_where_the_log_no_longer_has_it_all_is_read_anew(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("trimmed"), phone()
    await site.writes(session_id, number, "one", "Tara Trimmed")
    conversation = await site.conversation_of(number)
    window = await open_window(ADMIN[0])
    page = window.page
    await window.row("Tara Trimmed").click()
    await expect(page.locator(".bubble.in")).to_have_count(1)
    await page.locator(".composer textarea").fill("unfinished")
    await window.context.set_offline(True)
    for n in range(5):
        await site.writes(session_id, number, f"meanwhile {n}")
    async with site.database() as database:
        await database.execute("DELETE FROM hub.events WHERE position < (SELECT position FROM hub.sequencer)")
    site.kill_api()  # which remembers the newest of them
    await site.writes(session_id, number, "after it")
    await window.context.set_offline(False)
    await expect(page.get_by_text("everything was read anew")).to_be_visible(timeout=30_000)
    await shows_all(window, site, conversation["id"])
    await expect(window.row("Tara Trimmed")).to_contain_text("after it")
    await expect(page.locator(".composer textarea")).to_have_value("unfinished")


async def test_what_was_written_offline_outlives_its_tab(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("closed tab"), phone()
    await site.writes(session_id, number, "one", "Clara Closed")
    conversation = await site.conversation_of(number)
    window = await open_window(ADMIN[0])
    await window.row("Clara Closed").click()
    await expect(window.page.locator(".bubble.in")).to_have_count(1)
    await window.context.set_offline(True)
    said = ("the first", "the second", "the third")
    for text in said:
        await window.write(text)
    await expect(window.page.locator(".bubble.waiting")).to_have_count(3)
    await window.page.close()
    await window.context.set_offline(False)
    window.page = await window.context.new_page()
    await window.page.goto(f"{site.url}/dashboard/c/{conversation['id']}?view=all")
    await until_shown(site, session_id, number, "the third")
    await shows_all(window, site, conversation["id"])
    assert tuple(text for text in await site.texts_of(conversation["id"]) if text in said) == said


async def test_drafts_of_twelve_conversations_outlive_reload_crash_and_window(site: Site, open_window: Open) -> None:
    session_id, numbers = await site.sandbox("twelve"), [phone() for _ in range(CUSTOMERS)]
    await asyncio.gather(*(site.writes(session_id, one, "hello", f"Dozen {n:02}") for n, one in enumerate(numbers)))
    found = [(await site.conversation_of(number))["id"] for number in numbers]
    window = await open_window(ADMIN[0])
    for id in found:
        await window.page.locator(f".row[href*='{id}']").click()
        for mode in MODES:
            await window.page.get_by_role("tab", name=mode).click()
            await window.page.locator(".composer textarea").fill(f"{mode} to {id}")
    await window.page.reload()
    await _has_drafts(window.page, site, found)
    devtools = await window.context.new_cdp_session(window.page)
    crashed = asyncio.get_running_loop().create_future()
    window.page.once("crash", lambda _: crashed.set_result(None))
    sent = asyncio.create_task(devtools.send("Page.crash"))
    await asyncio.wait_for(crashed, 20)
    sent.cancel()
    await window.page.close()
    other = await window.context.new_page()
    await other.goto(f"{site.url}/dashboard?view=all&number={session_id}")
    await expect(other.locator(".row .draft")).to_have_count(CUSTOMERS)
    await _has_drafts(other, site, found[:3])


async def _has_drafts(page: Page, site: Site, ids: list[str]) -> None:
    for id in ids:
        await page.goto(f"{site.url}/dashboard/c/{id}?view=all")
        for mode in MODES:
            await page.get_by_role("tab", name=mode).click()
            await expect(page.locator(".composer textarea")).to_have_value(f"{mode} to {id}")
