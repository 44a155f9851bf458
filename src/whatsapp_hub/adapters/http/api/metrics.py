"""`/api/metrics`."""

import re
from datetime import timedelta
from uuid import UUID

from dishka.integrations.litestar import FromDishka
from litestar import get
from litestar.params import FromQuery

from whatsapp_hub.adapters.contracts.views.view import View
from whatsapp_hub.adapters.http.auth import Asking, allows
from whatsapp_hub.application.ports.edge.clock import Clock
from whatsapp_hub.application.reading.metrics import AgentFigures, Dashboard, DeadlinesKept, Metrics, Ratings
from whatsapp_hub.domain.accounts.access import Action
from whatsapp_hub.domain.accounts.user import OnlineStatus
from whatsapp_hub.domain.conversations.conversation import ConversationStatus
from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.service.deadlines import Target

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


class ConversationCounts(View):
    """Open and assigned ones now; resolved and archived ones of the period."""

    open: int
    assigned: int
    resolved: int
    archived: int


class MessageCounts(View):
    """Of today in the company's time zone, and of the period."""

    today: int
    total: int
    inbound: int
    outbound: int


class TargetFigures(View):
    """Rounds that met a target, those that missed it, and the share that met it (null: none had it)."""

    within: int
    breached: int
    share: float | None

    @classmethod
    def of(cls, kept: DeadlinesKept) -> "TargetFigures":
        """Show how many conversations kept a target."""
        return cls(kept.within, kept.breached, kept.share)


class TargetsKept(View):
    """How far the company's targets were met."""

    first_response: TargetFigures
    resolution: TargetFigures


class RatingFigures(View):
    """Customers' ratings, from 1 to 5."""

    average: float | None
    count: int

    @classmethod
    def of(cls, ratings: Ratings) -> "RatingFigures":
        """Show mean and number of ratings."""
        return cls(ratings.average, ratings.count)


class ResolutionFigures(View):
    """Rounds resolved for one of the company's reasons; null: without one."""

    reason: str | None
    count: int


class DashboardView(View):
    """The company's figures. Times are in seconds, null without data."""

    conversations: ConversationCounts
    messages: MessageCounts
    avg_first_response_time: float | None
    median_first_response_time: float | None
    avg_first_response_time_open_hours: float | None
    median_first_response_time_open_hours: float | None
    targets: TargetsKept
    ratings: RatingFigures
    resolutions: list[ResolutionFigures]

    @classmethod
    def of(cls, found: Dashboard) -> "DashboardView":
        """Show the dashboard's figures; times in seconds."""
        conversations = (found.conversations[status] for status in ConversationStatus)
        total = found.inbound + found.outbound
        kept, first = found.targets, found.first_responses
        return cls(
            ConversationCounts(*conversations),
            MessageCounts(found.messages_today, total, found.inbound, found.outbound),
            *(first.mean_s, first.median_s, first.mean_open_s, first.median_open_s),
            TargetsKept(TargetFigures.of(kept[Target.FIRST_RESPONSE]), TargetFigures.of(kept[Target.RESOLUTION])),
            RatingFigures.of(found.ratings),
            [ResolutionFigures(one.reason, one.count) for one in found.resolutions],
        )


class AgentView(View):
    """An agent's figures: assigned now; resolved, sent and rated in the period. Times are in seconds."""

    user_id: UUID
    name: str
    online_status: OnlineStatus
    assigned: int
    resolved: int
    messages_sent: int
    avg_first_response_time: float | None
    median_first_response_time: float | None
    avg_first_response_time_open_hours: float | None
    median_first_response_time_open_hours: float | None
    ratings: RatingFigures

    @classmethod
    def of(cls, agent: AgentFigures) -> "AgentView":
        """Show one agent's figures; times in seconds."""
        first = agent.first_responses
        return cls(
            *(agent.user_id, agent.name, agent.online_status, agent.assigned, agent.resolved, agent.sent),
            *(first.mean_s, first.median_s, first.mean_open_s, first.median_open_s),
            RatingFigures.of(agent.ratings),
        )


class SessionsView(View):
    """Connected sessions, and the share of the last day's attempts that succeeded (null: none was made)."""

    active: int
    auth_success_rate: float | None
    messages_per_second: float


@get("/metrics/dashboard", guards=READ, tags=TAGS)
async def get_dashboard(
    caller: Asking, metrics: FromDishka[Metrics], clock: FromDishka[Clock], period: FromQuery[str] = "7d"
) -> DashboardView:
    """Show the company's figures; times are in seconds, null without data. `targets`: how many rounds met their target
    and how many missed it (`share`: of those that had one); `ratings` are from 1 to 5."""
    return DashboardView.of(await metrics.dashboard(caller.tenant_id, clock(), _period(period)))


@get("/metrics/agents", guards=READ, tags=TAGS)
async def get_agents(
    caller: Asking, metrics: FromDishka[Metrics], clock: FromDishka[Clock], period: FromQuery[str] = "7d"
) -> list[AgentView]:
    """Show each agent's figures, by name."""
    return [AgentView.of(agent) for agent in await metrics.agents(caller.tenant_id, clock(), _period(period))]


@get("/metrics/sessions", guards=READ, tags=TAGS)
async def get_sessions(caller: Asking, metrics: FromDishka[Metrics], clock: FromDishka[Clock]) -> SessionsView:
    """Show connected sessions, and the share of the last day's attempts that succeeded (null: none was made)."""
    found = await metrics.sessions(caller.tenant_id, clock())
    tried = found.connected + found.failed
    return SessionsView(found.active, found.connected / tried if tried else None, found.messages_per_second)


class CostView(View):
    """Messages that the provider charged alike. `country`: ISO 3166, of the receivers; null where unknown."""

    session_id: UUID
    category: str
    type: str | None
    billable: bool
    country: str | None
    messages: int


class CostsView(View):
    """Messages of the period that the provider says how it charges, those that it charges, and both by what they were
    charged as."""

    messages: int
    billable: int
    items: list[CostView]


@get("/metrics/costs", guards=READ, tags=TAGS)
async def get_costs(
    caller: Asking, metrics: FromDishka[Metrics], clock: FromDishka[Clock], period: FromQuery[str] = "30d"
) -> CostsView:
    """Show how the provider charged the messages delivered in the period, `24h` or `30d`; the hub knows no amounts. The
    1,000 most frequent ways to be charged."""
    found = await metrics.costs(caller.tenant_id, clock(), _period(period))
    items = [CostView(c.session_id, c.category, c.kind, c.is_billable, c.country, c.messages) for c in found]
    return CostsView(sum(c.messages for c in found), sum(c.messages for c in found if c.is_billable), items)


HANDLERS = [get_dashboard, get_agents, get_sessions, get_costs]
