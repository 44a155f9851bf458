"""The connector process: sessions that hold a socket (WhatsApp Web), their lanes, and commands for their holder.

It ends itself rather than hold what another process may hold by now (the watchdog, in a thread of its own: sockets of a
library live on while Python stalls), and when it has grown old (`Fitness`); its supervisor restarts it.
"""

import asyncio
import logging
import os
import resource
import socket
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from dishka import AsyncContainer

from whatsapp_hub.adapters.redis.wakes import Channel, Wakes, WakeSignal
from whatsapp_hub.adapters.worker.loops import TenantLoop
from whatsapp_hub.application.connecting.connection_records import RecordConnections
from whatsapp_hub.application.connecting.keep_lease import KeepLease
from whatsapp_hub.application.connecting.reconcile_sessions import ReconcileSessions
from whatsapp_hub.application.connecting.run_commands import RunCommands
from whatsapp_hub.application.media.fetch_media import FetchBounds, FetchMedia
from whatsapp_hub.application.media.keep_file import KeepFile
from whatsapp_hub.application.media.read_file import ReadFile
from whatsapp_hub.application.ports.connections.connections import Connector, ConnectorId, Leases
from whatsapp_hub.application.ports.edge.clock import Clock, NewId
from whatsapp_hub.application.ports.edge.directory import Directory
from whatsapp_hub.application.ports.edge.inspection import InspectsFiles
from whatsapp_hub.application.ports.provider.plugin import Providers
from whatsapp_hub.application.ports.queues.commands import Commands
from whatsapp_hub.application.ports.queues.wakeups import Work
from whatsapp_hub.application.ports.storage.files import FileStore
from whatsapp_hub.application.ports.storage.unit_of_work import Storage
from whatsapp_hub.application.pulse import LOOP_S, PULSE
from whatsapp_hub.application.sending.drain_lanes import AT_ONCE, DrainLanes
from whatsapp_hub.domain.errors import Unavailable
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.messaging.capabilities import MB
from whatsapp_hub.main.roles.heartbeat import Probes, announced
from whatsapp_hub.main.roles.run import ROLES, settle_memory
from whatsapp_hub.main.roles.watchdog import lasting
from whatsapp_hub.main.settings import Settings
from whatsapp_hub.main.wiring.container import make_container
from whatsapp_hub.main.wiring.infrastructure import Part
from whatsapp_hub.main.wiring.storing import pacing_of

log = logging.getLogger(__name__)

WATCH_EVERY_S = 0.1
FITNESS_EVERY_S = 30.0
CLOSING_EVERY_S = 5.0
EXIT_UNFENCED = 70
EXIT_UNFIT = 75


class Unfit(Exception):
    """The process must be replaced by a fresh one."""


@dataclass(frozen=True)
class Fitness:
    """Limits of a connector's resources: the remedy for a library that leaks connections, descriptors or threads at
    each dial."""

    dials: int = 1000
    connections_each: int = 4
    connections_spare: int = 20
    threads_each: int = 4
    threads_spare: int = 200
    descriptors_share: float = 0.8

    def unfit(self, held: int, dials: int, connections: int, threads: int, descriptors: int, limit: int) -> str | None:
        """Return why the process must be replaced; None if it need not."""
        if dials > self.dials + held:
            return f"{dials} dials"
        if connections > self.connections_spare + self.connections_each * held:
            return f"{connections} connections to the store for {held} sessions"
        if threads > self.threads_spare + self.threads_each * held:
            return f"{threads} threads for {held} sessions"
        if descriptors > limit * self.descriptors_share:
            return f"{descriptors} of {limit} descriptors"
        return None


async def run(settings: Settings) -> None:
    """Run until cancelled; then finish open sends and close every connection. Raises SystemExit to be restarted."""
    container = make_container(settings, Part.CONNECTOR)
    try:
        providers = await container.get(Providers)
        kinds = tuple(sorted(kind for kind in providers.plugins if providers.holds_socket(kind)))
        probes: Probes = {}
        async with announced(container, "connector", probes):
            if kinds:
                await _hold(settings, container, kinds, probes)
            else:
                log.info("connector.idle", extra={"why": "no provider here holds sockets; see `whatsapp-hub doctor`"})
                await asyncio.Event().wait()
    finally:
        await container.close()


async def _hold(settings: Settings, container: AsyncContainer, kinds: tuple[str, ...], probes: Probes) -> None:
    wakes, hold = await container.get(Wakes), await _make_hold(settings, container, kinds)
    lanes = await _make_drain(settings, container, kinds, hold, wakes)
    files = await _make_fetch(settings, container, hold, wakes)
    probes |= {"held": lambda: hold.held, "calls": lambda: lanes.under_way}
    run_commands = RunCommands(await container.get(Commands), hold)
    stop_watching = watch(hold)
    ending = asyncio.create_task(hold.run(), name="hold")
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_end_with(ending))
            channel = await container.get(Channel)
            loops = {
                "wakes": channel.listen(wakes, Work.LINES, Work.HELD_LANES, Work.HELD_MEDIA),
                "held lanes": _lanes(container, hold, lanes, wakes, kinds),
                "held media": _media(container, hold, files, wakes),
                "commands": _commands(run_commands, wakes.listen(Work.LINES)),
            }
            for name, loop in loops.items():
                tasks.create_task(lasting(name, loop, ROLES["connector"].stop_deadline_s), name=name)
            tasks.create_task(_let_close(hold), name="closing")
            tasks.create_task(_stay_fit(hold, await container.get(Leases)), name="fitness")
            settle_memory()
    except* Unfit as unfit:
        log.warning("connector.recycles_itself", extra={"why": str(unfit.exceptions[0])})
        raise SystemExit(EXIT_UNFIT) from None
    finally:
        await asyncio.gather(lanes.aclose(), run_commands.aclose(), files.aclose())  # both still need their sockets
        ending.cancel()
        await asyncio.wait([ending])
        stop_watching.set()


