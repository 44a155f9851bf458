"""A newcomer sets a company up; people sign in, and come back in when a sign-in has ended."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.integration.console.conftest import ADMIN, PASSWORD, Open, Site
from tests.integration.console.test_inbox import phone

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def test_the_guide_leads_from_nothing_to_an_answer(site: Site, open_window: Open) -> None:
    company = await site.company("First Steps Ltd")
    window = await open_window(company.email)
    page = window.page
    await page.get_by_role("link", name="First steps").last.click()
    await expect(page.get_by_text("0 of 6 done")).to_be_visible()
    await page.get_by_role("link", name="New department").click()
    await page.get_by_role("button", name="New department").click()
    await page.get_by_role("dialog").get_by_label("Name").fill("Sales")
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Sales")).to_be_visible()
    await page.get_by_role("link", name="First steps").click()
    await page.get_by_role("link", name="Invite somebody").click()
    await page.get_by_role("button", name="Invite somebody").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("E-mail").fill(f"new.{company.email}")
    await dialog.get_by_label("Name").fill("Nina New")
    await dialog.get_by_label("Department").select_option(label="Sales")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_label("Link to choose a password").last).to_have_value(re.compile("/reset-password"))
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("row").filter(has_text="Nina New")).to_be_visible()
    await page.get_by_role("link", name="First steps").click()
    await page.get_by_role("button", name="Make a sandbox number").click()
    await page.get_by_role("button", name="Go online").click()
    await page.get_by_role("button", name="Play a customer").click()
    await page.get_by_label("The customer's message").fill("Is anybody there?")
    await page.get_by_label("The customer's message").press("Enter")
    await window.row("Carla Souza").click()
    await expect(page.locator(".bubble.in").first).to_contain_text("Is anybody there?")
    await page.get_by_role("button", name="Take").click()
    await window.write("Here I am.")
    await expect(page.locator(".phone-screen")).to_contain_text("Here I am.")


async def test_too_many_wrong_passwords_are_said_with_the_time_to_wait(site: Site, open_window: Open) -> None:
    email = await site.agent("Gus Guess")
    page = (await open_window()).page
    await page.goto(f"{site.url}/login")
    await page.get_by_label("E-mail").fill(email)
    said = page.get_by_role("alert")
    for n in range(40):
        await page.get_by_label("Password").fill(f"a guess, the {n}th")
        async with page.expect_response("**/api/auth/browser") as answer:
            await page.get_by_role("button", name="Sign in", exact=True).click()
        if (await answer.value).status == 429:
            break
    await expect(said).to_contain_text(re.compile(r"Too many attempts\. Try again in \d+ s\."))


async def test_a_sign_in_that_ends_over_a_draft_leaves_the_draft(site: Site, open_window: Open) -> None:
    session_id, number = await site.sandbox("expired"), phone()
    await site.writes(session_id, number, "hello", "Ede Expired")
    email = await site.agent("Sam Session", role="ADMIN")
    window = await open_window(email)
    page = window.page
    await window.row("Ede Expired").click()
    await page.locator(".composer textarea").fill("half a sent")
    # ended elsewhere: this page does not know of it yet
    ended = await window.context.request.post(
        f"{site.url}/api/auth/logout", headers={"X-Hub-Csrf": "1", "Origin": site.url}
    )
    assert ended.ok
    dialog = page.get_by_role("dialog", name="Sign in again")
    await dialog.get_by_label("E-mail").fill(email)
    await dialog.get_by_label("Password").fill(PASSWORD)
    await dialog.get_by_role("button", name="Sign in", exact=True).click()
    await expect(dialog).to_have_count(0)
    await page.get_by_role("tab", name="Reply").click()
    await expect(page.locator(".composer textarea")).to_have_value("half a sent")
    await expect(page.locator(".connection.live")).to_be_visible()
    await site.writes(session_id, number, "still there?")
    await expect(page.locator(".bubble.in", has_text="still there?")).to_be_visible()


async def test_a_person_chooses_a_password_by_the_link_and_signs_in(site: Site, open_window: Open) -> None:
    email = await site.agent("Rita Reset")
    window = await open_window(ADMIN[0])
    await window.page.goto(f"{site.url}/dashboard/users")
    await window.page.get_by_role("button", name="Actions of Rita Reset").click()
    await window.page.get_by_role("menuitem", name="Link to choose a password").click()
    link = await window.page.get_by_label("Link to choose a password").last.input_value()
    person = await open_window()
    await person.page.goto(link)
    for field in await person.page.locator("input[type=password]").all():
        await field.fill("another long password of mine")
    await person.page.locator("button").click()
    await expect(person.page.get_by_text("changed")).to_be_visible()
    await person.sign_in(email, "another long password of mine")
