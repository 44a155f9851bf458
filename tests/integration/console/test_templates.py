"""Where WhatsApp's 24 hours are over, the composer is a picker of templates."""

from __future__ import annotations

import time

import httpx
import pytest
from playwright.async_api import expect

from tests.fakes import graph as meta
from tests.integration.console.conftest import ADMIN, Open, Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONE = "5511987651234"
BODY = {"type": "BODY", "text": "Hi {{1}}, your order {{2}} is here.", "example": {"body_text": [["Ana", "17"]]}}


async def arrives(site: Site, body: bytes) -> None:
    async with httpx.AsyncClient(base_url=site.url, trust_env=False) as http:
        answer = await http.post("/webhooks/whatsapp", content=body, headers=meta.sign("s", body))
    assert answer.status_code == 200


async def test_an_agent_picks_a_template_fills_it_in_and_the_customer_gets_it(site: Site, open_window: Open) -> None:
    assert site.graph
    order = {"id": "1", "name": "order_ready", "language": "en", "status": "APPROVED", "components": [BODY]}
    paused = {"id": "2", "name": "sale", "language": "en", "status": "PAUSED", "components": [BODY]}
    site.graph.templates = [order, paused]
    settings = {"phoneNumberId": "106500001", "accessToken": "t", "appSecret": "s", "verifyToken": "v"}
    settings["businessAccountId"] = "4190"
    made = await site.call("POST", "/api/sessions", {"name": "cloud", "provider": "META", "settings": settings})
    await site.call("POST", f"/api/sessions/{made['id']}/start")
    await site.call("POST", "/api/templates/sync", {"sessionId": made["id"]})
    text = meta.text_from(PHONE, "wamid.console", "Is it here?", int(time.time()) - 2 * 86_400)
    body = meta.webhook(
        "106500001", {"contacts": [{"wa_id": PHONE, "profile": {"name": "Wanda Window"}}], "messages": [text]}
    )
    await arrives(site, body)
    await site.conversation_of(PHONE)

    window = await open_window(ADMIN[0])
    await window.row("Wanda Window").click()
    composer = window.page.locator(".composer")
    await expect(composer.locator(".template-list button")).to_have_count(1)
    await composer.get_by_role("button", name="order_ready").click()
    await composer.get_by_label("Value 1").fill("Wanda")
    await expect(composer.locator(".template-shown")).to_have_text("Hi Wanda, your order {{2}} is here.")
    await composer.get_by_label("Value 2").fill("18")
    await composer.get_by_role("button", name="Send", exact=True).click()
    await expect(window.page.locator(".bubble.out").last).to_contain_text("Hi Wanda, your order 18 is here.")
    await window.page.wait_for_function("document.querySelector('.template-list')")
    for _ in range(100):
        if sent := [one for one in site.graph.sent if one.to == PHONE]:
            break
        await window.page.wait_for_timeout(100)
    assert sent[0].body["template"]["name"] == "order_ready"

    price = {"billable": True, "pricing_model": "PMP", "category": "utility", "type": "regular"}
    receipt = {"id": sent[0].id, "status": "delivered", "timestamp": str(int(time.time())), "recipient_id": PHONE}
    await arrives(site, meta.webhook("106500001", {"statuses": [{**receipt, "pricing": price}]}))
    for _ in range(100):
        if (await site.call("GET", "/api/metrics/costs"))["messages"]:
            break
        await window.page.wait_for_timeout(100)
    await window.page.goto(f"{site.url}/dashboard/metrics")
    row = window.page.get_by_role("row").filter(has_text="utility")
    await expect(row.get_by_role("cell")).to_have_text(["cloud", "utility · regular", "Brazil", "Yes", "1"])
