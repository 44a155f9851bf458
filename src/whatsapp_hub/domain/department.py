"""A department: who answers what."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from whatsapp_hub.domain.errors import Flaw, Invalid
from whatsapp_hub.domain.ids import DepartmentId, TenantId
from whatsapp_hub.domain.message import is_storable

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(slots=True)
class Department:
    """`is_root` takes what the menu could not place; `max_agents` bounds the department's users."""

    id: DepartmentId
    tenant_id: TenantId
    name: str
    slug: str
    created_at: datetime
    color: str = "#128C7E"
    is_root: bool = False
    response_timeout_minutes: int = 5
    max_agents: int = 10

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise Invalid with every bad field."""
        flaws = [
            Flaw(f"/{name}", reason)
            for name, bad, reason in (
                ("name", not 1 <= len(self.name.strip()) <= 80, "must have 1 to 80 characters"),
                ("name", not is_storable(self.name), "must not contain NUL or lone surrogates"),
                ("slug", not _SLUG.fullmatch(self.slug), "must match [a-z0-9][a-z0-9_-]{0,63}"),
                ("color", not _COLOR.fullmatch(self.color), "must look like #12ab9f"),
                (
                    "responseTimeoutMinutes",
                    not 1 <= self.response_timeout_minutes <= 1440,
                    "must be from 1 to 1440",
                ),
                ("maxAgents", not 1 <= self.max_agents <= 1000, "must be from 1 to 1000"),
            )
            if bad
        ]
        if flaws:
            raise Invalid(*flaws)

    @property
    def response_timeout(self) -> timedelta:
        return timedelta(minutes=self.response_timeout_minutes)
