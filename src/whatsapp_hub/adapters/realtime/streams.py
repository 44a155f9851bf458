"""Follow the log for one reader: missed events from the log, then live ones from memory, without a gap.

A stream holds a position, no queue: a slow reader falls out of memory and reads the log, at no cost to others.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import structlog

from whatsapp_hub.adapters.realtime.recent import EventBuffer
from whatsapp_hub.application.fair_shares import FairShares
from whatsapp_hub.application.ports.edge.realtime import LogSlice
from whatsapp_hub.application.ports.operations.idleness import Listened
from whatsapp_hub.application.ports.queues.log import EventLog
from whatsapp_hub.domain.errors import Expired, Unavailable
from whatsapp_hub.domain.ids import SessionId, TenantId

AT_ONCE = 200
MANY = 20
"""So many events of a reader that is behind are its company's turn of the event loop: many readers that begin long ago
take longer themselves, and delay nobody else."""
COMPANIES_AT_ONCE = 4
SILENT_S = 15.0
AWAY_S = 0.5

log = structlog.get_logger(__name__)


class LogStreams:
    """Implements `Streams`."""

    def __init__(self, events: EventLog, recent: EventBuffer) -> None:
        self._events = events
        self._recent = recent
        self._turns = FairShares[TenantId](COMPANIES_AT_ONCE, 1)
        self._ending = asyncio.Event()
        self._signals: set[asyncio.Event] = set()
        self._readers: dict[asyncio.Event, tuple[TenantId, SessionId | None]] = {}

    def __len__(self) -> int:
        """Return how many readers there are."""
        return len(self._signals)

    def close(self) -> None:
        """End every stream; readers reconnect to another process."""
        self._ending.set()
        for signal in self._signals:
            signal.set()

    def listened(self) -> Listened:
        """Return what its readers listen to."""
        sessions = frozenset(only for _, only in self._readers.values() if only)
        return Listened(sessions, tenants=frozenset(tenant for tenant, only in self._readers.values() if not only))

    async def follow(
        self, tenant_id: TenantId, after: int | None, only: SessionId | None = None
    ) -> AsyncIterator[LogSlice]:
        """Read the log until it has caught up, then slices from this process's memory."""
        with self._recent.listening(tenant_id) as signal:
            self._signals.add(signal)
            self._readers[signal] = (tenant_id, only)
            try:
                cursor = await self._begun() if after is None else after
                yield LogSlice(cursor)
                while not self._ending.is_set():
                    signal.clear()
                    stretch = await self._next(tenant_id, cursor)
                    if stretch.position == cursor and not stretch.is_reset:
                        with suppress(TimeoutError):
                            async with asyncio.timeout(SILENT_S):
                                await signal.wait()
                            continue
                    cursor = stretch.position
                    yield stretch
            finally:
                self._signals.discard(signal)
                self._readers.pop(signal, None)

    async def _begun(self) -> int:
        """Return the position of this process's tail; waits for it to begin."""
        while self._recent.position is None:
            await asyncio.sleep(0.01)
        return self._recent.position

    async def _next(self, tenant_id: TenantId, after: int) -> LogSlice:
        upto = await self._begun()
        try:
            if after > upto:  # another process is ahead of this one, or the cursor is of another log
                is_given = after <= await self._events.head()
                return LogSlice(after) if is_given else LogSlice(upto, is_reset=True)
            events = self._recent.since(after, tenant_id, AT_ONCE)
            if events is None:
                events = await self._events.read(after, AT_ONCE, tenant_id)
            if len(events) > MANY:
                async with self._turns.place(tenant_id):
                    await asyncio.sleep(0)
        except Expired:
            return LogSlice(upto, is_reset=True)
        except Unavailable:
            log.warning("stream waits for the log")
            await asyncio.sleep(AWAY_S)
            return LogSlice(after)
        is_whole = len(events) < AT_ONCE
        last = events[-1].position if events else after
        return LogSlice(max(upto, last) if is_whole else last, events)
