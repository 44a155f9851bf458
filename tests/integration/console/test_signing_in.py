"""Signing in and out, and the first steps of a newcomer."""

from __future__ import annotations

import re

import pyotp
import pytest
from playwright.async_api import expect

from tests.integration.console.conftest import ADMIN, PASSWORD, Entering, Open, Site
from whatsapp_hub.adapters.security.sign_in_file import SignInFile
from whatsapp_hub.main.generated_secrets import replace_secret

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def test_a_wrong_password_is_said_and_a_good_one_enters(site: Site, open_window: Open) -> None:
    window = await open_window()
    page = window.page
    await page.goto(site.url)
    await expect(page).to_have_url(re.compile("/dashboard"))
    await page.get_by_label("E-mail").fill(ADMIN[0])
    await page.get_by_label("Password").fill("not the password")
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("wrong")
    await page.get_by_label("Password").fill(ADMIN[1])
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    cookies = {cookie["name"]: cookie for cookie in await window.context.cookies()}
    assert cookies["hub_session"]["httpOnly"]
    assert await page.evaluate("document.cookie + JSON.stringify(localStorage)") in ("{}", '{"hub.settings":"{}"}')


async def test_the_link_that_the_start_prints_signs_in_once(site: Site, open_window: Open) -> None:
    printed = (site.folder / "hub.log").read_text()
    assert f"{site.url}/login#in=" in printed
    # one that is not too old, however late this test runs
    link = SignInFile(site.folder / "hub/sign-in-link").offer(ADMIN[0], replace_secret)
    first, second = await open_window(), await open_window()
    await first.page.goto(f"{site.url}/login#in={link}")
    await expect(first.page.get_by_role("navigation", name="Pages")).to_be_visible()
    assert link not in await first.page.evaluate("location.href")
    await second.page.goto(f"{site.url}/login#in={link}")
    await expect(second.page.get_by_text("This link was used already")).to_be_visible()
    await expect(second.page.get_by_label("Password")).to_be_visible()


async def test_signing_out_ends_it_for_the_other_window_too(site: Site, open_window: Open) -> None:
    email = await site.agent("Otto Out")
    window = await open_window(email)
    other = await window.context.new_page()
    await other.goto(f"{site.url}/dashboard")
    await expect(other.get_by_role("navigation", name="Pages")).to_be_visible()
    await window.page.locator(".rail-me").click()
    await window.page.get_by_role("menuitem", name="Sign out").click()
    await expect(window.page.get_by_label("Password")).to_be_visible()
    await expect(other.get_by_role("dialog", name="Sign in again")).to_be_visible(timeout=30_000)


async def test_one_enters_by_the_openid_provider(site: Site, provider: Entering, open_window: Open) -> None:
    email = await site.agent("Olga Openid")
    provider.person = {"sub": "olga", "email": email, "email_verified": True, "name": "Olga Openid"}
    window = await open_window()
    await window.page.goto(f"{site.url}/login")
    await window.page.get_by_role("link", name="Single sign-on").click()
    await window.page.get_by_role("link", name="Enter").click()
    await expect(window.page.get_by_role("button", name="Olga Openid, Offline")).to_be_visible()
    assert "code=" not in window.page.url


async def test_a_second_factor_is_enrolled_and_asked_for(site: Site, open_window: Open) -> None:
    email = await site.agent("Sara Second")
    window = await open_window(email)
    page = window.page
    await page.goto(f"{site.url}/settings/me")
    await page.get_by_role("button", name="Second factor").click()
    dialog = page.get_by_role("dialog", name="Second factor")
    await dialog.get_by_label("Password").fill(PASSWORD)
    await dialog.get_by_role("button", name="Continue").click()
    secret = await dialog.locator("code").inner_text()
    await dialog.get_by_label("Code").fill(pyotp.TOTP(secret).now())
    await dialog.get_by_role("button", name="Continue").click()
    codes = (await dialog.locator(".codes").inner_text()).split()
    await dialog.get_by_role("button", name="I kept them").click()
    await page.locator(".rail-me").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.get_by_label("Code").fill("000000")
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("This code is wrong")
    await page.get_by_label("Code").fill(codes[0])
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("navigation", name="Pages")).to_be_visible()


async def test_the_language_is_chosen_before_one_enters(site: Site, open_window: Open) -> None:
    window = await open_window()
    await window.page.goto(f"{site.url}/login")
    await window.page.get_by_role("button", name="Português (Brasil)").click()
    await expect(window.page.get_by_role("button", name="Entrar", exact=True)).to_be_visible()
    await expect(window.page.locator("html")).to_have_attribute("lang", "pt-BR")


async def test_a_newcomer_plays_a_customer_and_answers(site: Site, open_window: Open) -> None:
    """From the first page to an answer on the phone, by what the pages say alone."""
    await site.department("Newcomers")
    window = await open_window(ADMIN[0])
    page = window.page
    await page.goto(f"{site.url}/welcome")
    if not any(made["provider"] == "SANDBOX" for made in await site.call("GET", "/api/sessions")):
        await page.get_by_role("button", name="Make a sandbox number").click()
    await page.get_by_role("button", name="Play a customer").click()
    await page.get_by_label("Who writes").select_option(label="Lucía Pérez")
    await page.get_by_label("The customer's message").fill("Is anybody there?")
    await page.get_by_label("The customer's message").press("Enter")
    await window.row("Lucía Pérez").click()
    await expect(page.locator(".bubble.in").first).to_contain_text("Is anybody there?")
    await window.write("Yes, hello!")
    await expect(page.locator(".phone-screen")).to_contain_text("Yes, hello!")


@pytest.mark.parametrize(
    "place", ["sessions", "users", "departments", "automation/replies", "metrics", "audit", "settings"]
)
async def test_every_page_opens(site: Site, open_window: Open, place: str) -> None:
    window = await open_window(ADMIN[0])
    await window.page.goto(f"{site.url}/dashboard/{place}")
    await expect(window.page.get_by_role("heading", level=1)).to_be_visible()


async def test_an_agent_is_not_shown_what_is_not_theirs(site: Site, open_window: Open) -> None:
    window = await open_window(await site.agent("Alice Agent"))
    places = window.page.get_by_role("navigation", name="Pages")
    await expect(places.get_by_role("link", name="Metrics")).to_be_visible()
    await expect(places.get_by_role("link", name="Audit")).to_have_count(0)
    await window.page.goto(f"{site.url}/dashboard/audit")
    await expect(window.page.get_by_text("This is for administrators")).to_be_visible()
