"""Notes for somebody: colleagues are mentioned by an at sign, and an author changes or deletes a note."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.integration.console.conftest import Open, Site
from tests.integration.console.test_inbox import phone
from tests.integration.console.test_pages import faults

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def test_who_is_mentioned_hears_of_it_and_the_author_changes_and_deletes_the_note(
    site: Site, open_window: Open
) -> None:
    sales, support = await site.department("Noting sales"), await site.department("Noting support")
    author, colleague = await site.agent("Nara Noting", sales), await site.agent("Nelson Named", sales)
    await site.agent("Nestor Nowhere", support)
    session_id, number = await site.sandbox("mentions"), phone()
    await site.writes(session_id, number, "hello", "Nilo Noticed")
    await site.writes(session_id, number, "Noting sales")
    here, there = await open_window(author), await open_window(colleague)
    await here.page.goto(f"{site.url}/dashboard?view=all")
    await here.row("Nilo Noticed").click()
    await here.page.get_by_role("tab", name="Note").click()
    box, picker = here.page.locator(".composer textarea"), here.page.get_by_role("listbox", name="Colleagues")
    await box.press_sequentially("please look, @nelson n")
    await expect(picker.get_by_role("option")).to_have_count(1)
    await expect(picker.get_by_role("option")).to_contain_text("Nelson Named")
    await box.press("Enter")
    await expect(box).to_have_value("please look, @Nelson Named ")
    await box.press("Enter")
    await expect(here.page.locator(".note-line .mention")).to_have_text("@Nelson Named")

    bell = there.page.get_by_role("button", name="new notifications")
    await bell.click()
    await there.page.get_by_role("menuitem", name="Somebody mentioned you in a note").first.click()
    note = there.page.locator(".note-line")
    await expect(note).to_contain_text("please look, @Nelson Named")
    await expect(note.get_by_role("button", name="More")).to_have_count(0)
    assert await faults(there.page) == []

    own = here.page.locator(".note-line")
    await own.get_by_role("button", name="More").click()
    await here.page.get_by_role("menuitem", name="Edit the note").click()
    await here.page.get_by_role("dialog").get_by_role("textbox").fill("no need to look")
    await here.page.get_by_role("button", name="Save").click()
    await expect(note).to_contain_text("no need to look")
    await expect(note).to_contain_text("edited")
    await expect(note.locator(".mention")).to_have_count(0)
    await own.get_by_role("button", name="More").click()
    await here.page.get_by_role("menuitem", name="Delete the note").click()
    await here.page.get_by_role("dialog").get_by_role("button", name="Delete the note").click()
    for window in (here, there):
        await expect(window.page.locator(".note-line")).to_have_count(0)
    conversation = await site.conversation_of(number)
    assert await site.call("GET", f"/api/conversations/{conversation['id']}/notes") == []
    assert await site.shown_on(session_id, number) == [
        text for text in await site.shown_on(session_id, number) if "look" not in text
    ]
