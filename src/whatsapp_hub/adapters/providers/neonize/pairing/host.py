"""The pairing process, seen from the connector: shared by all sessions that pair, and ended when none does."""

import asyncio
import signal
import socket
import sys
from contextlib import suppress

from whatsapp_hub.adapters.processes.child import Child
from whatsapp_hub.adapters.providers.neonize.dial import SessionDial
from whatsapp_hub.adapters.providers.neonize.native.library import Dial
from whatsapp_hub.adapters.providers.neonize.native.store import DeviceStore, StoreAccess
from whatsapp_hub.adapters.providers.neonize.pairing.frames import Notice, Request, framed, next_told
from whatsapp_hub.application.ports.connections.sockets import store_name
from whatsapp_hub.domain.errors import Unavailable

LEFT_BEHIND = 40
"""Sessions that a process may have left behind, each with a thread that never ends, before new ones get a new one."""

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

    async def _ask(self, ask: Request) -> None:
        if self.is_over:
            raise Unavailable(_LOST)
        try:
            self._writer.write(framed(ask))
            await self._writer.drain()
        except OSError as error:
            raise Unavailable(_LOST) from error

    async def _listen(self) -> None:
        while told := await next_told(self._reader):
            await self._hear(told)
        for stopped in self._stops.values():
            stopped.set()
        for answer in self._codes.values():
            if not answer.done():
                answer.set_exception(Unavailable(_LOST))
        for line in list(self.lines.values()):
            await line.heard("ended", _LOST)

    async def _hear(self, told: Notice) -> None:
        if told.what == "stopped":
            if stopped := self._stops.get(told.uuid):
                stopped.set()
        elif told.what == "code":
            answer = self._codes.get(told.uuid)
            if answer and not answer.done():
                answer.set_result(told.data)
        elif line := self.lines.get(told.uuid):
            await self._pass_on(line, told)

    async def _pass_on(self, line: SessionDial, told: Notice) -> None:
        match told.what:
            case "event":
                await line.heard_event(told.code, told.data)
            case "qr" | "login" | "ended":
                await line.heard(told.what, told.text)


class Rooms:
    def __init__(self) -> None:
        self._room: PairingHost | None = None
        self._old: list[PairingHost] = []
        self._starting = asyncio.Lock()

    async def room(self) -> PairingHost:
        """Return the process for the next session, started if need be. Raises OSError."""
        async with self._starting:
            if self._room and (self._room.left_behind >= LEFT_BEHIND or self._room.is_over):
                self._old.append(self._room)
                self._room = None
            if self._room is None:
                self._room = await PairingHost.start()
            return self._room

    async def leave(self, room: PairingHost) -> None:
        """Count one session less; without any the process ends."""
        if room.lines:
            return
        if room is self._room:
            self._room = None
        if room in self._old:
            self._old.remove(room)
        await room.close()

    async def aclose(self) -> None:
        rooms = [*self._old, *([self._room] if self._room else [])]
        self._room, self._old = None, []
        for room in rooms:
            await room.close()


class PairingLink:
    """A connection in a pairing process."""

    def __init__(self, rooms: Rooms, store: DeviceStore, line: SessionDial) -> None:
        self._rooms, self._store, self._line = rooms, store, line
        self._door: StoreAccess | None = None
        self._room: PairingHost | None = None

    async def dial(self, props: bytes, proxy: str) -> None:
        self._door = self._store.door(store_name(self._line.session.id))
        dial = Dial(self._line.uuid, self._door.url, "", props, proxy)
        self._room = await self._rooms.room()
        await self._room.dial(self._line, dial)

    async def code(self, params: bytes) -> bytes:
        if self._room is None:
            raise Unavailable("not dialled yet")
        return await self._room.code(self._line.uuid, params)

    async def hang_up(self) -> None:
        room, door = self._room, self._door
        self._room = self._door = None
        if room is not None:  # a paired one may deliver messages until its end; another has none
            await room.stop(self._line.uuid, STOP_S if self._line.is_paired else 0.0)
            await self._rooms.leave(room)
        if door is not None:
            door.shut()
            with suppress(Unavailable):
                await self._store.end_connections(store_name(self._line.session.id))
