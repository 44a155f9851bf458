"""A contact that the company blocks is blocked by WhatsApp too, and the API says where that did not work."""

from __future__ import annotations

from typing import Any

from tests.integration.http.conftest import Company
from tests.integration.hub.world import Number, WahaNumber, World, a_phone, until


async def contact_of(company: Company, phone: str) -> dict[str, Any]:
    async def known() -> Any:
        return (await company.admin.get("/api/contacts", search=phone)).json()

    [found] = await until(known)
    return dict(found)


async def test_meta_blocks_and_unblocks_and_what_it_refuses_is_shown(
    world: World, company: Company, number: Number
) -> None:
    phone, late = a_phone(), a_phone()
    world.graph.unblockable.add(late)
    for who in (phone, late):
        await number.writes(who, "oi")
    person = await contact_of(company, phone)
    blocked = (number.phone_number_id, phone)
    assert (await company.admin.post(f"/api/contacts/{person['id']}/block")).status_code == 200

    async def is_blocked() -> bool:
        return blocked in world.graph.blocked

    await until(is_blocked)

    async def told(id: str) -> Any:
        return (await company.admin.get(f"/api/contacts/{id}")).json()["providerBlocks"]

    async def done() -> bool:
        return await told(person["id"]) == []

    await until(done)
    assert (await company.admin.post(f"/api/contacts/{person['id']}/unblock")).status_code == 200

    async def is_free() -> bool:
        return blocked not in world.graph.blocked

    await until(is_free)
    other = await contact_of(company, late)
    await company.admin.post(f"/api/contacts/{other['id']}/block")

    async def refused() -> Any:
        return [one for one in await told(other["id"]) if one["isGivenUp"]]

    [why] = await until(refused)
    assert why == {"sessionId": number.id, "blocked": True, "error": "139101", "isGivenUp": True}


async def test_waha_blocks_too(world: World, company: Company, waha: WahaNumber) -> None:
    phone = a_phone()
    await waha.writes(f"{phone}@c.us", "oi")
    person = await contact_of(company, phone)
    await company.admin.post(f"/api/contacts/{person['id']}/block")

    async def is_blocked() -> bool:
        return (waha.name, f"{phone}@c.us") in world.waha.blocked

    await until(is_blocked)
