"""What a socket missed, shown to it alone, up to the moment from which it hears with the others.

The seam: `live()` is the position of the last event that was put into the queues of all. When everything up to it has
been shown, the member enters its rooms in the same step, with nothing in between.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import structlog

from whatsapp_hub.adapters.contracts.views.sockets import NAMESPACE, Emission
from whatsapp_hub.adapters.realtime.membership import Audiences
from whatsapp_hub.adapters.realtime.recent import EventBuffer
from whatsapp_hub.adapters.realtime.server.bounded_server import Server
from whatsapp_hub.application.ports.queues.log import EventLog, LoggedEvent
from whatsapp_hub.domain.errors import Conflict, Expired, Unavailable
from whatsapp_hub.domain.ids import TenantId

AT_ONCE = 200
READERS = 4
"""Connections to the database that all who come back take together."""
WAITING_AT_MOST = 100
PATIENCE_S = 30.0
AWAY_S = 0.5
LOOK_APART_S = 0.02

log = structlog.get_logger(__name__)

Shown = Callable[[LoggedEvent, Audiences], Awaitable[Iterable[tuple[Emission, tuple[str, ...]]]]]


@dataclass(frozen=True, slots=True)
class Missing:
    """Who missed what: a member on its way into `rooms`, that has seen everything up to `after`."""

    sid: str
    tenant_id: TenantId
    rooms: frozenset[str]
    after: int
    namespace: str = NAMESPACE


class Resume:
    """`shown` says what an event is told as, and to which rooms."""

    def __init__(
        self,
        server: Server,
        events: EventLog,
        recent: EventBuffer,
        live: Callable[[], int | None],
        audiences: Callable[[], Audiences],
        shown: Shown,
    ) -> None:
        self._server = server
        self._events = events
        self._recent = recent
        self._live = live
        self._audiences = audiences
        self._shown = shown
        self._readers = asyncio.Semaphore(READERS)

    async def __call__(self, missing: Missing) -> None:
        """Returns once the member is in its rooms, or gone."""
        cursor, audiences = missing.after, self._audiences()
        while self._is_here(missing):
            upto = self._live()
            if upto is None:
                await asyncio.sleep(LOOK_APART_S)
                continue
            try:
                cursor = await self._step(missing, audiences, cursor, upto)
            except Expired:
                cursor = upto
                self._put(missing, Emission("reset", {"position": upto}, missing.namespace))
            except Unavailable:
                log.warning("socket waits for the log")
                await asyncio.sleep(AWAY_S)
            if cursor == self._live():
                self._enter(missing)
                return

    async def _step(self, missing: Missing, audiences: Audiences, cursor: int, upto: int) -> int:
        """Show the next events; up to which position everything is shown now."""
        if cursor > upto:  # another process was ahead of this one, or the cursor is of another log
            if cursor > await self._events.head():
                raise Expired(cursor, upto)
            await asyncio.sleep(LOOK_APART_S)
            return cursor
        found = self._recent.since(cursor, missing.tenant_id, AT_ONCE)
        if found is None:
            async with self._readers:
                found = await self._events.read(cursor, AT_ONCE, missing.tenant_id)
        for event in found:
            if event.position > upto:
                return upto
            await self._show(missing, audiences, event)
        return upto if len(found) < AT_ONCE else found[-1].position

    async def _show(self, missing: Missing, audiences: Audiences, event: LoggedEvent) -> None:
        for emission, rooms in await self._told(event, audiences):
            if emission.namespace == missing.namespace and not missing.rooms.isdisjoint(rooms):
                await self._room_for_more(missing)
                self._put(missing, emission)

    async def _told(self, event: LoggedEvent, audiences: Audiences) -> Iterable[tuple[Emission, tuple[str, ...]]]:
        while True:
            try:
                return await self._shown(event, audiences)
            except Unavailable:
                await asyncio.sleep(AWAY_S)
            except Exception:
                log.exception("event not shown", position=event.position, type=event.type)
                return ()

    async def _room_for_more(self, missing: Missing) -> None:
        """A member is shown things as fast as it reads them; one that stops reading is let go."""
        deadline = time.monotonic() + PATIENCE_S
        eio_sid = self._server.transport_of(missing.sid, missing.namespace) or ""
        while self._is_here(missing) and self._server.waiting(eio_sid) >= WAITING_AT_MOST:
            if time.monotonic() > deadline:
                self._server.let_go(eio_sid)
                return
            await asyncio.sleep(LOOK_APART_S)

    def _put(self, missing: Missing, emission: Emission) -> None:
        if self._is_here(missing):
            self._server.tell(missing.sid, emission)

    def _is_here(self, missing: Missing) -> bool:
        return self._server.is_here(missing.sid, missing.namespace)

    def _enter(self, missing: Missing) -> None:
        """Without a pause: an `await` here could let an event pass in between."""
        if not self._is_here(missing):
            return
        try:
            self._server.enter(missing.sid, missing.namespace, *missing.rooms)
        except Conflict as error:
            self._put(missing, Emission("error", {"code": error.code, "message": str(error)}, missing.namespace))
