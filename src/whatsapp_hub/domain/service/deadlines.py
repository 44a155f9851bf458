"""Deadlines of a round: for the first answer and for the resolution.

A clock counts the minutes in which the department is open, except while the round was closed or its session's bot had
it. Pure; `Conversation` keeps the times and decides which clocks run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from whatsapp_hub.domain.service.hours import Hours
from whatsapp_hub.domain.service.service_level import ServiceLevel


class Target(StrEnum):
    """What a service level promises. The values are wire names."""

    FIRST_RESPONSE = "firstResponse"
    RESOLUTION = "resolution"


Pause = tuple[datetime, datetime]
"""From a round's end to its reopening, or from its opening to a bot's hand-over."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """`warn_at` None beside a due time: the warning was given."""

    due_at: datetime | None = None
    warn_at: datetime | None = None

    def put_off(self, by: timedelta) -> "Deadline":
        """Move the deadline and its warning, as when the customer's answer was waited for."""
        return Deadline(self.due_at and self.due_at + by, self.warn_at and self.warn_at + by)


@dataclass(frozen=True, slots=True)
class ServiceTerms:
    """Service level and hours of one department, or (outside of any) of the company. `level` has no defaults left to
    apply; only targets may be None."""

    level: ServiceLevel
    hours: Hours | None

    def deadline(self, target: Target, since: datetime, pauses: Sequence[Pause]) -> Deadline:
        """Compute the deadline of a clock that started at `since`."""
        is_first = target is Target.FIRST_RESPONSE
        level = self.level
        minutes = level.first_response_target_minutes if is_first else level.resolution_target_minutes
        if not minutes:
            return Deadline()
        in_all = timedelta(minutes=minutes)
        early = in_all * (level.target_warning_percent or 100) / 100
        return Deadline(self._after(since, in_all, pauses), self._after(since, early, pauses))

    def _after(self, since: datetime, how_long: timedelta, pauses: Sequence[Pause]) -> datetime:
        """Return when so much open time will have passed, pauses left out."""
        at, left = since, how_long
        for begins, ends in pauses:
            spent = self._open_time(at, begins) if begins > at else timedelta()
            if spent >= left:
                break
            at, left = max(at, ends), left - spent
        return self.hours.after(at, left) if self.hours else at + left

    def _open_time(self, since: datetime, until: datetime) -> timedelta:
        return self.hours.open_time(since, until) if self.hours else until - since


@dataclass(frozen=True, slots=True)
class Deadlines:
    """`breaches` are the missed targets, each once; `pauses` in order."""

    first_response: Deadline = Deadline()
    resolution: Deadline = Deadline()
    breaches: tuple[Target, ...] = ()
    pauses: tuple[Pause, ...] = ()

    def of(self, target: Target) -> Deadline:
        """Return the deadline of one target."""
        return self.first_response if target is Target.FIRST_RESPONSE else self.resolution

    def _with(self, target: Target, deadline: Deadline) -> "Deadlines":
        if target is Target.FIRST_RESPONSE:
            return replace(self, first_response=deadline)
        return replace(self, resolution=deadline)

    def recomputed(self, target: Target, terms: ServiceTerms, since: datetime) -> "Deadlines":
        """Compute a deadline anew. A warning that was given is not repeated."""
        before, deadline = self.of(target), terms.deadline(target, since, self.pauses)
        was_warned = before.due_at is not None and before.warn_at is None
        return self._with(target, replace(deadline, warn_at=None) if was_warned else deadline)

    def warned(self, target: Target) -> "Deadlines":
        """Mark a target's warning as given, so that it is given once."""
        return self._with(target, replace(self.of(target), warn_at=None))

    def breached(self, target: Target) -> "Deadlines":
        """Mark a target missed; its warning is dropped."""
        return replace(self.warned(target), breaches=(*self.breaches, target))

    def resumed(self, running: Iterable[Target], since: datetime, until: datetime) -> "Deadlines":
        """Add a pause, and put the running deadlines off by its length: an approximation until they are computed anew,
        by the hours of the department that takes it."""
        resumed = replace(self, pauses=(*self.pauses, (since, until)))
        for target in running:
            resumed = resumed._with(target, self.of(target).put_off(until - since))
        return resumed

    def next_due(self, running: Iterable[Target]) -> datetime | None:
        """Return when the next warning or breach is due."""
        times = (time for target in running for time in (self.of(target).due_at, self.of(target).warn_at))
        return min((time for time in times if time is not None), default=None)


NO_TARGETS = Deadlines()
