"""A provider call whose result nobody knows: never sent again by itself, settled by a receipt or a person."""

import asyncio
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.integration.http.conftest import Company
from tests.integration.hub.test_sending import met
from tests.integration.hub.world import Number, World, meta_number, until
from whatsapp_hub.application.sending import complete_sends
from whatsapp_hub.application.sending.drain_lanes import DrainLanes

pytestmark = pytest.mark.usefixtures("short_deadlines")


@pytest_asyncio.fixture
async def gateway(world: World, company: Company) -> Number:
    return await meta_number(world, company, routing="none")


@pytest.mark.parametrize("taken", [True, False], ids=["taken", "lost"])
@pytest.mark.parametrize("how", ["hang", "reset", "text"])
async def test_no_answer_is_an_unknown_outcome_and_is_not_sent_again(
    world: World, company: Company, gateway: Number, how: str, taken: bool
) -> None:
    [phone] = await met(gateway)
    world.graph.fail_next(how, status=502, taken=taken, to=phone)
    async with world.hub.listening(company.admin) as listener:
        message = await gateway.answers(company.admin, phone, "chegou?")
        await gateway.message(message["id"], status="PENDING", outcome="unknown")
        await listener.hears("message-status", messageId=message["id"], outcome="unknown")
    following = await gateway.answers(company.admin, phone, "depois")
    await gateway.message(following["id"], status="SENT")
    assert gateway.sent(phone) == (["chegou?", "depois"] if taken else ["depois"])
    await gateway.message(message["id"], status="PENDING", outcome="unknown")


