"""One person under several names: numbers that change, phones and BSUIDs, the ninth digit."""

from tests.fakes import graph as meta
from tests.integration.http.conftest import Company
from tests.integration.hub.world import Number, World, a_phone, a_wamid, menu, meta_number, now_s


async def rounds(company: Company, number: Number) -> list[dict[str, object]]:
    listed = (await company.admin.get("/api/conversations", sessionId=number.id, limit=200)).json()
    return sorted(listed, key=lambda c: str(c["createdAt"]))


def changed_number(old: str, new: str) -> dict[str, object]:
    system = {"body": f"changed from {old} to {new}", "wa_id": new, "type": "user_changed_number"}
    return {"from": old, "id": a_wamid(), "timestamp": str(now_s()), "type": "system", "system": system}


async def test_two_open_rounds_of_one_person_become_one_that_goes_on(
    world: World, company: Company, number: Number
) -> None:
    await company.department("Vendas")
    old, new = a_phone(), a_phone()
    await number.writes(old, "sou eu")
    await world.settled(company)
    await number.writes(new, "também sou eu")
    await world.settled(company)
    assert len(await rounds(company, number)) == 2
    assert (await number.post(number.body(changed_number(old, new)))).status_code == 200
    await world.settled(company)
    for phone in (new, old):
        await number.writes(phone, f"{phone} de novo")
    await world.settled(company)
    assert {row["state"] for row in await world.inbox(number.id)} == {"done"}
    assert [c["status"] for c in await rounds(company, number)] == ["OPEN", "ARCHIVED"]
    [live, _] = await rounds(company, number)
    shown = (await company.admin.get(f"/api/conversations/{live['id']}/messages")).json()["messages"]
    assert {f"{phone} de novo" for phone in (old, new)} <= {m["content"] for m in shown}


async def test_the_ninth_digit_makes_nobody_else(world: World, company: Company) -> None:
    number = await meta_number(world, company, routing="none")
    with_nine = a_phone()
    without = with_nine[:4] + with_nine[5:]
    await number.writes(without, "sem")
    await number.writes(with_nine, "com")
    await world.settled(company)
    [only] = await rounds(company, number)
    shown = (await company.admin.get(f"/api/conversations/{only['id']}/messages")).json()["messages"]
    assert [m["content"] for m in shown] == ["sem", "com"]


async def test_a_customer_without_a_phone_is_answered_by_its_bsuid(
    world: World, company: Company, number: Number
) -> None:
    await company.department("Vendas")
    bsuid = f"BR.{a_phone()}"
    message = {
        "from_user_id": bsuid,
        "id": a_wamid(),
        "timestamp": str(now_s()),
        "type": "text",
        "text": {"body": "Oi"},
    }
    contact = {"profile": {"name": "Ana", "username": "ana"}, "user_id": bsuid}
    body = meta.webhook(number.phone_number_id, {"contacts": [contact], "messages": [message]})
    assert (await number.post(body)).status_code == 200
    await world.settled(company)
    [sent] = [s for s in world.graph.sent if s.body.get("recipient") == bsuid]
    assert sent.body["text"]["body"] == menu("Vendas")
    assert "to" not in sent.body
