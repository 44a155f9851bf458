"""People work in the inbox: a customer writes, it is seen at once, answered, and the customer sees the answer."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.integration.console.conftest import ADMIN, Open, Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def phone() -> str:
    return f"55119{uuid4().int % 10**8:08d}"


async def until_shown(site: Site, session_id: str, number: str, text: str) -> None:
    for _ in range(150):
        if text in await site.shown_on(session_id, number):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{text!r} never reached the phone")


async def test_a_customer_writes_an_agent_answers_and_the_phone_shows_it(site: Site, open_window: Open) -> None:
    department = await site.department("Sales")
    email = await site.agent("Paulo Reis", department)
    session_id, number = await site.sandbox(), phone()
    window = await open_window(email)
    await window.be("Online")
    await site.writes(session_id, number, "Do you have it in 38?", "Carla Souza")
    await site.writes(session_id, number, "Sales")
    row = window.row("Carla Souza")
    await expect(row).to_be_visible()
    await row.click()
    await expect(window.page.locator(".bubble.in").first).to_contain_text("Do you have it in 38?")
    await window.write("We do! Shall I keep it?")
    await until_shown(site, session_id, number, "We do! Shall I keep it?")
    await expect(
        window.page.locator(".bubble.out:not(.bot) .ticks.read, .bubble.out:not(.bot) .ticks.delivered")
    ).to_be_visible()


async def test_a_note_never_reaches_the_customer(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("notes"), phone()
    await site.writes(session_id, number, "hello", "Nora Notes")
    window = await open_window(ADMIN[0])
    await window.row("Nora Notes").click()
    await window.page.get_by_role("tab", name="Note").click()
    await window.write("asks a lot")
    await expect(window.page.locator(".note-line")).to_contain_text("asks a lot")
    await window.page.get_by_role("tab", name="Reply").click()
    await window.write("good morning")
    await until_shown(site, session_id, number, "good morning")
    assert "asks a lot" not in await site.shown_on(session_id, number)


async def test_what_one_does_is_seen_by_the_other(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("two"), phone()
    await site.writes(session_id, number, "hello", "Tina Two")
    here, there = await open_window(ADMIN[0]), await open_window(await site.agent("Ana Lima", role="ADMIN"))
    for window in (here, there):
        await window.row("Tina Two").click()
    await here.page.get_by_role("button", name="Take").click()
    await expect(there.page.locator(".chat-who")).to_contain_text(await _name(site))
    await here.page.get_by_label("Priority").select_option("URGENT")
    await expect(there.row("Tina Two")).to_contain_text("Urgent")
    await here.page.get_by_role("button", name="Resolve").click()
    await expect(there.page.locator(".chat-head").get_by_role("button", name="Reopen")).to_be_visible()


async def _name(site: Site) -> str:
    return str((await site.call("GET", "/api/auth/me"))["name"])


async def test_hostile_names_and_texts_are_shown_and_never_run(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("hostile"), phone()
    name, text = "<img src=x onerror=alert(1)>", "<script>alert(1)</script> javascript:alert(1) *<b>bold</b>*"
    await site.writes(session_id, number, text, name)
    window = await open_window(ADMIN[0])
    await window.row(name).click()
    await expect(window.page.locator(".bubble.in .text")).to_contain_text("<script>alert(1)</script>")
    assert await window.page.locator(".bubble a, .bubble img, .row img").count() == 0


async def test_a_draft_survives_a_reload_and_stands_in_the_list(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("drafts"), phone()
    await site.writes(session_id, number, "hello", "Dora Draft")
    window = await open_window(ADMIN[0])
    await window.row("Dora Draft").click()
    await window.page.locator(".composer textarea").fill("half a sent")
    await window.page.reload()
    await expect(window.page.locator(".composer textarea")).to_have_value("half a sent")
    await window.page.goto(f"{site.url}/dashboard?view=all")
    await expect(window.row("Dora Draft")).to_contain_text("half a sent")
