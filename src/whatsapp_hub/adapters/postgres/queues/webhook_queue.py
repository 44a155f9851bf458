"""Deliveries of outgoing webhooks, across tenants: plan them from the log, lease by subscription, record results.

All times are the database's. A worker whose fence is no longer the row's changes nothing.
"""

import time
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from whatsapp_hub.adapters.postgres.engine.database import Database
from whatsapp_hub.adapters.postgres.repositories.webhooks import COLUMNS, LANE, WANTS, webhook_of
from whatsapp_hub.application.ports.edge.security import SecretBox
from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.application.ports.queues.webhook_queue import (
    DeliveryResult,
    DueDelivery,
    Planned,
    ReceiverHealth,
    SubscriptionLease,
)
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.integrations.delivery import GIVE_UP_AFTER_S, OPENS_AFTER, DeliveryState
from whatsapp_hub.domain.integrations.subscription import Webhook

LOOK_APART_S = 0.5
IDLE_APART_S = 10.0
HEAVY_BYTES = 8 * 1024 * 1024
_NOW = "(SELECT now FROM hub.time)"
_LONG_PAST = "(SELECT long_past FROM hub.time)"

_WANTED = "SELECT EXISTS (SELECT FROM hub.webhooks WHERE is_active)"
# Without a disk flush: a crash loses a plan as a whole, position and deliveries, and it is made again.
_TAKE_TURN = """
    SELECT position, set_config('synchronous_commit', 'off', true) FROM hub.webhook_planner FOR UPDATE SKIP LOCKED"""
_PLAN = f"""
    WITH range AS (
      SELECT p.position AS after, least(s.position, coalesce(next.position - 1, s.position) + $1) AS upto
      FROM hub.sequencer s, hub.webhook_planner p LEFT JOIN LATERAL (  -- over the gap of a restored backup at once
        SELECT e.position FROM hub.events e WHERE e.position > p.position ORDER BY e.position LIMIT 1) AS next ON true),
    planned AS (
      INSERT INTO hub.webhook_deliveries (webhook_id, tenant_id, position, type, lane, expires_at)
      SELECT w.id, e.tenant_id, e.position, e.type, {LANE}, (SELECT now FROM hub.time) + $2 * interval '1 second'
      FROM range, hub.events e JOIN hub.webhooks w ON w.tenant_id = e.tenant_id
      WHERE e.position > range.after AND e.position <= range.upto
        AND w.is_active AND w.cursor < e.position AND {WANTS}
      ORDER BY e.position
      ON CONFLICT (webhook_id, position) DO NOTHING
      RETURNING webhook_id),
    woken AS (
      UPDATE hub.webhooks w SET
        cursor = range.upto, due_at = least(w.due_at, greatest((SELECT now FROM hub.time), w.open_until))
      FROM range WHERE w.id IN (SELECT webhook_id FROM planned) RETURNING w.id)
    UPDATE hub.webhook_planner p SET position = range.upto FROM range WHERE p.position < range.upto
    RETURNING range.upto - range.after AS positions, ARRAY(SELECT id FROM woken) AS webhooks"""

# The first of each company before the second of any. Materialised: as the inner side of a loop the selection, with its
# limit, would run for every outer row.
_LEASE = f"""
    WITH ranked AS (
      SELECT id, row_number() OVER (PARTITION BY tenant_id ORDER BY due_at) AS place FROM hub.webhooks
      WHERE is_active AND due_at <= {_NOW} AND lease_until <= {_NOW} AND tenant_id <> ALL ($3::uuid[])),
    due AS MATERIALIZED (
      SELECT w.id FROM hub.webhooks w JOIN ranked r ON r.id = w.id AND r.place <= $4
      WHERE w.is_active AND w.due_at <= {_NOW} AND w.lease_until <= {_NOW}
      ORDER BY r.place, w.due_at LIMIT $1 FOR NO KEY UPDATE OF w SKIP LOCKED)
    UPDATE hub.webhooks w SET fence = w.fence + 1, lease_until = (SELECT now FROM hub.time) + $2 * interval '1 second'
    FROM due WHERE w.id = due.id
    RETURNING w.id, w.tenant_id, w.fence, w.failures,
      extract(epoch FROM (SELECT now FROM hub.time) - w.failed_at)::float8 AS failed_s_ago"""
