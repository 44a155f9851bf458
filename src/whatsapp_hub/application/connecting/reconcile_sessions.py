"""ReconcileSessions: reconcile this process's connections with the desired state; close all before its lease expires.

Once a second (or at a wake-up) the desired state in PostgreSQL is compared with what is open here. The first dials of
sessions that are restored are staggered; closing is immediate.
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
from whatsapp_hub.application.ports.connections.sockets import HoldsSockets, SeversSockets
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
UNCLOSABLE_S = 60.0
ENDING_S = 25.0
"""How long a process that ends tries to close what it holds; below its stop deadline."""

GONE_S = 10.0
"""A connection that ends reports why; after so long without a report it is dialled again without one."""


class Waits(Protocol):
    async def wait(self) -> object: ...


@dataclass(slots=True)
class ReconcileSessions:
    """One object a process. `wakeups` wakes it when there may be work. `dialled` counts dials, by which the process
    decides that it is too old."""

    lease: KeepLease
    records: RecordConnections
    providers: Providers
    wakeups: Waits
    stagger_s: float
    dialled: int = 0
    _desired: dict[SessionId, DesiredConnection] = field(default_factory=dict)
    _open: dict[SessionId, OpenConnection] = field(default_factory=dict)
    _unclean: set[SessionId] = field(default_factory=set)
    _dialled_here: set[SessionId] = field(default_factory=set)
    _taken_over: set[SessionId] = field(default_factory=set)
    _sockets: dict[str, HoldsSockets] = field(default_factory=dict)
    _closing: dict[SessionId, OpenConnection] = field(default_factory=dict)
    _closings: set[asyncio.Task[None]] = field(default_factory=set)
    _due: asyncio.Event = field(default_factory=asyncio.Event)
    _hung_up: bool = False
    _severed: bool = False
    _stormy: bool = False

    # State for other parts of the process

    @property
    def held(self) -> int:
        """Number of connections open or closing here."""
        return len(self._open) + len(self._closing)

    @property
    def exposed(self) -> int:
        """Number of connections over which something may come in or go out: none of those that were severed."""
        return 0 if self._severed else self.held

    def unclosable(self) -> list[SessionId]:
        """Return the sessions that could not be closed for UNCLOSABLE_S, also while it is tried once more: only the end
        of the process ends them."""
        since = time.monotonic() - UNCLOSABLE_S
        known = (*self._open.values(), *self._closing.values())
        return [one.session_id for one in known if one.closing_since is not None and one.closing_since < since]

    @property
    def open_ids(self) -> list[SessionId]:
        return list(self._open)

    def holding(self) -> Holding | None:
        """Return the sessions to claim messages for: those that are up, under a fresh lease."""
        connector = self.lease.connector
        up = {id: connection.fence for id, connection in self._open.items() if connection.is_up}
        return Holding(connector.id, up) if up and connector and self.lease.is_fresh else None

    def still_held(self, session_id: SessionId) -> bool:
        """Return whether the session is up here, under a fresh lease."""
        connection = self._open.get(session_id)
        return connection is not None and connection.is_up and self.lease.is_fresh

    def serves(self, tenant_id: TenantId) -> bool:
        """Return whether a session of this tenant is open here."""
        return any(connection.ref.tenant_id == tenant_id for connection in self._open.values())

    def dialled_with(self, session_id: SessionId) -> SessionRef | None:
        """Return what an open session was dialled with; None if it is not open here."""
        connection = self._open.get(session_id)
        return connection.ref if connection else None

    def socket(self, kind: str) -> HoldsSockets:
        """Return the provider that holds this kind's sockets. Raises TypeError."""
        if kind not in self._sockets:  # asked for each session twice a second, and a protocol is checked slowly
            provider = self.providers.live(kind)
            if not isinstance(provider, HoldsSockets):
                raise TypeError(f"{kind} declares holds_socket, but has no HoldsSockets")
            self._sockets[kind] = provider
        return self._sockets[kind]

    # The loops

    async def run(self) -> None:
        """Run until cancelled; then close all connections and give the lease back."""
        await self.lease.enter()
        try:
            async with asyncio.TaskGroup() as tasks:
                for loop in (self._keep_lease(), self._reconcile_loop(), self._dial(), self._watch_pulses()):
                    tasks.create_task(loop)
        finally:
            await self._end()

    async def _end(self) -> None:
        """Close all, renewing the lease until the last is closed: no other connector may dial before."""
        keeping = asyncio.create_task(self._keep_lease())
        try:
            await self._close_all(ENDING_S)
        finally:
            keeping.cancel()
        await self.lease.leave(clean=not self._open)

    async def _keep_lease(self) -> None:
        while True:
            await asyncio.sleep(self.lease.terms.renew_s)
            if not await self.lease.renew():
                await self._hang_up("cannot renew the lease")

    async def _reconcile_loop(self) -> None:
        while True:
            PULSE.beat("hold")
            try:
                if not self._hung_up:
                    await self.reconcile()
            except (Unavailable, TimeoutError):
                await asyncio.sleep(0.5)
            except Exception:
                log.exception("connector.look_failed")
                await asyncio.sleep(0.5)
            await self.wakeups.wait()

    async def reconcile(self) -> None:
        """Take a share of the sessions, and close and release what is not desired."""
        connector = self.lease.connector
        if connector is None:
            return
        await self.records.leases.reap_expired()
        if connector is not self.lease.connector:  # hung up meanwhile
            return
        await self._take_share(connector)
        self._desired = {
            connection.session_id: connection for connection in await self.records.leases.held(connector.id)
        }
        if connector is not self.lease.connector:
            return
        for id, connection in list(self._open.items()):
            desired = self._desired.get(id)
            if desired is None or not desired.is_due or desired.fence != connection.fence or desired.must_forget:
                self._begin_to_close(connection)
        await self._release_closed(connector.id)
        if self._waiting():
            self._due.set()

    async def _take_share(self, connector: Connector) -> None:
        loads, free = await self.records.leases.loads(connector.kinds)
        if not free:
            return
        total = free + sum(load.held for load in loads)
        mine = sum(load.held for load in loads if load.connector_id == connector.id)
        wanted = min(connector.room, fair_share([load.room for load in loads], total)) - mine
        if wanted <= 0:
            return
        taken = await self.records.leases.take(connector, wanted)
        unclean = {one.session_id for one in taken if one.unclean}
        self._unclean |= unclean
        self._taken_over |= unclean
        log.info("connector.took", extra={"sessions": len(taken), "unclean": len(self._unclean)})

    async def _release_closed(self, me: ConnectorId) -> None:
        """Delete credentials to forget, and release connections that are not wanted any more."""
        closed = [
            connection for id, connection in self._desired.items() if id not in self._open and id not in self._closing
        ]
        for connection in closed:
            if connection.must_forget:
                await self._forget(connection)
        if gone := [connection.session_id for connection in closed if not connection.is_wanted]:
            await self.records.leases.let_go(me, gone)
            self._unclean -= set(gone)
            self._dialled_here -= set(gone)
            self._taken_over -= set(gone)

    async def _forget(self, connection: DesiredConnection) -> None:
        """Delete credentials; a failure must not delay the others and is retried by the next `reconcile`."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await self.socket(connection.provider).forget(connection.session_id)
            await self.records.forgotten(connection)
        except Exception:
            log.exception("connector.forget_failed", extra={"session_id": str(connection.session_id)})

    # Opening

    def _waiting(self) -> DesiredConnection | None:
        """Return the next connection to dial: one that was dialled here before has made its pause already."""
        first: DesiredConnection | None = None
        for id, connection in self._desired.items():
            if connection.is_due and not connection.must_forget and id not in self._open and id not in self._closing:
                if id in self._dialled_here:
                    return connection
                first = first or connection
        return first

    async def _dial(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            while not self._hung_up and (connection := self._waiting()):
                self._desired.pop(connection.session_id)  # the next `reconcile` brings it back if this fails
                is_repeated = connection.session_id in self._dialled_here
                next_at = time.monotonic() + (0.0 if is_repeated else self.stagger_s)
                try:
                    await self._dial_one(connection)
                except (Unavailable, TimeoutError):
                    await asyncio.sleep(0.5)
                except Exception:
                    log.exception("connector.dial_failed", extra={"session_id": str(connection.session_id)})
                await asyncio.sleep(max(0.0, next_at - time.monotonic()))

    async def _dial_one(self, connection: DesiredConnection) -> None:
        connector = self.lease.connector
        if connector is None:
            return
        takes_over = connection.session_id in self._taken_over
        ref = await self.records.about_to_dial(connection, connector.id, takes_over=takes_over)
        self._taken_over.discard(connection.session_id)
        if ref is None or connector is not self.lease.connector or not self.lease.is_fresh or self._hung_up:
            return
        now, unclean = time.monotonic(), connection.session_id in self._unclean
        opened = OpenConnection(ref, down_since=now)
        self._open[connection.session_id] = opened
        self._dialled_here.add(connection.session_id)
        self.dialled += 1
        try:
            await self.socket(connection.provider).open(ref, unclean=unclean)
        except Conflict:
            log.error("connector.open_already", extra={"session_id": str(connection.session_id)})
            self._begin_to_close(opened)
        except Exception:
            log.exception("connector.open_failed", extra={"session_id": str(connection.session_id)})
            await self.records.recycle(connection.tenant_id, connection.session_id, connection.fence, "open_failed")
        if connector is not self.lease.connector:  # everything was hung up meanwhile
            self._begin_to_close(opened)

    # Closing

    def _begin_to_close(self, connection: OpenConnection) -> None:
        session_id = connection.session_id
        if self._open.get(session_id) is connection and session_id not in self._closing:
            self._open.pop(session_id)
            connection.is_up = False
            connection.closing_since = connection.closing_since or time.monotonic()
            self._closing[session_id] = connection
            task = asyncio.create_task(self._close(connection))
            self._closings.add(task)
            task.add_done_callback(self._closings.discard)

    async def _close(self, connection: OpenConnection) -> None:
        """Close it; one that cannot be closed counts as open again, so that the watchdog can end the process."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await self.socket(connection.provider).close(connection.session_id)
        except Exception:
            log.exception("connector.close_failed", extra={"session_id": str(connection.session_id)})
            self._open.setdefault(connection.session_id, connection)
        finally:
            del self._closing[connection.session_id]

    async def _close_all(self, within_s: float = 0.0) -> None:
        """Close all; what could not be closed is tried again until the time is up."""
        until = time.monotonic() + within_s
        while True:
            for connection in list(self._open.values()):
                self._begin_to_close(connection)
            while self._closing:
                await asyncio.wait(self._closings)
            if not self._open or time.monotonic() >= until:
                return

    def _sever(self) -> None:
        """Cut all connections where their providers can, which takes no time: closing them may take its own then."""
        providers = {one.provider: self.socket(one.provider) for one in (*self._open.values(), *self._closing.values())}
        for provider in providers.values():
            if isinstance(provider, SeversSockets):
                provider.sever()
        self._severed = all(isinstance(provider, SeversSockets) for provider in providers.values())

    async def _hang_up(self, why: str) -> None:
        """Close all at once (WhatsApp keeps new messages meanwhile), then take a new lease."""
        if self._hung_up:
            return
        self._hung_up = True
        try:
            self._sever()  # first of all: the watchdog waits a second longer at most
            log.error("connector.hangs_up", extra={"why": why, "sessions": self.held})
            self._desired.clear()
            await self._close_all(UNCLOSABLE_S if self._severed else 0.0)
            if self._open:
                raise RuntimeError("connections that must not be held cannot be closed")
            await self.lease.leave(clean=False)
            self._unclean.clear()
            self._taken_over.clear()
            self._dialled_here.clear()
            await self.lease.enter()
        finally:
            self._hung_up = self._severed = False

    # Watching

    async def _watch_pulses(self) -> None:
        while True:
            await asyncio.sleep(PULSE_EVERY_S)
            if self._hung_up:
                continue
            if self._unstored_s() > self.lease.terms.give_up_s:
                await self._hang_up("cannot store what comes in")
                continue
            for connection in list(self._open.values()):
                if why := self._check_pulse(connection, time.monotonic()):
                    await self._guarded(self._recycle(connection, why))
            await self._guarded(self._alarm_on_storm())

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Unavailable:
            return
        except Exception:
            log.exception("connector.watch_failed")

    def _unstored_s(self) -> float:
        pulses = (self.socket(connection.provider).pulse(connection.session_id) for connection in self._open.values())
        return max((pulse.unstored_s for pulse in pulses if pulse), default=0.0)

    def _check_pulse(self, connection: OpenConnection, now: float) -> str | None:
        """Record its health; return why it must be dialled again, or None."""
        if connection.closing_since is not None:
            return None
        pulse = self.socket(connection.provider).pulse(connection.session_id)
        if pulse is None:
            connection.is_up, connection.gone_since = False, connection.gone_since or now
            return ENDED if now - connection.gone_since > GONE_S else None
        connection.gone_since, is_up = None, pulse.is_connected and pulse.is_logged_in
        if connection.is_up and not is_up:
            connection.down_since = now
        connection.is_up, connection.was_up = is_up, connection.was_up or is_up
        if is_up:
            self._unclean.discard(connection.session_id)
        if not connection.was_up:
            return None  # a first dial, or not scanned yet: that has a deadline of its own
        rules, down = self.records.advance.rules, timedelta(seconds=now - connection.down_since)
        silent, unanswered = timedelta(seconds=pulse.silent_s), timedelta(seconds=pulse.unanswered_s)
        return why_dead(pulse.is_connected, silent, unanswered, down, rules)

    async def _recycle(self, connection: OpenConnection, why: str) -> None:
        log.warning("session.recycled", extra={"session_id": str(connection.session_id), "why": why})
        self._begin_to_close(connection)
        await self.records.recycle(connection.tenant_id, connection.session_id, connection.fence, why)

    async def _alarm_on_storm(self) -> None:
        """Notify once when many connections drop together, until most are back."""
        known = [connection for connection in self._open.values() if connection.was_up]
        down = sum(not connection.is_up for connection in known)
        if not self._stormy and down >= 5 and down * 2 >= len(known):
            await self.records.alarm([connection for connection in known if not connection.is_up])
            self._stormy = True  # only now, so that an alarm that could not be stored is repeated
            log.error("connector.reconnect_storm", extra={"down": down, "sessions": len(known)})
        elif self._stormy and down * 4 <= len(known):
            self._stormy = False
