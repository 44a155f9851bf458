"""Webhooks: subscribed, delivered in order, replayed, ended by their receiver."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tests.contracts.storage.world import a_phone, eventually
from tests.unit.application.office import Office
from whatsapp_hub.application.integrations.deliver import DeliverWebhooks
from whatsapp_hub.application.integrations.replay import ListDeliveries, PingWebhook, ReplayDelivery, ReplayRange
from whatsapp_hub.application.integrations.subscriptions import (
    CreateWebhook,
    DeleteWebhook,
    ListWebhooks,
    NewWebhook,
    RotateWebhookSecret,
    UpdateWebhook,
    WebhookChanges,
)
from whatsapp_hub.application.ports.queues.webhook_queue import DueDelivery
from whatsapp_hub.domain.errors import Conflict, Invalid, NotFound
from whatsapp_hub.domain.ids import WebhookId
from whatsapp_hub.domain.integrations.delivery import Attempt, DeliveryState
from whatsapp_hub.domain.integrations.subscription import Webhook

URL = "https://r.example/in"
EVENTS = ("message.received",)


@dataclass
class FakeReceiver:
    """Answers with `statuses`, one each, and then with 200."""

    statuses: list[int] = field(default_factory=list)
    got: list[tuple[str, str]] = field(default_factory=list)
    longest_s: float = 1.0

    @asynccontextmanager
    async def receiver(self) -> AsyncIterator[FakeReceiver]:
        yield self

    async def post(self, webhook: Webhook, due: DueDelivery) -> Attempt | None:
        assert due.event is not None
        self.got.append((webhook.url, due.event.type))
        return Attempt(self.statuses.pop(0) if self.statuses else 200, 0.01)

    async def ping(self, webhook: Webhook) -> Attempt:
        return Attempt(204, 0.01)


async def delivered(office: Office, receiver: FakeReceiver, posts: int) -> None:
    """Deliver until so many posts were made in all, and what they said is stored."""
    deliver = office.use(DeliverWebhooks, sender=receiver)
    await deliver()

    async def are_made() -> bool:
        return len(receiver.got) >= posts

    await eventually(are_made)
    await deliver.aclose()


async def subscribed(office: Office) -> Webhook:
    webhook, secret = await office.use(CreateWebhook)(office.admin, NewWebhook(URL, events=EVENTS))
    assert secret.startswith("whsec_")
    return webhook


async def test_events_are_delivered_once_and_logged(office: Office) -> None:
    webhook, receiver = await subscribed(office), FakeReceiver()
    await office.writes(a_phone(), "Oi", "Oi?")
    await delivered(office, receiver, 2)
    await delivered(office, receiver, 2)
    assert receiver.got == [(URL, "message.received")] * 2
    records = await office.use(ListDeliveries)(office.admin, webhook.id, None, 9, None)
    assert [r.state for r in records] == [DeliveryState.DELIVERED] * 2
    with pytest.raises(NotFound):
        await office.use(ListDeliveries)(office.admin, WebhookId(office.id), None, 9, None)


async def test_a_failed_delivery_is_made_again_and_nothing_overtakes_it(office: Office) -> None:
    await subscribed(office)
    receiver = FakeReceiver(statuses=[500])
    await office.writes(a_phone(), "Oi", "Oi?")
    await delivered(office, receiver, 1)
    assert len(receiver.got) == 1
    office.clock.pass_(minutes=1)
    await delivered(office, receiver, 3)
    assert len(receiver.got) == 3


async def test_a_receiver_that_is_gone_ends_its_subscription(office: Office) -> None:
    webhook = await subscribed(office)
    await office.writes(a_phone(), "Oi")
    await delivered(office, FakeReceiver(statuses=[410]), 1)
    [(ended, health)] = await office.use(ListWebhooks)(office.admin)
    assert not ended.is_active
    assert health.pending == 0
    again, _ = await office.use(UpdateWebhook)(office.admin, webhook.id, WebhookChanges(is_active=True))
    assert again.is_active


async def test_deliveries_are_replayed_one_by_one_or_as_a_range(office: Office) -> None:
    webhook, receiver = await subscribed(office), FakeReceiver()
    before = await office.storage.log.head()
    await office.writes(a_phone(), "Oi")
    await delivered(office, receiver, 1)
    [record] = await office.use(ListDeliveries)(office.admin, webhook.id, None, 9, None)
    await office.use(ReplayDelivery)(office.admin, record.id)
    with pytest.raises(Conflict):
        await office.use(ReplayDelivery)(office.admin, record.id)
    await delivered(office, receiver, 2)
    replayed, _ = await office.use(ReplayRange)(office.admin, webhook.id, before, None)
    assert replayed == 1
    await delivered(office, receiver, 3)
    assert len(receiver.got) == 3
    with pytest.raises(Invalid):
        await office.use(ReplayRange)(office.admin, webhook.id, 5, 1)


async def test_a_subscription_is_changed_pinged_and_deleted(office: Office) -> None:
    webhook = await subscribed(office)
    _, new = await office.use(RotateWebhookSecret)(office.admin, webhook.id, None)
    rotated, _ = await office.use(ListWebhooks).one(office.admin, webhook.id)
    assert [s.value == new for s in rotated.secrets] == [True, False]
    moved, _ = await office.use(UpdateWebhook)(office.admin, webhook.id, WebhookChanges(url="https://other.example/in"))
    assert moved.moves == 1
    assert (await office.use(PingWebhook, sender=FakeReceiver())(office.admin, webhook.id)).is_delivered
    await office.use(DeleteWebhook)(office.admin, webhook.id)
    with pytest.raises(NotFound):
        await office.use(DeleteWebhook)(office.admin, webhook.id)
    for flawed in (NewWebhook("ftp://r.example"), NewWebhook(URL, events=("nothing.at_all",))):
        with pytest.raises(Invalid):
            await office.use(CreateWebhook)(office.admin, flawed)
