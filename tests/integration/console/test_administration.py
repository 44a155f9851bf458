"""The pages of administration: rules, webhooks, keys, events, companies, bots. What a role may not do is not shown."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.fakes.receiver import FakeReceiver
from tests.integration.console.conftest import ADMIN, Open, Site, Window
from tests.integration.console.test_inbox import phone
from tests.integration.http.conftest import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def opened(open_window: Open, place: str) -> Window:
    window = await open_window(ADMIN[0])
    await window.page.goto(f"{window.site.url}{place}")
    return window


async def test_a_rule_is_made_moved_and_deleted(site: Site, open_window: Open) -> None:
    await site.department("Finance")
    window = await opened(open_window, "/dashboard/automation/rules")
    page = window.page
    for name in ("Invoices", "At night"):
        await page.get_by_role("button", name="New rule").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Name").fill(name)
        await dialog.get_by_label("Words").fill("invoice, boleto")
        await dialog.get_by_label("Labels").fill("finance")
        await dialog.get_by_label("Department").select_option(label="Finance")
        await dialog.get_by_role("button", name="Save").click()
        await expect(dialog).to_have_count(0)
    await expect(page.locator(".lines li").first).to_contain_text("says “invoice”, “boleto” → label finance")
    await page.get_by_role("button", name="Move down: Invoices").click()
    await expect(page.locator(".lines li b")).to_have_text(["At night", "Invoices"])
    for name in ("Invoices", "At night"):
        await page.get_by_role("button", name=f"Actions of {name}").click()
        await page.get_by_role("menuitem", name="Delete").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_text("There are no rules yet.")).to_be_visible()


async def test_a_customer_is_found_named_and_blocked(site: Site, open_window: Open) -> None:
    number, name = phone(), "Telma Telhado"
    await site.writes(await site.sandbox("telma"), number, "hello", name)
    await site.conversation_of(number)
    window = await opened(open_window, "/dashboard/customers")
    page = window.page
    row = page.get_by_role("row").filter(has_text=name)
    await page.get_by_label("Search by name, number or label").fill("telhado")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await row.get_by_role("button", name=f"Actions of {name}").click()
    await page.get_by_role("menuitem", name="Edit").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Labels").fill("roof, wholesale")
    await dialog.get_by_label("Fields").fill("city: Porto Alegre: north\nroute: 7")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    [contact] = await site.call("GET", f"/api/contacts?search={number}")
    assert contact["fields"] == {"city": "Porto Alegre: north", "route": "7"}
    assert (contact["name"], contact["labels"]) == (name, ["roof", "wholesale"])
    await row.get_by_role("button", name=f"Actions of {name}").click()
    await page.get_by_role("menuitem", name="Block").click()
    await expect(row.get_by_text("blocked")).to_be_visible()
    await page.get_by_label("Which").select_option(label="Not blocked")
    await expect(page.get_by_text("Nobody with this filter.")).to_be_visible()


async def test_a_webhook_shows_its_secret_once_and_delivers_again(site: Site, open_window: Open) -> None:
    async with FakeReceiver() as receiver:
        window = await opened(open_window, "/dashboard/developers/webhooks")
        page = window.page
        await page.get_by_role("button", name="New webhook").click()
        await page.get_by_label("Address").fill(receiver.url)
        await page.get_by_label("Events").fill("message.received")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_label("Signing secret")).to_have_value(re.compile("^whsec_"))
        await page.get_by_role("button", name="Got it").click()
        session_id = await site.sandbox("hooked")
        await site.writes(session_id, phone(), "hello", "Wanda Webhook")

        async def came() -> bool:
            return bool(receiver.taken)

        await eventually(came)  # what is delivered later does not join the list that is opened below
        for entry in ("Test", "Deliveries"):
            await page.get_by_role("button", name=f"Actions of {receiver.url}").click()
            await page.get_by_role("menuitem", name=entry).click()
            if entry == "Test":
                await expect(page.get_by_text(re.compile(r"Answered 200 in"))).to_be_visible()
        again = page.get_by_role("button", name="Deliver again").first
        await expect(again).to_be_visible()
        await again.click()
        await expect(page.get_by_text("It will be delivered again.")).to_be_visible()

        async def came_twice() -> bool:
            ids = [one.id for one in receiver.taken]
            return len(ids) > len(set(ids))

        await eventually(came_twice)
        await page.reload()
        assert "whsec_" not in await page.content()
        for hook in await site.call("GET", "/api/webhooks"):
            await site.call("DELETE", f"/api/webhooks/{hook['id']}")


async def test_a_key_is_shown_once_and_may_what_was_chosen(site: Site, open_window: Open) -> None:
    window = await opened(open_window, "/dashboard/developers/keys")
    page = window.page
    await page.get_by_role("button", name="New key").click()
    await page.get_by_label("Name").fill("Figures")
    await page.get_by_role("button", name="Only what is chosen").click()
    await page.get_by_label("read figures").check()
    await page.get_by_role("button", name="Save").click()
    key = await page.get_by_role("textbox", name="Key", exact=True).input_value()
    await page.get_by_role("button", name="Got it").click()
    await site.call("GET", "/api/metrics/dashboard", token=key)
    await expect(page.get_by_role("cell", name="read figures")).to_be_visible()
    await page.get_by_role("button", name="Revoke").click()
    await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    await expect(page.get_by_text("Revoked")).to_be_visible()


async def test_the_log_grows_on_the_page_and_waits_while_it_is_paused(site: Site, open_window: Open) -> None:
    window = await opened(open_window, "/dashboard/events")
    page = window.page
    session_id, number = await site.sandbox("logged"), phone()
    await page.get_by_label("Type").select_option("message.received")
    await site.writes(session_id, number, "first words")
    await page.locator(".audit summary", has_text=await _position_of(site, "first words")).click()
    await expect(page.locator(".json").first).to_contain_text("first words")
    await page.get_by_role("button", name="Pause").click()
    await site.writes(session_id, number, "later words")
    await expect(page.get_by_text("1 waiting")).to_be_visible()
    await page.get_by_role("button", name="Go on").click()
    await page.locator(".audit summary", has_text=await _position_of(site, "later words")).click()
    await expect(page.locator(".json").first).to_contain_text("later words")


async def _position_of(site: Site, text: str) -> str:
    """Where the log has a message."""
    found: list[dict[str, Any]] = []

    async def look() -> bool:
        events = await site.call("GET", f"/api/events?limit=200&types=message.received&before={2**53 - 1}")
        found[:] = [e for e in events if text in str(e["data"])]
        return bool(found)

    await eventually(look)
    return f"{found[-1]['position']} "


async def test_a_master_makes_a_company_and_deletes_it_by_its_typed_name(site: Site, open_window: Open) -> None:
    window = await opened(open_window, "/companies")
    page = window.page
    await page.get_by_role("button", name="New company").click()
    await page.get_by_label("Name").fill("Padaria São João")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("cell", name="padaria_sao_joao")).to_be_visible()
    await page.get_by_role("button", name="Actions of Padaria São João").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await page.get_by_label("Type padaria_sao_joao to confirm").fill("padaria_sao_joao")
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("cell", name="padaria_sao_joao")).to_have_count(0)


async def test_a_number_gets_a_bot_whose_secret_is_shown_once(site: Site, open_window: Open) -> None:
    await site.sandbox("with a bot")
    window = await opened(open_window, "/dashboard/sessions")
    page = window.page
    await page.get_by_role("button", name="Actions of with a bot").click()
    await page.get_by_role("menuitem", name="Bot").click()
    await page.get_by_label("The bot's address").fill("http://127.0.0.1:9/bot")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_label("Signing secret")).to_have_value(re.compile("^whsec_"))
    await page.get_by_role("button", name="Got it").click()
    await page.get_by_role("button", name="Actions of with a bot").click()
    await page.get_by_role("menuitem", name="Bot").click()
    await page.get_by_role("button", name="Remove the bot").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_an_administrator_is_not_shown_the_companies_nor_an_agent_the_programs(
    site: Site, open_window: Open
) -> None:
    for role, shown in (("ADMIN", ["Webhooks"]), ("AGENT", [])):
        window = await open_window(await site.agent(f"Role {role}", role=role))
        await window.page.keyboard.press("Control+k")
        for wanted in ("Webhooks", "Companies"):
            await window.page.get_by_role("combobox").fill(wanted)
            await expect(window.page.get_by_role("option", name=f"{wanted} page")).to_have_count(shown.count(wanted))
        await window.page.goto(f"{site.url}/companies")
        await expect(window.page.get_by_text("This is for administrators")).to_be_visible()
