"""A department: a group of agents with its own queue, hours and limits."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from whatsapp_hub.domain.errors import Flaw, Invalid
from whatsapp_hub.domain.ids import DepartmentId, TenantId
from whatsapp_hub.domain.service.deadlines import ServiceTerms
from whatsapp_hub.domain.service.hours import Hours
from whatsapp_hub.domain.service.service_level import NOTHING_SET, USUAL, ServiceLevel
from whatsapp_hub.domain.text import is_storable

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(slots=True)
class Department:
    """`is_root` takes what the menu could not place; `max_agents` limits the department's users.

    `max_conversations` limits each user who has no limit of their own; `last_agent_first`: a returning customer's last
    agent is preferred to the one with the fewest conversations; `prefers_skills`: the agent whose skills match more of
    a conversation's labels is preferred. `hours` None: the company's, which are in `open_hours`; `usual_level` is the
    company's service level, which `level` overrides.
    """

    id: DepartmentId
    tenant_id: TenantId
    name: str
    slug: str
    created_at: datetime
    color: str = "#128C7E"
    is_root: bool = False
    response_timeout_minutes: int = 5
    max_agents: int = 10
    max_conversations: int | None = None
    last_agent_first: bool = True
    prefers_skills: bool = True
    hours: Hours | None = None
    level: ServiceLevel = NOTHING_SET
    open_hours: Hours | None = field(default=None, compare=False)
    usual_level: ServiceLevel = field(default=NOTHING_SET, compare=False)

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Trim the name; raise Invalid with every bad field."""
        self.name = self.name.strip()
        flaws = [
            Flaw(f"/{name}", reason)
            for name, bad, reason in (
                ("name", not 1 <= len(self.name) <= 80, "must have 1 to 80 characters"),
                ("name", not is_storable(self.name), "must not contain NUL or lone surrogates"),
                ("slug", not _SLUG.fullmatch(self.slug), "must match [a-z0-9][a-z0-9_-]{0,63}"),
                ("color", not _COLOR.fullmatch(self.color), "must look like #12ab9f"),
                (
                    "response_timeout_minutes",
                    not 1 <= self.response_timeout_minutes <= 1440,
                    "must be from 1 to 1440",
                ),
                ("max_agents", not 1 <= self.max_agents <= 1000, "must be from 1 to 1000"),
                (
                    "max_conversations",
                    self.max_conversations is not None and not 0 <= self.max_conversations <= 10_000,
                    "must be from 0 to 10000",
                ),
            )
            if bad
        ] + self.level.flaws()
        if flaws:
            raise Invalid(*flaws)

    @property
    def response_timeout(self) -> timedelta:
        """How long a customer may wait in the queue, or for an agent's answer, before others take the conversation."""
        return timedelta(minutes=self.response_timeout_minutes)

    @property
    def terms(self) -> ServiceTerms:
        """Its own settings, else the company's."""
        return ServiceTerms(self.level.over(self.usual_level).over(USUAL), self.hours or self.open_hours)

    def is_open(self, at: datetime) -> bool:
        """Whether somebody works at `at`. A department without hours follows the company's; without either it never
        closes."""
        hours = self.hours or self.open_hours
        return hours is None or hours.is_open(at)

    def timeout_from(self, at: datetime) -> timedelta:
        """Return the time until a wait that begins at `at` times out: the response time, counted while it is open."""
        hours = self.hours or self.open_hours
        return self.response_timeout if hours is None else hours.after(at, self.response_timeout) - at
