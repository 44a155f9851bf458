"""What was said is found, in one conversation and in all, and shown where it stands."""

from __future__ import annotations

import asyncio
import re
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.integration.console.conftest import ADMIN, Open, Site
from tests.integration.console.test_inbox import phone

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def test_a_message_far_back_is_found_shown_and_left_again(site: Site, open_window: Open) -> None:
    session_id, number, word = await site.sandbox("found"), phone(), f"zebra{uuid4().hex[:6]}"
    await site.writes(session_id, number, f"Where is the {word}?", "Fred Found")
    conversation = await site.conversation_of(number)
    for part in range(0, 180, 20):
        await asyncio.gather(*(site.writes(session_id, number, f"line {part + n}") for n in range(20)))
    while len(await site.texts_of(conversation["id"])) < 181:
        await asyncio.sleep(0.1)
    window = await open_window(ADMIN[0])
    page = window.page
    await window.row("Fred Found").click()
    await expect(page.locator(".bubble.in").last).to_be_visible()
    assert await page.get_by_text(word).count() == 0
    await page.keyboard.press("Control+f")
    await page.get_by_label("Search in this conversation").fill(word.upper())
    hit = page.locator(".hit")
    await expect(hit).to_have_count(1)
    await expect(hit.locator("mark")).to_have_text(word)
    await hit.click()
    await expect(page.locator(".hit-here .text")).to_have_text(f"Where is the {word}?")
    await expect(page.locator(".hit-here .text")).to_be_in_viewport()
    await site.writes(session_id, number, "written meanwhile")
    while "written meanwhile" not in await site.texts_of(conversation["id"]):
        await asyncio.sleep(0.1)
    await expect(window.row("Fred Found")).to_contain_text("written meanwhile")
    assert await page.locator(".bubble", has_text="written meanwhile").count() == 0
    await page.get_by_role("button", name="To the newest").click()
    await expect(page.locator(".bubble", has_text="written meanwhile")).to_be_in_viewport()
    shown = await window.bubbles()
    assert shown == (await site.texts_of(conversation["id"]))[-len(shown) :]

    await page.goto(f"{site.url}/dashboard?view=all")
    await page.get_by_label("Name or number").fill(word)
    await page.get_by_role("button", name=re.compile("Search messages for")).click()
    await expect(hit).to_contain_text("Fred Found")
    await hit.click()
    await expect(page.locator(".hit-here .text")).to_be_in_viewport()
    await expect(hit).to_have_attribute("aria-current", "true")
