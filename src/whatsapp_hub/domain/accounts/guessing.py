"""Throttle password guessing: each failure delays the next attempt longer; no account is locked.

A network from which the account was signed in to before has a count of its own, so that guesses from elsewhere cannot
keep its owner out.
"""

import ipaddress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

IPV6_PREFIX = 64
"""One customer has at least such an IPv6 network, so all its addresses count as one guesser."""


@dataclass(frozen=True, slots=True)
class ThrottlePolicy:
    """A delay schedule: none for `free` failures, then a second, doubled each time, up to `most_s`. `forgotten_after`
    without a guess resets the count."""

    free: int
    most_s: float
    forgotten_after: timedelta = timedelta(hours=24)

    def wait_s(self, failures: int) -> float:
        """Return the delay of the next guess after so many failures."""
        if failures < self.free:
            return 0.0
        doubled = min(failures - self.free, 30)
        return min(self.most_s, 2.0**doubled)


STRANGERS = ThrottlePolicy(free=10, most_s=900)
"""For all networks together from which the account was never signed in to."""
FAMILIAR = ThrottlePolicy(free=10, most_s=60)
"""For each network from which it was."""


@dataclass(frozen=True, slots=True)
class Guesses:
    """Failed guesses of one count, and when the last one was."""

    failures: int = 0
    last_at: datetime | None = None

    def retry_s(self, now: datetime, patience: ThrottlePolicy) -> float:
        """Return how long a guess must still wait; 0: it may be tried now. A clock that was set back prolongs no
        wait."""
        if self.last_at is None or self._is_forgotten(now, patience):
            return 0.0
        wait_s = patience.wait_s(self.failures)
        return min(wait_s, max(0.0, wait_s - (now - self.last_at).total_seconds()))

    def counted(self, now: datetime, patience: ThrottlePolicy) -> "Guesses":
        """Count one more, before it is known whether it fails, so that concurrent guesses are all counted."""
        return Guesses((0 if self._is_forgotten(now, patience) else self.failures) + 1, now)

    def taken_back(self) -> "Guesses":
        """Remove one that did not fail."""
        return replace(self, failures=max(0, self.failures - 1))

    @property
    def is_audited(self) -> bool:
        """Whether this failure gets an entry in the audit (the 1st, 2nd, 4th, 8th, …): guesses must not flood it."""
        return self.failures > 0 and self.failures & (self.failures - 1) == 0

    def _is_forgotten(self, now: datetime, patience: ThrottlePolicy) -> bool:
        return self.last_at is not None and now - self.last_at >= patience.forgotten_after


def network_of(address: str | None) -> str:
    """Return the network by which an address is counted: an IPv4 address itself, an IPv6 one's first 64 bits."""
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))
    return str(parsed)
