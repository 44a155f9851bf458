"""What one writes with, and what one does with what was written, and with many conversations at once."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.integration.console.conftest import ADMIN, Open, Site
from tests.integration.console.test_inbox import phone, until_shown

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def messages_of(site: Site, conversation_id: str) -> list[dict[str, Any]]:
    page = await site.call("GET", f"/api/conversations/{conversation_id}/messages?limit=200")
    return list(page["messages"])


async def test_the_writers_name_stands_before_texts_where_the_company_wants_it(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("named"), phone()
    await site.writes(session_id, number, "hello", "Nora Named")
    window = await open_window(ADMIN[0])
    page = window.page
    await page.goto(f"{site.url}/dashboard/settings")
    switch = page.get_by_label("The writer's name before each text to a customer")
    await switch.click()
    await page.get_by_role("button", name="Save").click()
    try:
        await expect(page.get_by_text("Saved.")).to_be_visible()
        await page.goto(f"{site.url}/dashboard?view=all")
        await window.row("Nora Named").click()
        name = (await site.call("GET", "/api/auth/me"))["name"]
        await expect(page.locator(".composer-name")).to_contain_text(name)
        await window.write("good day")
        await until_shown(site, session_id, number, f"*{name}*\ngood day")
        said = page.locator(".bubble.out", has_text="good day")
        await expect(said).to_have_count(1)
        await expect(said.locator(".text strong")).to_have_text(name)
    finally:
        await site.call("PATCH", "/api/companies/me", {"agentNameBeforeTexts": False})


async def test_an_emoji_a_voice_message_an_edit_and_a_deletion(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("tools"), phone()
    await site.writes(session_id, number, "hello", "Vico Voice")
    window = await open_window(ADMIN[0])
    page = window.page
    await window.row("Vico Voice").click()
    conversation = await site.conversation_of(number)
    box = page.locator(".composer textarea")
    await box.fill("good day")
    await page.get_by_role("button", name="Emoji").click()
    await page.get_by_label("Find an emoji").fill("thumbs up")
    await page.locator(".emoji-grid.all").get_by_role("button", name="thumbs up", exact=True).click()
    await expect(box).to_have_value(re.compile("^good day👍"))
    said = await box.input_value()
    await box.press("Enter")
    await until_shown(site, session_id, number, said)

    await page.get_by_role("button", name="Record a voice message").click()
    await expect(page.get_by_role("timer")).to_have_text("0:01")
    await page.get_by_role("button", name="Done").click()
    await expect(page.locator(".uploads audio")).to_be_visible()
    await page.locator(".composer").get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator(".uploads")).to_have_count(0)
    [voice] = [m for m in await messages_of(site, conversation["id"]) if m["type"] == "AUDIO"]
    assert (voice["media"]["mimeType"].split(";")[0], voice["media"]["voice"]) == ("audio/ogg", True)

    bubble = page.locator(".bubble.out", has_text="good day")
    await bubble.hover()
    await bubble.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Edit").click()
    await page.get_by_role("dialog").get_by_role("textbox").fill("good evening")
    await page.get_by_role("button", name="Save").click()
    bubble = page.locator(".bubble.out", has_text="good evening")
    await expect(bubble).to_contain_text("edited")
    await bubble.hover()
    await bubble.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Delete for everyone").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete for everyone").click()
    await expect(page.locator(".bubble.out .revoked")).to_be_visible()
    [text] = [m for m in await messages_of(site, conversation["id"]) if m["revokedAt"]]
    assert text["editedAt"] is not None


async def test_many_conversations_are_labelled_and_resolved_at_once(site: Site, open_window: Open) -> None:
    session_id, numbers = await site.sandbox("many"), [phone() for _ in range(3)]
    for n, number in enumerate(numbers):
        await site.writes(session_id, number, "hello", f"Bulk {n}")
    found = [await site.conversation_of(number) for number in numbers]
    window = await open_window(ADMIN[0])
    page, rows = window.page, window.page.locator("li", has=window.row("Bulk"))
    await page.goto(f"{site.url}/dashboard?view=all&number={session_id}")
    await expect(rows).to_have_count(3)
    await rows.nth(0).hover()
    await rows.nth(0).get_by_role("checkbox").click()
    await rows.nth(2).get_by_role("checkbox").click(modifiers=["Shift"])
    bar = page.get_by_role("toolbar", name="3 chosen")
    await bar.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Label").click()
    await page.get_by_role("dialog").get_by_label("Label").fill("bulk")
    await page.get_by_role("button", name="Add label").click()
    await expect(rows.locator(".chip", has_text="bulk")).to_have_count(3)
    await expect(page.get_by_text("Done for 3.")).to_be_visible()
    await rows.nth(0).hover()
    for n in range(3):
        await rows.nth(n).get_by_role("checkbox").click()
    await bar.get_by_role("button", name="Resolve").click()
    await expect(rows).to_have_count(0)
    closed = await asyncio.gather(*(site.call("GET", f"/api/conversations/{c['id']}") for c in found))
    assert {(c["status"], *c["labels"]) for c in closed} == {("RESOLVED", "bulk")}


async def test_shift_with_j_and_k_chooses_on_and_takes_back(site: Site, open_window: Open) -> None:
    session_id = await site.sandbox("extending")
    for n in range(3):
        await site.writes(session_id, phone(), "hello", f"Extend {n}")
    window = await open_window(ADMIN[0])
    page, rows = window.page, window.row("Extend")
    await page.goto(f"{site.url}/dashboard?view=all&number={session_id}")
    await expect(rows).to_have_count(3)
    await rows.first.click()
    await expect(page.locator(".bubble.in")).to_be_visible()
    await page.keyboard.press("Escape")
    for key, chosen in (("Shift+J", 2), ("Shift+J", 3), ("Shift+K", 2), ("Shift+J", 3)):
        await page.keyboard.press(key)
        await expect(page.get_by_role("toolbar", name=f"{chosen} chosen")).to_be_visible()
    await expect(rows.last).to_have_attribute("aria-current", "true")
