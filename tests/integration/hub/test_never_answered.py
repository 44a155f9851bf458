"""Who gets no text of the bot: groups, broadcasts, newsletters, ourselves, the past, gateways (contract E.0)."""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.fakes import graph as meta
from tests.fakes import waha as waha_fake
from tests.fakes.http import Callback
from tests.integration.http.conftest import Company
from tests.integration.hub.world import (
    Number,
    WahaNumber,
    World,
    a_phone,
    a_wamid,
    menu,
    meta_number,
    now_s,
    until,
    waha_number,
)

DAY_S = 86_400


@pytest.fixture(autouse=True)
async def root(company: Company) -> dict[str, Any]:
    return await company.department("Recepção", isRoot=True)


async def stored(world: World, session_id: str) -> list[dict[str, Any]]:
    return await world.rows(
        """SELECT m.direction, m.content, m.is_bot, c.status, c.department_id::text, c.silenced
        FROM pooled.messages m JOIN pooled.conversations c ON c.id = m.conversation_id
        WHERE m.session_id = $1::text::uuid ORDER BY m.seq""",
        session_id,
    )


async def test_metas_groups_are_stored_and_not_answered(world: World, company: Company, number: Number) -> None:
    await number.writes(a_phone(), "Oi, grupo", group_id="Y2FwaV9ncm91cA")
    await world.settled(company)
    [message] = await stored(world, number.id)
    assert (message["content"], message["status"], message["department_id"]) == ("Oi, grupo", "OPEN", None)


async def test_a_live_text_is_answered_where_a_day_old_one_enters_the_queue_without_a_word(
    world: World, company: Company, number: Number, root: dict[str, Any]
) -> None:
    old, young = a_phone(), a_phone()
    await number.writes(old, "ontem", at=now_s() - DAY_S)
    await number.writes(young, "agora", at=now_s() - 60)
    await number.reads(young, menu("Recepção"))
    await world.settled(company)
    assert number.sent(old) == []
    waiting = await number.conversation(old)
    assert (waiting["status"], waiting["departmentId"]) == ("OPEN", root["id"])


async def test_metas_history_is_stored_and_not_answered(world: World, company: Company, number: Number) -> None:
    phone = a_phone()
    value = {
        "history": [
            {
                "metadata": {"phase": 0, "chunk_order": 1, "progress": 100},
                "threads": [{"id": phone, "messages": [meta.text_from(phone, a_wamid(), "antes", now_s())]}],
            }
        ]
    }
    plain = meta.text_from(phone, a_wamid(), "também antes", now_s())
    assert (await number.post(meta.webhook(number.phone_number_id, value, "history"))).status_code == 200
    body = meta.webhook(number.phone_number_id, {"messages": [plain]}, "history")
    assert (await number.post(body)).status_code == 200
    await world.settled(company)
    assert [m["content"] for m in await stored(world, number.id)] == ["antes", "também antes"]
    assert number.sent(phone) == []


async def test_what_is_typed_on_the_phone_is_ours_and_silences_the_bot_for_the_round(
    world: World, company: Company, number: Number
) -> None:
    phone = a_phone()
    await number.writes(phone, "Oi")
    await number.reads(phone, menu("Recepção"))
    echo = {"from": "5511400010000", "to": phone, "id": a_wamid(), "timestamp": str(now_s()), "type": "text"}
    body = meta.webhook(
        number.phone_number_id, {"message_echoes": [{**echo, "text": {"body": "Eu mesmo"}}]}, "smb_message_echoes"
    )
    assert (await number.post(body)).status_code == 200
    await world.settled(company)
    for words in ("1", "alô?", "Recepção"):
        await number.writes(phone, words)
    await world.settled(company)
    assert number.sent(phone) == [menu("Recepção")]
    shown = await number.messages(phone)
    [ours] = [m for m in shown if m["content"] == "Eu mesmo"]
    assert (ours["direction"], ours["status"], ours["isBot"], ours["senderId"]) == ("OUTBOUND", "SENT", False, None)

    resolved = await company.admin.post(f"/api/conversations/{(await number.conversation(phone))['id']}/resolve")
    assert resolved.status_code == 200
    await number.writes(phone, "Oi outra vez")
    await number.reads(phone, menu("Recepção"), menu("Recepção"))


async def test_a_gateways_customers_meet_nobody(world: World, company: Company) -> None:
    phone = a_phone()
    for more in ({"routing": "none"}, {"agentId": f"bot-{uuid4().hex[:6]}"}):
        gateway = await meta_number(world, company, **more)
        assert gateway.session["routing"] == "none"
        await gateway.writes(phone, "Oi")
        await world.settled(company)
        assert gateway.sent(phone) == []
        assert [m["content"] for m in await gateway.messages(phone)] == ["Oi"]


async def test_without_departments_there_is_no_menu(world: World) -> None:
    company = await world.hub.company()
    number = await meta_number(world, company)
    phone = a_phone()
    await number.writes(phone, "Oi")
    await world.settled(company)
    assert number.sent(phone) == []


