"""Receipts that overtake, idempotency keys, ticks, and a server that restarts."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from whatsapp_hub.adapters.postgres.engine.failures import TransactionConflict
from whatsapp_hub.application.ports.provider.events import ReceiptSeen
from whatsapp_hub.domain.errors import KeyReused, NotFound, Unavailable
from whatsapp_hub.domain.ids import MessageId
from whatsapp_hub.domain.messaging.message import MessageStatus

from .conftest import NOW, World, new_id


async def bring_receipt(world: World, provider_id: str, pause_s: float) -> None:
    """What a use case does with a receipt."""
    async with world.uow() as uow:
        await uow.receipts.lock([(world.session.id, provider_id)])
        known = await uow.messages.known([(world.session.id, provider_id)])
        await asyncio.sleep(pause_s)
        if message := next(iter(known), None):
            message.advance(MessageStatus.DELIVERED, NOW)
            await uow.messages.save([message])
        else:
            await uow.receipts.keep([(world.session.id, ReceiptSeen(provider_id, MessageStatus.DELIVERED, NOW))])
        await uow.commit()


async def complete_send(world: World, message_id: MessageId, provider_id: str, pause_s: float) -> None:
    """What a use case does with the provider's answer."""
    async with world.uow() as uow:
        await uow.receipts.lock([(world.session.id, provider_id)])
        message = await uow.messages.get(message_id)
        await asyncio.sleep(pause_s)
        message.sent(provider_id, NOW)
        for _, receipt in await uow.receipts.take([(world.session.id, provider_id)]):
            message.advance(receipt.status, receipt.at, receipt.error)
        await uow.messages.save([message])
        await uow.commit()


@pytest.mark.parametrize(("first", "second"), [(0.0, 0.05), (0.05, 0.0), (0.0, 0.0), (0.03, 0.03)])
async def test_a_receipt_and_its_sends_answer_meet_in_either_order(world: World, first: float, second: float) -> None:
    conversation = await world.conversation()
    messages = await world.enqueue(conversation, *(f"m{n}" for n in range(6)))
    await asyncio.gather(
        *(bring_receipt(world, f"wamid.{m.id}", first) for m in messages),
        *(complete_send(world, m.id, f"wamid.{m.id}", second) for m in messages),
    )
    async with world.uow() as uow:
        found = await uow.messages.by_id([m.id for m in messages])
    assert {m.status for m in found.values()} == {MessageStatus.DELIVERED}


async def test_kept_receipts_are_kept_once_and_taken_once(world: World) -> None:
    receipt = ReceiptSeen("wamid.1", MessageStatus.READ, NOW, None)
    for _ in range(2):
        async with world.uow() as uow:
            await uow.receipts.keep([(world.session.id, receipt)])
            await uow.commit()
    async with world.uow() as uow:
        key = (world.session.id, "wamid.1")
        assert await uow.receipts.take([key, (world.session.id, "x")]) == [(world.session.id, receipt)]
        assert await uow.receipts.take([key]) == []


async def claim(world: World, key: str, request: bytes, pause_s: float = 0) -> tuple[MessageId, MessageId | None]:
    mine = MessageId(new_id())
    async with world.uow() as uow:
        earlier = await uow.idempotency.claim("caller", key, request, mine)
        await asyncio.sleep(pause_s)
        await uow.commit()
    return mine, earlier


async def test_one_of_many_concurrent_claims_wins(world: World) -> None:
    claims = await asyncio.gather(*(claim(world, "k", b"h", 0.02) for _ in range(8)))
    winners = [mine for mine, earlier in claims if earlier is None]
    assert len(winners) == 1
    assert {earlier for _, earlier in claims if earlier} == {winners[0]}
    with pytest.raises(KeyReused):
        await claim(world, "k", b"other")


async def test_a_claim_that_was_rolled_back_is_free_again(world: World) -> None:
    async with world.uow() as uow:
        await uow.idempotency.claim("caller", "r", b"h", MessageId(new_id()))
    assert (await claim(world, "r", b"h"))[1] is None


async def test_a_key_is_new_again_after_a_day(world: World) -> None:
    await claim(world, "old", b"h")
    await world.hub.owner.execute(
        "UPDATE hub.idempotency_keys SET created_at = now() - interval '25 hours' WHERE tenant_id = $1", world.tenant.id
    )
    mine, earlier = await claim(world, "old", b"another body")
    assert earlier is None
    assert (await claim(world, "old", b"another body"))[1] == mine


async def test_a_tick_acts_once_however_many_ask(world: World) -> None:
    jobs = {"often": 0.5, "seldom": 60.0}
    asked = await asyncio.gather(*(world.hub.directory.ticks(jobs) for _ in range(10)))
    assert sorted(name for names in asked for name in names) == ["often", "seldom"]
    await asyncio.sleep(0.55)
    assert await world.hub.directory.ticks(jobs) == ["often"]


async def test_a_deadlock_is_a_conflict_that_may_be_tried_again(world: World) -> None:
    a, b = await world.conversation(), await world.conversation()

    async def lock(first: Any, second: Any) -> None:
        async with world.uow() as uow:
            await uow.conversations.get(first.id)
            await asyncio.sleep(0.1)
            await uow.conversations.get(second.id)
            await uow.commit()

    ends = await asyncio.gather(lock(a, b), lock(b, a), return_exceptions=True)
    [conflict] = [end for end in ends if end is not None]
    assert isinstance(conflict, TransactionConflict)
    assert isinstance(conflict, Unavailable)


async def test_lost_connections_are_replaced_by_themselves(world: World) -> None:
    terminate = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()"""
    conversation = await world.conversation()

    async def cut_off() -> None:
        async with world.uow() as uow:
            await world.hub.owner.execute(terminate)
            await uow.conversations.get(conversation.id)

    with pytest.raises(Unavailable):
        await cut_off()
    async with world.uow() as uow:
        assert await uow.conversations.get(conversation.id)
    for _ in range(3):
        with suppress(Unavailable):
            assert await world.hub.directory.tenants()
            return
    pytest.fail("the system's pool did not come back")


async def test_a_cancelled_call_leaves_its_connection_usable(world: World) -> None:
    conversation = await world.conversation()

    async def give_up(after_s: float) -> None:
        async with asyncio.timeout(after_s), world.uow() as uow:
            await uow.conversations.get(conversation.id)
            await asyncio.sleep(1)

    for n in range(40):
        with pytest.raises(TimeoutError):
            await give_up(0.0001 * n)
    async with world.uow() as uow:
        assert await uow.conversations.get(conversation.id)
        with pytest.raises(NotFound):
            await uow.users.get(new_id())  # type: ignore[arg-type]  # any id
