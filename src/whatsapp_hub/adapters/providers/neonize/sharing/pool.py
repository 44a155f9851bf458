"""A bounded number of connections to PostgreSQL, lent for a transaction each."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog

from whatsapp_hub.adapters.providers.neonize.sharing.server import Asks, ServerConnection
from whatsapp_hub.application.measuring import STORE_TROUBLES, TALLY
from whatsapp_hub.domain.errors import Unavailable

RETRY_S = 0.25
IDLE_S = 30.0
"""A connection that nobody used for so long is closed, so that others may have it."""

TICK_S = 0.25
PAUSED_S = 3.0
"""A process that stood still for so long may have lost its lease meanwhile."""
REFLECT_S = 0.5
"""So long it asks nothing then: its watchdog ends it sooner, if the lease is lost."""
HOARDED_S = 0.25
"""A number that keeps a connection for so long without using it loses it to those that wait."""

log = structlog.get_logger(__name__)


class Borrower(Asks, Protocol):
    """A client that waits for a connection."""

    @property
    def name(self) -> str: ...

    @property
    def writes_keys(self) -> bool:
        """Whether others wait for what it writes, so that it goes first."""
        ...

    def granted(self, server: ServerConnection) -> None: ...


class ConnectionPool:
    """At most `most` connections, opened when they are needed. `connect` raises Unavailable."""

    def __init__(self, connect: Callable[[], Awaitable[Any]], most: int) -> None:
        self.most = most
        self._connect = connect
        self._loop = asyncio.get_running_loop()
        self._open: set[ServerConnection] = set()
        self._idle: list[ServerConnection] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._waiting: deque[Borrower] = deque()
        self._away_since: float | None = None
        self._not_before = 0.0
        self._ticked, self._reflects_until = time.monotonic(), 0.0
        self._ticking = self._loop.call_later(TICK_S, self._tick)
        self._is_closed = False

    @property
    def size(self) -> int:
        return len(self._open)

    @property
    def away_s(self) -> float:
        """For how long there has been no connection, though one is wanted."""
        return 0.0 if self._away_since is None or self._open else time.monotonic() - self._away_since

    @property
    def reflects_s(self) -> float:
        """For how long nothing may be asked yet, since the process stood still."""
        now = time.monotonic()
        if now - self._ticked > PAUSED_S:
            return REFLECT_S
        return max(0.0, self._reflects_until - now)

    def request(self, borrower: Borrower) -> None:
        """Call `granted` now, or when a connection is free."""
        if server := self._take(borrower.name):
            borrower.granted(server)
            return
        wait = self._waiting.appendleft if borrower.writes_keys else self._waiting.append
        wait(borrower)
        self._open_more()

    def withdraw(self, borrower: Borrower) -> None:
        if borrower in self._waiting:
            self._waiting.remove(borrower)

    def release(self, server: ServerConnection) -> None:
        """Take a connection back, outside of any transaction."""
        server.client = None
        self._idle.append(server)
        while self._waiting and self._idle:
            self.request(self._waiting.popleft())

    def discard(self, server: ServerConnection) -> None:
        """End a connection in a state that nobody else may have."""
        server.client = None
        server.end()
        self.gone(server)

    def gone(self, server: ServerConnection) -> None:
        self._open.discard(server)
        if server in self._idle:
            self._idle.remove(server)
        self._open_more()

    async def aclose(self) -> None:
        self._is_closed = True
        self._ticking.cancel()
        self._waiting.clear()
        for task in self._opening:
            task.cancel()
        if self._opening:
            await asyncio.wait(self._opening)
        for server in list(self._open):
            self.discard(server)

    # -- inside

    def _take(self, name: str) -> ServerConnection | None:
        """Take an idle connection, if possible the one that bears this name already."""
        if not self._idle:
            return None
        found = next((at for at, server in enumerate(self._idle) if server.name == name), -1)
        return self._idle.pop(found)

    def _open_more(self) -> None:
        if self._is_closed or self._loop.time() < self._not_before:
            return
        if self._waiting and not self._open and self._away_since is None:
            self._away_since = time.monotonic()
        wanted = min(len(self._waiting), self.most - len(self._open)) - len(self._opening)
        for _ in range(wanted):
            task = self._loop.create_task(self._open_one())
            self._opening.add(task)
            task.add_done_callback(self._opened)

    def _opened(self, task: asyncio.Task[None]) -> None:
        self._opening.discard(task)
        self._open_more()

    async def _open_one(self) -> None:
        try:
            connection = await self._connect()
        except Unavailable as error:
            self._failed_to_open(error)
            return
        server = ServerConnection(connection, self)
        self._open.add(server)
        self._away_since = None
        self.release(server)

    def _failed_to_open(self, error: Unavailable) -> None:
        TALLY.add(STORE_TROUBLES, "refused")
        now = self._loop.time()
        if now < self._not_before:
            return
        log.warning("neonize.store_connection_refused", why=str(error), open=len(self._open), most=self.most)
        self._not_before = now + RETRY_S
        self._loop.call_at(self._not_before + 0.001, self._open_more)

    def _tick(self) -> None:
        now = time.monotonic()
        if now - self._ticked > PAUSED_S:
            self._reflects_until = now + REFLECT_S
        self._ticked = now
        for server in [one for one in self._idle if now - one.used_at > IDLE_S]:
            self.discard(server)
        if self._waiting:
            self._take_back_hoarded(now)
        self._ticking = self._loop.call_later(TICK_S, self._tick)

    def _take_back_hoarded(self, now: float) -> None:
        """Take connections from transactions that stand still: they may wait for one that waits for a connection."""
        for server in list(self._open):
            if (client := server.client) and not server.is_busy and now - server.used_at > HOARDED_S:
                self.discard(server)
                client.lost()
