"""A department's service level: its targets, and whether customers are asked for a rating.

{"firstResponseTargetMinutes": 15, "resolutionTargetMinutes": 480, "targetWarningPercent": 80, "asksRating": true}
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from whatsapp_hub.domain.errors import Flaw

LONGEST_TARGET_MINUTES = 30 * 24 * 60

_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "firstResponseTargetMinutes": "first_response_target_minutes",
        "resolutionTargetMinutes": "resolution_target_minutes",
        "targetWarningPercent": "target_warning_percent",
        "asksRating": "asks_rating",
    }
)


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """None takes the company's value; the company's None: no target, 80 %, no rating. A target of 0 is none, whatever
    the company's. Minutes count only while the department is open."""

    first_response_target_minutes: int | None = None
    resolution_target_minutes: int | None = None
    target_warning_percent: int | None = None
    asks_rating: bool | None = None

    @classmethod
    def read(cls, given: Mapping[str, int | bool | None]) -> "ServiceLevel":
        """Decode what `shown` gave."""
        return cls(**{attribute: given.get(name) for name, attribute in _NAMES.items()})  # type: ignore[arg-type] # as it was shown

    def shown(self) -> dict[str, int | bool | None]:
        return {name: getattr(self, attribute) for name, attribute in _NAMES.items()}

    def over(self, usual: "ServiceLevel") -> "ServiceLevel":
        """Fill what is not set here from `usual`."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return ServiceLevel(**{n: getattr(usual, n) if value is None else value for n, value in values.items()})

    def flaws(self) -> list[Flaw]:
        """Return every bad field."""
        bounds = (
            ("firstResponseTargetMinutes", self.first_response_target_minutes, 0, LONGEST_TARGET_MINUTES),
            ("resolutionTargetMinutes", self.resolution_target_minutes, 0, LONGEST_TARGET_MINUTES),
            ("targetWarningPercent", self.target_warning_percent, 1, 100),
        )
        return [
            Flaw(f"/{name}", f"must be from {least} to {most}")
            for name, value, least, most in bounds
            if value is not None and not least <= value <= most
        ]


NOTHING_SET = ServiceLevel()
USUAL = ServiceLevel(target_warning_percent=80, asks_rating=False)
"""Defaults for a company that has set nothing."""