_LOOK = f"""
    UPDATE hub.webhooks SET lease_until = (SELECT now FROM hub.time) + $3 * interval '1 second'
    WHERE id = $1 AND fence = $2 AND is_active RETURNING {COLUMNS}"""
_WAITING = f"""
    waiting AS MATERIALIZED (
      SELECT lane, next_at FROM hub.webhook_deliveries
      WHERE webhook_id = $1 AND state = 'pending' AND next_at > {_NOW})"""
_DUE = f"""
    WITH {_WAITING},
    due AS MATERIALIZED (
      SELECT id, lane, tries, extract(epoch FROM expires_at - {_LONG_PAST})::float8 AS left_s, position
      FROM hub.webhook_deliveries
      WHERE webhook_id = $1 AND state = 'pending' AND next_at <= {_NOW}
        AND lane NOT IN (SELECT lane FROM waiting) AND lane <> ALL ($2::text[])
      ORDER BY position LIMIT $3),
    weighed AS (
      SELECT d.position, sum(length(e.body)) OVER (ORDER BY d.position) - length(e.body) AS before
      FROM due d LEFT JOIN hub.events e ON e.position = d.position)
    SELECT d.id, d.lane, d.tries, d.left_s, e.position, e.tenant_id, e.type, e.session_id, e.conversation_id,
      e.occurred_at, e.body, s.key, s.name, s.phone_number
    FROM due d JOIN weighed w ON w.position = d.position AND coalesce(w.before, 0) < $4
      LEFT JOIN hub.events e ON e.position = d.position LEFT JOIN hub.sessions s ON s.id = e.session_id
    ORDER BY d.position"""
_RECORD = """
    WITH held AS MATERIALIZED (
      SELECT id FROM hub.webhook_deliveries WHERE id = ANY ($3) AND state = 'pending' ORDER BY id FOR NO KEY UPDATE)
    UPDATE hub.webhook_deliveries d SET
      state = r.state, tries = least(d.tries + r.tried, 30000),
      next_at = (SELECT now FROM hub.time) + r.again_in_s * interval '1 second',
      finished_at = CASE WHEN r.state <> 'pending' THEN (SELECT now FROM hub.time) END,
      attempts = CASE WHEN r.tried = 0 THEN d.attempts ELSE
        CASE WHEN jsonb_array_length(d.attempts) >= 40 THEN d.attempts - 0 ELSE d.attempts END
        || jsonb_build_object('at', to_char((SELECT now FROM hub.time) AT TIME ZONE 'UTC',
                                      'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                              'status', r.status, 'error', r.error, 'tookMs', r.took_ms) END
    FROM unnest($3::bigint[], $4::text[], $5::float8[], $6::int[], $7::int[], $8::text[], $9::int[])
      AS r(id, state, again_in_s, tried, status, error, took_ms)
    WHERE d.id = r.id AND d.id IN (SELECT id FROM held) AND d.webhook_id = $1 AND d.state = 'pending'
      AND EXISTS (SELECT FROM hub.webhooks w WHERE w.id = $1 AND w.fence = $2)"""
_RATE = """
    UPDATE hub.webhooks SET failures = $3, failed_at = CASE WHEN $3 > 0 THEN (SELECT now FROM hub.time) END,
      open_until = CASE WHEN $4::float8 IS NULL THEN '-infinity'
        ELSE (SELECT now FROM hub.time) + $4 * interval '1 second' END
    WHERE id = $1 AND fence = $2 AND moves = $5 RETURNING true"""
_PULL_FORWARD = f"""
    UPDATE hub.webhook_deliveries SET next_at = (SELECT now FROM hub.time)
    WHERE webhook_id = $1 AND state = 'pending' AND next_at > {_NOW}"""
