"""What is sent later, emoji by name, a customer's page, saved views, acting for another company."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.integration.console.conftest import ADMIN, Open, Site
from tests.integration.console.test_inbox import phone

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def test_a_message_is_planned_changed_and_cancelled(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("later"), phone()
    await site.writes(session_id, number, "hello", "Lara Later")
    window = await open_window(ADMIN[0])
    page = window.page
    await window.row("Lara Later").click()
    conversation = await site.conversation_of(number)
    box = page.locator(".composer textarea")
    await box.fill("good morning")
    await page.get_by_role("button", name="Send later").click()
    await page.get_by_role("menuitem", name=re.compile("^Tomorrow")).click()
    planned = page.locator(".bubble.later")
    await expect(planned).to_contain_text("good morning")
    await expect(box).to_have_value("")
    waiting = await site.call("GET", f"/api/messages/scheduled?conversationId={conversation['id']}")
    assert [message["content"] for message in waiting] == ["good morning"]

    await page.reload()
    await planned.get_by_role("button", name="Change").click()
    await expect(box).to_have_value("good morning")
    await expect(planned).to_have_count(0)
    await page.get_by_role("button", name="Send later").click()
    await page.get_by_role("menuitem", name="Choose a date and time").click()
    await page.get_by_label("When").fill("2001-01-01T09:00")
    await page.get_by_role("dialog").get_by_role("button", name="Send later").click()
    await expect(page.get_by_text("Choose a time to come, within a year.")).to_be_visible()
    await page.get_by_label("When").fill(f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%dT09:00}")
    await page.get_by_role("dialog").get_by_role("button", name="Send later").click()
    await expect(planned).to_contain_text("good morning")
    await planned.get_by_role("button", name="Cancel the sending").click()
    await expect(planned).to_have_count(0)
    assert await site.call("GET", f"/api/messages/scheduled?conversationId={conversation['id']}") == []


async def test_an_emoji_comes_by_its_name_and_words_become_bold(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("names"), phone()
    await site.writes(session_id, number, "hello", "Nina Name")
    window = await open_window(ADMIN[0])
    page = window.page
    await window.row("Nina Name").click()
    box = page.locator(".composer textarea")
    await box.press_sequentially("at 9:00 :thumbs")
    await expect(page.get_by_role("listbox", name="Emoji by name")).to_contain_text("thumbs up")
    await box.press("Enter")
    await expect(box).to_have_value(re.compile("^at 9:00 👍"))
    await box.fill("soon")
    await box.press("ControlOrMeta+a")
    await box.press("ControlOrMeta+b")
    await expect(box).to_have_value("*soon*")


async def test_what_happened_stands_in_the_chat(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("lines"), phone()
    await site.writes(session_id, number, "hello", "Hana Happening")
    window = await open_window(ADMIN[0])
    page = window.page
    await window.row("Hana Happening").click()
    await page.get_by_role("button", name="Take").click()
    await expect(page.locator(".happened", has_text="Assigned")).to_be_visible()
    await page.locator(".chat-head").get_by_role("button", name="Resolve").click()
    await expect(page.locator(".happened", has_text="Resolved")).to_be_visible()
    await page.reload()
    await expect(page.locator(".happened", has_text="Resolved")).to_be_visible()


async def test_a_customer_has_a_page_with_all_conversations(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("rounds"), phone()
    await site.writes(session_id, number, "the first time", "Rita Rounds")
    first = await site.conversation_of(number)
    await site.call("POST", f"/api/conversations/{first['id']}/assign")
    await site.call("POST", f"/api/conversations/{first['id']}/resolve")
    await site.writes(session_id, number, "again", "Rita Rounds")
    window = await open_window(ADMIN[0])
    page = window.page
    await page.goto(f"{site.url}/dashboard/customers/{first['contactId']}")
    await expect(page.get_by_role("heading", name="Rita Rounds")).to_be_visible()
    await expect(page.locator(".round")).to_have_count(2)
    await page.locator(".round", has_text="Resolved").click()
    await expect(page.locator(".bubble.in", has_text="the first time")).to_be_visible()


async def test_a_view_is_saved_and_is_there_in_another_browser(site: Site, open_window: Open) -> None:
    email = await site.agent("Vera View", role="ADMIN")
    window = await open_window(email)
    page = window.page
    await page.goto(f"{site.url}/dashboard?view=all&sort=due&late=1")
    await page.get_by_role("button", name="Views", exact=True).click()
    await page.get_by_role("menuitem", name="Save this view").click()
    await page.get_by_label("Name of the view").fill("Late ones")
    await page.get_by_role("button", name="Save", exact=True).click()
    other = await open_window(email)
    await other.page.get_by_role("button", name="Views", exact=True).click()
    await other.page.get_by_role("menuitemradio", name="Late ones").click()
    await expect(other.page).to_have_url(re.compile(r"view=all&sort=due&late=1$"))


async def test_a_master_acts_for_another_company(site: Site, open_window: Open) -> None:
    name = f"Other {uuid4().hex[:6]}"
    await site.call("POST", "/api/tenants", {"name": name, "slug": f"o_{uuid4().hex[:8]}"})
    window = await open_window(ADMIN[0])
    page = window.page
    await page.goto(f"{site.url}/companies")
    await page.get_by_role("button", name=f"Actions of {name}").click()
    await page.get_by_role("menuitem", name="Act for this company").click()
    await expect(page.get_by_text(f"You act for {name}.")).to_be_visible()
    await expect(page.locator(".connection.live")).to_be_visible()
    await page.goto(f"{site.url}/dashboard/events")
    await expect(page.get_by_role("heading", name="Events")).to_be_visible()
    await expect(
        page.get_by_text("The log begins here.").or_(page.get_by_role("button", name="Show more"))
    ).to_be_visible()
    await page.get_by_role("button", name="Back to your company").click()
    await expect(page.get_by_text(f"You act for {name}.")).to_have_count(0)
