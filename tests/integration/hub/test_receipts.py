"""Delivery receipts move a message forward, whatever their order, number and haste."""

import asyncio
import itertools
import random

import pytest

from tests.fakes.http import Callback
from tests.integration.http.conftest import Company
from tests.integration.hub.world import SHARED, Number, World, a_phone, meta_number

STATES = ("sent", "delivered", "read")


async def answered(company: Company, number: Number) -> tuple[str, str, str]:
    """A customer, our answer's id, and Meta's id of it."""
    phone = a_phone()
    await number.writes(phone, "Oi")
    message = await number.answers(company.admin, phone, "Bom dia")
    sent = await number.message(message["id"], status="SENT")
    return phone, message["id"], sent["whatsapp_message_id"]


@pytest.mark.parametrize("order", list(itertools.permutations(STATES)), ids="-".join)
async def test_receipts_in_any_order_and_twice_leave_read(
    world: World, company: Company, order: tuple[str, ...]
) -> None:
    number = await meta_number(world, company, routing="none")
    phone, id, wamid = await answered(company, number)
    await number.receipt(wamid, phone, *order, *order)
    await number.message(id, status="READ")
    await world.settled(company)
    await number.message(id, status="READ", error=None)


async def test_read_alone_is_enough(world: World, company: Company) -> None:
    number = await meta_number(world, company, routing="none")
    phone, id, wamid = await answered(company, number)
    await number.receipt(wamid, phone, "read")
    await number.message(id, status="READ")


async def test_receipts_at_once_in_one_body_and_in_many_leave_read(world: World, company: Company) -> None:
    number = await meta_number(world, company, routing="none")
    phone, id, wamid = await answered(company, number)
    several = [
        {"id": wamid, "status": state, "timestamp": "1780000000", "recipient_id": phone}
        for state in ("read", "delivered", "sent")
    ]
    bodies = [number.body(statuses=several), *(number.body(statuses=[one]) for one in several)] * 3
    random.Random(1).shuffle(bodies)
    answers = await asyncio.gather(*(number.post(body) for body in bodies))
    assert {answer.status_code for answer in answers} == {200}
    await number.message(id, status="READ")
    assert len([row for row in await world.inbox(number.id) if row["dedupe_key"].startswith("s:")]) == 3


@pytest.mark.parametrize("with_our_id", [True, False])
async def test_receipts_that_overtake_the_answer_to_the_send_leave_read(
    world: World, company: Company, with_our_id: bool
) -> None:
    number = await meta_number(world, company, routing="none")
    phone = a_phone()
    await number.writes(phone, "Oi")
    url = f"{world.hub.url}{SHARED}"
    world.graph.poster.callback = Callback(url, number.secret, when="before", duplicates=1)
    world.graph.statuses = ("read", "delivered", "sent")
    original = world.graph._receipts  # what a graph without biz_opaque_callback_data would post

    def without_ours(sent, batch):  # type: ignore[no-untyped-def]
        sent.body.pop("biz_opaque_callback_data", None)
        return original(sent, batch)

    try:
        if not with_our_id:
            world.graph._receipts = without_ours  # type: ignore[method-assign]
        world.graph.fail_next("slow", delay_s=1.0, to=phone)
        message = await number.answers(company.admin, phone, "Bom dia")
        await number.message(message["id"], status="READ")
        await world.settled(company)
        await number.message(message["id"], status="READ", error=None, outcome=None)
        assert number.sent(phone) == ["Bom dia"]
    finally:
        world.graph.__dict__.pop("_receipts", None)
        world.graph.statuses = STATES


async def test_failed_after_sent_is_failed_with_metas_reason_and_nothing_leaves_it(
    world: World, company: Company
) -> None:
    number = await meta_number(world, company, routing="none")
    phone, id, wamid = await answered(company, number)
    errors = [{"code": 131049, "title": "ecosystem", "error_data": {"details": "not delivered, engagement"}}]
    await number.receipt(wamid, phone, "sent")
    await number.receipt(wamid, phone, "failed", errors=errors)
    failed = await number.message(id, status="FAILED")
    assert "131049" in failed["error"]
    assert "engagement" in failed["error"]
    await number.receipt(wamid, phone, "delivered", "read")
    await world.settled(company)
    await number.message(id, status="FAILED")


async def test_failed_after_delivered_changes_nothing(world: World, company: Company) -> None:
    number = await meta_number(world, company, routing="none")
    phone, id, wamid = await answered(company, number)
    await number.receipt(wamid, phone, "delivered", "failed")
    await world.settled(company)
    await number.message(id, status="DELIVERED")


async def test_a_receipt_of_another_numbers_session_moves_nothing(world: World, company: Company) -> None:
    number = await meta_number(world, company, routing="none")
    phone, id, wamid = await answered(company, number)
    other = await world.hub.company()
    stranger = await meta_number(world, other)
    await stranger.receipt(wamid, phone, "read", biz_opaque_callback_data=id)
    sibling = await meta_number(world, company)
    await sibling.receipt(wamid, phone, "read", biz_opaque_callback_data=id)
    await world.settled(other)
    await world.settled(company)
    await number.message(id, status="SENT")
