"""Webhook deliveries: the meaning of a response, the retry schedule, the circuit breaker of a receiver."""

from dataclasses import dataclass
from enum import StrEnum

from whatsapp_hub.domain.backoff import Backoff

GIVE_UP_AFTER_S = 24 * 3600.0
_RETRIES = Backoff(5.0, 4 * 3600.0, factor=3.0, least=0.8, most=1.2)
_MOST_ASKED_S = 3600.0

FALTERS_AFTER = 2
"""Failures in a row after which a receiver gets one event a moment, until it answers or counts as down."""
OPENS_AFTER = 5
MOMENT_S = 1.0
"""Failures within it count as one: a receiver that restarts fails everything that is posted meanwhile."""
_FALTERING = Backoff(1.25, 1.25, least=0.8, most=1.2)
_PROBES = Backoff(7.5, 120.0, least=0.8, most=1.2)
"""Well below a bot's usual time to answer: a receiver that recovers in time loses no conversation."""


class DeliveryState(StrEnum):
    """DEAD: given up, an operator may replay it. CANCELLED: its subscription ended, or its format cannot encode it."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A receiver's response. `status` None: it gave none (`error` says how). `retry_after_s`: the delay that it asks
    for."""

    status: int | None
    took_s: float
    error: str | None = None
    retry_after_s: float | None = None

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver answered 2xx. Redirects are not followed, hence no delivery."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Whether the receiver asks for no further deliveries."""
        return self.status == 410

    @property
    def is_receivers_fault(self) -> bool:
        """Whether it is down or overloaded, so that any event would have failed."""
        return self.status is None or self.status >= 500 or self.status in (408, 429)


@dataclass(frozen=True, slots=True)
class FailureCount:
    """A receiver's failures in a row. `last_at`: when the last of them was counted, on any clock in seconds."""

    failures: int = 0
    last_at: float = float("-inf")

    def failed(self, began: float, ended: float) -> "FailureCount":
        """Count a failed attempt, unless it was under way when the last one was counted, or failed within a moment
        after it."""
        if began < self.last_at or ended < self.last_at + MOMENT_S:
            return self
        return FailureCount(self.failures + 1, ended)


NONE_FAILED = FailureCount()


def retry_in_s(tries: int, chance: float, asked_s: float | None = None) -> float:
    """Return the delay after so many tries (1: the first has failed): 5 s, 15 s, 45 s … 4 h, a fifth more or less by
    `chance` (0 to 1), never sooner than the receiver asks (up to an hour)."""
    return max(_RETRIES.after(tries, chance), min(asked_s or 0.0, _MOST_ASKED_S))


def probe_in_s(failures: int, chance: float, asked_s: float | None = None) -> float | None:
    """Return the pause before the next probe of a receiver that failed so often in a row; None while it counts as up.
    A probe is one event; everything else waits for its outcome."""
    if failures < FALTERS_AFTER:
        return None
    backoff = _FALTERING if failures < OPENS_AFTER else _PROBES
    return max(backoff.after(failures - OPENS_AFTER + 1, chance), min(asked_s or 0.0, _MOST_ASKED_S))


def put_off_s(again_in_s: float, paused_s: float | None) -> float:
    """Return the delay of a failed delivery while its receiver is paused: no later than the probe after the next. So
    each probe finds an event (if the receiver was at fault), and not always the same (if the event was)."""
    return again_in_s if paused_s is None else min(again_in_s, 2 * paused_s)
