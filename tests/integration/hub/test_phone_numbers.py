"""Numbers as people write them, at every door that takes one."""

from __future__ import annotations

import random
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.http.conftest import Company
from tests.integration.hub.world import Number, World, a_phone, a_wamid, meta_number, until, waha_number
from tests.integration.hub.world import WahaNumber as Waha

LOCAL, ABROAD = "51 99999-9999", "51999999999"
"""Porto Alegre for a Brazilian company, Peru for the world."""


async def start(company: Company, number: Number, to: str) -> Any:
    body = {"sessionId": number.id, "to": to, "content": f"para {to}"}
    return await company.admin.post("/api/conversations", body)


async def test_people_write_numbers_of_their_own_country(world: World, company: Company, number: Number) -> None:
    for to, phone in (
        (LOCAL, "5551999999999"),
        ("+51 999 999 998", "51999999998"),
        ("0055 (11) 99999-0001", "5511999990001"),
    ):
        made = await start(company, number, to)
        assert (made.status_code, made.json()["customerPhone"]) == (201, phone), made.text
        await number.reads(phone, f"para {to}")


async def test_a_company_abroad_reads_its_own_numbers(world: World, company: Company, number: Number) -> None:
    assert (await company.admin.patch("/api/companies/me", {"country": "PE"})).status_code == 200
    numbers = iter(range(999_999_000, 999_999_999))

    async def is_read() -> bool:
        """Anew each time: a number that was once written to is known, and stands."""
        local = str(next(numbers))
        return bool((await start(company, number, local)).json()["customerPhone"] == f"51{local}")

    await until(is_read)  # processes know a company's settings for a second


async def test_the_number_of_a_known_contact_stands(world: World, company: Company, number: Number) -> None:
    await number.writes(ABROAD, "hola")
    await world.settled(company)
    made = await start(company, number, ABROAD)
    assert (made.status_code, made.json()["customerPhone"]) == (201, ABROAD)


async def known_without_nine(world: World, company: Company, number: Number) -> tuple[str, str]:
    """A contact's number as people write it, and as WhatsApp does."""
    with_nine = a_phone()
    without = with_nine[:4] + with_nine[5:]
    await number.writes(without, "oi")
    await world.settled(company)
    return with_nine, without


async def test_a_known_contact_is_written_to_as_its_whatsapp_writes_it(
    world: World, company: Company, number: Number
) -> None:
    with_nine, without = await known_without_nine(world, company, number)
    made = await start(company, number, f"({with_nine[2:4]}) {with_nine[4:9]}-{with_nine[9:]}")
    assert (made.status_code, made.json()["customerPhone"]) == (201, without)
    await number.reads(without, f"para ({with_nine[2:4]}) {with_nine[4:9]}-{with_nine[9:]}")


async def test_a_programs_bare_digits_are_international(world: World, company: Company) -> None:
    number = await meta_number(world, company, routing="none")
    sent = await company.admin.post(f"/instances/{number.id}/send", {"number": LOCAL, "message": "hola"})
    assert sent.status_code == 202, sent.text
    await number.reads(ABROAD, "hola")
    sent = await company.admin.post(
        f"/whatsapp/{number.id}/send-message", {"to": "+55 (11) 99999-0002", "message": "oi"}
    )
    assert sent.status_code == 202, sent.text
    await number.reads("5511999990002", "oi")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/whatsapp/{id}/send-message", "to"),
        ("/instances/{id}/send", "number"),
        ("/whatsapp/send", "to"),
        ("/api/conversations", "to"),
    ],
)
async def test_what_is_no_number_names_the_field(company: Company, number: Number, path: str, field: str) -> None:
    text = {"/api/conversations": "content"}.get(path, "message")
    body: dict[str, str] = {field: "11 9999O-0001", text: "oi"}
    if "{id}" not in path:
        body["sessionId"] = number.id
    answer = await company.admin.post(path.format(id=number.id), body)
    assert answer.status_code == 400, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{field}"]


async def test_mexicans_are_one_customer_who_is_answered_as_whatsapp_writes_them(
    world: World, company: Company
) -> None:
    waha: Waha = await waha_number(world, company, routing="none")
    national = f"55{a_phone()[-8:]}"
    await waha.writes(f"521{national}@c.us", "hola")
    await world.settled(company)
    body = {"sessionId": waha.session["id"], "to": f"+52 {national}", "content": "buenas"}
    made = await company.admin.post("/api/conversations", body)
    assert (made.status_code, made.json()["customerPhone"]) == (201, f"521{national}"), made.text
    await world.settled(company)
    assert waha.sent(f"521{national}@c.us") == ["buenas"]
    assert len((await company.admin.get("/api/conversations", search=f"52 {national}")).json()) == 1


