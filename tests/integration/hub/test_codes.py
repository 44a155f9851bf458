"""QR codes of a WAHA server that takes two seconds for each answer (contracts C and D; G, WAHA codes)."""

import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.fakes import waha as waha_fake
from tests.integration.http.conftest import Company
from tests.integration.hub.world import World, until
from whatsapp_hub.domain.events import EventType

WITHIN_S = 10.0


@pytest.fixture(autouse=True)
def _slow(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.waha, "slow_s", 2.0)
    monkeypatch.setattr(world.waha, "after_start", "STARTING")


async def test_a_code_is_shown_renewed_and_gone_when_it_is_scanned(world: World, company: Company) -> None:
    name = f"w{uuid4().hex[:8]}"
    settings = {"url": world.waha.url, "apiKey": waha_fake.API_KEY, "session": name}
    made = await company.admin.post("/api/sessions", {"name": name, "provider": "WAHA", "settings": settings})
    id = made.json()["id"]
    begun = await company.admin.post(f"/api/sessions/{id}/start")
    assert begun.json()["status"] == "CONNECTING"

    async def code(wanted: str) -> None:
        began = time.monotonic()

        async def shown() -> bool:
            answer = await company.admin.get(f"/api/sessions/{id}/qr")
            return answer.status_code == 200 and answer.json()["qr"] == wanted

        await until(shown, WITHIN_S)
        assert time.monotonic() - began < WITHIN_S

    world.waha.sessions[name], world.waha.qr_code = "SCAN_QR_CODE", "2@first"
    await code("2@first")
    await _tells(world, name, "SCAN_QR_CODE")
    await world.settled(company)
    assert (await company.admin.get(f"/api/sessions/{id}/qr")).json()["qr"] == "2@first"
    world.waha.qr_code = "2@second"
    await code("2@second")
    world.waha.sessions[name] = "WORKING"

    async def connected() -> bool:
        session = (await company.admin.get(f"/api/sessions/{id}")).json()
        return bool((session["status"], session["qrCode"]) == ("CONNECTED", None))

    await until(connected, WITHIN_S)
    assert (await company.admin.get(f"/api/sessions/{id}/qr")).status_code == 409
    codes = [event["data"]["session"]["qrCode"] for event in await _told(company, id, EventType.SESSION_QR)]
    assert codes == ["2@first", "2@second"]


async def _tells(world: World, session: str, status: str) -> None:
    body = waha_fake.webhook("session.status", {"name": session, "status": status}, session)
    answer: httpx.Response = await world.hub.http.post("/webhooks/waha", content=body)
    assert answer.status_code == 200


async def _told(company: Company, id: str, type: EventType) -> list[dict[str, Any]]:
    events = (await company.admin.get("/api/events", limit=200)).json()
    return [event for event in events if event["sessionId"] == id and event["type"] == type]
