"""The pairing process, seen from the connector: shared by all sessions that pair, and ended when none does."""

import asyncio
import signal
import socket
import sys
from contextlib import suppress

from whatsapp_hub.adapters.processes.child import Child
from whatsapp_hub.adapters.providers.neonize.dial import SessionDial
from whatsapp_hub.adapters.providers.neonize.native.library import Dial
from whatsapp_hub.adapters.providers.neonize.native.store import DeviceStore
from whatsapp_hub.adapters.providers.neonize.pairing.frames import Notice, Request, framed, next_notice
from whatsapp_hub.adapters.providers.neonize.sharing.door import StoreAccess
from whatsapp_hub.application.background import BackgroundTasks
from whatsapp_hub.application.ports.connections.sockets import store_name
from whatsapp_hub.domain.errors import Unavailable

LEFT_BEHIND = 40
"""Sessions that a process may have left behind, each with a thread that never ends, before new ones get a new one."""

LINGER_S = 60.0
"""How long a process without sessions waits for the next one: starting it takes a processor 1.5 s."""

STOP_S = 10.0
_LOST = "the pairing process has ended"
PROGRAM = "whatsapp_hub.adapters.providers.neonize.pairing.process"


class PairingHost:
    """One pairing process."""

    def __init__(self, child: Child, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._child, self._reader, self._writer = child, reader, writer
        self.lines: dict[str, SessionDial] = {}
        self.dials = 0
        self._codes: dict[str, asyncio.Future[bytes]] = {}
        self._stops: dict[str, asyncio.Event] = {}
        self._listening = asyncio.create_task(self._listen())
        self.is_closed = False

    @classmethod
    async def start(cls) -> "PairingHost":
        ours, theirs = socket.socketpair()
        with theirs:
            argv = [sys.executable, "-m", PROGRAM, str(theirs.fileno())]
            child = await Child.start(argv, death_signal=signal.SIGKILL, keep_fds=[theirs.fileno()])
        reader, writer = await asyncio.open_connection(sock=ours)
        return cls(child, reader, writer)

    @property
    def left_behind(self) -> int:
        return self.dials - len(self.lines)

    @property
    def is_over(self) -> bool:
        return self.is_closed or self._listening.done()

    async def dial(self, line: SessionDial, dial: Dial) -> None:
        self.dials += 1
        self.lines[line.uuid] = line
        await self._ask(Request("dial", line.uuid, dial=dial))

    async def code(self, uuid: str, params: bytes) -> bytes:
        """Request a pairing code, without a time limit of its own. Raises Unavailable if the process ends."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._codes[uuid] = answer
        try:
            await self._ask(Request("code", uuid, data=params))
            return await answer
        finally:
            self._codes.pop(uuid, None)

    async def stop(self, uuid: str, wait_s: float) -> None:
        """Stop a session; on return its events so far are in its pump, or `wait_s` has passed."""
        stopped = self._stops[uuid] = asyncio.Event()
        with suppress(TimeoutError, Unavailable):
            await self._ask(Request("stop", uuid))
            await asyncio.wait_for(stopped.wait(), wait_s)
        self._stops.pop(uuid, None)
        self.lines.pop(uuid, None)

    async def close(self) -> None:
        if self.is_closed:
            return
        self.is_closed = True
        self._listening.cancel()
        with suppress(asyncio.CancelledError):
            await self._listening
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()
        await self._child.kill_all()

    async def _ask(self, request: Request) -> None:
        if self.is_over:
            raise Unavailable(_LOST)
        try:
            self._writer.write(framed(request))
            await self._writer.drain()
        except OSError as error:
            raise Unavailable(_LOST) from error

    async def _listen(self) -> None:
        while notice := await next_notice(self._reader):
            await self._receive(notice)
        for stopped in self._stops.values():
            stopped.set()
        for answer in self._codes.values():
            if not answer.done():
                answer.set_exception(Unavailable(_LOST))
        for line in list(self.lines.values()):
            await line.receive("ended", _LOST)

    async def _receive(self, notice: Notice) -> None:
        if notice.what == "stopped":
            if stopped := self._stops.get(notice.uuid):
                stopped.set()
        elif notice.what == "code":
            answer = self._codes.get(notice.uuid)
            if answer and not answer.done():
                answer.set_result(notice.data)
        elif line := self.lines.get(notice.uuid):
            await self._pass_on(line, notice)

    async def _pass_on(self, line: SessionDial, notice: Notice) -> None:
        match notice.what:
            case "event":
                await line.receive_event(notice.code, notice.data)
            case "qr" | "login" | "ended":
                await line.receive(notice.what, notice.text)


class PairingHosts:
    """The pairing processes of this connector: the current one, and older ones that still have sessions."""

    def __init__(self) -> None:
        self._pairing_host: PairingHost | None = None
        self._old: list[PairingHost] = []
        self._starting = asyncio.Lock()
        self._tasks = BackgroundTasks()

    async def acquire(self) -> PairingHost:
        """Return the process for the next session, started if need be. Raises OSError."""
        async with self._starting:
            if self._pairing_host and (self._pairing_host.left_behind >= LEFT_BEHIND or self._pairing_host.is_over):
                self._old.append(self._pairing_host)
                self._pairing_host = None
            if self._pairing_host is None:
                self._pairing_host = await PairingHost.start()
            return self._pairing_host

    async def release(self, host: PairingHost) -> None:
        """Count one session less; without any for LINGER_S, or if it is to be replaced, the process ends."""
        if host.lines:
            return
        if host is self._pairing_host and host.left_behind < LEFT_BEHIND and not host.is_over:
            dials = host.dials
            asyncio.get_running_loop().call_later(LINGER_S, self._end_idle, host, dials)
            return
        await self._end(host)

    def _end_idle(self, host: PairingHost, dials: int) -> None:
        if not host.is_closed and host.dials == dials:
            self._tasks.start(self._end(host))

    async def _end(self, host: PairingHost) -> None:
        if host is self._pairing_host:
            self._pairing_host = None
        if host in self._old:
            self._old.remove(host)
        await host.close()

    async def aclose(self) -> None:
        await self._tasks.aclose()
        hosts = [*self._old, *([self._pairing_host] if self._pairing_host else [])]
        self._pairing_host, self._old = None, []
        for host in hosts:
            await host.close()


class PairingLink:
    """A connection in a pairing process."""

    def __init__(self, hosts: PairingHosts, store: DeviceStore, line: SessionDial) -> None:
        self._pairing_hosts, self._store, self._line = hosts, store, line
        self._access: StoreAccess | None = None
        self._pairing_host: PairingHost | None = None

    async def dial(self, props: bytes, proxy: str) -> None:
        self._access = self._store.access(store_name(self._line.session.id), self._line.store_failed)
        dial = Dial(self._line.uuid, self._access.url, "", props, proxy)
        self._pairing_host = await self._pairing_hosts.acquire()
        await self._pairing_host.dial(self._line, dial)

    @property
    def store_waits_s(self) -> float:
        return self._access.store_waits_s if self._access else 0.0

    @property
    def is_storing(self) -> bool:
        return self._access is not None and self._access.is_used

    async def code(self, params: bytes) -> bytes:
        if self._pairing_host is None:
            raise Unavailable("not dialled yet")
        return await self._pairing_host.code(self._line.uuid, params)

    async def hang_up(self) -> None:
        host, access = self._pairing_host, self._access
        self._pairing_host = self._access = None
        if host is not None:  # a paired one may deliver messages until its end; another has none
            await host.stop(self._line.uuid, STOP_S if self._line.is_paired else 0.0)
            await self._pairing_hosts.release(host)
        if access is not None:
            access.shut()
