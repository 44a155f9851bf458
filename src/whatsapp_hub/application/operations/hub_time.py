"""The hub's time in this process: PostgreSQL's last mark, continued by a clock that cannot be set."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from whatsapp_hub.domain.operations.hub_time import TOLERANCE_S, Mark, Reckoning


def since_boot() -> float:
    """Return the seconds since the machine started, its sleep included where the system counts it."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)  # Linux
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class HubTime:
    """Implement `Clock`. Before the first mark it continues this machine's clock from the start of the process."""

    def __init__(self, ticks: Callable[[], float] = since_boot) -> None:
        self.ticks = ticks
        self.mark: Mark | None = None
        self._zero = datetime.now(UTC) - timedelta(seconds=ticks())

    def __call__(self) -> datetime:
        return self.when(self.ticks())

    def when(self, ticks: float) -> datetime:
        """Return the hub's time at a moment of `ticks`."""
        return self._zero + timedelta(seconds=ticks)

    def long_past(self) -> datetime:
        """Return the time that retention uses, behind by the mark's lag (`RetentionClock`)."""
        return self() - timedelta(seconds=self.mark.lag_s if self.mark else 0.0)

    def reckoning(self, asked: float, answered: float) -> Reckoning | None:
        """Return this process's own estimate of a moment between the two; None if it has not joined."""
        return Reckoning(self.when(asked), self.when(answered), self.mark.number) if self.mark else None

    def follow(self, mark: Mark, at: datetime, asked: float, answered: float) -> None:
        """Adopt the mark, and `at` as the hub's time at a moment between the two."""
        earliest, latest = self.when(asked), self.when(answered)
        if self.mark is None:
            self._zero += at - (earliest + (latest - earliest) / 2)
        else:
            self._zero += at - min(max(at, earliest), latest)
        self.mark = mark

    def said(self) -> str:
        """Describe the clock for operators: "ok", or how far it is from the hub's time."""
        ahead_s = self.mark.ahead_s if self.mark else 0.0
        if abs(ahead_s) <= TOLERANCE_S:
            return "ok"
        way = "behind" if ahead_s > 0 else "ahead of"
        return f"stepped: PostgreSQL's clock is {abs(ahead_s):.0f} s {way} the hub's time"
