"""How guessing at a password is slowed: each failure makes the next guess wait longer; nobody is locked out.

Where somebody signed in to the account before has a count of its own: whoever guesses elsewhere cannot keep them out.
"""

import ipaddress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

IPV6_PREFIX = 64
"""Of an IPv6 network one customer has at least so much: each of its addresses is the same guesser."""


@dataclass(frozen=True, slots=True)
class Patience:
    """`free` failures cost no wait; from then on a second, doubled each time, up to `most_s`. After `forgotten_after`
    without a guess all is forgotten."""

    free: int
    most_s: float
    forgotten_after: timedelta = timedelta(hours=24)

    def wait_s(self, failures: int) -> float:
        """How long the next guess waits after so many failures."""
        if failures < self.free:
            return 0.0
        doubled = min(failures - self.free, 30)
        return min(self.most_s, 2.0**doubled)


STRANGERS = Patience(free=10, most_s=900)
"""From networks where the account was never signed in to, all together."""
FAMILIAR = Patience(free=10, most_s=60)
"""From one network where it was."""


@dataclass(frozen=True, slots=True)
class Guesses:
    """Failed guesses at one count, and when the last one was."""

    failures: int = 0
    last_at: datetime | None = None

    def retry_s(self, now: datetime, patience: Patience) -> float:
        """How long a guess has still to wait; 0: it may be tried now. A clock that was set back makes nobody wait
        longer than they would have."""
        if self.last_at is None or self._is_forgotten(now, patience):
            return 0.0
        wait_s = patience.wait_s(self.failures)
        return min(wait_s, max(0.0, wait_s - (now - self.last_at).total_seconds()))

    def counted(self, now: datetime, patience: Patience) -> "Guesses":
        """With one more: counted before it is known whether it fails, so that many at once are not one."""
        return Guesses((0 if self._is_forgotten(now, patience) else self.failures) + 1, now)

    def taken_back(self) -> "Guesses":
        """Without one that was no failure."""
        return replace(self, failures=max(0, self.failures - 1))

    @property
    def is_worth_a_line(self) -> bool:
        """Whether this failure gets an entry in the audit: the 1st, 2nd, 4th, 8th, …, so that nobody can flood it."""
        return self.failures > 0 and self.failures & (self.failures - 1) == 0

    def _is_forgotten(self, now: datetime, patience: Patience) -> bool:
        return self.last_at is not None and now - self.last_at >= patience.forgotten_after


def network_of(address: str | None) -> str:
    """Return whom an address counts as: an IPv4 address itself, an IPv6 one by its first 64 bits."""
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))
    return str(parsed)