async def test_answers_go_to_the_number_as_the_customer_s_whatsapp_writes_it(world: World, company: Company) -> None:
    waha: Waha = await waha_number(world, company, routing="none")
    national = f"55{a_phone()[-8:]}"
    body = {"sessionId": waha.session["id"], "to": f"+52 {national}", "content": "hola"}
    made = (await company.admin.post("/api/conversations", body)).json()
    await world.settled(company)
    assert waha.sent(f"52{national}@c.us") == ["hola"]
    await waha.writes(f"521{national}@c.us", "buenas")
    await world.settled(company)
    sent = await company.admin.post("/api/messages/send", {"conversationId": made["id"], "content": "¿qué tal?"})
    assert sent.status_code == 202, sent.text
    await world.settled(company)
    assert waha.sent(f"521{national}@c.us") == ["¿qué tal?"]
    assert (await company.admin.get(f"/api/conversations/{made['id']}")).json()["customerPhone"] == f"521{national}"


async def test_a_conversation_is_found_by_the_phone_in_any_spelling(
    world: World, company: Company, number: Number
) -> None:
    with_nine, without = await known_without_nine(world, company, number)
    area, rest = with_nine[2:4], with_nine[5:]
    spellings = [
        *(with_nine, without, f"+55 ({area}) 9{rest[:4]}-{rest[4:]}", f"({area}) 9{rest[:4]}-{rest[4:]}"),
        *(f"0{area} {rest}", f"00{with_nine}", f"{with_nine}@s.whatsapp.net", f"{area}9{rest}"),
    ]
    for search in spellings:
        found = (await company.admin.get("/api/conversations", search=search)).json()
        assert [c["customerPhone"] for c in found] == [without], search
        contacts = (await company.admin.get("/api/contacts", search=search)).json()
        assert [c["phoneNumber"] for c in contacts] == [without], search


async def test_a_phone_that_is_known_later_finds_the_conversation(
    world: World, company: Company, number: Number
) -> None:
    phone, bsuid = a_phone(), f"BR.{a_wamid()[-20:]}"
    first = {"id": a_wamid(), "timestamp": "1780000000", "type": "text", "text": {"body": "oi"}, "from_user_id": bsuid}
    assert (await number.post(number.body(first))).status_code == 200
    await world.settled(company)
    assert (await company.admin.get("/api/conversations", search=phone)).json() == []
    await number.writes(phone, "meu número", from_user_id=bsuid)
    await world.settled(company)
    found = (await company.admin.get("/api/conversations", search=phone)).json()
    assert [c["customerPhone"] for c in found] == [phone]


async def test_in_a_sandbox_every_number_stands_as_it_is(world: World, company: Company) -> None:
    made = await company.admin.post("/api/sessions", {"name": "s", "provider": "SANDBOX"})
    session = made.json()["id"]
    assert (await company.admin.post(f"/api/sessions/{session}/start")).status_code == 200
    wrote = await company.admin.post(f"/sandbox/{session}/messages", {"from": "+999 000-00123", "text": "oi"})
    assert wrote.status_code == 202, wrote.text
    await world.settled(company)
    body = {"sessionId": session, "to": LOCAL, "content": "oi"}
    assert (await company.admin.post("/api/conversations", body)).json()["customerPhone"] == ABROAD
    shown = await company.admin.get(f"/sandbox/{session}/phones/999 000-00123/messages")
    assert (shown.status_code, shown.json()) == (200, [])
    conversation = (await company.admin.get("/api/conversations", search="99900000123")).json()
    assert [c["customerPhone"] for c in conversation] == ["99900000123"]


@pytest.mark.parametrize("way", ["from them", "from us", "by phone"])
async def test_a_hidden_numbers_phone_finds_the_conversation_once_it_is_known(
    world: World, company: Company, waha: Waha, way: str
) -> None:
    phone, hidden = a_phone(), f"{random.randrange(10**13, 10**14)}@lid"
    await waha.writes(hidden, "Oi")
    await world.settled(company)
    assert (await company.admin.get("/api/conversations", search=phone)).json() == []
    shown = {"_data": {"key": {"remoteJidAlt": f"{phone}@s.whatsapp.net"}}}
    if way == "from us":
        shown |= {"fromMe": True, "id": f"true_{hidden}_{uuid4().hex}", "source": "app", "event": "message.any"}
    chat = hidden
    if way == "by phone":
        chat, shown = f"{phone}@c.us", {"_data": {"key": {"remoteJidAlt": hidden}}}
    await waha.writes(chat, "E aí?", **shown)
    await world.settled(company)
    found = (await company.admin.get("/api/conversations", search=phone)).json()
    assert [c["customerPhone"] for c in found] == [phone]
    assert len((await company.admin.get("/api/conversations", sessionId=waha.session["id"])).json()) == 1
