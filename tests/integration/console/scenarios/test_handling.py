"""What is done with a conversation, and what the colleague at the other browser sees of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import expect

from tests.integration.console.conftest import ADMIN, Open, Site
from tests.integration.console.test_inbox import phone, until_shown
from tests.integration.http.conftest import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def test_a_transfer_with_a_note_reaches_the_other_and_leaves_the_first(site: Site, open_window: Open) -> None:
    sales, support = await site.department("Handing sales"), await site.department("Handing support")
    first = await open_window(await site.agent("Sol Sales", sales))
    second = await open_window(await site.agent("Tom Support", support))
    session_id, number = await site.sandbox("transfer"), phone()
    await first.be("Online")
    await site.writes(session_id, number, "hello", "Tilda Transfer")
    await site.writes(session_id, number, "Handing sales")
    await first.row("Tilda Transfer").click()
    await expect(first.page.locator(".chat-who")).to_contain_text("You")
    await second.be("Online")
    await first.page.keyboard.press("Escape")
    await first.page.keyboard.press("t")
    dialog = first.page.get_by_role("dialog", name="Transfer")
    await dialog.get_by_label("Handing support").check()
    await dialog.get_by_label("Note for who gets it").fill("wants her money back")
    await dialog.get_by_role("button", name="Transfer").click()
    await expect(first.page.get_by_text("Choose a conversation")).to_be_visible()
    await expect(first.row("Tilda Transfer")).to_have_count(0)
    await second.row("Tilda Transfer").click()
    await expect(second.page.locator(".note-line")).to_contain_text("wants her money back")
    await expect(second.page.locator(".chat-who")).to_contain_text("You")
    assert "wants her money back" not in await site.shown_on(session_id, number)


async def test_a_note_is_live_at_the_colleagues_and_never_on_the_phone(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("live notes"), phone()
    await site.writes(session_id, number, "hello", "Nino Noted")
    here, there = await open_window(ADMIN[0]), await open_window(await site.agent("Nadia Next", role="ADMIN"))
    for window in (here, there):
        await window.row("Nino Noted").click()
    await here.page.get_by_role("tab", name="Note").click()
    await here.write("owes us 40")
    await expect(there.page.locator(".note-line")).to_contain_text("owes us 40")
    await expect(here.page.locator(".composer.note")).to_be_visible()
    await here.write("and 2 more")
    await expect(there.page.locator(".note-line")).to_have_count(2)
    await there.write("good day")
    await until_shown(site, session_id, number, "good day")
    assert not [text for text in await site.shown_on(session_id, number) if "owes" in text or "more" in text]


async def test_labels_priority_name_and_reading_are_seen_on_the_other(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("marks"), phone()
    for text in ("hello", "hello again"):
        await site.writes(session_id, number, text, "Mia Marks")
    here, there = await open_window(ADMIN[0]), await open_window(await site.agent("Mo Marks", role="ADMIN"))
    await expect(there.row("Mia Marks").locator(".badge")).to_contain_text("2")
    await here.row("Mia Marks").click()
    await expect(there.row("Mia Marks").locator(".badge")).to_have_count(0)
    panel = here.page.get_by_role("complementary", name="Customer")
    await panel.get_by_role("button", name="label", exact=True).click()
    await panel.get_by_label("New label").fill("vip")
    await panel.get_by_label("New label").press("Enter")
    await expect(there.row("Mia Marks")).to_contain_text("vip")
    await here.page.get_by_label("Priority").select_option("HIGH")
    await expect(there.row("Mia Marks")).to_contain_text("High")
    await panel.get_by_role("button", name="Rename").click()
    await panel.get_by_label("Name", exact=True).fill("Mia Marques")
    await panel.get_by_label("Name", exact=True).press("Enter")
    await expect(there.row("Mia Marques")).to_contain_text("vip")


async def test_a_resolved_one_is_rated_and_counted(site: Site, open_window: Open) -> None:
    department = await site.department("Rated")
    await site.call("PATCH", f"/api/departments/{department}", {"asksRating": True})
    agent = await open_window(await site.agent("Rex Rated", department))
    await agent.be("Online")
    session_id, number = await site.sandbox("rated"), phone()
    await site.writes(session_id, number, "hello", "Rhea Rates")
    await site.writes(session_id, number, "Rated")
    await agent.row("Rhea Rates").click()
    await agent.write("Done!")
    await until_shown(site, session_id, number, "Done!")
    before = await site.call("GET", "/api/metrics/dashboard?period=24h")
    await agent.page.locator(".chat-head").get_by_role("button", name="Resolve").click()
    await expect(agent.page.get_by_text("Conversation resolved.")).to_be_visible()

    async def is_asked() -> bool:
        return any("1" in text and "5" in text for text in await site.shown_on(session_id, number))

    await eventually(is_asked)
    await site.writes(session_id, number, "5")

    async def is_counted() -> bool:
        ratings = (await site.call("GET", "/api/metrics/dashboard?period=24h"))["ratings"]
        return bool(ratings["count"] == before["ratings"]["count"] + 1)

    await eventually(is_counted)
    await agent.page.goto(f"{site.url}/dashboard/metrics")
    row = agent.page.get_by_role("row").filter(has_text="Rex Rated")
    await expect(row).to_contain_text("5 (1)")


async def test_one_is_reopened_archived_given_back_and_taken_by_one_of_two(site: Site, open_window: Open) -> None:
    department = await site.department("Rounds")
    here = await open_window(await site.agent("Rob Rounds", department))
    there = await open_window(await site.agent("Roy Rounds", department))
    session_id, number = await site.sandbox("rounds"), phone()
    await site.writes(session_id, number, "hello", "Rona Rounds")
    await site.writes(session_id, number, "Rounds")
    for window in (here, there):
        await window.page.goto(f"{site.url}/dashboard?view=all")
        await window.row("Rona Rounds").click()
        await expect(window.page.locator(".chat-head").get_by_role("button", name="Take")).to_be_visible()
    answers = await asyncio.gather(_take(here), _take(there))
    assert sorted(answers) == [200, 409]
    winner, loser = (here, there) if answers[0] == 200 else (there, here)
    await expect(loser.page.locator(".toasts .danger")).to_be_visible()
    await expect(winner.page.locator(".chat-who")).to_contain_text("You")
    await expect(loser.page.locator(".chat-who")).to_contain_text("Rounds · R")
    await _more(winner, "Give back to the queue")
    await expect(loser.page.locator(".chat-who")).to_contain_text("Unassigned")
    assert await _take(winner) == 200
    await winner.page.locator(".chat-head").get_by_role("button", name="Resolve").click()
    await winner.page.locator(".chat-head").get_by_role("button", name="Reopen").click()
    await expect(winner.page.locator(".chat-head").get_by_role("button", name="Reopen")).to_have_count(0)
    await _more(winner, "Archive")
    await expect(loser.page.locator(".chat-who")).to_contain_text("Archived")
    await expect(loser.row("Rona Rounds")).to_have_count(0)


async def _take(window: Any) -> int:
    async with window.page.expect_response("**/assign") as answer:
        await window.page.locator(".chat-head").get_by_role("button", name="Take").click()
    return int((await answer.value).status)


async def _more(window: Any, entry: str) -> None:
    await window.page.locator(".chat-head").get_by_role("button", name="More").click()
    await window.page.get_by_role("menuitem", name=entry).click()
