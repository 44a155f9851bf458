"""One person under several names: numbers that change, phones and BSUIDs, the ninth digit."""

from uuid import uuid4

from tests.fakes import graph as meta
from tests.integration.http.conftest import Company
from tests.integration.hub.world import Number, World, a_phone, a_wamid, menu, meta_number, now_s, waha_number


async def rounds(company: Company, number: Number) -> list[dict[str, object]]:
    listed = (await company.admin.get("/api/conversations", sessionId=number.id, limit=200)).json()
    return sorted(listed, key=lambda c: str(c["createdAt"]))


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


async def test_a_username_is_shown_and_who_hides_the_number_can_be_written_to_first(
    world: World, company: Company, number: Number
) -> None:
    """On Meta; other providers reach nobody by this id."""
    bsuid, name = f"BR.{uuid4().int % 10**20}", f"ana.{uuid4().hex[:8]}"
    contact = {"user_id": bsuid, "profile": {"name": "Ana", "username": name}}
    text = {"id": a_wamid(), "timestamp": str(now_s()), "type": "text", "text": {"body": "oi"}, "from_user_id": bsuid}
    body = meta.webhook(number.phone_number_id, {"contacts": [contact], "messages": [text]})
    assert (await number.post(body)).status_code == 200
    await world.settled(company)
    [found] = (await company.admin.get("/api/contacts", search=name)).json()
    assert (found["username"], found["phoneNumber"], found["name"]) == (name, None, "Ana")
    assert found["identities"] == [{"kind": "bsuid", "value": bsuid}]
    stranger = f"BR.{uuid4().int % 10**20}"
    started = {"sessionId": number.id, "to": stranger, "content": "Bom dia"}
    assert (await company.admin.post("/api/conversations", started)).status_code == 201
    await number.reads(stranger, "Bom dia")
    [sent] = [s.body for s in world.graph.sent if s.to == stranger]
    assert (sent["recipient"], "to" in sent) == (stranger, False)
    elsewhere = {**started, "sessionId": (await waha_number(world, company)).session["id"]}
    assert (await company.admin.post("/api/conversations", elsewhere)).status_code == 422
