"""Store a session's events in order, before anything else is done with them.

Go acknowledges an event to WhatsApp once it is in its own queue (100 events). As little as possible may wait between
that queue and the inbox: when WAITING events wait, Go's thread waits too.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import groupby
from uuid import uuid4

import structlog

from whatsapp_hub.adapters.providers.neonize.translate.envelope import StoredEvent
from whatsapp_hub.adapters.providers.neonize.translate.split import Splitter
from whatsapp_hub.application.ports.provider.events import RawUpdate
from whatsapp_hub.application.ports.provider.plugin import Host, SessionRef
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.sessions.history import HistoryKind

WAITING = 32
ROWS_AT_ONCE = 200
RETRY_S = (0.1, 0.25, 0.5, 1.0)
TRIES = 3
MESSAGES = frozenset({"Message", "UndecryptableMessage"})

log = structlog.get_logger(__name__)

Before = Callable[[SessionRef, StoredEvent], Awaitable[None]]
"""Called before an event is stored. Raises Unavailable: it is tried again."""


class Pump:
    """One for each session; it outlives its dials, so that waiting events are stored in order however a dial ends."""

    def __init__(self, host: Host, before: Before) -> None:
        self._host = host
        self._before = before
        self._loop = asyncio.get_running_loop()
        self._space = threading.Condition()
        self._waiting: deque[tuple[SessionRef, StoredEvent, str]] = deque()
        self._since: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self.stored: Callable[[], None] = _nobody_waits
        """Called when a message was stored."""

    @property
    def unstored_s(self) -> float:
        since = self._since
        return 0.0 if since is None else time.monotonic() - since

    def put(self, session: SessionRef, stored: StoredEvent, ending: threading.Event) -> None:
        """Queue an event on a thread of Go's; waits for space, unless its dial is being ended."""
        with self._space:
            while len(self._waiting) >= WAITING and not (self._closed or ending.is_set()):
                self._space.wait(0.2)
            self._add(session, stored)
        with suppress(RuntimeError):  # the loop has ended, and the process is about to
            self._loop.call_soon_threadsafe(self._wake)

    def put_now(self, session: SessionRef, stored: StoredEvent) -> None:
        """Queue an event of our own, on the loop; these are not bounded."""
        with self._space:
            self._add(session, stored)
        self._wake()

    async def put_soon(self, session: SessionRef, stored: StoredEvent) -> None:
        """Queue an event on the loop; waits for space."""
        while len(self._waiting) >= WAITING and not self._closed:
            await asyncio.sleep(0.01)
        self.put_now(session, stored)

    def record(self, session: SessionRef, kind: HistoryKind, reason: str | None = None) -> None:
        """Add to the session's history, from any thread."""
        self._host.record(session, kind, reason)

    async def drained(self, deadline_s: float) -> bool:
        """Wait until the queue is empty; return whether everything was stored in time."""
        if self._task is None or self._task.done():
            return not self._waiting
        await asyncio.wait([self._task], timeout=deadline_s)
        return not self._waiting

    async def close(self) -> None:
        """Stop, discarding what still waits."""
        with self._space:
            self._closed = True
            self._space.notify_all()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _add(self, session: SessionRef, stored: StoredEvent) -> None:
        self._waiting.append((session, stored, uuid4().hex))
        if self._since is None:
            self._since = time.monotonic()

    def _wake(self) -> None:
        if self._waiting and not self._closed and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        tries = unlucky = 0
        while self._waiting:
            batch = list(self._waiting)[: 1 if unlucky else WAITING]
            try:
                await self._store(batch)
            except Unavailable:
                await asyncio.sleep(RETRY_S[min(tries, len(RETRY_S) - 1)])
                tries += 1
                continue
            except Exception:
                unlucky += 1
                log.exception("neonize.event_not_stored", tries=unlucky, event_kind=batch[0][1].event)
                if unlucky <= TRIES:
                    continue
                batch = batch[:1]
                self.record(batch[0][0], HistoryKind.NOT_STORED, batch[0][1].event)
            tries = unlucky = 0
            self._done(len(batch))
            if any(stored.event in MESSAGES for _, stored, _ in batch):
                self.stored()

    async def _store(self, batch: list[tuple[SessionRef, StoredEvent, str]]) -> None:
        rows: list[tuple[SessionRef, RawUpdate]] = []
        for session, stored, unique in batch:
            await self._before(session, stored)
            history, statuses = (getattr(session.settings, name, False) for name in ("history", "statuses"))
            splitter = Splitter(history=history, statuses=statuses)
            rows.extend((session, row) for row in splitter(stored, unique))
        for _, dial in groupby(rows, key=lambda pair: pair[0].fence):
            mine = list(dial)
            for at in range(0, len(mine), ROWS_AT_ONCE):
                await self._host.receive(mine[at][0], [row for _, row in mine[at : at + ROWS_AT_ONCE]])

    def _done(self, count: int) -> None:
        with self._space:
            for _ in range(count):
                self._waiting.popleft()
            self._since = time.monotonic() if self._waiting else None
            self._space.notify_all()


def _nobody_waits() -> None:
    pass
