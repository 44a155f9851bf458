"""WAHA posts the echo of a send, and its receipts, before it answers that send (contract G, Echoes)."""

import pytest

from tests.fakes.http import Callback
from tests.integration.http.conftest import Company
from tests.integration.hub.world import Number, WahaNumber, World, a_phone, menu, until

ENGINES = {
    "NOWEB": ("app", True),
    "NOWEB of an older server": ("app", False),
    "GOWS": ("api", True),
    "WEBJS": ("api", True),
    "WEBJS that answers nothing": ("api", False),
}


@pytest.mark.parametrize("engine", list(ENGINES))
async def test_the_echo_of_the_menu_neither_silences_the_bot_nor_makes_a_second_message(
    world: World, company: Company, waha: WahaNumber, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, gives_ids = ENGINES[engine]
    monkeypatch.setattr(world.waha, "engine", "EMPTY" if "nothing" in engine else engine.split()[0])
    monkeypatch.setattr(world.waha, "source", source)
    monkeypatch.setattr(world.waha, "gives_ids", gives_ids)
    world.waha.poster.callback = Callback(world.hub.url + "/webhooks/waha", waha.key, when="before")
    department = await company.department("Vendas")
    phone = a_phone()
    chat = f"{phone}@c.us"
    await waha.writes(chat, "Oi")
    await until(lambda: _sent(waha, chat, menu("Vendas")))
    await world.settled(company)
    await waha.writes(chat, "1")

    async def assigned() -> bool:
        [conversation] = (await company.admin.get("/api/conversations", sessionId=waha.session["id"])).json()
        return bool(conversation["departmentId"] == department["id"])

    await until(assigned)
    await world.settled(company)
    [conversation] = (await company.admin.get("/api/conversations", sessionId=waha.session["id"])).json()
    shown = (await company.admin.get(f"/api/conversations/{conversation['id']}/messages")).json()["messages"]
    ours = [m for m in shown if m["direction"] == "OUTBOUND"]
    assert [m["content"] for m in ours] == waha.sent(chat)
    assert {m["status"] for m in ours} == {"READ"}
    assert all(m["whatsappMessageId"] and m["isBot"] for m in ours)


async def test_an_echo_of_coexistence_that_is_faster_than_metas_answer_is_our_own_message(
    world: World, company: Company, number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.graph, "echoes", True)
    world.graph.poster.callback = Callback(world.hub.url + "/webhooks/whatsapp", number.secret, when="before")
    department = await company.department("Vendas")
    phone = a_phone()
    await number.writes(phone, "Oi")
    await number.reads(phone, menu("Vendas"))
    await world.settled(company)
    await number.writes(phone, "1")
    await number.is_(phone, departmentId=department["id"])
    await world.settled(company)
    ours = [m for m in await number.messages(phone) if m["direction"] == "OUTBOUND"]
    assert [m["content"] for m in ours] == number.sent(phone)
    assert {m["status"] for m in ours} == {"READ"}


async def _sent(waha: WahaNumber, chat: str, text: str) -> bool:
    return text in waha.sent(chat)
