"""Pictures are shown by themselves, one after the other; sounds are played as fast as one listens."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.integration.console.conftest import ADMIN, Open, Site, Window
from tests.integration.console.scenarios.test_answering import PASTED, PICTURE
from tests.integration.console.test_inbox import phone
from tests.integration.console.test_pages import faults

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGE = 50
"""So many messages a chat reads at once."""


async def send_picture(window: Window, caption: str) -> None:
    page = window.page
    await page.evaluate(PASTED, PICTURE)
    await expect(page.locator(".uploads li")).to_have_count(1)
    await page.locator(".composer textarea").fill(caption)
    await page.locator(".composer").get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator(".uploads")).to_have_count(0)
    await expect(page.locator(".bubble.out", has_text=caption).locator(".picture")).to_be_visible()


async def test_the_next_and_the_previous_picture_are_shown_also_where_they_are_not_loaded_yet(
    site: Site, open_window: Open
) -> None:
    session_id, number = await site.sandbox("pictures"), phone()
    await site.writes(session_id, number, "send me pictures", "Pia Pictures")
    window = await open_window(ADMIN[0])
    page = window.page
    await window.row("Pia Pictures").click()
    await send_picture(window, "the first")
    for n in range(PAGE + 5):
        await site.writes(session_id, number, f"text {n}")
    for caption in ("the second", "the third"):
        await send_picture(window, caption)
    await page.reload()
    last = page.locator(".bubble.out", has_text="the third")
    await expect(last).to_be_visible()
    await expect(page.locator(".bubble", has_text="the first")).to_have_count(0)
    await last.locator(".picture").click()
    viewer = page.get_by_role("dialog")
    await expect(viewer).to_contain_text("2 of 2")
    await expect(viewer.get_by_role("button", name="Next picture")).to_be_disabled()
    assert await faults(page) == []
    await page.keyboard.press("ArrowLeft")
    await expect(viewer.get_by_role("img", name="the second")).to_be_visible()
    await viewer.get_by_role("button", name="Previous picture").click()
    await expect(viewer.get_by_role("img", name="the first")).to_be_visible()
    await expect(viewer).to_contain_text("1 of 3")
    await expect(viewer.get_by_role("button", name="Previous picture")).to_be_disabled()
    await page.keyboard.press("ArrowRight")
    await expect(viewer).to_contain_text("2 of 3")
    await page.keyboard.press("Escape")
    await expect(viewer).to_have_count(0)


async def test_a_voice_message_is_played_faster_and_the_next_one_too(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("speeds"), phone()
    await site.writes(session_id, number, "tell me", "Speranza Speed")
    window = await open_window(ADMIN[0])
    page = window.page
    await window.row("Speranza Speed").click()
    for _ in range(2):
        await page.get_by_role("button", name="Record a voice message").click()
        await expect(page.get_by_role("timer")).to_have_text("0:01")
        await page.get_by_role("button", name="Done").click()
        await page.locator(".composer").get_by_role("button", name="Send", exact=True).click()
        await expect(page.locator(".uploads")).to_have_count(0)
    sounds = page.locator(".bubble.out .sound")
    await expect(sounds).to_have_count(2)
    for said, rate in (("Speed 1.5×", 1.5), ("Speed 2×", 2), ("Speed 1×", 1), ("Speed 1.5×", 1.5)):
        await sounds.first.get_by_role("button").click()
        await expect(sounds.last.get_by_role("button", name=said)).to_be_visible()
        rates = "all => all.map((one) => [one.playbackRate, one.defaultPlaybackRate])"
        assert await page.locator(".bubble audio").evaluate_all(rates) == [[rate, rate]] * 2
    await page.locator(".bubble audio").last.evaluate("one => one.play()")
    assert await page.locator(".bubble audio").last.evaluate("one => one.playbackRate") == 1.5
