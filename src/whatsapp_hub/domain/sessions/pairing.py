"""Pairing of a session that no connector holds: how long a QR code can be scanned, when the next one is fetched, and
when an unscanned session is closed.

The limits (`ReconnectPolicy.pairing`, `.code`) are those of sessions that hold a socket, for all providers with codes.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from whatsapp_hub.domain.sessions.connection import ReconnectPolicy

COMING_UP_EVERY = timedelta(seconds=1)
SHOWN_EVERY = timedelta(seconds=4)
POLLED_OFTEN_FOR = timedelta(seconds=60)
ANSWERS_WITHIN = timedelta(seconds=30)
CODES_LAST = timedelta(seconds=60)
"""No provider runs out of codes sooner: WhatsApp's first code alone lasts a minute, five more 20 s each."""


class PairingStep(StrEnum):
    """The next step of a pairing."""

    NOTHING = "nothing"
    LOOK = "look"
    START_AGAIN = "start_again"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Pairing:
    """`began_at`: when the session was started, or needed a phone again. `code`: the provider's newest one, shown
    until `code_until`. `fetch_at`: when the provider is asked next (None: it cannot be asked). `is_used_up`: the
    provider must be started (again): it ran out of codes before `until`, or it is unknown whether it was started."""

    began_at: datetime
    until: datetime
    fetch_at: datetime | None = None
    code: str | None = None
    code_until: datetime | None = None
    is_used_up: bool = False

    @classmethod
    def begun(cls, now: datetime, policy: ReconnectPolicy, *, can_ask: bool) -> "Pairing":
        """Begin at `now`. `can_ask`: codes are fetched from the provider; otherwise it sends them by itself."""
        return cls(now, now + policy.pairing, now if can_ask else None)

    def being_started(self, now: datetime) -> "Pairing":
        """Have the schedule start it if the process that is starting it stores no answer in time."""
        return replace(self.being_asked(now), is_used_up=True)

    def showed(self, code: str, now: datetime, policy: ReconnectPolicy) -> "Pairing":
        """Take a code that the provider gave. A repeated code expires no later."""
        later = self._later(now, SHOWN_EVERY)
        if code == self.code:
            return replace(later, is_used_up=False)
        return replace(later, code=code, code_until=min(now + policy.code, self.until), is_used_up=False)

    def awaits_code(self, now: datetime) -> "Pairing":
        """Ask at once: the provider reported, without the code, that it can be scanned."""
        return replace(self, fetch_at=now if self.fetch_at else None, is_used_up=False)

    def looked(self, now: datetime) -> "Pairing":
        """Ask again later: there is no code yet."""
        often = now - self.began_at < POLLED_OFTEN_FOR
        return replace(self._later(now, COMING_UP_EVERY if often else SHOWN_EVERY), is_used_up=False)

    def being_asked(self, now: datetime) -> "Pairing":
        """Postpone the next request until the answer to this one had its time."""
        return self._later(now, ANSWERS_WITHIN)

    def may_have_run_out(self, now: datetime) -> bool:
        """Whether a provider that gave up now may just have run out of codes, with time left for new ones."""
        return now - self.began_at >= CODES_LAST and now < self.until

    def used_up(self, now: datetime) -> "Pairing":
        """Note that the provider gives no more codes, so that the session is started again at the next look."""
        return replace(self, fetch_at=now, is_used_up=True)

    def shows(self, now: datetime) -> str | None:
        """Return the code that can be scanned now."""
        return self.code if self.code_until and now < self.code_until else None

    def due(self, now: datetime) -> PairingStep:
        """Decide the next step at `now`: close an unscanned session, start it again, look for a code, or wait."""
        if now >= self.until:
            return PairingStep.CLOSE
        if self.fetch_at is None or now < self.fetch_at:
            return PairingStep.NOTHING
        return PairingStep.START_AGAIN if self.is_used_up else PairingStep.LOOK

    @property
    def look_at(self) -> datetime:
        """When the next step is due."""
        return min(at for at in (self.fetch_at, self.code_until, self.until) if at is not None)

    def expired(self, now: datetime) -> "Pairing":
        """Forget the expiry of a code once it has passed."""
        return replace(self, code_until=None) if self.is_over_age(now) else self

    def is_over_age(self, now: datetime) -> bool:
        """Whether the code that is shown can be scanned no longer."""
        return self.code_until is not None and now >= self.code_until

    def _later(self, now: datetime, by: timedelta) -> "Pairing":
        return replace(self, fetch_at=now + by if self.fetch_at else None)
