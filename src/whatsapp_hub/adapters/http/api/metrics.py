"""`/api/metrics`."""

import re
from datetime import timedelta

from dishka.integrations.litestar import FromDishka
from litestar import get
from litestar.params import FromQuery

from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.reading.metrics import DeadlinesKept, FirstResponses, Metrics, Ratings
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.errors import Invalid

TAGS = ["metrics"]
READ = [allows(Action.READ_METRICS)]
_PERIOD = re.compile(r"([1-9][0-9]{0,3})([hd])")
_LONGEST = timedelta(days=366)


def _period(text: str) -> timedelta:
    match = _PERIOD.fullmatch(text)
    period = timedelta(**{{"h": "hours", "d": "days"}[match[2]]: int(match[1])}) if match else None
    if period is None or period > _LONGEST:
        raise Invalid.field("period", "must be hours or days, as in 24h or 7d, at most 366d")
    return period


def _responses(first: FirstResponses) -> dict[str, object]:
    return {
        "avgFirstResponseTime": first.mean_s,
        "medianFirstResponseTime": first.median_s,
        "avgFirstResponseTimeOpenHours": first.mean_open_s,
        "medianFirstResponseTimeOpenHours": first.median_open_s,
    }


def _kept(kept: DeadlinesKept) -> dict[str, object]:
    return {"within": kept.within, "breached": kept.breached, "share": kept.share}


def _ratings(ratings: Ratings) -> dict[str, object]:
    return {"average": ratings.average, "count": ratings.count}


@get("/metrics/dashboard", guards=READ, tags=TAGS)
async def get_dashboard(
    caller: Asking, metrics: FromDishka[Metrics], clock: FromDishka[Clock], period: FromQuery[str] = "7d"
) -> dict[str, object]:
    """Show the company's figures; times are in seconds, null without data. `targets`: how many rounds met their target
    and how many missed it (`share`: of those that had one); `ratings` are from 1 to 5."""
    found = await metrics.dashboard(caller.tenant_id, clock(), _period(period))
    messages = {
        "today": found.messages_today,
        "total": found.inbound + found.outbound,
        "inbound": found.inbound,
        "outbound": found.outbound,
    }
    conversations = {status.value.lower(): count for status, count in found.conversations.items()}
    return {
        "conversations": conversations,
        "messages": messages,
        **_responses(found.first_responses),
        "targets": {target.value: _kept(kept) for target, kept in found.targets.items()},
        "ratings": _ratings(found.ratings),
    }


@get("/metrics/agents", guards=READ, tags=TAGS)
async def get_agents(
    caller: Asking, metrics: FromDishka[Metrics], clock: FromDishka[Clock], period: FromQuery[str] = "7d"
) -> list[dict[str, object]]:
    """Show each agent's figures, by name."""
    return [
        {
            "userId": str(agent.user_id),
            "name": agent.name,
            "onlineStatus": agent.online_status.value,
            "assigned": agent.assigned,
            "resolved": agent.resolved,
            "messagesSent": agent.sent,
            **_responses(agent.first_responses),
            "ratings": _ratings(agent.ratings),
        }
        for agent in await metrics.agents(caller.tenant_id, clock(), _period(period))
    ]


@get("/metrics/sessions", guards=READ, tags=TAGS)
async def get_sessions(caller: Asking, metrics: FromDishka[Metrics], clock: FromDishka[Clock]) -> dict[str, object]:
    """Show connected sessions, and the share of the last day's attempts that succeeded (null: none was made)."""
    found = await metrics.sessions(caller.tenant_id, clock())
    tried = found.connected + found.failed
    return {
        "active": found.active,
        "authSuccessRate": found.connected / tried if tried else None,
        "messagesPerSecond": found.messages_per_second,
    }


HANDLERS = [get_dashboard, get_agents, get_sessions]
