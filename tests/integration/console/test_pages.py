"""Every page, in both themes and on wide and narrow screens, is as WCAG 2.2 AA wants it, by axe."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.integration.console.conftest import ADMIN, ROOT, Open, Site
from tests.integration.console.test_inbox import phone

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = ROOT / "src/whatsapp_hub/adapters/console/app/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PLACES = (
    "/welcome",
    "/dashboard?view=all",
    "/dashboard/sessions",
    "/dashboard/users",
    "/dashboard/departments",
    "/dashboard/customers",
    "/dashboard/campaigns",
    "/dashboard/automation/replies",
    "/dashboard/metrics",
    "/dashboard/audit",
    "/dashboard/settings",
    "/settings/me",
    "/dashboard/automation/rules",
    "/dashboard/automation/texts",
    "/dashboard/developers/webhooks",
    "/dashboard/developers/keys",
    "/dashboard/developers/system",
    "/dashboard/events",
    "/companies",
    "/kit",
)


async def faults(page: Any) -> list[str]:
    """What axe finds: the rule, and where."""
    await page.evaluate(Path(AXE).read_text())
    found = await page.evaluate(f"axe.run(document, {{runOnly: {RULES}}})")
    return [f"{fault['id']}: {node['html'][:120]}" for fault in found["violations"] for node in fault["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 820, 390])
async def test_axe_finds_nothing(site: Site, open_window: Open, scheme: str, width: int) -> None:
    session_id, number = await site.sandbox(f"{scheme} {width}"), phone()
    await site.writes(session_id, number, "Hello, *anybody* there?", f"Axel {scheme} {width}")
    found: dict[str, list[str]] = {}
    window = await open_window(color_scheme=scheme, viewport={"width": width, "height": 900})
    await window.page.goto(f"{site.url}/login")
    await expect(window.page.get_by_label("E-mail")).to_be_visible()
    found["/login"] = await faults(window.page)
    await window.sign_in(ADMIN[0])
    for place in PLACES:
        await window.page.goto(f"{site.url}{place}")
        await expect(window.page.locator("h1").first).to_be_attached()
        await asyncio.sleep(0.5)
        found[place] = await faults(window.page)
    conversation = await site.conversation_of(number)
    await window.page.goto(f"{site.url}/dashboard/c/{conversation['id']}")
    await expect(window.page.locator(".bubble.in")).to_be_visible()
    await site.call("POST", f"/api/conversations/{conversation['id']}/notes", {"content": "asks a lot"})
    await expect(window.page.locator(".note-line")).to_be_visible()
    found["a chat"] = await faults(window.page)
    await window.page.goto(f"{site.url}/dashboard/customers/{conversation['contactId']}")
    await expect(window.page.locator(".round").first).to_be_visible()
    found["a customer"] = await faults(window.page)
    assert {place: some for place, some in found.items() if some} == {}
