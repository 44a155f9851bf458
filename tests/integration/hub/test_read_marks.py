"""The agent reads, and the customer sees it where the provider can show it (contract E, `…/read`)."""

from tests.integration.http.conftest import Company
from tests.integration.hub.world import Number, WahaNumber, World, a_phone, until


async def test_reading_a_conversation_shows_the_customers_newest_message_as_read(
    world: World, company: Company, number: Number
) -> None:
    await company.department("Vendas")
    phone = a_phone()
    await number.writes(phone, "Oi")
    newest = await number.writes(phone, "Tem alguém aí?")
    await world.settled(company)
    conversation = await number.conversation(phone)
    assert conversation["unreadCount"] == 2
    read = await company.admin.post(f"/api/conversations/{conversation['id']}/read")
    assert (read.status_code, read.json()["unreadCount"]) == (200, 0)

    async def shown() -> bool:
        return [m["message_id"] for m in world.graph.marks if m["message_id"] == newest] == [newest]

    await until(shown)
    again = await company.admin.post(f"/api/conversations/{conversation['id']}/read")
    assert again.status_code == 200
    await world.settled(company)
    assert len([m for m in world.graph.marks if m["message_id"] == newest]) == 1


async def test_waha_is_told_which_messages_were_seen(world: World, company: Company, waha: WahaNumber) -> None:
    await company.department("Vendas")
    chat = f"{a_phone()}@c.us"
    await waha.writes(chat, "Oi", "AAA1")
    await world.settled(company)
    [conversation] = (await company.admin.get("/api/conversations", sessionId=waha.session["id"])).json()
    assert (await company.admin.post(f"/api/conversations/{conversation['id']}/read")).status_code == 200

    async def shown() -> bool:
        seen = [body for path, body in world.waha.calls if path == "/api/sendSeen" and body["chatId"] == chat]
        return [body["messageIds"] for body in seen] == [[f"false_{chat}_AAA1"]]

    await until(shown)
