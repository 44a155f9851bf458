"""Deliveries of outgoing webhooks, across tenants: plan them from the log, lease by subscription, record results."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from whatsapp_hub.adapters.memory.engine.database import MemoryDatabase, Rows, Transaction, copied
from whatsapp_hub.adapters.memory.queues.log import MemoryEventLog
from whatsapp_hub.adapters.memory.queues.webhooks import new_delivery
from whatsapp_hub.adapters.memory.tables.entities import SESSIONS
from whatsapp_hub.adapters.memory.tables.lanes import EPOCH, NEVER
from whatsapp_hub.adapters.memory.tables.webhooks import DELIVERIES, WEBHOOKS, StoredDelivery, StoredWebhook, wants
from whatsapp_hub.application.ports.queues.webhook_queue import (
    DeliveryResult,
    DueDelivery,
    Planned,
    ReceiverHealth,
    SubscriptionLease,
)
from whatsapp_hub.domain.ids import TenantId, WebhookId
from whatsapp_hub.domain.integrations.delivery import OPENS_AFTER, DeliveryState
from whatsapp_hub.domain.integrations.subscription import Webhook

_ATTEMPTS_KEPT, _ERROR_CHARACTERS = 40, 500


class MemoryWebhookQueue:
    """Implements `WebhookQueue`."""

    def __init__(self, database: MemoryDatabase, log: MemoryEventLog) -> None:
        self._database = database
        self._log = log
        self._planned = 0

    async def plan(self, limit: int) -> Planned:
        events = self._log.logged(self._planned, None)[:limit]
        woken: set[WebhookId] = set()
        async with self._database.transaction() as transaction:
            for event in events:
                rows = transaction.of(event.tenant_id)
                for hook in [h for h in rows.each(WEBHOOKS) if h.cursor < event.position]:
                    if hook.webhook.is_active and wants(hook.webhook, event):
                        delivery = new_delivery(rows, hook.webhook.id, event)
                        await rows.put(DELIVERIES, delivery.record.id, delivery)
                        due_at = min(hook.due_at, max(rows.now, hook.open_until))
                        await rows.put(WEBHOOKS, hook.webhook.id, replace(hook, due_at=due_at, cursor=event.position))
                        woken.add(hook.webhook.id)
        self._planned = events[-1].position if events else self._planned
        return Planned(len(events), frozenset(woken))

    async def lease(
        self, limit: int, lease_s: float, full: Collection[TenantId] = (), of_one: int = 2**31 - 1
    ) -> list[SubscriptionLease]:
        async with self._database.transaction() as transaction:
            now, leases = self._database.now, list[SubscriptionLease]()
            for tenant_id, hook in _by_turns(transaction, now, full, of_one):
                rows = transaction.of(tenant_id)
                if len(leases) < limit and rows.try_lock(WEBHOOKS, hook.webhook.id):
                    leased = replace(hook, fence=hook.fence + 1, lease_until=now + timedelta(seconds=lease_s))
                    await rows.put(WEBHOOKS, hook.webhook.id, leased)
                    ago = (now - hook.failed_at).total_seconds() if hook.failed_at else None
                    whose = (hook.webhook.id, tenant_id, leased.fence)
                    leases.append(SubscriptionLease(*whose, hook.failures, ago))
            return leases

    async def look(self, lease: SubscriptionLease, lease_s: float) -> Webhook | None:
        async with self._database.transaction() as transaction:
            rows = transaction.of(lease.tenant_id)
            hook = await _ours(rows, lease)
            if hook is None or not hook.webhook.is_active:
                return None
            renewed = replace(hook, lease_until=rows.now + timedelta(seconds=lease_s))
            await rows.put(WEBHOOKS, lease.webhook_id, renewed)
            return copied(hook.webhook)

    async def due(self, lease: SubscriptionLease, but_lanes: Collection[str], limit: int) -> list[DueDelivery]:
        async with self._database.transaction() as transaction:
            rows = transaction.of(lease.tenant_id)
            pending, now = _pending(rows, lease.webhook_id), rows.now
            waiting = {d.lane for d in pending if d.record.next_at > now}.union(but_lanes)
            due = [d for d in pending if d.record.next_at <= now and d.lane not in waiting]
            return [self._shown(rows, d) for d in due[:limit]]

    def _shown(self, rows: Rows, delivery: StoredDelivery) -> DueDelivery:
        event = next(iter(self._log.logged(delivery.record.position - 1, None)[:1]), None)
        if event and event.position != delivery.record.position:
            event = None
        session = rows.peek(SESSIONS, event.session_id) if event and event.session_id else None
        left_s = (delivery.expires_at - rows.now).total_seconds()
        names = (session.key, session.name, session.phone_number) if session else ()
        return DueDelivery(delivery.record.id, delivery.lane, delivery.record.tries, left_s, event, *names)

    async def record(self, lease: SubscriptionLease, done: Sequence[DeliveryResult]) -> None:
        async with self._database.transaction() as transaction:
            rows = transaction.of(lease.tenant_id)
            if await _ours(rows, lease) is None:
                return
            for result in done:
                delivery = await rows.get(DELIVERIES, result.delivery_id)
                if delivery and delivery.record.state is DeliveryState.PENDING:
                    await rows.put(DELIVERIES, result.delivery_id, _recorded(delivery, result, rows.now))

    async def rate(self, lease: SubscriptionLease, moves: int | None, rating: ReceiverHealth) -> None:
        async with self._database.transaction() as transaction:
            rows = transaction.of(lease.tenant_id)
            hook = await _ours(rows, lease)
            if hook is None or hook.webhook.moves != moves:
                return
            paused = EPOCH if rating.paused_s is None else rows.now + timedelta(seconds=rating.paused_s)
            failed_at = rows.now if rating.failures else None
            rated = replace(hook, failures=rating.failures, failed_at=failed_at, open_until=paused)
            await rows.put(WEBHOOKS, lease.webhook_id, rated)
            if rating.is_back:
                await _pull_forward(rows, lease.webhook_id)

    async def end(self, lease: SubscriptionLease, moves: int | None, reason: str) -> None:
        async with self._database.transaction() as transaction:
            rows = transaction.of(lease.tenant_id)
            hook = await _ours(rows, lease)
            if hook is None or hook.webhook.moves != moves:
                return
            ended = replace(hook.webhook, is_active=False, ended_reason=reason, updated_at=rows.now)
            await rows.put(WEBHOOKS, lease.webhook_id, replace(hook, webhook=ended, due_at=NEVER))
            for d in _pending(rows, lease.webhook_id):
                await rows.put(DELIVERIES, d.record.id, _finished(d, DeliveryState.CANCELLED, rows.now))

    async def release(self, lease: SubscriptionLease, moves: int | None) -> None:
        async with self._database.transaction() as transaction:
            rows = transaction.of(lease.tenant_id)
            if (hook := await _ours(rows, lease)) is None:
                return
            if moves is not None and hook.webhook.moves != moves:
                await _pull_forward(rows, lease.webhook_id)
            waiting = {d.lane for d in _pending(rows, lease.webhook_id) if d.record.next_at > rows.now}
            heads = [d.record.next_at for d in _pending(rows, lease.webhook_id)
                     if d.record.next_at > rows.now or d.lane not in waiting]  # fmt: skip
            due_at = max(hook.open_until, rows.now, min(heads, default=NEVER))
            await rows.put(WEBHOOKS, lease.webhook_id, replace(hook, lease_until=EPOCH, due_at=due_at))

    async def expire(self, limit: int) -> int:
        async with self._database.transaction() as transaction:
            now, late = self._database.now, list[tuple[TenantId, StoredDelivery]]()
            for tenant_id, d in transaction.everywhere(DELIVERIES):
                hook = transaction.of(tenant_id).peek(WEBHOOKS, d.record.webhook_id)
                is_down = hook is not None and (not hook.webhook.is_active or hook.failures >= OPENS_AFTER)
                is_late = d.record.state is DeliveryState.PENDING and d.expires_at <= now
                if hook and is_late and is_down and hook.lease_until <= now:
                    late.append((tenant_id, d))
            for tenant_id, d in late[:limit]:
                dead = _finished(d, DeliveryState.DEAD, now)
                await transaction.of(tenant_id).put(DELIVERIES, d.record.id, dead)
            return len(late[:limit])

    async def oldest_needed(self) -> int:
        async with self._database.transaction() as transaction:
            needed = [self._planned + 1]
            for tenant_id, d in transaction.everywhere(DELIVERIES):
                hook = transaction.of(tenant_id).peek(WEBHOOKS, d.record.webhook_id)
                if hook and hook.webhook.is_active and d.record.state is DeliveryState.PENDING:
                    needed.append(d.record.position)
            return min(needed)

    async def trim(self, older_than: datetime, limit: int) -> int:
        async with self._database.transaction() as transaction:
            old = [
                (tenant_id, d.record.id)
                for tenant_id, d in transaction.everywhere(DELIVERIES)
                if d.record.created_at < older_than and d.record.state is not DeliveryState.PENDING
            ][:limit]
            for tenant_id, delivery_id in old:
                await transaction.of(tenant_id).drop(DELIVERIES, delivery_id)
            return len(old)


def _by_turns(
    transaction: Transaction, now: datetime, full: Collection[TenantId], of_one: int
) -> Iterable[tuple[TenantId, StoredWebhook]]:
    """List due subscriptions, the first of each company before the second of any."""
    due: dict[TenantId, list[StoredWebhook]] = {}
    for tenant_id, hook in transaction.everywhere(WEBHOOKS):
        is_due = hook.webhook.is_active and hook.due_at <= now and hook.lease_until <= now
        if is_due and tenant_id not in full:
            due.setdefault(tenant_id, []).append(hook)
    ranked = [
        (place, hook.due_at, number, tenant_id, hook)
        for number, (tenant_id, hooks) in enumerate(due.items())
        for place, hook in enumerate(sorted(hooks, key=lambda h: h.due_at)[:of_one])
    ]
    return [(tenant_id, hook) for *_, tenant_id, hook in sorted(ranked, key=lambda one: one[:3])]


async def _ours(rows: Rows, lease: SubscriptionLease) -> StoredWebhook | None:
    """Return the subscription, locked, while the fence is still the lease's."""
    hook = await rows.get(WEBHOOKS, lease.webhook_id)
    return hook if hook and hook.fence == lease.fence else None


