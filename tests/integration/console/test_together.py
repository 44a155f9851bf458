"""Several people at the same desk: who looks, who writes; what is in the list, however it is filtered."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.integration.console.conftest import ADMIN, Open, Site
from tests.integration.console.test_inbox import phone

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def test_two_at_one_conversation_see_each_other_and_the_same_order(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("both"), phone()
    await site.writes(session_id, number, "hello", "Vera Viewed")
    here, there = await open_window(ADMIN[0]), await open_window(await site.agent("Rui Costa", role="ADMIN"))
    await there.row("Vera Viewed").click()
    await expect(here.row("Vera Viewed").locator(".row-lookers")).to_have_attribute("title", "Rui Costa is looking")
    await here.row("Vera Viewed").click()
    await expect(here.page.locator(".chat-colleagues")).to_contain_text("Rui Costa is looking")
    await there.page.locator(".composer textarea").fill("I am")
    await expect(here.page.locator(".chat-colleagues")).to_contain_text("Rui Costa is writing")
    await here.write("from here")
    question = here.page.get_by_role("alert").filter(has_text="Rui Costa is writing here too")
    await expect(question).to_be_visible()
    assert await here.page.locator(".bubble.out", has_text="from here").count() == 0
    await question.get_by_role("button").first.click()
    await expect(there.page.locator(".bubble.out", has_text="from here")).to_be_visible()
    await there.write("from there")
    for window in (here, there):
        await expect(window.page.locator(".bubble.out", has_text="from there")).to_be_visible()
    assert await here.bubbles() == await there.bubbles()
    await there.page.goto(f"{site.url}/dashboard/metrics")
    await expect(here.page.locator(".chat-colleagues")).to_have_count(0)


async def test_the_list_is_filtered_sorted_and_counted_and_all_of_it_is_in_the_address(
    site: Site, open_window: Open
) -> None:
    session_id, label = await site.sandbox("filters"), f"l{uuid4().hex[:6]}"
    numbers = {name: phone() for name in ("Fila Um", "Fila Dois", "Fila Fim")}
    for name, number in numbers.items():
        await site.writes(session_id, number, "hello", name)
    found = {name: await site.conversation_of(number) for name, number in numbers.items()}
    for name, priority in (("Fila Um", "URGENT"), ("Fila Fim", "NORMAL")):
        change = {"labels": [label], "priority": priority}
        await site.call("PATCH", f"/api/conversations/{found[name]['id']}", change)
    await site.call("POST", f"/api/conversations/{found['Fila Fim']['id']}/archive")
    window = await open_window(ADMIN[0])
    page, rows = window.page, window.page.locator(".row", has_text="Fila")
    await expect(rows).to_have_count(2)
    await page.get_by_role("button", name="Order and filters").click()
    await page.get_by_role("menuitemradio", name="Priority").click()
    await expect(rows.first).to_contain_text("Fila Um")
    await page.get_by_role("button", name="Order and filters").click()
    await page.get_by_role("menuitemradio", name=label).click()
    await expect(page).to_have_url(re.compile(f"sort=priority.*label={label}"))
    await expect(page.locator(".row")).to_have_count(1)
    await page.reload()
    await expect(page.locator(".row")).to_have_count(1)
    await page.goto(f"{site.url}/dashboard?view=resolved&label={label}")
    await expect(page.locator(".row")).to_have_count(1)
    await expect(page.locator(".row")).to_contain_text("Fila Fim")
    counts = await site.call("GET", "/api/conversations/counts")
    shown = page.get_by_role("toolbar", name="Views").get_by_role("button", name="All")
    await expect(shown).to_contain_text(str(counts["all"]))
