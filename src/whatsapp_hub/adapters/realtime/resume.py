"""Replay missed events to one socket until it joins the live stream.

`live()` is the position of the last event that was queued for all. When everything up to it has been replayed, the
member enters its rooms in the same step, so that no event falls between.

A company's sockets show a few events at a time, one socket after the other: many that resume from long ago take longer
themselves, and delay nobody else.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import structlog

from whatsapp_hub.adapters.contracts.events.sockets import NAMESPACE, Emission
from whatsapp_hub.adapters.realtime.membership import Audiences
from whatsapp_hub.adapters.realtime.recent import EventBuffer
from whatsapp_hub.adapters.realtime.server.bounded_server import Server
from whatsapp_hub.application.fair_shares import FairShares
from whatsapp_hub.application.ports.queues.log import EventLog, LoggedEvent
from whatsapp_hub.domain.errors import Conflict, Expired, Unavailable
from whatsapp_hub.domain.ids import TenantId

AT_ONCE = 200
SLICE = 20
"""Events that are shown in one turn of the event loop: a millisecond."""
COMPANIES_AT_ONCE = 4
WAITING_AT_MOST = 100
BYTES_AT_MOST = 1024 * 1024
PATIENCE_S = 30.0
AWAY_S = 0.5
LOOK_APART_S = 0.02

log = structlog.get_logger(__name__)

Shown = Callable[[LoggedEvent, Audiences], Awaitable[Iterable[tuple[Emission, tuple[str, ...]]]]]


@dataclass(frozen=True, slots=True)
class MissedEvents:
    """A member on its way into `rooms`, which has seen everything up to `after`."""

    sid: str
    tenant_id: TenantId
    rooms: frozenset[str]
    after: int
    namespace: str = NAMESPACE


class Resume:
    """`shown` returns an event's socket events, each with the rooms that receive it."""

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
        self._turns = FairShares[TenantId](COMPANIES_AT_ONCE, 1)

    async def __call__(self, missed: MissedEvents) -> None:
        """Replay until the member is in its rooms, or gone."""
        cursor, audiences = missed.after, self._audiences()
        while self._is_here(missed):
            upto = self._live()
            if upto is None:
                await asyncio.sleep(LOOK_APART_S)
                continue
            try:
                cursor = await self._step(missed, audiences, cursor, upto)
            except Expired:
                cursor = upto
                self._put(missed, Emission("reset", {"position": upto}, missed.namespace))
            except Unavailable:
                log.warning("socket waits for the log")
                await asyncio.sleep(AWAY_S)
            if cursor == self._live():
                self._enter(missed)
                return

    async def _step(self, missed: MissedEvents, audiences: Audiences, cursor: int, upto: int) -> int:
        """Send the next events; return the position up to which everything is sent."""
        if cursor > upto:  # another process was ahead of this one, or the cursor is of another log
            if cursor > await self._events.head():
                raise Expired(cursor, upto)
            await asyncio.sleep(LOOK_APART_S)
            return cursor
        found = self._recent.since(cursor, missed.tenant_id, AT_ONCE)
        if found is None:
            found = await self._events.read(cursor, AT_ONCE, missed.tenant_id)
        due = [event for event in found if event.position <= upto]
        for start in range(0, len(due), SLICE):
            await self._show(missed, await self._emissions(missed, audiences, due[start : start + SLICE]))
        return upto if len(due) < AT_ONCE else due[-1].position

    async def _emissions(
        self, missed: MissedEvents, audiences: Audiences, events: Sequence[LoggedEvent]
    ) -> list[Emission]:
        """Return what the member hears of a few events, in the company's turn."""
        async with self._turns.place(missed.tenant_id):
            await asyncio.sleep(0)
            addressed = [pair for event in events for pair in await self._addressed(event, audiences)]
        rooms, namespace = missed.rooms, missed.namespace
        return [each for each, heard in addressed if each.namespace == namespace and not rooms.isdisjoint(heard)]

    async def _show(self, missed: MissedEvents, emissions: Iterable[Emission]) -> None:
        for emission in emissions:
            await self._room_for_more(missed)
            self._put(missed, emission)

    async def _addressed(self, event: LoggedEvent, audiences: Audiences) -> Iterable[tuple[Emission, tuple[str, ...]]]:
        while True:
            try:
                return await self._shown(event, audiences)
            except Unavailable:
                await asyncio.sleep(AWAY_S)
            except Exception:
                log.exception("event not shown", position=event.position, type=event.type)
                return ()

    async def _room_for_more(self, missed: MissedEvents) -> None:
        """Wait until the member has read enough; drop one that stops reading."""
        deadline = time.monotonic() + PATIENCE_S
        eio_sid = self._server.transport_of(missed.sid, missed.namespace) or ""
        while self._is_here(missed) and (
            self._server.waiting(eio_sid) >= WAITING_AT_MOST or self._server.waiting_bytes(eio_sid) >= BYTES_AT_MOST
        ):
            if time.monotonic() > deadline:
                self._server.drop(eio_sid)
                return
            await asyncio.sleep(LOOK_APART_S)

    def _put(self, missed: MissedEvents, emission: Emission) -> None:
        if self._is_here(missed):
            self._server.emit_to(missed.sid, emission)

    def _is_here(self, missed: MissedEvents) -> bool:
        return self._server.is_here(missed.sid, missed.namespace)

    def _enter(self, missed: MissedEvents) -> None:
        """Enter the rooms without an `await`: an event could fall between."""
        if not self._is_here(missed):
            return
        try:
            self._server.enter(missed.sid, missed.namespace, *missed.rooms)
        except Conflict as error:
            self._put(missed, Emission("error", {"code": error.code, "message": str(error)}, missed.namespace))