_END = """
    UPDATE hub.webhooks SET is_active = false, ended_reason = $3, updated_at = (SELECT now FROM hub.time),
      due_at = 'infinity'
    WHERE id = $1 AND fence = $2 AND moves = $4 RETURNING true"""
_CANCEL = """
    UPDATE hub.webhook_deliveries SET state = 'cancelled', finished_at = (SELECT now FROM hub.time)
    WHERE webhook_id = $1 AND state = 'pending'"""
# Locked first: deliveries planned meanwhile are either seen by the second statement or set due_at after it.
_HOLD = "SELECT moves FROM hub.webhooks WHERE id = $1 AND fence = $2 FOR NO KEY UPDATE"
_RELEASE = f"""
    WITH {_WAITING}
    UPDATE hub.webhooks SET lease_until = '-infinity', due_at = greatest(
      open_until, (SELECT now FROM hub.time), coalesce(least(
      (SELECT min(next_at) FROM waiting),
      (SELECT min(next_at) FROM hub.webhook_deliveries
       WHERE webhook_id = $1 AND state = 'pending' AND next_at <= {_NOW} AND lane NOT IN (SELECT lane FROM waiting))
      ), 'infinity'))
    WHERE id = $1"""
_EXPIRE = f"""
    WITH late AS MATERIALIZED (
      SELECT d.id FROM hub.webhook_deliveries d JOIN hub.webhooks w ON w.id = d.webhook_id
      WHERE d.state = 'pending' AND d.expires_at <= {_LONG_PAST} AND w.lease_until <= {_NOW}
        AND (NOT w.is_active OR w.failures >= $2)
      LIMIT $1 FOR UPDATE OF d SKIP LOCKED)
    UPDATE hub.webhook_deliveries SET state = 'dead', finished_at = (SELECT now FROM hub.time)
    WHERE id IN (SELECT id FROM late)"""
_OLDEST = """
    SELECT least((SELECT position + 1 FROM hub.webhook_planner), (
      SELECT min(d.position) FROM hub.webhook_deliveries d JOIN hub.webhooks w ON w.id = d.webhook_id
      WHERE d.state = 'pending' AND w.is_active))"""
_TRIM = """
    DELETE FROM hub.webhook_deliveries WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM hub.webhook_deliveries WHERE created_at < $1 AND state <> 'pending' LIMIT $2))"""


