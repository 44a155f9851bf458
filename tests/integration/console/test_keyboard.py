"""By the keyboard alone: find, answer, transfer, resolve."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.integration.console.conftest import ADMIN, Open, Site
from tests.integration.console.test_inbox import phone, until_shown

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def test_a_customer_is_found_answered_passed_on_and_resolved_without_a_mouse(
    site: Site, open_window: Open
) -> None:
    support = await site.department("Keyboard support")
    await site.call("POST", "/api/quick-replies", {"shortcut": "keys", "content": "Hello, {{customerName}}."})
    session_id, number = await site.sandbox("keyboard"), phone()
    await site.writes(session_id, number, "Is anybody there?", "Kira Keys")
    window = await open_window(ADMIN[0])
    page, keys = window.page, window.page.keyboard
    await expect(window.row("Kira Keys")).to_be_visible()
    await keys.press("Control+k")
    await keys.type("kira")
    await expect(page.get_by_role("option", name="Kira Keys").first).to_be_visible()
    await keys.press("Enter")
    await expect(page.locator(".bubble.in").first).to_contain_text("Is anybody there?")
    await _out_of_the_composer(page)
    await keys.press("a")
    await expect(page.locator(".chat-who")).to_contain_text("You")
    await keys.press("c")
    await keys.type("/keys")
    await expect(page.get_by_role("option", name="/keys").first).to_be_visible()
    await keys.press("Enter")
    await expect(page.locator(".composer textarea")).to_have_value("Hello, Kira Keys.")
    await keys.press("Enter")
    await until_shown(site, session_id, number, "Hello, Kira Keys.")
    await _out_of_the_composer(page)
    await keys.press("t")
    await keys.press("Tab")
    await expect(page.get_by_role("dialog")).to_be_visible()
    for _ in range(20):
        await keys.press("ArrowDown")
        if await page.get_by_role("dialog").get_by_label("Keyboard support").is_checked():
            break
    await page.get_by_role("dialog").get_by_label("Keyboard support").press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert (await site.conversation_of(number))["departmentId"] == support
    await _out_of_the_composer(page)
    await keys.press("y")
    await expect(page.locator(".chat-head").get_by_role("button", name="Reopen")).to_be_visible()


async def _out_of_the_composer(page: Page) -> None:
    """Go back by Shift+Tab until what is typed is no text."""
    for _ in range(5):
        if not await page.evaluate("document.activeElement.matches('textarea, input')"):
            return
        await page.keyboard.press("Shift+Tab")
    raise AssertionError("the composer keeps the focus")


async def test_shortcuts_are_listed_and_lead_to_every_place(site: Site, open_window: Open) -> None:
    window = await open_window(ADMIN[0])
    page, keys = window.page, window.page.keyboard
    await keys.press("?")
    await expect(page.get_by_role("dialog", name="Shortcuts")).to_contain_text("palette")
    await keys.press("Escape")
    for letter, heading in (("a", "Quick replies"), ("d", "Webhooks"), ("n", "Numbers"), ("s", "Company")):
        await keys.press("g")
        await keys.press(letter)
        await expect(page.get_by_role("heading", level=1)).to_have_text(heading)
