"""The API reference at /schema: a request by its form, under a policy of its own."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.integration.console.conftest import ADMIN, Open, Site
from tests.integration.console.test_pages import faults

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def test_a_request_is_tried_in_the_name_of_who_is_signed_in(site: Site, open_window: Open) -> None:
    """`open_window` fails the test if the page breaks its own policy."""
    window = await open_window(ADMIN[0])
    page = window.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{site.url}/schema#/departments")
    await page.locator("#operations-departments-ApiDepartmentsCreateDepartment .opblock-summary-control").click()
    await page.locator(".body-param__text").fill('{"name": "Tried", "slug": "tried"}')
    await page.get_by_role("button", name="Execute").click()
    await expect(page.locator(".live-responses-table .response-col_status").last).to_contain_text("201")
    assert "Tried" in [made["name"] for made in await site.call("GET", "/api/departments")]
    assert [url for url in asked if not url.startswith((site.url, "data:"))] == []
    await page.goto(f"{site.url}/schema/plain")
    assert await faults(page) == []  # the reference for who needs it without scripts, or with a screen reader