async def _end_with(ending: asyncio.Task[None]) -> None:
    await asyncio.shield(ending)


async def _make_hold(settings: Settings, container: AsyncContainer, kinds: tuple[str, ...]) -> ReconcileSessions:
    def make() -> Connector:
        name = f"{socket.gethostname()}:{os.getpid()}"
        return Connector(ConnectorId(uuid4()), name, kinds, settings.sessions_per_connector)

    wakes, providers = await container.get(Wakes), await container.get(Providers)
    lease = KeepLease(await container.get(Leases), make)
    stagger_s = settings.staggered_boot_delay_ms / 1000
    return ReconcileSessions(
        lease, await container.get(RecordConnections), providers, wakes.listen(Work.LINES), stagger_s
    )


async def _make_drain(
    settings: Settings, container: AsyncContainer, kinds: tuple[str, ...], hold: ReconcileSessions, wakes: Wakes
) -> DrainLanes:
    providers = await container.get(Providers)
    pacing = {kind: pacing_of(providers.plugin(kind).capabilities, settings) for kind in kinds}
    storage = await container.get(Storage)
    return DrainLanes(
        storage,
        providers,
        await container.get(Clock),
        await container.get(NewId),
        pacing,
        await container.get(ReadFile),
        partial(wakes.ring, Work.HELD_LANES),
        still_held=hold.still_held,
    )


def _lanes(
    container: AsyncContainer, hold: ReconcileSessions, drain: DrainLanes, wakes: Wakes, kinds: tuple[str, ...]
) -> Coroutine[Any, Any, None]:
    async def find() -> list[TenantId]:
        holding = hold.holding()
        if holding is None:
            return []
        directory: Directory = await container.get(Directory)
        return await directory.tenants_with_lanes(kinds, list(holding.fences))

    async def work(tenant_id: TenantId) -> bool:
        holding = hold.holding()
        if holding is None or not hold.serves(tenant_id):
            return False
        return await drain(tenant_id, holding=holding) == AT_ONCE

    return TenantLoop("held lanes", wakes.listen(Work.HELD_LANES), find, work).run()


async def _make_fetch(
    settings: Settings, container: AsyncContainer, hold: ReconcileSessions, wakes: Wakes
) -> FetchMedia:
    """The library holds whole files: one at a time."""
    bounds = FetchBounds(settings.media_max_megabytes * MB, at_once=1)
    return FetchMedia(
        await container.get(Storage),
        await container.get(Providers),
        await container.get(FileStore),
        await container.get(KeepFile),
        await container.get(InspectsFiles),
        await container.get(Clock),
        bounds,
        partial(wakes.ring, Work.HELD_MEDIA),
        hold.still_held,
    )


def _media(
    container: AsyncContainer, hold: ReconcileSessions, fetch: FetchMedia, wakes: Wakes
) -> Coroutine[Any, Any, None]:
    async def find() -> list[TenantId]:
        holding = hold.holding()
        if holding is None:
            return []
        directory: Directory = await container.get(Directory)
        return await directory.tenants_with_fetches(list(holding.fences))

    async def work(tenant_id: TenantId) -> bool:
        holding = hold.holding()
        return holding is not None and await fetch(tenant_id, list(holding.fences)) > 0

    return TenantLoop("held media", wakes.listen(Work.HELD_MEDIA), find, work).run()


async def _commands(run: RunCommands, signal: WakeSignal) -> None:
    while True:
        PULSE.beat("commands")
        await signal.wait()
        try:
            await run()
        except Unavailable:
            await asyncio.sleep(0.5)
        except Exception:
            log.exception("connector.commands_failed")
            await asyncio.sleep(0.5)


async def _let_close(hold: ReconcileSessions) -> None:
    """End this process when it cannot close a session: others take all of them over. Raises Unfit."""
    while True:
        PULSE.beat("closing")
        await asyncio.sleep(CLOSING_EVERY_S)
        if stuck := hold.unclosable():
            raise Unfit(f"{len(stuck)} sessions cannot be closed, {stuck[0]} among them")


async def _stay_fit(hold: ReconcileSessions, leases: Leases) -> None:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    while True:
        PULSE.beat("fitness", within_s=FITNESS_EVERY_S + LOOP_S)
        await asyncio.sleep(FITNESS_EVERY_S)
        try:
            connections = await leases.store_connections(hold.open_ids)
        except Unavailable:
            continue
        threads, descriptors = _count("task"), _count("fd")
        if why := Fitness().unfit(hold.held, hold.dialled, connections, threads, descriptors, limit):
            raise Unfit(why)


def _count(what: str) -> int:
    """Count this process's threads or descriptors, those of native code included; 0 where /proc is missing."""
    folder = Path("/proc/self") / what
    return sum(1 for _ in folder.iterdir()) if folder.exists() else 0


def watch(hold: ReconcileSessions) -> threading.Event:
    """End this process at once when it has connections under a lease that was not renewed for two thirds of its time:
    until then no other process can have taken its sessions. Set the event to stop."""
    stop = threading.Event()
    fatal_s = hold.lease.terms.fatal_s

    def look() -> None:
        while not stop.wait(WATCH_EVERY_S):
            if hold.exposed and hold.lease.age_s > fatal_s:
                os.write(2, b"connector: the lease was not renewed in time; ending before another takes over\n")
                os._exit(EXIT_UNFENCED)

    threading.Thread(target=look, name="lease watchdog", daemon=True).start()
    return stop
