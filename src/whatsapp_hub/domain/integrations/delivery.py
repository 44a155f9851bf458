"""Deliveries of webhooks: what an attempt's answer means, when to try again, when a receiver counts as down."""

from dataclasses import dataclass
from enum import StrEnum

GIVE_UP_AFTER_S = 24 * 3600.0
_FIRST_S = 5.0
_GROWS = 3.0
_LONGEST_S = 4 * 3600.0
_MOST_ASKED_S = 3600.0

FALTERS_AFTER = 2
"""A second failure with no success in between: it is asked with one event a moment, until it answers or is down."""
OPENS_AFTER = 5
MOMENT_S = 1.0
"""What fails within it counts as one failure: a receiver that restarts fails everything that is posted meanwhile."""
_FALTERING_S = 1.25
_PROBE_FIRST_S = 7.5
_PROBE_LONGEST_S = 120.0
"""Well below the time that a bot has to answer in, usually: back in time, nothing is taken from it."""


class DeliveryState(StrEnum):
    """DEAD: given up, an operator may replay it. CANCELLED: its subscription ended, or had no words for it."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a receiver answered. `status` None: it did not (`error` says how). `retry_after_s`: when it asks to be
    tried again."""

    status: int | None
    took_s: float
    error: str | None = None
    retry_after_s: float | None = None

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """The receiver wants no more of anything."""
        return self.status == 410

    @property
    def is_receivers_fault(self) -> bool:
        """It is down or overloaded; any event would have fared the same."""
        return self.status is None or self.status >= 500 or self.status in (408, 429)


@dataclass(frozen=True, slots=True)
class FailureCount:
    """A receiver's failures in a row. `last_at`: when the last of them was counted, on any clock in seconds."""

    failures: int = 0
    last_at: float = float("-inf")

    def failed(self, began: float, ended: float) -> "FailureCount":
        """Count an attempt that failed, unless it says nothing new: it was under way when the last one was counted,
        or failed within a moment after it."""
        if began < self.last_at or ended < self.last_at + MOMENT_S:
            return self
        return FailureCount(self.failures + 1, ended)


NONE_FAILED = FailureCount()


def retry_in_s(tries: int, chance: float, asked_s: float | None = None) -> float:
    """After so many tries (1: the first has failed): 5 s, 15 s, 45 s … 4 h, a fifth more or less by `chance` (0 to
    1), never sooner than the receiver asks (up to an hour)."""
    grown = min(_FIRST_S * _GROWS ** min(tries - 1, 20), _LONGEST_S)
    return max(_jittered(grown, chance), min(asked_s or 0.0, _MOST_ASKED_S))


def probe_in_s(failures: int, chance: float, asked_s: float | None = None) -> float | None:
    """How long a receiver that failed so often in a row is left alone; None while it counts as well. Then it gets one
    event; everything else waits for how that one fares."""
    if failures < FALTERS_AFTER:
        return None
    grown = _FALTERING_S if failures < OPENS_AFTER else _PROBE_FIRST_S * 2.0 ** min(failures - OPENS_AFTER, 20)
    return max(_jittered(min(grown, _PROBE_LONGEST_S), chance), min(asked_s or 0.0, _MOST_ASKED_S))


def put_off_s(again_in_s: float, left_alone_s: float | None) -> float:
    """Return when to try a delivery again whose receiver is left alone for so long: no later than the probe after the
    next. So each probe finds an event (it was not the event's fault), and not always the same (perhaps it was)."""
    return again_in_s if left_alone_s is None else min(again_in_s, 2 * left_alone_s)


def _jittered(seconds: float, chance: float) -> float:
    return seconds * (0.8 + 0.4 * chance)
