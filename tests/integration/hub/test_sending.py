"""What our people send: in order, once, and told what became of it whatever the provider answers."""

import asyncio
import time
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.integration.http.conftest import Company
from tests.integration.hub.world import Number, World, a_phone, meta_number, until
from whatsapp_hub.adapters.providers.meta_cloud import errors
from whatsapp_hub.domain.errors import Scope


@pytest_asyncio.fixture
async def gateway(world: World, company: Company) -> Number:
    return await meta_number(world, company, routing="none")


async def met(number: Number, count: int = 1) -> list[str]:
    """Customers who wrote to us."""
    phones = [a_phone() for _ in range(count)]
    for phone in phones:
        await number.writes(phone, "Oi")
    await number.world.settled(number.company)
    return phones


async def test_a_chats_messages_leave_in_the_order_they_were_given(
    world: World, company: Company, gateway: Number
) -> None:
    phones = await met(gateway, 3)
    world.graph.fail_next("slow", delay_s=0.3, times=4)

    async def talk(phone: str) -> None:
        for n in range(8):
            await gateway.answers(company.admin, phone, f"{n}")

    await asyncio.gather(*map(talk, phones))
    for phone in phones:
        await gateway.reads(phone, *(f"{n}" for n in range(8)))
    await world.settled(company)
    for phone in phones:
        messages = await gateway.messages(phone)
        assert [m["status"] for m in messages[1:]] == ["SENT"] * 8
        assert len({m["whatsappMessageId"] for m in messages}) == 9


