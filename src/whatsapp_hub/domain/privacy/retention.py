"""Retention: how long a company keeps its customers' data, by kind."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from whatsapp_hub.domain.errors import Flaw

_LONGEST = 3650


class Kind(StrEnum):
    """CONVERSATIONS: closed rounds with everything that belongs to them, by their last change; EVENTS: the texts in the
    log; UPDATES: raw updates of providers."""

    CONVERSATIONS = "conversations"
    MESSAGES = "messages"
    MEDIA = "media"
    EVENTS = "events"
    AUDIT = "audit"
    UPDATES = "updates"


BOUNDS: Mapping[Kind, tuple[int, int]] = {
    Kind.CONVERSATIONS: (1, _LONGEST),
    Kind.MESSAGES: (1, _LONGEST),
    Kind.MEDIA: (1, _LONGEST),
    Kind.EVENTS: (2, _LONGEST),  # a webhook is tried for 24 hours
    Kind.AUDIT: (30, 730),
    Kind.UPDATES: (1, 90),
}
"""Fewest and most days."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Days by kind. None: as long as the hub keeps it (docs/privacy.md)."""

    conversations: int | None = None
    messages: int | None = None
    media: int | None = None
    events: int | None = None
    audit: int | None = None
    updates: int | None = None

    def limits(self) -> Iterator[tuple[Kind, int]]:
        """Yield the kinds that have a limit, in days."""
        for kind in Kind:
            if (days := getattr(self, kind.value)) is not None:
                yield kind, days

    def flaws(self) -> list[Flaw]:
        """Return every bad field."""
        bad = ((kind, days, *BOUNDS[kind]) for kind, days in self.limits())
        return [
            Flaw(f"/retention/{kind.value}_days", f"must be from {least} to {most}")
            for kind, days, least, most in bad
            if not least <= days <= most
        ]


FOR_EVER = Retention()
