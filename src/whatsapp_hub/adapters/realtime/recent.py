"""The newest events of the log in memory: readers that keep up read them here, those behind read the log."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import takewhile
from uuid import UUID

import msgspec

from whatsapp_hub.application.ports.queues.log import LoggedEvent
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import TenantId

MOST_EVENTS = 5_000
MOST_BYTES = 16 * 1024 * 1024


class _Erased(msgspec.Struct, rename="camel"):
    contact_id: str
    conversation_ids: list[UUID]


_erased = msgspec.json.Decoder(_Erased)


class EventBuffer:
    """`position` is that of the newest event added (None until `begin`); all events after `floor` are here."""

    def __init__(self, most_events: int = MOST_EVENTS, most_bytes: int = MOST_BYTES) -> None:
        self.position: int | None = None
        self.floor = 0
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._bytes = 0
        self._all: deque[LoggedEvent] = deque()
        self._of: dict[TenantId, deque[LoggedEvent]] = {}
        self._signals: dict[TenantId, set[asyncio.Event]] = {}

    def begin(self, position: int) -> None:
        """Set the position that the next event follows."""
        self.position = self.floor = position
        self._bytes = 0
        self._all.clear()
        self._of.clear()
        for tenant_id in self._signals:
            self._ring(tenant_id)

    def add(self, event: LoggedEvent) -> None:
        """Add an event. Called for every event, in order."""
        self.position = event.position
        if event.type == EventType.CONTACT_ERASED:
            self._blank(event)
        self._all.append(event)
        self._of.setdefault(event.tenant_id, deque()).append(event)
        self._bytes += len(event.body)
        while len(self._all) > self._most_events or self._bytes > self._most_bytes:
            self._drop()
        self._ring(event.tenant_id)

    def since(self, after: int, tenant_id: TenantId, limit: int) -> list[LoggedEvent] | None:
        """Return the tenant's first events after the position, at most `limit`; None if some are no longer here."""
        if self.position is None or after < self.floor:
            return None
        newer = list(takewhile(lambda event: event.position > after, reversed(self._of.get(tenant_id, ()))))
        return newer[: -limit - 1 : -1]

    @contextmanager
    def listening(self, tenant_id: TenantId) -> Iterator[asyncio.Event]:
        """Yield a flag that is set at every event of this tenant; its listener clears it."""
        signal = asyncio.Event()
        self._signals.setdefault(tenant_id, set()).add(signal)
        try:
            yield signal
        finally:
            self._signals[tenant_id].discard(signal)
            if not self._signals[tenant_id]:
                del self._signals[tenant_id]

    def _ring(self, tenant_id: TenantId) -> None:
        for signal in self._signals.get(tenant_id, ()):
            signal.set()

    def _blank(self, erased: LoggedEvent) -> None:
        """Blank the events about an erased contact: as in the log, only their positions stay."""
        erasure = _erased.decode(erased.body)
        rounds, contact = frozenset(erasure.conversation_ids), erasure.contact_id.encode()

        def seen(event: LoggedEvent) -> LoggedEvent:
            is_theirs = event.conversation_id in rounds or contact in event.body
            if event.tenant_id != erased.tenant_id or not is_theirs:
                return event
            return replace(event, type=EventType.EVENT_ERASED, conversation_id=None, body=b"{}")

        self._all = deque(map(seen, self._all))
        self._bytes = sum(len(event.body) for event in self._all)
        if erased.tenant_id in self._of:
            self._of[erased.tenant_id] = deque(e for e in self._all if e.tenant_id == erased.tenant_id)

    def _drop(self) -> None:
        oldest = self._all.popleft()
        self.floor = oldest.position
        self._bytes -= len(oldest.body)
        of = self._of[oldest.tenant_id]
        of.popleft()
        if not of:
            del self._of[oldest.tenant_id]
