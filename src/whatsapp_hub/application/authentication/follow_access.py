"""FollowAccess: whose access changed is known in each process within a second."""

import asyncio
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Protocol, TypeAlias

from whatsapp_hub.application.authentication.callers import Callers
from whatsapp_hub.application.ports.edge.access import EVERYONE, AccessChange, AccessChanges
from whatsapp_hub.application.pulse import PULSE

AWAY_S = 0.5
LOST_AFTER_S = 1800.0
"""A feed that was not read for so long may have been trimmed."""
_MOST_OWED = 1000

Hear: TypeAlias = Callable[[Collection[AccessChange]], None]


class Waits(Protocol):
    """What wakes the follower."""

    async def wait(self) -> object:
        """Until somebody says that there are changes, or it is time to look anyway."""
        ...


class FollowAccess:
    """Read the feed of access changes: `callers` forget what they cached, `hearers` end open connections."""

    def __init__(self, changes: AccessChanges, callers: Callers, signal: Waits, hearers: Collection[Hear] = ()) -> None:
        self._changes = changes
        self._callers = callers
        self._signal = signal
        self._hearers = hearers
        self._mark: str | None = None
        self._heard_at = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            PULSE.beat("access")
            try:
                await self._look()
            except Exception:  # away: the database's own loop says so, and the callers ask it each time
                await asyncio.sleep(AWAY_S)
            else:
                await self._signal.wait()

    async def _look(self) -> None:
        asked_at = time.monotonic()
        if asked_at - self._heard_at > LOST_AFTER_S:
            self._mark = None
        changes, self._mark = await self._changes.since(self._mark)
        self._heard_at = asked_at
        self._callers.heard(changes, asked_at)
        for hear in self._hearers if changes else ():
            hear(changes)


class Owed:
    """The changes for which connections are still to be checked. Calls itself `Hear`."""

    def __init__(self) -> None:
        self._changes: list[AccessChange] = []
        self._rung = asyncio.Event()
        self._whole_at = time.monotonic()

    def __call__(self, changes: Collection[AccessChange]) -> None:
        known = dict.fromkeys([*self._changes, *changes])
        self._changes = list(known) if len(known) <= _MOST_OWED else [EVERYONE]
        self._rung.set()

    async def due(self, whole_every_s: float) -> Collection[AccessChange]:
        """Wait for changes and take them; [EVERYONE] whenever everybody was not checked for so long."""
        left_s = self._whole_at + whole_every_s - time.monotonic()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, left_s)):
                await self._rung.wait()
        self._rung.clear()
        changes, self._changes = self._changes, []
        if changes and EVERYONE not in changes and time.monotonic() < self._whole_at + whole_every_s:
            return changes
        self._whole_at = time.monotonic()
        return [EVERYONE]