async def test_a_message_without_a_timestamp_was_written_now(world: World, company: Company, waha: WahaNumber) -> None:
    """Contract E's own example has none."""
    chat = f"{a_phone()}@c.us"
    for number, more in enumerate(({}, {"timestamp": None}, {"timestamp": 0}, {"timestamp": now_s() * 1000})):
        writer = chat.replace("@", f"{number}@")
        payload = {"id": f"false_{writer}_{uuid4().hex.upper()}", "from": writer, "body": "Oi", "fromMe": False, **more}
        body = json.dumps({"event": "message", "session": waha.name, "payload": payload}).encode()
        assert (await waha.post(body)).status_code == 200
        await world.settled(company)
        assert waha.sent(writer) == [menu("Recepção")]
    times = await world.rows(
        "SELECT abs(extract(epoch FROM timestamp - created_at)) AS apart FROM pooled.messages "
        "WHERE session_id = $1::text::uuid AND direction = 'INBOUND'",
        waha.session["id"],
    )
    assert [row["apart"] < 60 for row in times] == [True] * 4


async def test_a_reaction_and_a_receipt_are_not_answered(world: World, company: Company, number: Number) -> None:
    phone = a_phone()
    reaction = {
        "from": phone,
        "id": a_wamid(),
        "timestamp": str(now_s()),
        "type": "reaction",
        "reaction": {"message_id": a_wamid(), "emoji": "👍"},
    }
    assert (await number.post(number.body(reaction))).status_code == 200
    await number.receipt(a_wamid(), phone, "read")
    await world.settled(company)
    assert number.sent(phone) == []
    assert (await number.conversation(phone))["status"] == "ARCHIVED"


@pytest.mark.parametrize(
    ("chat", "more"),
    [
        ("12036302@g.us", {"participant": "5511999990000@c.us"}),
        ("12036399@newsletter", {}),
    ],
)
async def test_wahas_groups_and_newsletters_are_stored_and_not_answered(
    world: World, company: Company, waha: WahaNumber, chat: str, more: dict[str, Any]
) -> None:
    before = len(world.waha.sent)
    await waha.writes(chat, "1", **more)
    await world.settled(company)
    assert [m["content"] for m in await stored(world, waha.session["id"])] == ["1"]
    assert len(world.waha.sent) == before


@pytest.mark.parametrize("is_asked_for", [False, True])
async def test_wahas_statuses_are_stored_only_where_they_are_asked_for(
    world: World, company: Company, is_asked_for: bool
) -> None:
    waha = await waha_number(world, company, settings={"statuses": is_asked_for})
    before = len(world.waha.sent)
    await waha.writes("status@broadcast", "na praia", participant="5511999990000@c.us")
    await world.settled(company)
    assert [m["content"] for m in await stored(world, waha.session["id"])] == ["na praia"] * is_asked_for
    assert len(world.waha.sent) == before


async def test_wahas_broadcast_list_of_a_customer_is_answered_in_their_own_chat(
    world: World, company: Company, waha: WahaNumber
) -> None:
    chat = f"{a_phone()}@c.us"
    await waha.writes("155511@broadcast", "Oi", participant=chat)
    await world.settled(company)
    assert waha.sent(chat) == [menu("Recepção")]


async def test_on_waha_a_person_is_answered_once_however_often_it_is_told(
    world: World, company: Company, waha: WahaNumber
) -> None:
    chat, id = f"{a_phone()}@c.us", uuid4().hex.upper()
    for event in ("message", "message.any", "message"):
        payload = waha_fake.text_from(chat, id, "Oi", now_s())
        assert (await waha.post(waha_fake.webhook(event, payload, waha.name))).status_code == 200
    await world.settled(company)
    assert waha.sent(chat) == [menu("Recepção")]


async def test_on_waha_the_past_and_ourselves_get_no_text(world: World, company: Company, waha: WahaNumber) -> None:
    old, mine = f"{a_phone()}@c.us", f"{a_phone()}@c.us"
    await waha.writes(old, "ontem", at=now_s() - DAY_S)
    id = uuid4().hex.upper()
    typed = {"fromMe": True, "id": f"true_{mine}_{id}", "source": "app"}
    payload = waha_fake.text_from(mine, id, "do celular", now_s()) | typed
    assert (await waha.post(waha_fake.webhook("message.any", payload, waha.name))).status_code == 200
    await waha.writes(mine, "resposta")
    await world.settled(company)
    assert (waha.sent(old), waha.sent(mine)) == ([], [])
    rows = {m["content"]: m for m in await stored(world, waha.session["id"])}
    assert (rows["do celular"]["direction"], rows["do celular"]["silenced"]) == ("OUTBOUND", True)


async def test_wahas_echo_of_our_own_send_is_not_a_second_message(world: World, company: Company) -> None:
    for when in ("before", "after"):
        waha = await waha_number(world, company)
        url = f"{world.hub.url}/webhooks/waha"
        world.waha.poster.callback = Callback(url, waha.key, when=when)
        chat = f"{a_phone()}@c.us"
        await waha.writes(chat, "Oi")
        await world.settled(company)

        async def read(session_id: str = waha.session["id"]) -> bool:
            rows = await world.rows(
                "SELECT status FROM pooled.messages WHERE session_id = $1::text::uuid AND direction = 'OUTBOUND'",
                session_id,
            )
            return [row["status"] for row in rows] == ["READ"]

        await until(read)
        assert [m["direction"] for m in await stored(world, waha.session["id"])] == ["INBOUND", "OUTBOUND"]
        assert [m["silenced"] for m in await stored(world, waha.session["id"])] == [False, False]
