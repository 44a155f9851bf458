"""Figures of a tenant, for dashboards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean, median
from typing import Protocol

from whatsapp_hub.domain.accounts.user import OnlineStatus
from whatsapp_hub.domain.conversations.conversation import ConversationStatus
from whatsapp_hub.domain.ids import SessionId, TenantId, UserId
from whatsapp_hub.domain.service.deadlines import Target
from whatsapp_hub.domain.service.hours import Hours


@dataclass(frozen=True, slots=True)
class FirstResponses:
    """Seconds from a round's first message to a person's first answer; None without any. `_open_s`: open hours only."""

    mean_s: float | None
    median_s: float | None
    mean_open_s: float | None
    median_open_s: float | None

    @classmethod
    def of(cls, pairs: Sequence[tuple[datetime, datetime]], hours: Hours | None) -> "FirstResponses":
        """Compute them from pairs of (written at, answered at); without `hours` open time is all time."""
        return cls.timed(timed(pairs, hours))

    @classmethod
    def timed(cls, waits: Sequence[tuple[float, float]]) -> "FirstResponses":
        """Compute them from waits (`timed`)."""
        if not waits:
            return cls(None, None, None, None)
        clock, opened = zip(*waits, strict=True)
        return cls(fmean(clock), median(clock), fmean(opened), median(opened))


def timed(pairs: Sequence[tuple[datetime, datetime]], hours: Hours | None) -> list[tuple[float, float]]:
    """Return how many seconds each answer took, and how many of them were open: all where there are no `hours`."""
    clock = [(answered - wrote).total_seconds() for wrote, answered in pairs]
    opened = [spent.total_seconds() for spent in hours.open_times(pairs)] if hours else clock
    return list(zip(clock, opened, strict=True))


@dataclass(frozen=True, slots=True)
class DeadlinesKept:
    """Rounds that met a deadline, and rounds that missed it."""

    within: int
    breached: int

    @property
    def share(self) -> float | None:
        """Share that met it; None without any round that had the deadline."""
        rounds = self.within + self.breached
        return self.within / rounds if rounds else None


@dataclass(frozen=True, slots=True)
class Ratings:
    """Customers' ratings, from 1 to 5; `average` None without any."""

    average: float | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class Resolutions:
    """How many rounds were resolved for a reason; None: without one."""

    reason: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A company's figures. `conversations`: open and assigned ones now, resolved and archived ones of the
    period; messages of the period, and of today in the company's time zone; `resolutions`: the most frequent first."""

    conversations: dict[ConversationStatus, int]
    messages_today: int
    inbound: int
    outbound: int
    first_responses: FirstResponses
    targets: Mapping[Target, DeadlinesKept]
    ratings: Ratings
    resolutions: Sequence[Resolutions]


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """One agent's figures: assigned now; resolved, sent and ratings of the period."""

    user_id: UserId
    name: str
    online_status: OnlineStatus
    assigned: int
    resolved: int
    sent: int
    first_responses: FirstResponses
    ratings: Ratings


@dataclass(frozen=True, slots=True)
class SessionFigures:
    """Sessions' figures. `connected` and `failed` are attempts of the last 24 hours."""

    active: int
    connected: int
    failed: int
    messages_per_second: float


@dataclass(frozen=True, slots=True)
class Cost:
    """How many messages of a session were charged alike. `country`: ISO 3166, of the receivers; None where unknown."""

    session_id: SessionId
    category: str
    kind: str | None
    is_billable: bool
    country: str | None
    messages: int


class Metrics(Protocol):
    """Read a company's figures. `period` ends at `now`. Raises Unavailable."""

    async def dashboard(self, tenant_id: TenantId, now: datetime, period: timedelta) -> Dashboard:
        """Return counts of conversations and messages, and the mean seconds until a person first answered."""
        ...

    async def agents(self, tenant_id: TenantId, now: datetime, period: timedelta) -> list[AgentFigures]:
        """Return every active user's figures, by name."""
        ...

    async def costs(self, tenant_id: TenantId, now: datetime, period: timedelta) -> list[Cost]:
        """Return how the period's messages were charged, the most frequent first, at most 1,000."""
        ...

    async def sessions(self, tenant_id: TenantId, now: datetime) -> SessionFigures:
        """Return active sessions, how many pairings succeeded, and messages a second."""
        ...
