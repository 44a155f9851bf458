"""Nothing is missed and nothing is sent twice: the network goes and comes back, the API is killed."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Route, expect

from tests.integration.console.conftest import ADMIN, Open, Site, Window
from tests.integration.console.test_inbox import phone, until_shown

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def shows_all(window: Window, site: Site, conversation_id: str) -> None:
    """Wait until the chat shows what the hub has, in its order."""
    wanted: list[str] = []
    seen: list[str] = []
    for _ in range(200):
        wanted = [text.strip() for text in await site.texts_of(conversation_id)]
        seen = [text.strip() for text in await window.bubbles()]
        if len(seen) == len(wanted) and all(map(is_shown_as, wanted, seen)):
            return
        await asyncio.sleep(0.1)
    assert seen == wanted


def is_shown_as(text: str, seen: str) -> bool:
    """Whether this is the text, or its beginning: long ones, as a menu of many departments, are folded."""
    return seen == text or (seen.endswith("…") and text.startswith(seen[:-1].strip()))


async def test_what_came_while_the_network_was_away_is_there(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("away"), phone()
    await site.writes(session_id, number, "one", "Olga Off")
    conversation = await site.conversation_of(number)
    window = await open_window(ADMIN[0])
    await window.row("Olga Off").click()
    await expect(window.page.locator(".bubble.in")).to_have_count(1)
    await window.context.set_offline(True)
    for n in range(12):
        await site.writes(session_id, number, f"meanwhile {n}")
    await window.context.set_offline(False)
    await shows_all(window, site, conversation["id"])


async def test_what_is_written_offline_is_sent_once_and_in_order(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("outbox"), phone()
    await site.writes(session_id, number, "one", "Wanda Write")
    conversation = await site.conversation_of(number)
    window = await open_window(ADMIN[0])
    await window.row("Wanda Write").click()
    await expect(window.page.locator(".bubble.in")).to_have_count(1)
    await window.context.set_offline(True)
    for text in ("first", "second", "third"):
        await window.write(text)
    await expect(window.page.locator(".bubble.waiting")).to_have_count(3)
    await window.context.set_offline(False)
    await until_shown(site, session_id, number, "third")
    await shows_all(window, site, conversation["id"])
    sent = [text for text in await site.texts_of(conversation["id"]) if text in ("first", "second", "third")]
    assert sent == ["first", "second", "third"]


async def test_the_next_text_goes_when_nothing_but_the_answer_to_the_one_before_comes(
    site: Site, open_window: Open
) -> None:
    session_id, number = await site.sandbox("late answer"), phone()
    await site.writes(session_id, number, "one", "Lara Late")
    window = await open_window(ADMIN[0])
    await window.row("Lara Late").click()
    await expect(window.page.locator(".bubble.in")).to_have_count(1)

    async def answer_late(route: Route) -> None:
        answer = await route.fetch()
        await asyncio.sleep(2)  # whatever the socket says of the message has been said
        await route.fulfill(response=answer)

    await window.page.route("**/api/messages/send", answer_late)
    for text in ("first", "second"):
        await window.write(text)
    await until_shown(site, session_id, number, "second")
    await expect(window.page.locator(".bubble.waiting")).to_have_count(0)


async def test_the_api_is_killed_and_nothing_is_missing(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("killed"), phone()
    await site.writes(session_id, number, "one", "Karl Killed")
    conversation = await site.conversation_of(number)
    window = await open_window(ADMIN[0])
    await window.row("Karl Killed").click()
    await expect(window.page.locator(".bubble.in")).to_have_count(1)
    await window.page.locator(".composer textarea").fill("unfinished")
    site.kill_api()
    for n in range(8):
        await site.writes(session_id, number, f"after the kill {n}")
    await expect(window.page.locator(".connection.live")).to_be_visible(timeout=30_000)
    await shows_all(window, site, conversation["id"])
    await expect(window.page.locator(".composer textarea")).to_have_value("unfinished")
