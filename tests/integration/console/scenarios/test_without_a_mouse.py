"""Scenarios 3, 4, 6 and 9 with nothing but the keyboard."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.integration.console.conftest import Open, Site, Window
from tests.integration.console.test_inbox import phone, until_shown
from tests.integration.http.conftest import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MOST_STEPS = 90
NAMED = "(document.activeElement.ariaLabel || document.activeElement.innerText || '').trim()"


async def test_a_shift_is_worked_by_keyboard_alone(site: Site, open_window: Open, tmp_path: Path) -> None:
    sales, support = await site.department("Typing sales"), await site.department("Typing support")
    await site.call("PATCH", f"/api/departments/{support}", {"asksRating": True})
    first = await open_window(await site.agent("Kai First", sales))
    second = await open_window(await site.agent("Kim Second", support))
    for window in (first, second):
        await _be_online(window)
    session_id, number = await site.sandbox("typing"), phone()

    # 3: a customer writes and is routed; the row appears, and is opened
    await site.writes(session_id, number, "Do you have it?", "Kora Keyboard")
    await site.writes(session_id, number, "Typing sales")
    await expect(first.row("Kora Keyboard")).to_be_visible()
    await expect(first.page).to_have_title(re.compile(r"^\(1\) "))
    keys = first.page.keyboard
    await keys.press("j")
    await expect(first.page.locator(".bubble.in").first).to_contain_text("Do you have it?")

    # 4: a text, an emoji, a quote, a file; the customer reads it
    await expect(first.page.locator(".composer textarea")).to_be_focused()
    await keys.type("We do")
    await _to(first.page, "Emoji", back=True)
    await keys.press("Enter")
    await keys.type("thumbs up")
    await expect(first.page.locator(".emoji-grid.all").get_by_role("button").first).to_be_visible()
    await _to(first.page, "thumbs up")
    await keys.press("Enter")
    await expect(first.page.locator(".composer textarea")).to_have_value(re.compile("^We do👍"))
    await expect(first.page.locator(".composer textarea")).to_be_focused()
    await keys.press("Enter")
    await expect(first.page.locator(".bubble.out:not(.bot) .ticks.read")).to_be_visible()
    await _to(first.page, "Reply to this", back=True)
    await keys.press("Enter")
    await expect(first.page.locator(".composer-quote")).to_be_visible()
    await expect(first.page.locator(".composer textarea")).to_be_focused()
    await keys.type("That one")
    await keys.press("Enter")
    await expect(first.page.locator(".bubble.out blockquote")).to_be_visible()
    first.page.on("filechooser", lambda _: None)  # from here on choosers are caught, also the one of the next key
    file = tmp_path / "prices.txt"
    file.write_text("the price list")
    await _to(first.page, "Attach files", back=True)
    async with first.page.expect_file_chooser() as chooser:
        await keys.press("Enter")
    await (await chooser.value).set_files(file)
    await _to(first.page, "Send")
    await keys.press("Enter")
    await expect(first.page.locator(".bubble.out .file")).to_contain_text("prices.txt")

    # 6: passed on with a note
    await _out_of_text(first.page)
    await keys.press("t")
    dialog = first.page.get_by_role("dialog", name="Transfer")
    await expect(dialog).to_be_visible()
    await _to(first.page, "", into="input[type=radio]")
    for _ in range(40):
        if await dialog.get_by_label("Typing support").is_checked():
            break
        await keys.press("ArrowDown")
    await _to(first.page, "", into="textarea")
    await keys.type("prefers size 38")
    await _to(first.page, "Transfer")
    await keys.press("Enter")
    await expect(first.page.get_by_text("Choose a conversation")).to_be_visible()
    await expect(second.row("Kora Keyboard")).to_be_visible()
    await second.page.keyboard.press("j")
    await expect(second.page.locator(".note-line")).to_contain_text("prefers size 38")

    # 9: resolved, rated, counted
    await second.page.keyboard.type("Done!")
    await second.page.keyboard.press("Enter")
    await until_shown(site, session_id, number, "Done!")
    await _out_of_text(second.page)
    await second.page.keyboard.press("y")
    await expect(second.page.get_by_text("Conversation resolved.")).to_be_visible()

    async def is_asked() -> bool:
        return any("1" in text and "5" in text for text in await site.shown_on(session_id, number))

    await eventually(is_asked)
    await site.writes(session_id, number, "4")

    async def is_rated() -> bool:
        return bool((await site.conversation_of(number))["rating"] == 4)

    await eventually(is_rated)
    await second.page.keyboard.press("g")
    await second.page.keyboard.press("m")
    await expect(second.page.get_by_role("row").filter(has_text="Kim Second")).to_contain_text("4 (1)")


async def _be_online(window: Window) -> None:
    """By the palette, which stands under Ctrl+K everywhere."""
    keys = window.page.keyboard
    await keys.press("Control+k")
    await expect(window.page.get_by_role("combobox")).to_be_focused()
    await keys.type("online")
    await expect(window.page.get_by_role("option", selected=True)).to_contain_text("Online")
    await keys.press("Enter")
    await expect(window.page.locator(".rail-me .presence.online")).to_be_visible()


async def _to(page: Page, name: str, *, into: str = "", back: bool = False) -> None:
    """Go by Tab until what has the focus is called so, or is of this kind."""
    for _ in range(MOST_STEPS):
        found = await page.evaluate(NAMED)
        if (await page.evaluate(f"document.activeElement.matches({into!r})")) if into else found == name:
            return
        await page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"Tab does not lead to {name or into}")


async def _out_of_text(page: Page) -> None:
    for _ in range(6):
        if not await page.evaluate("document.activeElement.matches('textarea, input')"):
            return
        await page.keyboard.press("Escape")
        await page.keyboard.press("Shift+Tab")
    raise AssertionError("the focus stays in a text")
