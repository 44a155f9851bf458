"""Pictures of the console's pages, for people to look at: `make screenshots` puts them into build/screenshots."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.integration.console.conftest import ADMIN, ROOT, Open, Site, Window

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FOLDER = ROOT / "build/screenshots"
DESKTOP = {"width": 1440, "height": 900}
SIZES = {"desktop": DESKTOP, "tablet": {"width": 900, "height": 1100}, "phone": {"width": 390, "height": 844}}
PAGES = {
    "guide": "/welcome",
    "numbers": "/dashboard/sessions",
    "people": "/dashboard/users",
    "departments": "/dashboard/departments",
    "replies": "/dashboard/automation/replies",
    "customers": "/dashboard/customers",
    "campaigns": "/dashboard/campaigns",
    "metrics": "/dashboard/metrics",
    "audit": "/dashboard/audit",
    "company": "/dashboard/settings",
    "me": "/settings/me",
    "rules": "/dashboard/automation/rules",
    "texts": "/dashboard/automation/texts",
    "webhooks": "/dashboard/developers/webhooks",
    "keys": "/dashboard/developers/keys",
    "system": "/dashboard/developers/system",
    "events": "/dashboard/events",
    "companies": "/companies",
    "kit": "/kit",
    "reference": "/schema",
}
PEOPLE = (
    ("5511988884821", "Carla Souza", ("Hi! Do you have the *black* ones in 38?", "Sales", "The ones in the window")),
    ("5521977770072", "João Lima", ("Good afternoon", "Support", "My order has not arrived: https://shop.example/123")),
    ("34611223344", "Lucía Pérez", ("Hola", "Sales", "¿Hacen envíos a Valencia?")),
    ("5531966665555", "Marcos Prado", ("Hello", "Support", "The invoice has the wrong name")),
    ("5541955554444", "Beatriz Nunes", ("Hi, what are your hours?",)),
)


async def _furnish(site: Site) -> None:
    """A small company with something to do."""
    sales, support = await site.department("Sales"), await site.department("Support")
    await site.call("PATCH", f"/api/departments/{support}", {"color": "#8A5A00"})
    for name, department in (("Ana Lima", support), ("Paulo Reis", sales)):
        await site.agent(name, department)
    for shortcut, content in (
        ("shipping", "Shipping is free above 200, {{customerName}}."),
        ("hours", "We are open from 9 to 18, Monday to Friday."),
    ):
        await site.call("POST", "/api/quick-replies", {"shortcut": shortcut, "content": content})
    actions = {"labels": ["finance"], "priority": "HIGH", "departmentId": support}
    rule = {"name": "Invoices", "conditions": {"words": ["invoice", "boleto"]}, "actions": actions}
    await site.call("POST", "/api/rules", rule)
    await site.call("POST", "/api/webhooks", {"url": "http://127.0.0.1:9/orders", "events": ["message.*"]})
    await site.call("POST", "/api/api-keys", {"name": "Orders", "scopes": ["read-conversations", "read-metrics"]})
    session_id = await site.sandbox("Counter")
    for number, name, texts in PEOPLE:
        for text in texts:
            await site.writes(session_id, number, text, name)
            await asyncio.sleep(0.6)


async def _chat(window: Window, site: Site, number: str) -> None:
    conversation = await site.conversation_of(number)
    await window.page.goto(f"{site.url}/dashboard/c/{conversation['id']}?view=all")
    await expect(window.page.locator(".bubble.in").first).to_be_visible()


async def _take(window: Window, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    await asyncio.sleep(0.8)
    await window.page.screenshot(path=str(Path(FOLDER) / f"{name}.png"))


async def test_pictures(site: Site, open_window: Open) -> None:
    await _furnish(site)
    window = await open_window(ADMIN[0], viewport=DESKTOP)
    await _chat(window, site, PEOPLE[0][0])
    await window.page.get_by_role("button", name="Take").click()
    await window.write("We do! Shall I keep a pair for you?")
    await expect(window.page.locator(".bubble.out:not(.bot) .ticks.read")).to_be_visible()
    await window.page.get_by_role("tab", name="Note").click()
    await window.write("Prefers to pay by bank slip; @Paulo Reis knows her, she came back twice already.")
    await expect(window.page.locator(".note-line .mention")).to_be_visible()
    await window.page.get_by_role("tab", name="Reply").click()
    await window.page.locator(".chat-head").get_by_role("button", name="Sandbox phone").click()
    for scheme in ("light", "dark"):
        for size, viewport in SIZES.items():
            await _all(site, open_window, f"{scheme}-{size}", {"color_scheme": scheme, "viewport": viewport})
    await _take(window, "console")


async def _all(site: Site, open_window: Open, name: str, options: dict[str, Any]) -> None:
    window = await open_window(**options)
    await window.page.goto(f"{site.url}/login")
    await _take(window, f"{name}-login")
    await window.sign_in()
    await window.page.goto(f"{site.url}/dashboard?view=all")
    await _take(window, f"{name}-inbox")
    await _chat(window, site, PEOPLE[0][0])
    await _take(window, f"{name}-chat")
    await window.page.locator(".composer textarea").fill("/")
    await _take(window, f"{name}-quick-replies")
    await _states(window, name)
    for page, place in PAGES.items():
        await window.page.goto(f"{site.url}{place}")
        await expect(window.page.locator("h1, h2").first).to_be_visible()
        await _take(window, f"{name}-{page}")
    contact = (await site.conversation_of(PEOPLE[0][0]))["contactId"]
    await window.page.goto(f"{site.url}/dashboard/customers/{contact}")
    await expect(window.page.locator(".round").first).to_be_visible()
    await _take(window, f"{name}-customer")


async def _states(window: Window, name: str) -> None:
    """What opens over a chat: completion, menus, dialogs."""
    page = window.page
    box = page.locator(".composer textarea")
    await box.fill(":hear")
    await expect(page.locator(".picker.of-emoji")).to_be_visible()
    await _take(window, f"{name}-emoji")
    await box.fill("I shall write again tomorrow.")
    await page.get_by_role("button", name="Send later").click()
    await _take(window, f"{name}-later")
    await page.keyboard.press("Escape")
    await box.fill("")
    await page.get_by_role("tab", name="Note").click()
    await box.fill("Please look, @")
    await expect(page.locator(".picker.of-person")).to_be_visible()
    await _take(window, f"{name}-note")
    await box.fill("")
    await page.get_by_role("tab", name="Reply").click()
    await page.locator(".chat-head").get_by_role("button", name="More", exact=True).click()
    await _take(window, f"{name}-menu")
    await page.get_by_role("menuitem", name="Transfer").click()
    await _take(window, f"{name}-transfer")
    await page.keyboard.press("Escape")
    await page.keyboard.press("ControlOrMeta+k")
    await expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
    await page.get_by_role("dialog").get_by_role("combobox").fill("car")
    await _take(window, f"{name}-palette")
    await page.keyboard.press("Escape")
    await page.goto(f"{window.site.url}/dashboard?view=all")
    await page.locator(".list-views .menu-anchor > button").click()
    await _take(window, f"{name}-views")
    await page.keyboard.press("Escape")
    await page.locator(".list-search > .icon-button").click()
    await _take(window, f"{name}-new")
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await _take(window, f"{name}-shortcuts")
    await page.keyboard.press("Escape")
