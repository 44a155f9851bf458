"""For whoever cannot see or hold a mouse, on any screen, in any colours and language."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.integration.console.conftest import ADMIN, Open, Site
from tests.integration.console.test_inbox import phone
from tests.integration.console.test_pages import PLACES

pytestmark = [pytest.mark.browser, pytest.mark.slow]

INBOX = """
- link "Skip to content"
- navigation "Pages":
  - link "First steps"
  - list:
    - listitem:
      - link "Conversations"
- main:
  - heading "Conversations" [level=1]
  - region "List of conversations":
    - toolbar "Views":
      - button /Mine \\d+/
    - searchbox "Name or number"
    - list:
      - listitem:
        - link /Trina Tree/
        - checkbox "Choose Trina Tree"
"""
CHAT = """
- region "Conversation with Trina Tree":
  - heading "Trina Tree" [level=2]
  - log "Messages":
    - article /Customer|Trina Tree/:
      - paragraph: Who reads this to me?
  - region "Reply":
    - tablist "What you write":
      - tab "Reply" [selected]
      - tab "Note"
    - textbox /Write to the customer/
    - button "Send" [disabled]
- complementary "Customer":
  - heading "Customer" [level=2]
"""
WIDER = """() => {
  const wide = document.documentElement.clientWidth;
  const inScroller = (one) => one.closest(".table-frame, pre, .list-views, .tabs, .emoji-grid, .swatches");
  return [...document.querySelectorAll("main *")]
    .filter((one) => one.checkVisibility() && !inScroller(one))
    .filter((one) => !one.closest(".unseen, [aria-hidden=true], ul[style]"))
    .filter((one) => one.getBoundingClientRect().right > wide + 1)
    .slice(0, 4).map((one) => `${one.tagName}.${one.className} ${Math.round(one.getBoundingClientRect().right)}`)
    .concat(document.documentElement.scrollWidth > wide ? [`the page is ${document.documentElement.scrollWidth}`] : []);
}"""


async def test_a_screen_reader_finds_its_way_through_inbox_and_chat(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("tree"), phone()
    await site.writes(session_id, number, "Who reads this to me?", "Trina Tree")
    window = await open_window(ADMIN[0])
    await window.page.goto(f"{site.url}/dashboard?view=all&number={session_id}")
    await expect(window.row("Trina Tree")).to_be_visible()
    await expect(window.page.locator("body")).to_match_aria_snapshot(INBOX)
    await window.row("Trina Tree").click()
    await expect(window.page.locator(".bubble.in")).to_be_visible()
    await expect(window.page.locator("main")).to_match_aria_snapshot(CHAT)
    await site.writes(session_id, number, "And this?")
    await expect(window.page.locator("[aria-live=polite]", has_text="Trina Tree: And this?")).to_be_attached()


@pytest.mark.parametrize(
    ("width", "scale"), [(390, 1), (820, 1), (320, 1), (1280, 4)], ids=["phone", "tablet", "320 px", "400 %"]
)
async def test_every_page_fits_and_a_conversation_is_answered(
    site: Site, open_window: Open, width: int, scale: int
) -> None:
    """At 400 % a window of 1,280 pixels has 320 of the page's."""
    session_id, number, name = await site.sandbox(f"w{width}"), phone(), f"Petra {width}"
    await site.writes(session_id, number, f"A long word: {'x' * 300}", name)
    wide = {"width": width // scale, "height": 844 if scale == 1 else 256}
    window = await open_window(ADMIN[0], viewport=wide, device_scale_factor=scale, has_touch=width == 390)
    page = window.page
    await expect(window.row(name)).to_be_visible()
    await window.row(name).click()
    await expect(page.locator(".bubble.in")).to_be_visible()
    assert await page.evaluate(WIDER) == []
    await window.write("An answer")
    await expect(page.locator(".bubble.out", has_text="An answer")).to_be_visible()
    if width // scale < 700:
        await expect(page.locator(".rows")).not_to_be_visible()
        await page.go_back()
        await expect(window.row(name)).to_contain_text("An answer")
    wrong = {}
    for place in PLACES:
        await _go(page, place)
        if found := await page.evaluate(WIDER):
            wrong[place] = found
    assert wrong == {}


async def _go(page: Page, address: str) -> None:
    """Go to a page of the console without a load, and wait until what it asks for is there."""
    script = 'a => { history.pushState(null, "", a); dispatchEvent(new PopStateEvent("popstate")); }'
    await page.evaluate(script, address)
    await expect(page.locator("main h1").first).to_be_attached()
    await page.wait_for_load_state("networkidle")


async def test_forced_colours_and_reduced_motion_are_kept(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("colours"), phone()
    await site.writes(session_id, number, "hello", "Cora Colours")
    window = await open_window(ADMIN[0], forced_colors="active", reduced_motion="reduce")
    page = window.page
    await window.row("Cora Colours").click()
    await expect(page.locator(".bubble.in")).to_be_visible()
    moving = """() => [...document.querySelectorAll("*")].map((one) => getComputedStyle(one))
      .filter((one) => [...one.transitionDuration.split(","), ...one.animationDuration.split(",")]
        .some((time) => parseFloat(time) > 0.01)).length"""
    assert await page.evaluate(moving) == 0
    edges = """(found) => found.map((one) => document.querySelector(one)).map((one) => {
      const style = getComputedStyle(one);
      return style.borderStyle !== "none" || style.outlineStyle !== "none"; })"""
    assert await page.evaluate(edges, [".bubble.in", ".row[aria-current]", ".composer textarea"]) == [True] * 3
    await page.get_by_role("button", name="Take").first.focus()
    focused = "getComputedStyle(document.activeElement).outlineStyle"
    await page.keyboard.press("Tab")
    assert await page.evaluate(focused) != "none"


async def test_light_and_dark_follow_the_system_and_the_choice(site: Site, open_window: Open) -> None:
    shade = "getComputedStyle(document.body).backgroundColor"
    window = await open_window(ADMIN[0], color_scheme="light")
    page = window.page
    light = await page.evaluate(shade)
    await page.emulate_media(color_scheme="dark")
    dark = await page.evaluate(shade)
    assert light != dark
    await page.goto(f"{site.url}/settings/me")
    await page.get_by_role("button", name="Light", exact=True).or_(page.get_by_label("Light", exact=True)).click()
    assert await page.evaluate(shade) == light
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert await page.evaluate(shade) == light


async def test_every_page_is_in_each_of_three_languages(site: Site, open_window: Open) -> None:
    headings: dict[str, list[str]] = {}
    for locale in ("pt-BR", "en-GB", "es-ES"):
        window = await open_window(locale=locale)
        page = window.page
        await page.goto(f"{site.url}/login")
        await page.locator("input[type=email]").fill(ADMIN[0])
        await page.locator("input[type=password]").fill(ADMIN[1])
        named = {"pt-BR": "Português (Brasil)", "en-GB": "English", "es-ES": "Español"}[locale]
        await page.get_by_role("button", name=named).click()
        await page.locator("form button[type=submit]").click()
        await expect(page.locator("nav.rail")).to_be_visible()
        await expect(page.locator("html")).to_have_attribute("lang", re.compile(locale[:2]))
        headings[locale] = []
        for place in PLACES:
            await _go(page, place)
            headings[locale].append(await page.locator("main h1").first.inner_text())
            assert "undefined" not in await page.locator("body").inner_text()
    portuguese, english, spanish = headings.values()
    alike = [trio for trio in zip(portuguese, english, spanish, strict=True) if len(set(trio)) == 1]
    assert {trio[0] for trio in alike} <= {"Webhooks", "Kit"}