def _pending(rows: Rows, webhook_id: WebhookId) -> list[StoredDelivery]:
    own = (d for d in rows.each(DELIVERIES) if d.record.webhook_id == webhook_id)
    return sorted((d for d in own if d.record.state is DeliveryState.PENDING), key=lambda d: d.record.position)


async def _pull_forward(rows: Rows, webhook_id: WebhookId) -> None:
    for d in _pending(rows, webhook_id):
        if d.record.next_at > rows.now:
            await rows.put(DELIVERIES, d.record.id, replace(d, record=replace(d.record, next_at=rows.now)))


def _finished(delivery: StoredDelivery, state: DeliveryState, at: datetime) -> StoredDelivery:
    return replace(delivery, record=replace(delivery.record, state=state, finished_at=at))


def _recorded(delivery: StoredDelivery, result: DeliveryResult, now: datetime) -> StoredDelivery:
    again_s = result.again_in_s if result.state is DeliveryState.PENDING else 0.0
    record = replace(delivery.record, next_at=now + timedelta(seconds=again_s))
    if attempt := result.attempt:
        error = attempt.error and attempt.error[:_ERROR_CHARACTERS]
        made = {"at": f"{now:%Y-%m-%dT%H:%M:%S.%fZ}", "status": attempt.status, "error": error}
        made["tookMs"] = round(attempt.took_s * 1000)
        attempts = [*json.loads(record.attempts), made][-_ATTEMPTS_KEPT:]
        record = replace(record, tries=record.tries + 1, attempts=json.dumps(attempts).encode())
    if result.state is DeliveryState.PENDING:
        return replace(delivery, record=record)
    return _finished(replace(delivery, record=record), result.state, now)