async def test_a_receipt_that_carries_our_id_settles_it_and_the_chat_goes_on_at_once(
    world: World, company: Company, gateway: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(complete_sends, "RECEIPT_WAIT_S", 60.0)
    [phone] = await met(gateway)
    world.graph.fail_next("hang", taken=True, to=phone)
    message = await gateway.answers(company.admin, phone, "chegou?")
    following = await gateway.answers(company.admin, phone, "depois")
    await gateway.message(message["id"], outcome="unknown")
    [sent] = [s for s in world.graph.sent if s.to == phone]
    assert sent.body["biz_opaque_callback_data"] == message["id"]
    await gateway.message(following["id"], status="PENDING")
    await gateway.receipt(sent.id, phone, "delivered", biz_opaque_callback_data=message["id"])
    known = await gateway.message(message["id"], status="DELIVERED", outcome=None)
    assert known["whatsapp_message_id"] == sent.id
    await gateway.message(following["id"], status="SENT")
    assert gateway.sent(phone) == ["chegou?", "depois"]
    await gateway.receipt(sent.id, phone, "read")
    await gateway.message(message["id"], status="READ")


async def unknown(world: World, company: Company, gateway: Number) -> tuple[str, str]:
    [phone] = await met(gateway)
    world.graph.fail_next("reset", to=phone)
    message = await gateway.answers(company.admin, phone, "chegou?")
    await gateway.message(message["id"], outcome="unknown")
    return phone, message["id"]


async def test_an_operator_sends_it_again(world: World, company: Company, gateway: Number) -> None:
    phone, id = await unknown(world, company, gateway)
    agent = await company.agent()
    for verb in ("retry", "fail"):
        assert (await agent.post(f"/api/messages/{id}/{verb}")).status_code == 403
    retried = await company.admin.post(f"/api/messages/{id}/retry")
    assert (retried.status_code, retried.json()["id"], retried.json()["outcome"]) == (200, id, None)
    assert retried.json()["status"] == "PENDING"
    await gateway.message(id, status="SENT", outcome=None)
    assert gateway.sent(phone) == ["chegou?"]
    for verb in ("retry", "fail"):
        answer = await company.admin.post(f"/api/messages/{id}/{verb}")
        assert (answer.status_code, answer.json()["type"].rsplit(":")[-1]) == (409, "outcome_known")


async def test_an_operator_declares_it_failed(world: World, company: Company, gateway: Number) -> None:
    phone, id = await unknown(world, company, gateway)
    failed = await company.admin.post(f"/api/messages/{id}/fail")
    assert (failed.status_code, failed.json()["status"], failed.json()["outcome"]) == (200, "FAILED", None)
    assert (await company.admin.post(f"/api/messages/{id}/fail")).status_code == 409
    assert (await company.admin.post(f"/api/messages/{uuid4()}/fail")).status_code == 404
    await gateway.answers(company.admin, phone, "então assim")
    await gateway.reads(phone, "então assim")


async def test_what_an_operator_sends_again_does_not_wait_for_the_receipt(
    world: World, company: Company, gateway: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(complete_sends, "RECEIPT_WAIT_S", 60.0)
    phone, id = await unknown(world, company, gateway)
    assert (await company.admin.post(f"/api/messages/{id}/retry")).status_code == 200
    await gateway.message(id, status="SENT", outcome=None)
    assert gateway.sent(phone) == ["chegou?"]


async def test_without_its_session_a_message_cannot_be_sent_again_but_can_be_failed(
    world: World, company: Company, gateway: Number
) -> None:
    phone, id = await unknown(world, company, gateway)
    conversation = (await gateway.conversation(phone))["id"]
    assert (await company.admin.delete(f"/api/sessions/{gateway.id}")).status_code == 204
    assert (await company.admin.post(f"/api/messages/{id}/retry")).status_code == 409
    failed = await company.admin.post(f"/api/messages/{id}/fail")
    assert (failed.status_code, failed.json()["status"]) == (200, "FAILED")
    body = {"conversationId": conversation, "content": "x"}
    assert (await company.admin.post("/api/messages/send", body)).status_code in (400, 409)
    shown = await company.admin.get(f"/api/conversations/{conversation}")
    assert (shown.status_code, len(shown.json()["messages"])) == (200, 2)


async def killed_in_mid_call(world: World, drain: DrainLanes, gateway: Number, taken: str | None = None) -> None:
    """The worker dies between the claim and the completion: nobody is left who knows the answer. `taken`: once Meta has
    it for this phone."""

    async def under_way() -> bool:
        return bool(
            await world.rows(
                "SELECT FROM hub.lanes WHERE session_id = $1::text::uuid AND attempt_message IS NOT NULL", gateway.id
            )
        )

    await until(under_way)
    await until(lambda: asyncio.sleep(0, bool(drain._calls) and (taken is None or bool(gateway.sent(taken)))))
    for call in drain._calls._others():
        call.cancel()


@pytest.mark.parametrize("taken", [True, False], ids=["taken", "lost"])
async def test_a_worker_killed_in_mid_call_leaves_an_unknown_outcome_when_the_lease_ends(
    world: World, company: Company, gateway: Number, drain: DrainLanes, taken: bool
) -> None:
    [phone] = await met(gateway)
    drain.deadlines = type(drain.deadlines)(call_s=20, lease_s=1.5, start_by_s=1.0)
    world.graph.fail_next("hang", taken=taken, to=phone)
    message = await gateway.answers(company.admin, phone, "chegou?")
    following = await gateway.answers(company.admin, phone, "depois")
    await killed_in_mid_call(world, drain, gateway, phone if taken else None)
    await gateway.message(message["id"], status="PENDING", outcome=None)
    await gateway.message(message["id"], status="PENDING", outcome="unknown")
    await gateway.message(following["id"], status="SENT")
    assert gateway.sent(phone) == (["chegou?", "depois"] if taken else ["depois"])
    if taken:
        sent = gateway.wamid(phone, "chegou?")
        await gateway.receipt(sent, phone, "sent", biz_opaque_callback_data=message["id"])
        await gateway.message(message["id"], status="SENT", outcome=None)


async def test_a_receipt_may_come_while_the_dead_workers_lease_still_runs(
    world: World, company: Company, gateway: Number, drain: DrainLanes
) -> None:
    [phone] = await met(gateway)
    drain.deadlines = type(drain.deadlines)(call_s=20, lease_s=2.0, start_by_s=1.0)
    world.graph.fail_next("hang", taken=True, to=phone)
    message = await gateway.answers(company.admin, phone, "chegou?")
    following = await gateway.answers(company.admin, phone, "depois")
    await killed_in_mid_call(world, drain, gateway, phone)
    await gateway.receipt(
        gateway.wamid(phone, "chegou?"), phone, "read", "sent", biz_opaque_callback_data=message["id"]
    )
    await gateway.message(message["id"], status="READ", outcome=None)
    await gateway.message(following["id"], status="SENT")
    await gateway.message(message["id"], status="READ", outcome=None)
    assert gateway.sent(phone) == ["chegou?", "depois"]


async def test_a_claim_too_old_to_finish_in_time_is_given_back_unsent(
    world: World, company: Company, gateway: Number, drain: DrainLanes
) -> None:
    [phone] = await met(gateway)
    usual = drain.deadlines
    drain.deadlines = type(usual)(call_s=0.7, lease_s=1.5, start_by_s=-1.0)
    message = await gateway.answers(company.admin, phone, "uma vez")

    async def given_back() -> bool:
        rows = await world.rows("SELECT tries FROM hub.lanes WHERE session_id = $1::text::uuid", gateway.id)
        return any(row["tries"] > 0 for row in rows)

    await until(given_back)
    await gateway.message(message["id"], status="PENDING", outcome=None)
    assert gateway.sent(phone) == []
    drain.deadlines = usual
    await gateway.message(message["id"], status="SENT")
    assert gateway.sent(phone) == ["uma vez"]
