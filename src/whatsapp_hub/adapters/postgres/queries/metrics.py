"""A tenant's metrics, as hub_app."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from whatsapp_hub.adapters.postgres.unit_of_work import PostgresStorage
from whatsapp_hub.application.reading.metrics import (
    AgentFigures,
    Cost,
    Dashboard,
    DeadlinesKept,
    FirstResponses,
    Ratings,
    Resolutions,
    SessionFigures,
    timed,
)
from whatsapp_hub.domain.accounts.tenant import Tenant
from whatsapp_hub.domain.accounts.user import OnlineStatus
from whatsapp_hub.domain.conversations.conversation import ConversationStatus
from whatsapp_hub.domain.ids import TenantId, UserId
from whatsapp_hub.domain.service.deadlines import Target

RESPONSES_LOOKED_AT = 10_000
ZONE_WITHOUT_HOURS = "America/Sao_Paulo"

_STATES = """
    SELECT status, count(*) AS n FROM conversations
    WHERE tenant_id = $1 AND (status IN ('OPEN', 'ASSIGNED') OR status IN ('RESOLVED', 'ARCHIVED') AND updated_at >= $2)
    GROUP BY status"""
_MESSAGES = """
    SELECT count(*) FILTER (WHERE created_at >= $2 AND direction = 'INBOUND') AS inbound,
      count(*) FILTER (WHERE created_at >= $2 AND direction = 'OUTBOUND') AS outbound,
      count(*) FILTER (WHERE created_at >= $3) AS today
    FROM messages WHERE tenant_id = $1 AND created_at >= least($2, $3)"""
# The newest of the period: enough for a mean and a median, and bounded on the largest tenant.
_RESPONSES = """
    SELECT assigned_user_id, first_customer_at, first_response_at FROM conversations
    WHERE tenant_id = $1 AND first_response_at >= $2 ORDER BY first_response_at DESC LIMIT $3"""
_AGENTS = """
    SELECT u.id, u.name, u.online_status,
      (SELECT count(*) FROM assignments a WHERE a.user_id = u.id AND a.unassigned_at IS NULL) AS assigned
    FROM hub.users u WHERE u.tenant_id = $1 AND u.is_active ORDER BY lower(u.name), u.id"""
_RESOLVED = """
    SELECT assigned_user_id AS id, count(*) AS n FROM conversations
    WHERE tenant_id = $1 AND status = 'RESOLVED' AND updated_at >= $2 GROUP BY 1"""
_REASONS = """
    SELECT resolve_reason AS reason, count(*) AS n FROM conversations
    WHERE tenant_id = $1 AND status = 'RESOLVED' AND updated_at >= $2 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 100"""
_SENT = """
    SELECT sender_id AS id, count(*) AS n FROM messages
    WHERE tenant_id = $1 AND created_at >= $2 AND sender_id IS NOT NULL GROUP BY 1"""
# Met: answered, or resolved, in time. Missed in the period: a breach updates its conversation, so conversations last
# updated before the period missed nothing in it.
_TARGETS = """
    SELECT
      (SELECT count(*) FROM conversations WHERE tenant_id = $1 AND first_response_at >= $2
         AND first_response_at <= first_response_due_at) AS answered_in_time,
      (SELECT count(*) FROM conversations WHERE tenant_id = $1 AND status = 'RESOLVED' AND updated_at >= $2
         AND resolved_at >= $2 AND resolved_at <= resolution_due_at) AS resolved_in_time,
      count(*) FILTER (WHERE 'firstResponse' = ANY(breaches) AND first_response_due_at >= $2) AS answered_late,
      count(*) FILTER (WHERE 'resolution' = ANY(breaches) AND resolution_due_at >= $2) AS resolved_late
    FROM conversations WHERE tenant_id = $1 AND breaches IS NOT NULL AND updated_at >= $2"""
_RATINGS = """
    SELECT rated_user_id AS id, sum(rating) AS total, count(*) AS n FROM conversations
    WHERE tenant_id = $1 AND rated_at >= $2 GROUP BY 1"""
_COSTS = """
    SELECT session_id, category, kind, is_billable, country, count(*) AS messages FROM hub.charges
    WHERE tenant_id = $1 AND at >= $2 GROUP BY 1, 2, 3, 4, 5 ORDER BY 6 DESC, 1, 2, 3, 4, 5 LIMIT 1000"""
_SESSIONS = """
    SELECT (SELECT count(*) FROM hub.sessions WHERE tenant_id = $1 AND is_active AND status = 'CONNECTED') AS active,
      (SELECT count(*) FROM messages WHERE tenant_id = $1 AND created_at >= $2) AS recent,
      count(*) FILTER (WHERE type = 'session.connected') AS connected,
      count(*) FILTER (WHERE type IN ('session.error', 'session.auth_corrupted')) AS failed
    FROM hub.events
    WHERE tenant_id = $1 AND occurred_at >= $3
      AND type IN ('session.connected', 'session.error', 'session.auth_corrupted')"""


class PostgresMetrics:
    """Implements `Metrics`."""

    def __init__(self, storage: PostgresStorage) -> None:
        self._storage = storage

    async def dashboard(self, tenant_id: TenantId, now: datetime, period: timedelta) -> Dashboard:
        """Count by index; answer times are means of the newest RESPONSES_LOOKED_AT exchanges only."""
        tenant, since = await self._storage.directory.tenant(tenant_id), now - period
        async with self._storage.reading(tenant_id) as connection:
            states = {row["status"]: row["n"] for row in await connection.fetch(_STATES, tenant_id, since)}
            messages = await connection.fetchrow(_MESSAGES, tenant_id, since, _midnight(now, tenant))
            pairs = await connection.fetch(_RESPONSES, tenant_id, since, RESPONSES_LOOKED_AT)
            kept = await connection.fetchrow(_TARGETS, tenant_id, since)
            ratings = await connection.fetch(_RATINGS, tenant_id, since)
            reasons = await connection.fetch(_REASONS, tenant_id, since)
        responses = await asyncio.to_thread(FirstResponses.of, [_pair(row) for row in pairs], tenant.hours)
        return Dashboard(
            conversations={status: states.get(status.value, 0) for status in ConversationStatus},
            messages_today=messages["today"],
            inbound=messages["inbound"],
            outbound=messages["outbound"],
            first_responses=responses,
            targets={
                Target.FIRST_RESPONSE: DeadlinesKept(kept["answered_in_time"], kept["answered_late"]),
                Target.RESOLUTION: DeadlinesKept(kept["resolved_in_time"], kept["resolved_late"]),
            },
            ratings=_rated(ratings),
            resolutions=[Resolutions(row["reason"], row["n"]) for row in reasons],
        )

    async def agents(self, tenant_id: TenantId, now: datetime, period: timedelta) -> list[AgentFigures]:
        """Read the figures of every active user with one statement each kind."""
        tenant, since = await self._storage.directory.tenant(tenant_id), now - period
        async with self._storage.reading(tenant_id) as connection:
            people = await connection.fetch(_AGENTS, tenant_id)
            resolved = _counts(await connection.fetch(_RESOLVED, tenant_id, since))
            sent = _counts(await connection.fetch(_SENT, tenant_id, since))
            rows = await connection.fetch(_RESPONSES, tenant_id, since, RESPONSES_LOOKED_AT)
            ratings = await connection.fetch(_RATINGS, tenant_id, since)
        waits: dict[Any, list[tuple[float, float]]] = defaultdict(list)
        for row, wait in zip(rows, await asyncio.to_thread(timed, list(map(_pair, rows)), tenant.hours), strict=True):
            waits[row["assigned_user_id"]].append(wait)
        rated = {row["id"]: _rated([row]) for row in ratings}
        return [
            AgentFigures(
                user_id=UserId(p["id"]),
                name=p["name"],
                online_status=OnlineStatus(p["online_status"]),
                assigned=p["assigned"],
                resolved=resolved.get(p["id"], 0),
                sent=sent.get(p["id"], 0),
                first_responses=FirstResponses.timed(waits[p["id"]]),
                ratings=rated.get(p["id"], Ratings()),
            )
            for p in people
        ]

    async def costs(self, tenant_id: TenantId, now: datetime, period: timedelta) -> list[Cost]:
        """Count what was charged alike."""
        async with self._storage.reading(tenant_id) as connection:
            return [Cost(*row) for row in await connection.fetch(_COSTS, tenant_id, now - period)]

    async def sessions(self, tenant_id: TenantId, now: datetime) -> SessionFigures:
        """Read sessions' figures; messages a second are those of the last minute."""
        minute, day = timedelta(minutes=1), timedelta(days=1)
        async with self._storage.reading(tenant_id) as connection:
            row = await connection.fetchrow(_SESSIONS, tenant_id, now - minute, now - day)
        return SessionFigures(row["active"], row["connected"], row["failed"], row["recent"] / minute.total_seconds())


def _midnight(now: datetime, tenant: Tenant) -> datetime:
    zone = ZoneInfo(tenant.hours.timezone if tenant.hours else ZONE_WITHOUT_HOURS)
    return datetime.combine(now.astimezone(zone).date(), time(), zone)


def _pair(row: Any) -> tuple[datetime, datetime]:
    return row["first_customer_at"], row["first_response_at"]


def _rated(rows: Sequence[Any]) -> Ratings:
    count = sum(row["n"] for row in rows)
    return Ratings(sum(row["total"] for row in rows) / count, count) if count else Ratings()


def _counts(rows: Any) -> dict[Any, int]:
    return {row["id"]: row["n"] for row in rows}
