"""A department's service level: its targets, whether customers are asked for a rating, and when a conversation whose
customer answers no more is resolved."""

from dataclasses import dataclass, fields, replace
from typing import TypedDict

from whatsapp_hub.domain.errors import Flaw

LONGEST_TARGET_MINUTES = 30 * 24 * 60
LONGEST_QUIET_HOURS = 90 * 24


class LevelChanges(TypedDict, total=False):
    """The fields of a service level that somebody sent; None takes the company's value."""

    first_response_target_minutes: int | None
    resolution_target_minutes: int | None
    target_warning_percent: int | None
    asks_rating: bool | None
    resolve_quiet_after_hours: int | None


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """None takes the company's value; the company's None: no target, 80 %, no rating. A target of 0 is none, whatever
    the company's. Minutes count only while the department is open. `resolve_quiet_after_hours`: after how many hours
    without a word a conversation that the company answered last is resolved; 0: never, as the company's None."""

    first_response_target_minutes: int | None = None
    resolution_target_minutes: int | None = None
    target_warning_percent: int | None = None
    asks_rating: bool | None = None
    resolve_quiet_after_hours: int | None = None

    def over(self, usual: "ServiceLevel") -> "ServiceLevel":
        """Fill what is not set here from `usual`."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return ServiceLevel(**{n: getattr(usual, n) if value is None else value for n, value in values.items()})

    def changed(self, changes: LevelChanges) -> "ServiceLevel":
        """Set what was sent."""
        return replace(self, **changes)

    def flaws(self) -> list[Flaw]:
        """Return every bad field."""
        bounds = (
            ("first_response_target_minutes", self.first_response_target_minutes, 0, LONGEST_TARGET_MINUTES),
            ("resolution_target_minutes", self.resolution_target_minutes, 0, LONGEST_TARGET_MINUTES),
            ("target_warning_percent", self.target_warning_percent, 1, 100),
            ("resolve_quiet_after_hours", self.resolve_quiet_after_hours, 0, LONGEST_QUIET_HOURS),
        )
        return [
            Flaw(f"/{name}", f"must be from {least} to {most}")
            for name, value, least, most in bounds
            if value is not None and not least <= value <= most
        ]


NOTHING_SET = ServiceLevel()
USUAL = ServiceLevel(target_warning_percent=80, asks_rating=False, resolve_quiet_after_hours=0)
"""Defaults for a company that has set nothing."""
