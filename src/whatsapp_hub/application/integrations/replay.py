"""ListDeliveries, ReplayDelivery, ReplayRange, PingWebhook: inspect and repeat webhook deliveries."""

from dataclasses import dataclass

from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.application.ports.queues.log import EventLog
from whatsapp_hub.application.ports.queues.wakeups import Wake, Work
from whatsapp_hub.application.ports.queues.webhook_queue import DeliveryRecord, WebhookSender
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Conflict, Invalid
from whatsapp_hub.domain.ids import WebhookId
from whatsapp_hub.domain.integrations.delivery import Attempt, DeliveryState

AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class ListDeliveries:
    """List the deliveries of a subscription with their attempts."""

    storage: Storage

    async def __call__(
        self, caller: Caller, webhook_id: WebhookId, state: DeliveryState | None, limit: int, before: int | None
    ) -> list[DeliveryRecord]:
        """List deliveries with a position below `before`, the newest first. Raises NotFound."""
        caller.require(Action.MANAGE_WEBHOOKS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            await uow.webhooks.health(webhook_id)
            return await uow.webhooks.deliveries(webhook_id, state, limit, before)


@dataclass(frozen=True, slots=True)
class ReplayDelivery:
    """Deliver an event again, with the same `webhook-id`."""

    storage: Storage
    wake: Wake

    async def __call__(self, caller: Caller, delivery_id: int) -> DeliveryRecord:
        """Queue it again. Raises NotFound, Conflict (its webhook is off, or it is still pending), Expired."""
        caller.require(Action.MANAGE_WEBHOOKS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            record = await uow.webhooks.replay(delivery_id)
            await uow.commit()
        self.wake(Work.EVENTS)
        return record


@dataclass(frozen=True, slots=True)
class ReplayRange:
    """Deliver all of a webhook's events between two positions, delivered before or not."""

    storage: Storage
    log: EventLog
    wake: Wake

    async def __call__(self, caller: Caller, webhook_id: WebhookId, after: int, upto: int | None) -> tuple[int, int]:
        """Queue at most `AT_ONCE`; return how many, and up to which position. Raises NotFound, Invalid, Conflict
        (switched off), Expired (`after` was trimmed)."""
        caller.require(Action.MANAGE_WEBHOOKS)
        head = await self.log.head()
        if upto is not None and upto < after:
            raise Invalid.field("upto", "must not be below after")
        await self.log.read(after, 1, caller.tenant_id)
        async with self.storage.tenant(caller.tenant_id) as uow:
            if not (await uow.webhooks.get(webhook_id)).is_active:
                raise Conflict("webhook_off", "the webhook is switched off")
            done = await uow.webhooks.replay_range(webhook_id, after, min(upto or head, head), AT_ONCE)
            await uow.commit()
        self.wake(Work.EVENTS)
        return done


@dataclass(frozen=True, slots=True)
class PingWebhook:
    """Post a signed `webhook.test` now and return the attempt."""

    storage: Storage
    sender: WebhookSender

    async def __call__(self, caller: Caller, webhook_id: WebhookId) -> Attempt:
        """Post it. Raises NotFound."""
        caller.require(Action.MANAGE_WEBHOOKS)
        async with self.storage.tenant(caller.tenant_id) as uow:
            webhook = await uow.webhooks.get(webhook_id)
        async with self.sender.receiver() as receiver:
            return await receiver.ping(webhook)
