"""The service clock of one round: since when its customer waits for people, and by when they should have answered."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from whatsapp_hub.domain.service.deadlines import NO_TARGETS, Deadlines, ServiceTerms, Target


@dataclass(frozen=True, slots=True)
class ServiceClock:
    """`first_customer_at`: the customer's first message; `first_response_at`: a person's first answer; `targets`: the
    deadlines for the first answer and the resolution."""

    first_customer_at: datetime | None = None
    first_response_at: datetime | None = None
    targets: Deadlines = NO_TARGETS

    @property
    def running(self) -> tuple[Target, ...]:
        """Targets of a live round that are neither met nor missed."""
        waits = self.first_customer_at is not None and self.first_response_at is None
        targets = (Target.FIRST_RESPONSE, Target.RESOLUTION) if waits else (Target.RESOLUTION,)
        return tuple(target for target in targets if target not in self.targets.breaches)

    @property
    def next_due(self) -> datetime | None:
        """When one of its targets is due for a warning or a breach next."""
        return self.targets.next_due(self.running)

    def customer_wrote(self, at: datetime) -> "ServiceClock":
        """Set the time of the customer's first message; later ones change nothing."""
        return self if self.first_customer_at else replace(self, first_customer_at=at)

    def person_wrote(self, at: datetime) -> "ServiceClock":
        """Set the time of the first answer by a person. What was written before the customer did is none."""
        is_answer = self.first_customer_at is not None and self.first_response_at is None
        return replace(self, first_response_at=at) if is_answer else self

    def set(self, terms: ServiceTerms, opened_at: datetime, at: datetime) -> "ServiceClock":
        """Compute the running deadlines by these terms, from when their clocks started."""
        targets = self.targets
        for target in self.running:
            since = opened_at if target is Target.RESOLUTION else self.first_customer_at or at
            targets = targets.recomputed(target, terms, since)
        return replace(self, targets=targets)

    def resumed(self, since: datetime, until: datetime, *, is_live: bool) -> "ServiceClock":
        """Add a pause, by which the running deadlines of a live round are put off."""
        return replace(self, targets=self.targets.resumed(self.running if is_live else (), since, until))

    def missed(self, at: datetime) -> Iterator[tuple[Target, datetime]]:
        """Iterate over the running targets that were due before."""
        for target in self.running:
            due = self.targets.of(target).due_at
            if due and due < at:
                yield target, due

    def to_warn_of(self, at: datetime) -> Iterator[tuple[Target, datetime | None]]:
        """Iterate over the running targets that were to be warned of before."""
        for target in self.running:
            deadline = self.targets.of(target)
            if deadline.warn_at and deadline.warn_at < at:
                yield target, deadline.due_at

    def breached(self, target: Target) -> "ServiceClock":
        """Mark the target as missed."""
        return replace(self, targets=self.targets.breached(target))

    def warned(self, target: Target) -> "ServiceClock":
        """Mark the target's warning as given."""
        return replace(self, targets=self.targets.warned(target))


SERVICE_CLOCK = ServiceClock()
"""That of a new round."""