async def test_one_key_is_one_message_however_often_and_how_fast(
    world: World, company: Company, gateway: Number
) -> None:
    [phone] = await met(gateway)
    key = {"Idempotency-Key": f"key {uuid4()}"}
    body = {"conversationId": (await gateway.conversation(phone))["id"], "content": "uma vez"}
    answers = await asyncio.gather(*(company.admin.post("/api/messages/send", body, **key) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    await gateway.reads(phone, "uma vez")
    for change in ({"content": "outra"}, {"replyTo": "wamid.x"}):
        other = await company.admin.post("/api/messages/send", {**body, **change}, **key)
        assert other.status_code == 422
        assert other.json()["type"].endswith("key-reused")
    colleague = await world.hub.person(company.admin, "ADMIN")
    theirs = await colleague.post("/api/messages/send", body, **key)
    assert theirs.json()["id"] != answers[0].json()["id"]
    await world.settled(company)
    assert gateway.sent(phone) == ["uma vez", "uma vez"]


async def test_one_key_starts_one_conversation(world: World, company: Company, gateway: Number) -> None:
    phone, key = a_phone(), {"Idempotency-Key": str(uuid4())}
    body = {"sessionId": gateway.id, "to": phone, "content": "Bom dia"}
    answers = await asyncio.gather(*(company.admin.post("/api/conversations", body, **key) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (await company.admin.post("/api/conversations", {**body, "content": "x"}, **key)).status_code == 422
    await world.settled(company)
    assert gateway.sent(phone) == ["Bom dia"]


async def test_starting_twice_without_a_key_goes_on_in_the_live_round(
    world: World, company: Company, gateway: Number
) -> None:
    phone = a_phone()
    started = [
        await company.admin.post("/api/conversations", {"sessionId": gateway.id, "to": to, "content": to})
        for to in (phone, f"+{phone}", f"{phone}@s.whatsapp.net")
    ]
    assert {answer.status_code for answer in started} == {201}
    assert len({answer.json()["id"] for answer in started}) == 1
    await gateway.reads(phone, phone, f"+{phone}", f"{phone}@s.whatsapp.net")


async def test_a_conversation_may_start_with_a_template(world: World, company: Company, gateway: Number) -> None:
    phone = a_phone()
    template = {"name": "hello", "language": "pt_BR", "components": [{"type": "body", "parameters": []}]}
    body = {"sessionId": gateway.id, "to": phone, "template": template}
    made = await company.admin.post("/api/conversations", body)
    assert made.status_code == 201, made.text
    await world.settled(company)
    [sent] = [s for s in world.graph.sent if s.to == phone]
    assert sent.body["template"]["name"] == "hello"
    assert sent.body["template"]["language"] == {"code": "pt_BR"}


@pytest.mark.parametrize("code", [131047, 131026, 100, 131037])
async def test_what_meta_refuses_for_good_is_failed_with_its_reason_and_the_chat_goes_on(
    world: World, company: Company, gateway: Number, code: int
) -> None:
    [phone] = await met(gateway)
    world.graph.fail_with(code, to=phone)
    refused = await gateway.answers(company.admin, phone, "tarde demais")
    fine = await gateway.answers(company.admin, phone, "segunda")
    failed = await gateway.message(refused["id"], status="FAILED", outcome=None)
    assert str(code) in failed["error"]
    await gateway.message(fine["id"], status="SENT")
    assert gateway.sent(phone) == ["segunda"]
    again = await company.admin.post(f"/api/messages/{refused['id']}/retry")
    assert again.status_code == 409


async def test_what_meta_refuses_for_the_whole_number_stops_it_until_it_is_started_again(
    world: World, company: Company, gateway: Number
) -> None:
    [phone] = await met(gateway)
    world.graph.fail_with(131048, to=phone)
    refused = await gateway.answers(company.admin, phone, "spam?")
    await gateway.message(refused["id"], status="FAILED", outcome=None)
    held = await gateway.answers(company.admin, phone, "segunda")
    await asyncio.sleep(1)
    await gateway.message(held["id"], status="PENDING", outcome=None)
    log = (await company.admin.get("/api/events", limit=200)).json()
    assert [e["data"]["kind"] for e in log if e["type"] == "session.alert"] == ["sending_stopped"]
    again = await company.admin.post(f"/api/sessions/{gateway.id}/restart")
    assert again.status_code == 200, again.text
    await gateway.message(held["id"], status="SENT")


async def test_a_pair_limit_makes_only_this_recipient_wait(
    world: World, company: Company, gateway: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(errors._TRANSIENT, 131056, (1.5, Scope.RECIPIENT, 12))
    slow, quick = await met(gateway, 2)
    world.graph.fail_with(131056, to=slow)
    began = time.monotonic()
    first = await gateway.answers(company.admin, slow, "a")
    second = await gateway.answers(company.admin, slow, "b")
    other = await gateway.answers(company.admin, quick, "c")
    await gateway.message(other["id"], status="SENT")
    assert gateway.sent(slow) == []
    await gateway.message(second["id"], status="SENT")
    assert time.monotonic() - began > 1.4
    await gateway.message(first["id"], status="SENT", error=None)
    assert gateway.sent(slow) == ["a", "b"]


async def test_a_numbers_limit_makes_the_whole_number_wait_and_no_other(
    world: World, company: Company, gateway: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(errors._TRANSIENT, 130429, (1.5, Scope.SESSION, 12))
    other_number = await meta_number(world, company, routing="none")
    [one, two], [three] = await met(gateway, 2), await met(other_number)
    world.graph.fail_with(130429, status=429, to=one)
    first = await gateway.answers(company.admin, one, "a")

    async def refused() -> bool:
        held = await world.rows(
            "SELECT hold_until > clock_timestamp() AS held FROM hub.paces WHERE session_id = $1::text::uuid", gateway.id
        )
        return bool(held and held[0]["held"])

    await until(refused)
    second = await gateway.answers(company.admin, two, "b")
    elsewhere = await other_number.answers(company.admin, three, "c")
    await other_number.message(elsewhere["id"], status="SENT")
    assert (gateway.sent(one), gateway.sent(two)) == ([], [])
    for message in (first, second):
        await gateway.message(message["id"], status="SENT")
    assert (gateway.sent(one), gateway.sent(two)) == (["a"], ["b"])


async def test_metas_own_trouble_is_tried_again_a_few_times_and_then_failed(
    world: World, company: Company, gateway: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(errors._TRANSIENT, 131000, (0.1, Scope.RECIPIENT, 3))
    lucky, unlucky = await met(gateway, 2)
    world.graph.fail_with(131000, status=500, times=2, to=lucky)
    world.graph.fail_with(131000, status=500, times=3, to=unlucky)
    fine = await gateway.answers(company.admin, lucky, "x")
    lost = await gateway.answers(company.admin, unlucky, "x")
    await gateway.message(fine["id"], status="SENT")
    failed = await gateway.message(lost["id"], status="FAILED")
    assert "131000" in failed["error"]
    assert (gateway.sent(lucky), gateway.sent(unlucky)) == (["x"], [])


async def test_refused_credentials_pause_the_number_until_they_are_mended(
    world: World, company: Company, gateway: Number
) -> None:
    one, two = await met(gateway, 2)
    world.graph.fail_with(190, status=401, to=one)
    first = await gateway.answers(company.admin, one, "1")

    async def failed() -> bool:
        seen = (await company.admin.get(f"/api/sessions/{gateway.id}")).json()
        return seen["status"] == "FAILED" and "credentials" in seen["statusReason"]

    await until(failed)
    waiting = [first, await gateway.answers(company.admin, one, "2"), await gateway.answers(company.admin, two, "3")]
    await asyncio.sleep(1.3)
    assert (gateway.sent(one), gateway.sent(two)) == ([], [])
    for message in waiting:
        await gateway.message(message["id"], status="PENDING", outcome=None)

    url = f"/api/sessions/{gateway.id}"
    mended = await company.admin.patch(url, {"settings": {"accessToken": "a-new-token"}})
    assert mended.status_code == 200, mended.text
    assert "a-new-token" not in mended.text
    begun = await company.admin.post(f"{url}/start")
    assert (begun.status_code, begun.json()["status"]) == (200, "CONNECTED")
    for message in waiting:
        await gateway.message(message["id"], status="SENT")
    assert (gateway.sent(one), gateway.sent(two)) == (["1", "2"], ["3"])


async def test_a_stopped_number_refuses_new_messages_and_keeps_those_that_wait(
    world: World, company: Company, gateway: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(errors._TRANSIENT, 131056, (1.0, Scope.RECIPIENT, 12))
    [phone] = await met(gateway)
    world.graph.fail_with(131056, to=phone)
    waiting = await gateway.answers(company.admin, phone, "espera")
    url = f"/api/sessions/{gateway.id}"
    assert (await company.admin.post(f"{url}/stop")).status_code == 200
    body = {"conversationId": (await gateway.conversation(phone))["id"], "content": "x"}
    assert (await company.admin.post("/api/messages/send", body)).status_code == 409
    await asyncio.sleep(1.5)
    await gateway.message(waiting["id"], status="PENDING")
    assert (await company.admin.post(f"{url}/start")).status_code == 200
    await gateway.message(waiting["id"], status="SENT")
    assert gateway.sent(phone) == ["espera"]


async def test_what_cannot_reach_meta_waits_and_is_sent_once_when_it_is_back(
    world: World, company: Company, gateway: Number
) -> None:
    [phone] = await met(gateway)
    await world.graph.refuse()
    try:
        messages = [await gateway.answers(company.admin, phone, f"{n}") for n in range(2)]
        await asyncio.sleep(0.5)
        await gateway.message(messages[0]["id"], status="PENDING", outcome=None)
    finally:
        await world.graph.listen()
    for message in messages:
        await gateway.message(message["id"], status="SENT")
    assert gateway.sent(phone) == ["0", "1"]
