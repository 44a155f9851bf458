"""What a provider delivered as a message that the hub does not know: for administrators alone."""

from __future__ import annotations

from tests.integration.http.conftest import Company
from tests.integration.hub.world import Number, a_phone, a_wamid, now_s


async def test_a_message_of_an_unknown_kind_is_kept_and_shown_whole(company: Company, number: Number) -> None:
    phone, id = a_phone(), a_wamid()
    hologram = {"from": phone, "id": id, "timestamp": str(now_s()), "type": "hologram", "hologram": {"depth": 3}}
    assert (await number.post(number.body(hologram))).status_code == 200
    await number.writes(phone, "entendeu?")
    unknown, plain = [m for m in await number.messages(phone) if m["direction"] == "INBOUND"]
    assert (unknown["type"], unknown["data"]) == ("UNSUPPORTED", {"kind": "unsupported", "of": ["hologram"]})
    shown = await company.admin.get(f"/api/messages/{unknown['id']}/raw")
    assert (shown.status_code, shown.json()) == (200, {"id": unknown["id"], "whatsappMessageId": id, "raw": hologram})
    assert (await company.admin.get(f"/api/messages/{plain['id']}/raw")).json()["raw"] is None
    agent = await company.agent(await company.department("Vendas"), "ONLINE")
    assert (await agent.get(f"/api/messages/{unknown['id']}/raw")).status_code == 403
    other = await number.world.hub.company()
    assert (await other.admin.get(f"/api/messages/{unknown['id']}/raw")).status_code == 404
