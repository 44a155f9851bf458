"""Ten thousand conversations, and one of twenty thousand messages."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.integration.console.conftest import Company, Open, Site
from tests.integration.console.test_inbox import phone

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CONVERSATIONS, MESSAGES = 10_000, 20_000
COPIED = """
    WITH people AS (
      INSERT INTO pooled.contacts
      SELECT made.* FROM pooled.conversations c JOIN pooled.contacts k ON k.id = c.contact_id,
        generate_series(1, $2) AS n,
        LATERAL jsonb_populate_record(k, jsonb_build_object('id', gen_random_uuid(), 'name', 'Copy ' || n)) AS made
      WHERE c.id = $1 RETURNING id),
    counted AS (SELECT id, row_number() OVER () AS n FROM people)
    INSERT INTO pooled.conversations
    SELECT made.* FROM pooled.conversations c, counted,
      LATERAL jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(), 'contact_id', counted.id,
        'timeout_at', null, 'target_look_at', null,
        'chat', 'copy' || n, 'customer_phone', (5511900000000 + n)::text, 'customer_name', 'Copy ' || n,
        'unread_count', 0, 'last_message_at', now() - n * interval '1 min',
        'updated_at', now() - n * interval '1 min')) AS made
    WHERE c.id = $1"""
SAID = """
    INSERT INTO pooled.messages OVERRIDING USER VALUE
    SELECT made.* FROM pooled.messages m, generate_series(1, $2) AS n,
      LATERAL jsonb_populate_record(m, jsonb_build_object('id', gen_random_uuid(),
        'content', CASE WHEN n = 30 THEN 'the needle' ELSE 'line ' || n END, 'whatsapp_message_id', 'long.' || n,
        'created_at', m.created_at + n * interval '50 us')) AS made
    WHERE m.id = $1 ORDER BY n"""


STEP = """async () => {
  const next = () => document.querySelector(".row[aria-current]")?.closest("li")?.nextElementSibling;
  while (!next()) await new Promise(requestAnimationFrame);  // below what is painted yet
  const below = next().querySelector(".row-name").textContent;
  const key = { key: "ArrowDown", altKey: true, bubbles: true };
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", key));
  return below;
}"""


@pytest_asyncio.fixture(scope="module")
async def company(site: Site) -> Company:
    """One with ten thousand conversations under way."""
    made = await site.company("Large Ltd")
    session_id = await made.sandbox()
    await made.writes(session_id, phone(), "hello", "Mona Model")
    found: list[dict[str, Any]] = []
    for _ in range(200):
        if found := await made.call("GET", "/api/conversations"):
            break
        await asyncio.sleep(0.1)
    async with site.database() as database:
        await database.execute("SET session_replication_role = replica")
        await database.execute(COPIED, found[0]["id"], CONVERSATIONS)
        await database.execute("ANALYZE pooled.conversations")
    return made


async def test_ten_thousand_are_scrolled_and_walked_while_customers_write(
    site: Site, company: Company, open_window: Open
) -> None:
    window = await open_window(company.email)
    page = window.page
    await page.goto(f"{site.url}/dashboard?view=all")
    rows = page.locator(".row")
    await expect(rows.first).to_be_visible()
    many = re.compile(r"^[5-9]\d{3}$|^\d{5}$")
    await expect(page.locator(".rows li").first).to_have_attribute("aria-setsize", many, timeout=90_000)
    [session] = await company.call("GET", "/api/sessions")
    stop = asyncio.Event()

    async def customers_write() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            await company.writes(session["id"], f"55118{n % 40:08}", f"live {n}", f"Live {n % 40}")

    writing = asyncio.create_task(customers_write())
    try:
        await expect(rows.first).to_contain_text("Live")
        await page.keyboard.press("j")
        here = page.locator(".row[aria-current]")
        await expect(here).to_be_visible()
        walked = []
        for _ in range(12):
            below = await page.evaluate(STEP)  # what stands below is what comes next, whatever is written meanwhile
            await expect(here.locator(".row-name")).to_have_text(below)
            walked.append(below)
        assert len(set(walked)) > 6
        frame = page.locator(".rows")
        for share in (0.25, 0.5, 0.99):
            await frame.evaluate("(rows, share) => { rows.scrollTop = rows.scrollHeight * share }", share)
            await expect(rows.first).to_contain_text("Copy")
            assert await rows.count() <= 80
    finally:
        stop.set()
        await writing


async def test_a_chat_of_twenty_thousand_is_read_to_its_beginning_and_back(
    site: Site, company: Company, open_window: Open
) -> None:
    [model] = await company.call("GET", "/api/conversations?search=Mona%20Model")
    newest = (await company.call("GET", f"/api/conversations/{model['id']}/messages?limit=200"))["messages"]
    async with site.database() as database:
        await database.execute("SET session_replication_role = replica")
        await database.execute(SAID, newest[0]["id"], MESSAGES)
        await database.execute("ANALYZE pooled.messages")
    window = await open_window(company.email)
    page = window.page
    await page.goto(f"{site.url}/dashboard/c/{model['id']}?view=all")
    timeline = page.locator(".timeline")
    await expect(page.locator(".bubble").last).to_be_in_viewport()
    # what is read stays where it is while what is older comes in above it
    for _ in range(5):
        # this very one: what is older may come in above it at any moment
        first = await page.locator(".bubble").first.element_handle()
        assert first is not None
        text = (await first.inner_text()).splitlines()[0]
        await first.scroll_into_view_if_needed()
        await expect(page.locator(".bubble").first).not_to_contain_text(text)
        await expect(page.locator(".bubble", has_text=text).first).to_be_in_viewport()
    await page.keyboard.press("Control+f")
    await page.get_by_label("Search in this conversation").fill("needle")
    await page.locator(".hit").click()
    await expect(page.locator(".hit-here .text")).to_have_text("the needle")
    await expect(page.locator(".hit-here .text")).to_be_in_viewport()
    await timeline.evaluate("(one) => { one.scrollTop = 0 }")
    await expect(page.get_by_text("Beginning of the conversation")).to_be_visible()
    await expect(page.locator(".bubble").first).to_contain_text("hello")
    assert await page.locator(".bubble").count() < 400
    await page.get_by_role("button", name="To the newest").click()
    await expect(page.locator(".bubble").last).to_be_in_viewport()
    await expect(page.get_by_role("button", name="To the newest")).to_have_count(0)
