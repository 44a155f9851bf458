"""Phones to which nothing gets: the reason is said, an unknown outcome is settled by an administrator."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.integration.console.conftest import ADMIN, Open, Site, Window
from tests.integration.http.conftest import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def _at(site: Site, open_window: Open, session_id: str, drill: int, who: str = ADMIN[0]) -> Window:
    number = f"9990000000{drill}"
    await site.writes(session_id, number, "hello", f"Drill {drill}")
    conversation = await site.conversation_of(number)
    window = await open_window(who)
    await window.page.goto(f"{site.url}/dashboard/c/{conversation['id']}?view=all")
    await expect(window.page.locator(".bubble.in").first).to_be_visible()
    return window


async def test_each_way_to_fail_is_said_and_settled(site: Site, open_window: Open) -> None:
    window = await _at(site, open_window, await site.sandbox("rejects"), 1)
    await window.write("to nobody")
    bubble = window.page.locator(".bubble.out", has_text="to nobody")
    await expect(bubble.locator(".fate")).to_contain_text("this phone rejects every message")
    await expect(bubble.get_by_role("button", name="Send again")).to_be_visible()

    window = await _at(site, open_window, await site.sandbox("is away once"), 3)
    await window.write("at the second try")
    bubble = window.page.locator(".bubble.out", has_text="at the second try")
    await expect(bubble.locator(".ticks.read")).to_be_visible(timeout=30_000)

    window = await _at(site, open_window, await site.sandbox("refuses"), 4)
    await window.write("with the wrong key")
    await expect(window.page.locator(".chat .banner")).to_contain_text(
        "the credentials are not accepted", timeout=30_000
    )
    await expect(window.page.locator(".bubble.out", has_text="with the wrong key")).to_contain_text("queued")


async def test_an_unknown_outcome_is_an_administrators_to_settle(site: Site, open_window: Open) -> None:
    await site.department("Failing")  # without one there is no menu
    session_id = await site.sandbox("unknown")
    window = await _at(site, open_window, session_id, 2)
    number = "99900000002"
    menu = window.page.locator(".bubble.out").first
    await expect(menu.locator(".fate.unknown")).to_contain_text("It may have arrived")
    agent = await open_window(await site.agent("Una Unknown"))
    await agent.page.goto(window.page.url)
    theirs = agent.page.locator(".bubble.out").first
    await expect(theirs).to_contain_text("Ask a supervisor to decide.")
    await expect(theirs.get_by_role("button", name="Send anyway")).to_have_count(0)
    assert len(await site.shown_on(session_id, number)) == 1
    await menu.get_by_role("button", name="Send anyway").click()

    async def came_again() -> bool:
        return len(await site.shown_on(session_id, number)) == 2

    await eventually(came_again)
    await menu.get_by_role("button", name="Mark as failed").click()
    await expect(menu.locator(".ticks.failed")).to_be_visible()
    await expect(theirs.locator(".ticks.failed")).to_be_visible()
