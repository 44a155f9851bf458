"""A customer writes: it rings once, however many windows are open. The answer: files, a quote, until it is read."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.integration.console.conftest import ADMIN, Open, Site
from tests.integration.console.test_composing import messages_of
from tests.integration.console.test_inbox import phone, until_shown

pytestmark = [pytest.mark.browser, pytest.mark.slow]

COUNT_TONES = """
window.__tones = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) { window.__tones += 1; return start.apply(this, when); };
"""
TONES = 2
"""Of one chime."""
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CAB+GTG8HSALfKY52fTcuYAAAAAElFTkSuQmCC"
PASTED = """(base64) => {
  const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], "pasted.png", { type: "image/png" }));
  const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
  document.querySelector(".composer textarea").dispatchEvent(event);
}"""
DROPPED = """() => {
  const data = new DataTransfer();
  data.items.add(new File(["the price list"], "prices 2026.txt", { type: "text/plain" }));
  const event = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
  document.querySelector(".composer").dispatchEvent(event);
}"""


async def test_it_rings_once_in_three_windows_and_the_title_counts(site: Site, open_window: Open) -> None:
    department = await site.department("Ringing")
    window = await open_window(await site.agent("Rosa Ring", department))
    await window.context.add_init_script(COUNT_TONES)
    pages = [await window.context.new_page() for _ in range(3)]
    for page in pages:
        await page.goto(f"{site.url}/dashboard")
        await expect(page.locator(".connection.live")).to_be_visible()
    await window.page.close()
    await pages[2].locator(".rail-me").click()
    await pages[2].get_by_role("menuitemradio", name="Online").click()
    session_id, number = await site.sandbox("ringing"), phone()
    await site.writes(session_id, number, "Hello", "Bela Bell")
    await site.writes(session_id, number, "Ringing")
    for page in pages:
        await expect(page).to_have_title(re.compile(r"^\(1\) "))
    assert await _tones(pages) == TONES
    await site.writes(session_id, number, "Is anybody there?")
    for page in pages:
        await expect(page.locator(".row", has_text="Bela Bell")).to_contain_text("Is anybody there?")
    assert await _tones(pages) == 2 * TONES


async def _tones(pages: list[Page]) -> int:
    """Count what was heard, once each window has found out whether it is the one that rings."""
    for page in pages:
        await page.evaluate("navigator.locks.query()")
    return sum([int(await page.evaluate("window.__tones")) for page in pages])


async def test_a_pasted_picture_a_dropped_file_and_a_quote_go_out_and_are_read(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("files"), phone()
    await site.writes(session_id, number, "Which of the two?", "Fina Files")
    window = await open_window(ADMIN[0])
    page = window.page
    await window.row("Fina Files").click()
    await expect(page.locator(".bubble.in")).to_be_visible()
    await page.evaluate(PASTED, PICTURE)
    await expect(page.locator(".uploads li")).to_contain_text("pasted.png")
    await page.evaluate(DROPPED)
    await expect(page.locator(".uploads li")).to_have_count(2)
    await page.locator(".composer textarea").fill("Both, with prices")
    await page.locator(".composer").get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator(".uploads")).to_have_count(0)
    await expect(page.locator(".bubble.out .picture")).to_be_visible()
    await expect(page.locator(".bubble.out .file")).to_contain_text("prices 2026.txt")
    await page.locator(".bubble.in").hover()
    await page.locator(".bubble.in").get_by_role("button", name="Reply to this").click()
    await expect(page.locator(".composer-quote")).to_contain_text("Which of the two?")
    await window.write("The second")
    quote = page.locator(".bubble.out", has_text="The second")
    await expect(quote.locator("blockquote")).to_have_text("Which of the two?")
    await until_shown(site, session_id, number, "The second")
    await expect(quote.locator(".ticks.read")).to_be_visible()
    conversation = await site.conversation_of(number)
    sent = [m for m in await messages_of(site, conversation["id"]) if m["direction"] == "OUTBOUND" and not m["isBot"]]
    assert [(m["type"], m["content"]) for m in sent] == [
        ("IMAGE", "Both, with prices"),
        ("DOCUMENT", ""),
        ("TEXT", "The second"),
    ]