class PostgresWebhookQueue:
    """Implements `WebhookQueue`."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box
        self._looked_at, self._is_wanted, self._idled_at = 0.0, False, 0.0

    async def plan(self, limit: int) -> Planned:
        """Plan deliveries. A hub without webhooks pays next to nothing: it only checks each second for any."""
        now = time.monotonic()
        if now >= self._looked_at + LOOK_APART_S:
            self._looked_at, self._is_wanted = now, await self._database.system(lambda c: c.fetchval(_WANTED))
        if not self._is_wanted:
            if now < self._idled_at + IDLE_APART_S:
                return Planned(0)
            self._idled_at = now
        return await self._plan(limit)

    async def _plan(self, limit: int) -> Planned:
        async def work(connection: Any) -> Any:
            async with connection.transaction():
                if await connection.fetchval(_TAKE_TURN) is None:
                    return None
                return await connection.fetchrow(_PLAN, limit, GIVE_UP_AFTER_S)

        row = await self._database.system(work)
        return Planned(row["positions"], frozenset(row["webhooks"])) if row else Planned(0)

    async def lease(
        self, limit: int, lease_s: float, full: Collection[TenantId] = (), of_one: int = 2**31 - 1
    ) -> list[SubscriptionLease]:
        """Lease subscriptions with due deliveries, tenants in `full` left out. Without any subscription nothing is
        asked."""
        if not self._is_wanted:  # as `plan` saw within the last second
            return []
        rows = await self._database.system(lambda c: c.fetch(_LEASE, limit, lease_s, [*full], of_one))
        return [SubscriptionLease(*row.values()) for row in rows]

    async def look(self, lease: SubscriptionLease, lease_s: float) -> Webhook | None:
        """Renew the lease and read the subscription; None: the lease is lost, or the subscription gone."""
        row = await self._database.system(lambda c: c.fetchrow(_LOOK, lease.webhook_id, lease.fence, lease_s))
        return webhook_of(row, self._box) if row else None

    async def due(self, lease: SubscriptionLease, but_lanes: Collection[str], limit: int) -> list[DueDelivery]:
        """Read due deliveries of lanes that are not in work, until HEAVY_BYTES of bodies."""
        asked = (lease.webhook_id, list(but_lanes), limit, HEAVY_BYTES)
        rows = await self._database.system(lambda c: c.fetch(_DUE, *asked))
        return [_due(row) for row in rows]

    async def record(self, lease: SubscriptionLease, done: Sequence[DeliveryResult]) -> None:
        """Store results under the lease's fence."""
        if not done:
            return
        rows = [_row(one) for one in done]
        columns = [list(column) for column in zip(*rows, strict=True)]
        await self._database.system(lambda c: c.execute(_RECORD, lease.webhook_id, lease.fence, *columns))

    async def rate(self, lease: SubscriptionLease, moves: int | None, rating: ReceiverHealth) -> None:
        """Store the receiver's health; deliveries of one that is back become due now."""
        arguments = (lease.webhook_id, lease.fence, rating.failures, rating.paused_s, moves)

        async def work(connection: Any) -> None:
            async with connection.transaction():
                if await connection.fetchval(_RATE, *arguments) and rating.is_back:
                    await connection.execute(_PULL_FORWARD, lease.webhook_id)

        await self._database.system(work)

    async def end(self, lease: SubscriptionLease, moves: int | None, reason: str) -> None:
        """Switch the subscription off with its reason, and cancel what waits."""

        async def work(connection: Any) -> None:
            async with connection.transaction():
                if await connection.fetchval(_END, lease.webhook_id, lease.fence, reason, moves):
                    await connection.execute(_CANCEL, lease.webhook_id)

        await self._database.system(work)

    async def release(self, lease: SubscriptionLease, moves: int | None) -> None:
        """End the lease; deliveries become due now where the subscription was changed meanwhile."""

        async def work(connection: Any) -> None:
            async with connection.transaction():
                if (now := await connection.fetchval(_HOLD, lease.webhook_id, lease.fence)) is None:
                    return
                if moves is not None and now != moves:
                    await connection.execute(_PULL_FORWARD, lease.webhook_id)
                await connection.execute(_RELEASE, lease.webhook_id)

        await self._database.system(work)

    async def expire(self, limit: int) -> int:
        """Give up deliveries older than the retries last; return how many."""
        return await self._count(_EXPIRE, limit, OPENS_AFTER)

    async def oldest_needed(self) -> int:
        """Read the lowest position that a delivery still needs."""
        oldest: int = await self._database.system(lambda c: c.fetchval(_OLDEST))
        return oldest

    async def trim(self, older_than: datetime, limit: int) -> int:
        """Delete finished deliveries."""
        return await self._count(_TRIM, older_than, limit)

    async def _count(self, statement: str, *arguments: object) -> int:
        tag: str = await self._database.system(lambda c: c.execute(statement, *arguments))
        return int(tag.rpartition(" ")[2])


def _due(row: Any) -> DueDelivery:
    event = None
    if row["body"] is not None:
        where = (row["position"], row["tenant_id"], row["type"], row["session_id"], row["conversation_id"])
        event = LoggedEvent(*where, row["occurred_at"], row["body"])
    fixed = (row["id"], row["lane"], row["tries"], row["left_s"], event)
    return DueDelivery(*fixed, row["key"], row["name"], row["phone_number"])


def _row(done: DeliveryResult) -> tuple[object, ...]:
    attempt, again = done.attempt, done.again_in_s if done.state is DeliveryState.PENDING else 0.0
    if attempt is None:
        return done.delivery_id, done.state.value, again, 0, None, None, None
    error = attempt.error and attempt.error[:500]
    return done.delivery_id, done.state.value, again, 1, attempt.status, error, round(attempt.took_s * 1000)
