"""Customers who wait: for somebody who comes online, beyond the company's target."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.integration.console.conftest import ADMIN, Open, Site
from tests.integration.console.test_inbox import phone

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOOKED_AFTER_MS = 120_000
"""The hub looks for what is overdue twice a minute."""


async def test_who_comes_online_gets_the_oldest(site: Site, open_window: Open) -> None:
    named = f"Queueing {uuid4().hex[:4]}"
    department = await site.department(named)
    await site.call("PATCH", f"/api/departments/{department}", {"maxConversations": 1})
    session_id, numbers = await site.sandbox("queueing"), [phone(), phone()]
    for number, name in zip(numbers, ("Olaf Oldest", "Yara Youngest"), strict=True):
        await site.writes(session_id, number, "hello", name)
        await site.writes(session_id, number, named)
        await _in_the_queue(site, number, department)
    first = await open_window(await site.agent("Fay First", department))
    second = await open_window(await site.agent("Sid Second", department))
    await first.be("Online")
    await expect(first.row("Olaf Oldest")).not_to_contain_text(named)
    await expect(first.row("Yara Youngest")).to_have_count(0)
    await first.row("Olaf Oldest").click()
    await expect(first.page.locator(".chat-who")).to_contain_text("You")
    await second.be("Online")
    await expect(second.row("Yara Youngest")).to_be_visible()


async def test_what_is_not_answered_in_time_goes_on_to_another_with_the_reason(site: Site, open_window: Open) -> None:
    named = f"Leading on {uuid4().hex[:4]}"
    department = await site.department(named)
    await site.call("PATCH", f"/api/departments/{department}", {"maxConversations": 1})
    first = await open_window(await site.agent("Lea Late", department))
    second = await open_window(await site.agent("Ned Next", department))
    await first.be("Online")
    session_id, number = await site.sandbox("leading on"), phone()
    await site.writes(session_id, number, "hello", "Otto Overdue")
    await site.writes(session_id, number, named)
    await first.row("Otto Overdue").click()
    await expect(first.page.locator(".chat-who")).to_contain_text("You")
    await second.be("Online")
    conversation = await site.conversation_of(number)
    async with site.database() as database:
        overdue = "UPDATE pooled.conversations SET timeout_at = now() - interval '1 s' WHERE id = $1"
        await database.execute(overdue, conversation["id"])
    await expect(first.page.locator(".chat-who")).to_contain_text("Ned Next", timeout=LOOKED_AFTER_MS)
    await second.row("Otto Overdue").click()
    await expect(second.page.locator(".chat-who")).to_contain_text("You")
    await expect(second.page.locator(".chat-reason")).to_contain_text("not answered in time")
    await expect(second.page.locator(".chat-reason")).to_contain_text("Ned Next")


async def _in_the_queue(site: Site, number: str, department: str) -> None:
    for _ in range(100):
        found = await site.conversation_of(number)
        if found["departmentId"] == department:
            return
    raise AssertionError(f"{number} is not in the department")


async def test_a_target_that_nears_and_is_missed_is_seen_heard_of_and_found(site: Site, open_window: Open) -> None:
    named = f"Punctual {uuid4().hex[:4]}"
    department = await site.department(named)
    await site.call("PATCH", f"/api/departments/{department}", {"firstResponseTargetMinutes": 60})
    session_id, number = await site.sandbox("targets"), phone()
    await site.writes(session_id, number, "hello", "Tess Target")
    await site.writes(session_id, number, named)
    await _in_the_queue(site, number, department)
    window = await open_window(ADMIN[0])
    page, row = window.page, window.row("Tess Target")
    await page.goto(f"{site.url}/dashboard?view=all&number={session_id}")
    await expect(row.locator(".row-marks")).to_contain_text(re.compile(r"Due (1 h|\d+ min)"))
    conversation = await site.conversation_of(number)
    await _due(site, conversation, due="now() + interval '5 min'", warn="now() - interval '1 s'")
    await _bell_says(page, "Target nearly due")
    await _due(site, conversation, due="now() - interval '1 min'", warn="now() - interval '2 min'")
    await _bell_says(page, "Target missed")
    await expect(row).to_contain_text("late")
    await page.get_by_role("button", name="Order and filters").click()
    await page.get_by_role("menuitemradio", name="Target missed").click()
    await expect(page.locator(".row")).to_have_count(1)
    await expect(row).to_be_visible()


async def _due(site: Site, conversation: dict[str, Any], due: str, warn: str) -> None:
    """Let time pass for a conversation's target."""
    async with site.database() as database:
        await database.execute(
            f"UPDATE pooled.conversations SET first_response_due_at = {due}, first_response_warn_at = {warn},"
            " target_look_at = now() - interval '1 s' WHERE id = $1",
            conversation["id"],
        )


async def _bell_says(page: Any, kind: str) -> None:
    await expect(page.get_by_role("button", name="new notifications")).to_be_visible(timeout=LOOKED_AFTER_MS)
    entry = page.locator(".menu [role=menuitem]", has_text=kind).filter(has_text="Tess Target")
    await expect(entry.first).to_be_attached(timeout=LOOKED_AFTER_MS)
