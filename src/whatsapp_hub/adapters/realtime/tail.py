"""Follow the event log and pass each event on, in order, for as long as this process lives."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import structlog

from whatsapp_hub.application.ports.queues.log import EventLog, LoggedEvent
from whatsapp_hub.application.pulse import PULSE
from whatsapp_hub.domain.errors import Expired

AT_ONCE = 500
AWAY_S = 0.5

log = structlog.get_logger(__name__)

T = TypeVar("T")
Hear = Callable[[LoggedEvent], Awaitable[None]]
Begin = Callable[[int], Awaitable[None]]


class Waits(Protocol):
    """Waits for hints that the log has grown."""

    async def wait(self) -> object:
        """Wait for a hint that there are events, or until it is time to look anyway."""
        ...


class Tail:
    """`position` is that of the last event passed on. An event whose handling fails is logged and skipped; a log that
    cannot be read is waited for. `begin` is called with the position that the next events follow: once at the start,
    and again if the log was trimmed or replaced (a restored database) meanwhile."""

    def __init__(self, events: EventLog, signal: Waits, begin: Begin, hear: Hear) -> None:
        self._events = events
        self._signal = signal
        self._begin_at = begin
        self._hear = hear
        self.position = 0

    async def run(self) -> None:
        """Follow the log from its current end, until cancelled."""
        await self._begin()
        while True:
            PULSE.beat("tail")
            try:
                batch = await self._retried(self._read)
            except Expired as gap:
                log.error("log lost from under its reader", position=gap.position, oldest=gap.oldest)
                await self._begin()
                continue
            for event in batch:
                await self._hand_on(event)
            if len(batch) < AT_ONCE:
                await self._signal.wait()

    async def _begin(self) -> None:
        self.position = await self._retried(self._events.head)
        await self._begin_at(self.position)

    async def _read(self) -> list[LoggedEvent]:
        return await self._events.read(self.position, AT_ONCE)

    async def _hand_on(self, event: LoggedEvent) -> None:
        try:
            await self._hear(event)
        except Exception:
            log.exception("event not shown", position=event.position, type=event.type)
        self.position = event.position

    async def _retried(self, ask: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await ask()
            except Expired:
                raise
            except Exception as error:
                log.warning("log not readable", error=type(error).__name__)
                PULSE.beat("tail")
                await asyncio.sleep(AWAY_S)
