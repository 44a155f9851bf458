"""Links to files in webhooks and in contract B: there at once, opened without a credential."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.fakes.receiver import FakeReceiver
from tests.integration.http.conftest import Company
from tests.integration.hub.test_inbound_media import PICTURE, file_of, sends
from tests.integration.hub.world import Number, a_phone, until


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[FakeReceiver]:
    async with FakeReceiver() as receiver:
        yield receiver


async def posted(receiver: FakeReceiver, kind: str) -> dict[str, Any]:
    async def there() -> dict[str, Any] | None:
        return next(
            (one.json() for one in receiver.taken if one.json().get("type", one.json().get("event")) == kind), None
        )

    found = await until(there)
    assert found
    return found


@pytest.mark.parametrize("format", ["standard", "instance", "waha"])
async def test_the_webhook_of_a_picture_has_a_link_that_opens_it(
    company: Company, number: Number, receiver: FakeReceiver, format: str
) -> None:
    number.world.graph.file_s = 0.6
    made = await company.admin.post("/api/webhooks", {"url": receiver.url, "format": format, "events": ["message.*"]})
    assert made.status_code == 201, made.text
    receiver.secret = made.json()["secret"]
    try:
        await sends(number, a_phone(), PICTURE, caption="veja")
        told = await posted(receiver, "message.received" if format == "standard" else "message")
        url = {
            "standard": lambda: told["data"]["message"]["mediaUrl"],
            "instance": lambda: told["message"]["media_url"],
            "waha": lambda: told["payload"]["media"]["url"],
        }[format]()
        if format == "standard":
            assert told["data"]["message"]["media"]["state"] == "PENDING"
        opened = await company.admin.http.get(url)  # at once, and without a credential
    finally:
        number.world.graph.file_s = 0.0
    assert (opened.status_code, opened.content, opened.headers["content-type"]) == (200, PICTURE, "image/jpeg")
    assert (await company.admin.http.get(url[:-3] + "xxx")).status_code == 404


async def test_contract_b_lists_and_tells_links_and_the_api_shows_paths(company: Company, number: Number) -> None:
    phone = a_phone()
    await sends(number, phone, PICTURE)
    media = await file_of(number, phone, state="READY")
    assert media["url"] == f"/api/media/{media['id']}"
    [listed] = (await company.admin.get("/whatsapp/messages", sessionId=number.id)).json()
    opened = await company.admin.http.get(listed["mediaUrl"])
    assert (opened.status_code, opened.content) == (200, PICTURE)
    events = (await company.admin.get("/api/events", limit=200)).json()
    shown = [e["data"]["message"]["mediaUrl"] for e in events if e["type"] == "message.updated"]
    assert shown == [media["url"]]
