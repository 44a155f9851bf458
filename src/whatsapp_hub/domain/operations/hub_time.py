"""The hub's time: PostgreSQL's clock while it runs evenly, unaffected by its steps.

A mark in the database holds the time of a second ago and its offset to the server's clock. Each process compares the
server's clock with its own monotonic clock. If both moved alike, the mark advances. If not, the server's clock was
stepped: the mark keeps the difference from then on, so that the hub's time continues as if nothing had happened.

A step that lasts is adopted once the clock has run evenly for CONFIRMED_S: forward at once, back by running slower.
The hub's time never goes back. While no process ran, an outage cannot be distinguished from a step: the hub takes the
server's clock, if it is later. Deletion by age lags `lag_s` behind: each leap of the hub's time adds to it, and it is
caught up, a day an hour, only while the clock runs evenly and is followed.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

REACH_S = 3.0
"""How far beyond the mark the hub's time goes without a new one; the view `hub.time` has the same number."""
TOLERANCE_S = 1.0
"""Two machines' clocks may differ by so much within a second or two without a step."""
CONFIRMED_S = 600.0
SLOWED_BY = 0.2
CAUGHT_UP_BY = 24.0
LONGEST_S = 5.0
"""The most running time that is counted between two marks."""
LEAP_S = 60.0
"""A start after less than this is a restart, and delays nothing."""


@dataclass(frozen=True, slots=True)
class Mark:
    """`seen_at`: the hub's time when it was made; `ahead_s`: hub's time less server's clock; `settled_at`: since when
    the server's clock runs evenly; `number` rises with each mark."""

    seen_at: datetime
    ahead_s: float
    lag_s: float
    settled_at: datetime
    number: int

    def at(self, server: datetime) -> datetime:
        """Convert the server's clock into the hub's time, unless the clock was stepped."""
        return server + timedelta(seconds=self.ahead_s)

    def reaches(self, time: datetime) -> bool:
        """Check whether a time can follow this mark without a step."""
        return -TOLERANCE_S <= (time - self.seen_at).total_seconds() <= REACH_S + TOLERANCE_S

    def moved(self, at: datetime) -> Self:
        """Return the mark after this one, at a later time."""
        return replace(self, seen_at=max(at, self.seen_at), number=self.number + 1)


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The hub's time by a process's monotonic clock: between sending the query and its answer. `number`: of the last
    mark that the process saw."""

    earliest: datetime
    latest: datetime
    number: int

    def nearest(self, time: datetime) -> datetime:
        """Clamp a time into the interval in which the hub's time must lie."""
        return min(max(time, self.earliest), self.latest)

    @property
    def middle(self) -> datetime:
        """The moment in between, which is wrong by half the round trip at most."""
        return self.earliest + (self.latest - self.earliest) / 2

    def agrees(self, time: datetime) -> bool:
        """Whether a reading differs from this process's own reckoning by no more than TOLERANCE_S."""
        return abs((time - self.nearest(time)).total_seconds()) <= TOLERANCE_S


@dataclass(frozen=True, slots=True)
class Judgement:
    """The next mark. `stepped_s`: by how much the server's clock was stepped; `leapt_s`: by how much the hub's time
    leaps now, at a start or because it adopts a step."""

    mark: Mark
    stepped_s: float = 0.0
    leapt_s: float = 0.0


def judge(mark: Mark, server: datetime, reckoning: Reckoning) -> Judgement:
    """Judge the server's clock in a process that has followed the hub's time so far."""
    here = mark.at(server)
    if reckoning.agrees(here):
        return _follow(mark, server)
    if reckoning.number != mark.number and mark.reaches(here):
        return _follow(mark, server)  # others saw the server's clock run evenly: it is our own that stood or leapt
    at = max(reckoning.middle, mark.seen_at)
    stepped = replace(mark.moved(at), ahead_s=(at - server).total_seconds(), settled_at=at)
    return Judgement(stepped, stepped_s=(here - at).total_seconds())


def join(mark: Mark, server: datetime) -> Judgement | None:
    """Judge it in a process that has just started, while others may run. None: only they can judge it."""
    return _follow(mark, server) if mark.reaches(mark.at(server)) else None


def start(mark: Mark, server: datetime) -> Judgement:
    """Judge it where no other process runs: after an outage, or a step meanwhile."""
    at = max(server, mark.seen_at)
    leapt_s = (at - mark.seen_at).total_seconds()
    ahead_s = (at - server).total_seconds()
    started = replace(mark.moved(at), lag_s=mark.lag_s + leapt_s, ahead_s=ahead_s)
    if leapt_s > LEAP_S or ahead_s > TOLERANCE_S:
        started = replace(started, settled_at=at)
    return Judgement(started, leapt_s=leapt_s)


def _follow(mark: Mark, server: datetime) -> Judgement:
    at = mark.at(server)
    ran_s = min(max(0.0, (at - mark.seen_at).total_seconds()), LONGEST_S)
    if (at - mark.settled_at).total_seconds() < CONFIRMED_S:
        return Judgement(mark.moved(at))
    if -TOLERANCE_S <= mark.ahead_s < 0:
        return Judgement(replace(mark.moved(server), ahead_s=0.0))
    if mark.ahead_s < 0:
        leapt_s = -mark.ahead_s
        followed = replace(mark.moved(server), ahead_s=0.0, lag_s=mark.lag_s + leapt_s, settled_at=server)
        return Judgement(followed, leapt_s=leapt_s)
    if mark.ahead_s > 0:
        ahead_s = max(0.0, mark.ahead_s - SLOWED_BY * ran_s)
        return Judgement(replace(mark.moved(server + timedelta(seconds=ahead_s)), ahead_s=ahead_s))
    return Judgement(replace(mark.moved(at), lag_s=max(0.0, mark.lag_s - CAUGHT_UP_BY * ran_s)))
