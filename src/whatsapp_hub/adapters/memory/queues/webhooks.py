"""A tenant's webhook subscriptions and their delivery log."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from whatsapp_hub.adapters.memory.engine.database import Rows, copied
from whatsapp_hub.adapters.memory.queues.log import MemoryEventLog
from whatsapp_hub.adapters.memory.tables.entities import SESSIONS
from whatsapp_hub.adapters.memory.tables.lanes import EPOCH
from whatsapp_hub.adapters.memory.tables.webhooks import (
    DELIVERIES,
    WEBHOOKS,
    StoredDelivery,
    StoredWebhook,
    lane_of,
    wants,
)
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.application.ports.queues.webhook_queue import DeliveryRecord, SubscriptionHealth
from whatsapp_hub.domain.errors import Conflict, Expired, NotFound
from whatsapp_hub.domain.ids import SessionId, WebhookId
from whatsapp_hub.domain.integrations.delivery import GIVE_UP_AFTER_S, DeliveryState
from whatsapp_hub.domain.integrations.subscription import Webhook


class MemoryWebhooks:
    """Implements `Webhooks`."""

    def __init__(self, rows: Rows, log: MemoryEventLog) -> None:
        self._rows = rows
        self._log = log

    async def all(self) -> "list[tuple[Webhook, SubscriptionHealth]]":
        oldest = sorted(self._rows.each(WEBHOOKS), key=lambda s: (s.webhook.created_at, s.webhook.id))
        return [(copied(s.webhook), self._health(s)) for s in oldest]

    def _health(self, stored: StoredWebhook) -> SubscriptionHealth:
        pending = sum(d.record.state is DeliveryState.PENDING for d in self._of(stored.webhook.id))
        open_until = stored.open_until if stored.open_until != EPOCH else None
        return SubscriptionHealth(stored.failures, open_until, stored.cursor, pending)

    def _of(self, webhook_id: WebhookId) -> Iterable[StoredDelivery]:
        return [d for d in self._rows.each(DELIVERIES) if d.record.webhook_id == webhook_id]

    async def get(self, webhook_id: WebhookId) -> Webhook:
        if (found := await self._rows.get(WEBHOOKS, webhook_id)) is None:
            raise NotFound("webhook", webhook_id)
        return copied(found.webhook)

    async def of_session(self, session_id: SessionId) -> Webhook | None:
        own = [s.webhook for s in self._rows.each(WEBHOOKS) if s.webhook.of_session]
        found = next((w for w in own if w.session_id == session_id), None)
        return await self.get(found.id) if found else None

    async def health(self, webhook_id: WebhookId) -> SubscriptionHealth:
        if (found := self._rows.peek(WEBHOOKS, webhook_id)) is None:
            raise NotFound("webhook", webhook_id)
        return self._health(found)

    async def why_off(self, webhook_id: WebhookId) -> str | None:
        found = self._rows.peek(WEBHOOKS, webhook_id)
        if found is None or found.webhook.is_active:
            return None
        return found.webhook.ended_reason or "switched off"

    async def add(self, webhook: Webhook) -> None:
        if webhook.session_id and self._rows.peek(SESSIONS, webhook.session_id) is None:
            raise self._rows.refused(NotFound("session", webhook.session_id))
        stored = StoredWebhook(copied(webhook), await self._log.head(), self._rows.now)
        await self._rows.put(WEBHOOKS, webhook.id, stored)

    async def save(self, webhook: Webhook, *, at_once: bool = False) -> None:
        if (was := await self._rows.get(WEBHOOKS, webhook.id)) is None:
            return
        has_moved, now = was.webhook.moves != webhook.moves, self._rows.now
        if at_once or has_moved:
            await self._make_due(webhook.id)
        is_on_again = webhook.is_active and not was.webhook.is_active
        cursor = max(was.cursor, await self._log.head()) if is_on_again else was.cursor
        kept = replace(was, webhook=copied(webhook), cursor=cursor, due_at=now)
        if has_moved:
            kept = replace(kept, failures=0, failed_at=None, open_until=EPOCH)
        await self._rows.put(WEBHOOKS, webhook.id, kept)

    async def _make_due(self, webhook_id: WebhookId) -> None:
        now = self._rows.now
        for d in self._of(webhook_id):
            if d.record.state is DeliveryState.PENDING and d.record.next_at > now:
                await self._rows.put(DELIVERIES, d.record.id, replace(d, record=replace(d.record, next_at=now)))

    async def remove(self, webhook_id: WebhookId) -> None:
        await self._rows.drop(WEBHOOKS, webhook_id)
        await self._rows.drop_where(DELIVERIES, lambda d: d.record.webhook_id == webhook_id, lambda d: d.record.id)

    async def deliveries(
        self, webhook_id: WebhookId, state: DeliveryState | None, limit: int, before: int | None
    ) -> list[DeliveryRecord]:
        records = [d.record for d in self._of(webhook_id) if state in (None, d.record.state)]
        older = [r for r in records if before is None or r.position < before]
        return sorted(older, key=lambda r: r.position, reverse=True)[:limit]

    async def replay(self, delivery_id: int) -> DeliveryRecord:
        found = await self._rows.get(DELIVERIES, delivery_id)
        if found is None:
            raise NotFound("delivery", delivery_id)
        hook = self._rows.peek(WEBHOOKS, found.record.webhook_id)
        if hook is None or not hook.webhook.is_active:
            raise Conflict("webhook_off", "the webhook is switched off")
        if found.record.state is DeliveryState.PENDING:
            raise Conflict("delivery_pending", "the delivery is still to be made")
        if not self._log.keeps(found.record.position):
            raise Expired(found.record.position, found.record.position + 1)
        again = self._again(found)
        await self._rows.put(DELIVERIES, delivery_id, again)
        await self._wake(found.record.webhook_id)
        return again.record

    def _again(self, delivery: StoredDelivery) -> StoredDelivery:
        now = self._rows.now
        record = replace(delivery.record, state=DeliveryState.PENDING, tries=0, finished_at=None, next_at=now)
        return replace(delivery, record=record, expires_at=now + timedelta(seconds=GIVE_UP_AFTER_S))

    async def _wake(self, webhook_id: WebhookId) -> None:
        if hook := await self._rows.get(WEBHOOKS, webhook_id):
            due_at = min(hook.due_at, max(self._rows.now, hook.open_until))
            await self._rows.put(WEBHOOKS, webhook_id, replace(hook, due_at=due_at))

    async def replay_range(self, webhook_id: WebhookId, after: int, upto: int, limit: int) -> tuple[int, int]:
        hook = self._rows.peek(WEBHOOKS, webhook_id)
        events = [e for e in self._log.logged(after, self._rows.tenant_id) if e.position <= upto]
        found = [e for e in events if hook and wants(hook.webhook, e)][:limit]
        planned = {d.record.position: d for d in self._of(webhook_id)}
        replayed = 0
        for event in found:
            known = planned.get(event.position)
            if known and known.record.state is DeliveryState.PENDING:
                continue
            again = self._again(known) if known else new_delivery(self._rows, webhook_id, event)
            await self._rows.put(DELIVERIES, again.record.id, again)
            replayed += 1
        await self._wake(webhook_id)
        return replayed, found[-1].position if len(found) == limit else upto


def new_delivery(rows: Rows, webhook_id: WebhookId, event: LoggedEvent) -> StoredDelivery:
    """Plan the delivery of an event, due now."""
    now, id = rows.now, rows.next("webhook_deliveries")
    where = (id, webhook_id, event.position, event.type)
    record = DeliveryRecord(*where, DeliveryState.PENDING, 0, now, now, None, b"[]")
    return StoredDelivery(record, lane_of(event), now + timedelta(seconds=GIVE_UP_AFTER_S))
