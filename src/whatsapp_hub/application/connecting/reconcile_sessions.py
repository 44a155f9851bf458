"""ReconcileSessions: reconcile this process's connections with the desired state; close all before its lease expires.

Once a second (or at a wake-up) the desired state in PostgreSQL is compared with what is open here. Dials are staggered;
what is to be closed is closed at once.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from whatsapp_hub.application.connecting.connection_records import RecordConnections
from whatsapp_hub.application.connecting.keep_lease import KeepLease, OpenConnection
from whatsapp_hub.application.ports.connections.connections import Connector, ConnectorId, DesiredConnection
from whatsapp_hub.application.ports.connections.sockets import HoldsSockets
from whatsapp_hub.application.ports.provider.plugin import Providers, SessionRef
from whatsapp_hub.application.ports.queues.lanes import Holding
from whatsapp_hub.application.pulse import PULSE
from whatsapp_hub.domain.errors import Conflict, Unavailable
from whatsapp_hub.domain.ids import SessionId, TenantId
from whatsapp_hub.domain.sessions.balancing import fair_share
from whatsapp_hub.domain.sessions.connection import ENDED, why_dead

log = logging.getLogger(__name__)

CLOSE_S = 10.0
PULSE_EVERY_S = 0.5
GONE_S = 10.0
"""A line that went down by itself says why; only when nothing was heard for so long it is dialled anew unasked."""


class Waits(Protocol):
    async def wait(self) -> object: ...


@dataclass(slots=True)
class ReconcileSessions:
    """One object a process. `bell` rings when something may be to do. `dialled` counts, for whoever judges whether this
    process has grown old."""

    lease: KeepLease
    mind: RecordConnections
    providers: Providers
    bell: Waits
    stagger_s: float
    dialled: int = 0
    _lines: dict[SessionId, DesiredConnection] = field(default_factory=dict)
    _open: dict[SessionId, OpenConnection] = field(default_factory=dict)
    _unclean: set[SessionId] = field(default_factory=set)
    _closing: dict[SessionId, asyncio.Task[None]] = field(default_factory=dict)
    _due: asyncio.Event = field(default_factory=asyncio.Event)
    _hung_up: bool = False
    _stormy: bool = False

    # What others ask

    @property
    def held(self) -> int:
        return len(self._open) + len(self._closing)

    @property
    def open_ids(self) -> list[SessionId]:
        return list(self._open)

    def holding(self) -> Holding | None:
        """What messages may be claimed for: sessions that are up, under a lease that holds."""
        connector = self.lease.connector
        up = {id: line.fence for id, line in self._open.items() if line.is_up}
        return Holding(connector.id, up) if up and connector and self.lease.is_fresh else None

    def still_held(self, session_id: SessionId) -> bool:
        line = self._open.get(session_id)
        return line is not None and line.is_up and self.lease.is_fresh

    def serves(self, tenant_id: TenantId) -> bool:
        return any(line.ref.tenant_id == tenant_id for line in self._open.values())

    def dialled_with(self, session_id: SessionId) -> SessionRef | None:
        """None: it is not open here."""
        line = self._open.get(session_id)
        return line.ref if line else None

    def socket(self, kind: str) -> HoldsSockets:
        provider = self.providers.live(kind)
        if not isinstance(provider, HoldsSockets):
            raise TypeError(f"{kind} declares holds_socket, but has no HoldsSockets")
        return provider

    # The loops

    async def run(self) -> None:
        """Until cancelled; then everything is hung up and let go."""
        await self.lease.enter()
        try:
            async with asyncio.TaskGroup() as tasks:
                for loop in (self._keep_lease(), self._look_again_and_again(), self._dial(), self._feel_pulses()):
                    tasks.create_task(loop)
        finally:
            await self._end()

    async def _end(self) -> None:
        """The lease is renewed until the last line is closed: nobody else may dial before."""
        keeping = asyncio.create_task(self._keep_lease())
        try:
            await self._close_all()
        finally:
            keeping.cancel()
        await self.lease.leave(clean=not self._open)

    async def _keep_lease(self) -> None:
        while True:
            await asyncio.sleep(self.lease.terms.renew_s)
            if not await self.lease.renew():
                await self._hang_up("cannot renew the lease")

    async def _look_again_and_again(self) -> None:
        while True:
            PULSE.beat("hold")
            try:
                if not self._hung_up:
                    await self.look()
            except (Unavailable, TimeoutError):
                await asyncio.sleep(0.5)
            except Exception:
                log.exception("connector.look_failed")
                await asyncio.sleep(0.5)
            await self.bell.wait()

    async def look(self) -> None:
        """Compare what shall be with what is."""
        connector = self.lease.connector
        if connector is None:
            return
        await self.mind.leases.reap_expired()
        if connector is not self.lease.connector:  # hung up meanwhile
            return
        await self._take_share(connector)
        self._lines = {line.session_id: line for line in await self.mind.leases.held(connector.id)}
        if connector is not self.lease.connector:
            return
        for id, line in list(self._open.items()):
            shall = self._lines.get(id)
            if shall is None or not shall.is_due or shall.fence != line.fence or shall.must_forget:
                self._begin_to_close(line)
        await self._see_to_closed(connector.id)
        if self._waiting():
            self._due.set()

    async def _take_share(self, connector: Connector) -> None:
        seats, free = await self.mind.leases.seats(connector.kinds)
        if not free:
            return
        total = free + sum(seat.held for seat in seats)
        mine = sum(seat.held for seat in seats if seat.connector_id == connector.id)
        wanted = min(connector.room, fair_share([seat.room for seat in seats], total)) - mine
        if wanted <= 0:
            return
        taken = await self.mind.leases.take(connector, wanted)
        self._unclean |= {one.session_id for one in taken if one.unclean}
        log.info("connector.took", extra={"sessions": len(taken), "unclean": len(self._unclean)})

    async def _see_to_closed(self, me: ConnectorId) -> None:
        """Credentials to forget, and lines that nobody wants any more."""
        closed = [line for id, line in self._lines.items() if id not in self._open and id not in self._closing]
        for line in closed:
            if line.must_forget:
                await self._forget(line)
        if gone := [line.session_id for line in closed if not line.is_wanted]:
            await self.mind.leases.let_go(me, gone)
            self._unclean -= set(gone)

    async def _forget(self, line: DesiredConnection) -> None:
        """One whose store does not let go of its credentials must not keep the others waiting; the next look tries."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await self.socket(line.provider).forget(line.session_id)
            await self.mind.forgotten(line)
        except Exception:
            log.exception("connector.forget_failed", extra={"session_id": str(line.session_id)})

    # Opening

    def _waiting(self) -> DesiredConnection | None:
        """The next line to dial."""
        for id, line in self._lines.items():
            if line.is_due and not line.must_forget and id not in self._open and id not in self._closing:
                return line
        return None

    async def _dial(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            while not self._hung_up and (line := self._waiting()):
                self._lines.pop(line.session_id)  # the next look brings it again if this comes to nothing
                try:
                    await self._dial_one(line)
                except (Unavailable, TimeoutError):
                    await asyncio.sleep(0.5)
                except Exception:
                    log.exception("connector.dial_failed", extra={"session_id": str(line.session_id)})
                await asyncio.sleep(self.stagger_s)

    async def _dial_one(self, line: DesiredConnection) -> None:
        connector = self.lease.connector
        if connector is None:
            return
        ref = await self.mind.about_to_dial(line, connector.id)
        if ref is None or connector is not self.lease.connector or not self.lease.is_fresh:
            return
        now, unclean = time.monotonic(), line.session_id in self._unclean
        opened = OpenConnection(ref, down_since=now)
        self._open[line.session_id] = opened
        self.dialled += 1
        try:
            await self.socket(line.provider).open(ref, unclean=unclean)
        except Conflict:
            log.error("connector.open_already", extra={"session_id": str(line.session_id)})
            self._begin_to_close(opened)
        except Exception:
            log.exception("connector.open_failed", extra={"session_id": str(line.session_id)})
            await self.mind.recycle(line.tenant_id, line.session_id, line.fence, "open_failed")
        if connector is not self.lease.connector:  # everything was hung up meanwhile
            self._begin_to_close(opened)

    # Closing

    def _begin_to_close(self, line: OpenConnection) -> None:
        if self._open.get(line.session_id) is line:
            self._open.pop(line.session_id)
            self._closing[line.session_id] = asyncio.create_task(self._close(line))

    async def _close(self, line: OpenConnection) -> None:
        """What does not close keeps the process from looking harmless: the watchdog ends it if need be."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await self.socket(line.provider).close(line.session_id)
        except Exception as error:
            log.exception("connector.close_failed", extra={"session_id": str(line.session_id)})
            self._open.setdefault(line.session_id, line)
            if isinstance(error, TimeoutError):
                await asyncio.sleep(1)
        finally:
            del self._closing[line.session_id]

    async def _close_all(self) -> None:
        for line in list(self._open.values()):
            self._begin_to_close(line)
        while self._closing:
            await asyncio.wait(list(self._closing.values()))

    async def _hang_up(self, why: str) -> None:
        """Everything, at once: WhatsApp keeps what comes meanwhile. Then this process enters anew."""
        if self._hung_up:
            return
        self._hung_up = True
        try:
            log.error("connector.hangs_up", extra={"why": why, "sessions": self.held})
            self._lines.clear()
            await self._close_all()
            if self._open:
                raise RuntimeError("lines that must not be held cannot be closed")
            await self.lease.leave(clean=False)
            self._unclean.clear()
            await self.lease.enter()
        finally:
            self._hung_up = False

    # Watching

    async def _feel_pulses(self) -> None:
        while True:
            await asyncio.sleep(PULSE_EVERY_S)
            if self._hung_up:
                continue
            if self._unstored_s() > self.lease.terms.give_up_s:
                await self._hang_up("cannot store what comes in")
                continue
            for line in list(self._open.values()):
                if why := self._feel(line, time.monotonic()):
                    await self._guarded(self._recycle(line, why))
            await self._guarded(self._tell_of_storms())

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Unavailable:
            return
        except Exception:
            log.exception("connector.watch_failed")

    def _unstored_s(self) -> float:
        pulses = (self.socket(line.provider).pulse(line.session_id) for line in self._open.values())
        return max((pulse.unstored_s for pulse in pulses if pulse), default=0.0)

    def _feel(self, line: OpenConnection, now: float) -> str | None:
        """Note how it does; why it is to be dialled anew, if it is."""
        pulse = self.socket(line.provider).pulse(line.session_id)
        if pulse is None:
            line.is_up, line.gone_since = False, line.gone_since or now
            return ENDED if now - line.gone_since > GONE_S else None
        line.gone_since, is_up = None, pulse.is_connected and pulse.is_logged_in
        if line.is_up and not is_up:
            line.down_since = now
        line.is_up, line.was_up = is_up, line.was_up or is_up
        if is_up:
            self._unclean.discard(line.session_id)
        if not line.was_up:
            return None  # a first dial, or nobody has scanned: that has a deadline of its own
        silent, down = timedelta(seconds=pulse.silent_s), timedelta(seconds=now - line.down_since)
        return why_dead(is_up, silent, down, self.mind.follow.rules)

    async def _recycle(self, line: OpenConnection, why: str) -> None:
        log.warning("session.recycled", extra={"session_id": str(line.session_id), "why": why})
        self._begin_to_close(line)
        await self.mind.recycle(line.tenant_id, line.session_id, line.fence, why)

    async def _tell_of_storms(self) -> None:
        """Many lines that were up are down at once: one alarm, until most are back."""
        known = [line for line in self._open.values() if line.was_up]
        down = sum(not line.is_up for line in known)
        if not self._stormy and down >= 5 and down * 2 >= len(known):
            await self.mind.alarm([line for line in known if not line.is_up])
            self._stormy = True  # only now: an alarm that could not be stored is given again
            log.error("connector.reconnect_storm", extra={"down": down, "sessions": len(known)})
        elif self._stormy and down * 4 <= len(known):
            self._stormy = False
