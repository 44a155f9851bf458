"""Webhook subscriptions, the queue of their deliveries, and the log that feeds it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.contracts.storage.world import NOW, World, eventually, new_id
from whatsapp_hub.application.ports.queues.webhook_queue import DeliveryResult, ReceiverHealth, SubscriptionLease
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import Conflict, Expired, NotFound
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import SessionId, WebhookId
from whatsapp_hub.domain.integrations.delivery import Attempt, DeliveryState
from whatsapp_hub.domain.integrations.subscription import Address, Secret, Webhook, WebhookFormat

OK, DOWN = Attempt(200, 0.01), Attempt(503, 0.01)
GIVEN = DeliveryState.DELIVERED


def make_webhook(world: World, **more: Any) -> Webhook:
    usual: dict[str, Any] = {"secrets": (Secret("whsec_" + "a" * 32),), "url": "https://r.example/in"} | more
    return Webhook(WebhookId(new_id()), world.tenant.id, created_at=NOW, updated_at=NOW, **usual)


async def add_webhook(world: World, **more: Any) -> Webhook:
    webhook = make_webhook(world, **more)
    await world.done(lambda uow: uow.webhooks.add(webhook))
    return webhook


async def publish(conversation: Conversation, world: World, *types: EventType, at: datetime = NOW) -> None:
    async with world.uow() as uow:
        uow.publish([conversation.event(type, at) for type in types])
        await uow.commit()


async def leased(world: World, webhook: Webhook, lease_s: float = 30) -> SubscriptionLease:
    """Plan what was published, and lease this subscription."""

    async def ours() -> SubscriptionLease | None:
        while (await world.hub.webhook_queue.plan(1000)).positions:
            pass
        leases = await world.hub.webhook_queue.lease(1000, lease_s)
        return next((lease for lease in leases if lease.webhook_id == webhook.id), None)

    lease: SubscriptionLease = await eventually(ours)
    return lease


class WebhookContract:
    async def test_a_subscription_comes_back_as_it_went_in(self, world: World) -> None:
        webhook = await add_webhook(
            world,
            events=("message.*",),
            session_id=world.session.id,
            format=WebhookFormat.FLAT,
            headers=(("X-A", "b"),),
        )
        async with world.uow() as uow:
            assert await uow.webhooks.get(webhook.id) == webhook
            [(listed, health)] = await uow.webhooks.all()
            assert (listed, health.pending, health.failures) == (webhook, 0, 0)
            assert await uow.webhooks.of_session(world.session.id) is None
            assert await uow.webhooks.why_off(webhook.id) is None
            with pytest.raises(NotFound):
                await uow.webhooks.get(WebhookId(new_id()))

    async def test_a_session_has_its_own(self, world: World) -> None:
        webhook = await add_webhook(world, session_id=world.session.id, of_session=True)
        async with world.uow() as uow:
            assert await uow.webhooks.of_session(world.session.id) == webhook

    async def test_one_for_an_unknown_session_is_refused(self, world: World) -> None:
        with pytest.raises(NotFound):
            await add_webhook(world, session_id=SessionId(new_id()))

    async def test_a_change_is_saved_and_what_is_off_says_why(self, world: World) -> None:
        webhook = await add_webhook(world)
        async with world.uow() as uow:
            found = await uow.webhooks.get(webhook.id)
            found.pause(NOW)
            await uow.webhooks.save(found)
            await uow.commit()
        async with world.uow() as uow:
            assert await uow.webhooks.why_off(webhook.id) == "switched off"
            assert not (await uow.webhooks.get(webhook.id)).is_active
            await uow.webhooks.remove(webhook.id)
            assert await uow.webhooks.all() == []


class DeliveryContract:
    async def test_a_subscription_gets_the_events_that_it_wants_from_now_on(self, world: World) -> None:
        conversation = await world.conversation()
        await publish(conversation, world, EventType.CONVERSATION_OPENED)
        webhook = await add_webhook(world, events=("conversation.queued", "session.*"))
        await publish(conversation, world, EventType.CONVERSATION_QUEUED, EventType.CONVERSATION_RESOLVED)
        lease = await leased(world, webhook)
        [due] = await world.hub.webhook_queue.due(lease, (), 9)
        assert due.event is not None
        assert (due.event.type, due.lane, due.session_key) == (
            "conversation.queued",
            str(conversation.id),
            world.session.key,
        )

    async def test_deliveries_of_a_lane_wait_for_the_one_before(self, world: World) -> None:
        ana, bia = await world.conversation(), await world.conversation()
        webhook, queue = await add_webhook(world), world.hub.webhook_queue
        for conversation in (ana, ana, bia):
            await publish(conversation, world, EventType.CONVERSATION_QUEUED)
        lease = await leased(world, webhook)
        first, second, third = await queue.due(lease, (), 9)
        assert (first.lane, second.lane, third.lane) == (str(ana.id), str(ana.id), str(bia.id))
        assert [d.id for d in await queue.due(lease, [str(ana.id)], 9)] == [third.id]
        await queue.record(lease, [DeliveryResult(first.id, DeliveryState.PENDING, DOWN, 60)])
        assert [d.id for d in await queue.due(lease, (), 9)] == [third.id]
        async with world.uow() as uow:
            records = await uow.webhooks.deliveries(webhook.id, None, 9, None)
        assert [r.id for r in records] == [third.id, second.id, first.id]
        assert (records[2].tries, records[2].state) == (1, DeliveryState.PENDING)
        assert b"503" in records[2].attempts

    async def test_a_subscription_is_one_workers_under_its_fence(self, world: World) -> None:
        webhook, queue = await add_webhook(world), world.hub.webhook_queue
        await publish(await world.conversation(), world, EventType.CONVERSATION_QUEUED)
        first = await leased(world, webhook, lease_s=0.02)
        [due] = await queue.due(first, (), 9)
        second = await leased(world, webhook)
        assert second.fence > first.fence
        assert await queue.look(first, 30) is None
        await queue.record(first, [DeliveryResult(due.id, GIVEN, OK)])
        assert len(await queue.due(second, (), 9)) == 1
        await queue.record(second, [DeliveryResult(due.id, GIVEN, OK)])
        assert await queue.due(second, (), 9) == []
        assert await queue.look(second, 30) is not None

    async def test_a_released_subscription_is_due_again_with_its_next_delivery(self, world: World) -> None:
        webhook, queue = await add_webhook(world), world.hub.webhook_queue
        await publish(await world.conversation(), world, EventType.CONVERSATION_QUEUED)
        lease = await leased(world, webhook)
        [due] = await queue.due(lease, (), 9)
        await queue.record(lease, [DeliveryResult(due.id, DeliveryState.PENDING, DOWN, 0.02)])
        await queue.release(lease, 0)
        again = await leased(world, webhook)
        assert [d.id for d in await queue.due(again, (), 9)] == [due.id]

    async def test_a_receivers_failures_are_kept_with_its_subscription(self, world: World) -> None:
        webhook, queue = await add_webhook(world), world.hub.webhook_queue
        await publish(await world.conversation(), world, EventType.CONVERSATION_QUEUED)
        lease = await leased(world, webhook)
        await queue.rate(lease, 0, ReceiverHealth(3, 60.0, is_back=False))
        async with world.uow() as uow:
            health = await uow.webhooks.health(webhook.id)
        assert (health.failures, health.pending) == (3, 1)
        assert health.open_until is not None
        await queue.rate(lease, 5, ReceiverHealth(0, None, is_back=False))
        async with world.uow() as uow:
            assert (await uow.webhooks.health(webhook.id)).failures == 3

    async def test_an_ended_subscription_says_why_and_its_deliveries_are_cancelled(self, world: World) -> None:
        webhook, queue = await add_webhook(world), world.hub.webhook_queue
        await publish(await world.conversation(), world, EventType.CONVERSATION_QUEUED)
        lease = await leased(world, webhook)
        await queue.end(lease, 0, "gone")
        async with world.uow() as uow:
            assert await uow.webhooks.why_off(webhook.id) == "gone"
            [record] = await uow.webhooks.deliveries(webhook.id, DeliveryState.CANCELLED, 9, None)
            with pytest.raises(Conflict):
                await uow.webhooks.replay(record.id)
        assert await queue.look(lease, 30) is None

    async def test_a_delivery_is_made_again_on_request(self, world: World) -> None:
        webhook, queue = await add_webhook(world), world.hub.webhook_queue
        await publish(await world.conversation(), world, EventType.CONVERSATION_QUEUED)
        lease = await leased(world, webhook)
        [due] = await queue.due(lease, (), 9)
        async with world.uow() as uow:
            with pytest.raises(Conflict):
                await uow.webhooks.replay(due.id)
        await queue.record(lease, [DeliveryResult(due.id, GIVEN, OK)])
        await queue.release(lease, 0)
        record = await world.done(lambda uow: uow.webhooks.replay(due.id))
        assert (record.state, record.tries) == (DeliveryState.PENDING, 0)
        with pytest.raises(NotFound):
            await world.done(lambda uow: uow.webhooks.replay(2**40))
        again = await leased(world, webhook)
        assert [d.id for d in await queue.due(again, (), 9)] == [due.id]

    async def test_a_range_of_the_log_is_replayed(self, world: World) -> None:
        conversation, before = await world.conversation(), await world.hub.log.head()
        types = (EventType.CONVERSATION_QUEUED, EventType.CONVERSATION_RESOLVED, EventType.CONVERSATION_QUEUED)
        await publish(conversation, world, *types)
        webhook, upto = await add_webhook(world, events=("conversation.queued",)), await world.hub.log.head()
        first = await world.done(lambda uow: uow.webhooks.replay_range(webhook.id, before, upto, 1))
        assert first == (1, before + 1)
        assert await world.done(lambda uow: uow.webhooks.replay_range(webhook.id, before + 1, upto, 9)) == (1, upto)

    async def test_a_moved_subscription_delivers_to_its_new_address_at_once(self, world: World) -> None:
        webhook, queue = await add_webhook(world), world.hub.webhook_queue
        await publish(await world.conversation(), world, EventType.CONVERSATION_QUEUED)
        lease = await leased(world, webhook)
        [due] = await queue.due(lease, (), 9)
        await queue.record(lease, [DeliveryResult(due.id, DeliveryState.PENDING, DOWN, 3600)])
        await queue.rate(lease, 0, ReceiverHealth(9, 3600, is_back=False))
        async with world.uow() as uow:
            found = await uow.webhooks.get(webhook.id)
            found.move(Address("https://other.example/in"), WebhookFormat.STANDARD, NOW)
            await uow.webhooks.save(found)
            await uow.commit()
        await queue.release(lease, 0)
        again = await leased(world, webhook)
        assert again.failures == 0
        assert [d.id for d in await queue.due(again, (), 9)] == [due.id]

    async def test_finished_deliveries_are_trimmed_pending_ones_kept(self, world: World) -> None:
        webhook, queue = await add_webhook(world), world.hub.webhook_queue
        await publish(await world.conversation(), world, EventType.CONVERSATION_QUEUED)
        await publish(await world.conversation(), world, EventType.CONVERSATION_QUEUED)
        lease = await leased(world, webhook)
        done, kept = await queue.due(lease, (), 9)
        await queue.record(lease, [DeliveryResult(done.id, GIVEN, OK)])
        assert await queue.oldest_needed() <= (kept.event.position if kept.event else 0)
        assert await queue.trim(NOW + timedelta(days=36500), 1000) >= 1
        async with world.uow() as uow:
            assert [r.id for r in await uow.webhooks.deliveries(webhook.id, None, 9, None)] == [kept.id]


class LogContract:
    async def test_a_reader_goes_on_where_it_was(self, world: World) -> None:
        conversation, log = await world.conversation(), world.hub.log
        before = await log.head()
        types = (EventType.CONVERSATION_OPENED, EventType.CONVERSATION_QUEUED, EventType.CONVERSATION_RESOLVED)
        await publish(conversation, world, *types)
        first = await log.read(before, 2)
        rest = await log.read(first[-1].position, 2)
        assert [e.type for e in first + rest] == [t.value for t in types]
        assert await log.head() == rest[-1].position

    async def test_a_position_that_was_never_given_has_expired(self, world: World) -> None:
        await publish(await world.conversation(), world, EventType.CONVERSATION_OPENED)
        with pytest.raises(Expired):
            await world.hub.log.read(await world.hub.log.head() + 1, 9)

    async def test_the_log_is_read_backwards_by_type(self, world: World) -> None:
        conversation, log = await world.conversation(), world.hub.log
        start = await log.head()
        opened, resolved = EventType.CONVERSATION_OPENED, EventType.CONVERSATION_RESOLVED
        for types in (opened, resolved), (opened,):
            await publish(conversation, world, *types)
        company = world.tenant.id
        newest, place = await log.before(None, 2, company)
        assert [e.type for e in newest] == [opened.value, resolved.value]
        assert [e.position for e in newest] == [start + 3, start + 2]
        assert place == start + 2
        assert [e.position for e in (await log.before(place, 1, company))[0]] == [start + 1]
        only, _ = await log.before(2**62, 2, company, {opened.value})
        assert [e.position for e in only] == [start + 3, start + 1]
        assert await log.before(0, 5, company) == ([], None)

    async def test_a_conversation_is_read_as_it_was_at_a_position(self, world: World) -> None:
        conversation, log = await world.conversation(), world.hub.log
        before = await log.head()
        await publish(conversation, world, EventType.CONVERSATION_OPENED)
        await publish(conversation, world, EventType.CONVERSATION_RESOLVED)
        assert await log.conversation_at(conversation.id, before) is None
        [first, second] = await log.read(before, 9)
        assert await log.conversation_at(conversation.id, first.position) == first.body
        assert await log.conversation_at(conversation.id, second.position + 5) == second.body
