"""A customer changes number while people talk with them: every answer follows, and a stranger stays a stranger."""

from __future__ import annotations

from typing import Any

from tests.integration.http.conftest import Company
from tests.integration.hub.world import Number, WahaNumber, World, a_phone, a_wamid, menu, meta_number, now_s


def change(old: str, new: str, at: int | None = None, **more: str) -> dict[str, Any]:
    system = {"body": f"changed from {old} to {new}", "wa_id": new, "type": "user_changed_number", **more}
    return {"from": old, "id": a_wamid(), "timestamp": str(at or now_s()), "type": "system", "system": system}


async def tell(world: World, number: Number, message: dict[str, Any]) -> None:
    assert (await number.post(number.body(message))).status_code == 200
    await world.settled(number.company)


async def rounds(company: Company, number: Number) -> list[dict[str, Any]]:
    listed = (await company.admin.get("/api/conversations", sessionId=number.id, limit=200)).json()
    return sorted(listed, key=lambda c: str(c["createdAt"]))


async def texts(company: Company, conversation: dict[str, Any]) -> list[str]:
    shown = (await company.admin.get(f"/api/conversations/{conversation['id']}/messages")).json()["messages"]
    return [m["content"] for m in shown]


async def test_answers_go_to_the_new_number_and_a_stranger_with_the_old_one_is_somebody_else(
    world: World, company: Company
) -> None:
    number = await meta_number(world, company, routing="none")
    old, new, before = a_phone(), a_phone(), now_s() - 60
    await number.writes(old, "sou a Ana", at=before)
    await world.settled(company)
    await tell(world, number, change(old, new, before + 10))
    assert (await number.is_(new))["customerPhone"] == new
    await number.answers(company.admin, new, "oi Ana")
    await number.reads(new, "oi Ana")
    assert number.sent(old) == []
    await number.writes(old, "quem é Ana?")
    await world.settled(company)
    ana, stranger = await rounds(company, number)
    assert (ana["customerPhone"], stranger["customerPhone"]) == (new, old)
    assert ana["contactId"] != stranger["contactId"]
    assert await texts(company, stranger) == ["quem é Ana?"]
    await number.answers(company.admin, old, "engano, desculpe")
    await number.reads(old, "engano, desculpe")
    assert number.sent(new) == ["oi Ana"]


async def test_two_open_rounds_of_one_person_become_one_that_has_all_messages(
    world: World, company: Company, number: Number
) -> None:
    await company.department("Vendas")
    old, new, before = a_phone(), a_phone(), now_s() - 60
    await number.writes(old, "sou eu", at=before)
    await world.settled(company)
    await number.writes(new, "também sou eu", at=before + 20)
    await world.settled(company)
    assert len(await rounds(company, number)) == 2
    await tell(world, number, change(old, new, before + 10))
    await number.writes(new, "de novo")
    await world.settled(company)
    assert {row["state"] for row in await world.inbox(number.id)} == {"done"}
    live, archived = await rounds(company, number)
    assert (live["status"], archived["status"]) == ("OPEN", "ARCHIVED")
    assert (live["customerPhone"], live["unreadCount"]) == (new, 3)
    said = [text for text in await texts(company, live) if text in ("sou eu", "também sou eu", "de novo")]
    assert said == ["sou eu", "também sou eu", "de novo"]


async def test_every_session_of_the_company_follows_and_each_may_tell_of_it(
    world: World, company: Company, waha: WahaNumber
) -> None:
    first, second = [await meta_number(world, company, routing="none") for _ in range(2)]
    old, new, before = a_phone(), a_phone(), now_s() - 60
    for number in (first, second):
        await number.writes(old, "oi", at=before)
    await waha.writes(f"{old}@c.us", "oi", at=before)
    await world.settled(company)
    await tell(world, first, change(old, new, before + 10))
    await first.writes(old, "sou outra pessoa", at=before + 30)
    await world.settled(company)
    await tell(world, second, change(old, new, before + 50))
    found = (await company.admin.get("/api/conversations", search=new)).json()
    assert len(found) == 3
    for conversation in found:
        body = {"conversationId": conversation["id"], "content": "oi no novo"}
        assert (await company.admin.post("/api/messages/send", body)).status_code == 202
    await first.reads(new, "oi no novo")
    await second.reads(new, "oi no novo")
    await world.settled(company)
    assert (waha.sent(f"{new}@c.us"), waha.sent(f"{old}@c.us")) == (["oi no novo"], [])
    [stranger] = (await company.admin.get("/api/conversations", search=old)).json()
    assert await texts(company, stranger) == ["sou outra pessoa"]


async def test_on_whatsapp_web_another_phone_beside_the_same_lid_moves_the_customer(
    world: World, company: Company, waha: WahaNumber
) -> None:
    old, new, lid, before = a_phone(), a_phone(), f"9{a_phone()}", now_s() - 60

    async def writes(phone: str, text: str, at: int) -> None:
        alternative = {"key": {"remoteJidAlt": f"{lid}@lid"}}
        await waha.writes(f"{phone}@c.us", text, at=at, _data=alternative)
        await world.settled(company)

    await writes(old, "oi", before)
    await writes(new, "troquei de número", before + 10)
    [conversation] = (await company.admin.get("/api/conversations", search=new)).json()
    assert await texts(company, conversation) == ["oi", "troquei de número"]
    body = {"conversationId": conversation["id"], "content": "anotado"}
    assert (await company.admin.post("/api/messages/send", body)).status_code == 202
    await world.settled(company)
    sent = {chat: waha.sent(chat) for chat in (f"{old}@c.us", f"{new}@c.us", f"{lid}@lid")}
    assert sent == {f"{old}@c.us": [], f"{new}@c.us": [], f"{lid}@lid": ["anotado"]}


async def test_a_stranger_with_a_recycled_number_meets_the_menu(world: World, company: Company, number: Number) -> None:
    await company.department("Vendas")
    old, new, before = a_phone(), a_phone(), now_s() - 60
    await number.writes(old, "oi", at=before)
    await world.settled(company)
    await tell(world, number, change(old, new, before + 10))
    shown = number.sent(old)
    await number.writes(old, "bom dia")
    await number.reads(old, *shown, menu("Vendas"))
