"""Bound python-socketio and python-engineio, and gather every use of their private members.

Both libraries trust their clients: attachments, queues, handshakes and rooms have no bound of their own, a
handshake that is dropped keeps its memory until its first ping, and an event may be called `connect`. No other module
of the hub uses their internals.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import engineio
import socketio
import structlog
from engineio.async_socket import AsyncSocket
from engineio.packet import CLOSE, MESSAGE, Packet
from engineio.payload import Payload

from whatsapp_hub.adapters.contracts.browser import BrowserSessions
from whatsapp_hub.adapters.contracts.events.sockets import NAMESPACE, Emission
from whatsapp_hub.adapters.realtime import payloads
from whatsapp_hub.adapters.realtime.server.limits import Pace, Silent, SocketLimits, Unsent
from whatsapp_hub.application.background import BackgroundTasks
from whatsapp_hub.domain.errors import Conflict

TOO_SLOW = Emission("error", {"code": "too_slow", "message": "you did not read; come back with auth.after"})
TOO_FAST = Emission("error", {"code": "too_fast", "message": "you sent far more than the rate; come back slower"})
MALFORMED = Emission("error", {"code": "malformed", "message": "a packet was none of Socket.IO's"})
RESERVED = frozenset({"connect", "disconnect"})
CLOSE_WITHIN_S = 1.0
"""Names of events that the library itself calls; from a client they would run the same handlers."""

_NOBODY: dict[str, str] = {}
_NAMED = (
    *(("cookie", "HTTP_COOKIE"), ("origin", "HTTP_ORIGIN")),
    *(("host", "HTTP_HOST"), ("sec-fetch-site", "HTTP_SEC_FETCH_SITE")),
)
"""What a handshake says of the page that opens the socket."""

log = structlog.get_logger(__name__)


def packet_of(emission: Emission) -> Packet:
    """Wrap an emission in the transport's packet."""
    return Packet(MESSAGE, data=emission.packet)


class Members(socketio.AsyncManager):  # type: ignore[misc] # socketio has no types
    """Index the rooms of each socket, so that a disconnect need not search all rooms."""

    def __init__(self) -> None:
        super().__init__()
        self._rooms_of: dict[tuple[str, str], set[str | None]] = {}

    def basic_enter_room(self, sid: str, namespace: str, room: str | None, eio_sid: str | None = None) -> None:
        """Note the room beside python-socketio's own books, so that a leaving costs no search."""
        super().basic_enter_room(sid, namespace, room, eio_sid)
        self._rooms_of.setdefault((namespace, sid), set()).add(room)

    def basic_leave_room(self, sid: str, namespace: str, room: str | None) -> None:
        """Leave the room, and forget it."""
        super().basic_leave_room(sid, namespace, room)
        rooms = self._rooms_of.get((namespace, sid), set())
        rooms.discard(room)
        if not rooms:
            self._rooms_of.pop((namespace, sid), None)

    def basic_disconnect(self, sid: str, namespace: str, **_: Any) -> None:
        """Leave the socket's own rooms alone, where the library would search all."""
        for room in list(self._rooms_of.get((namespace, sid), ())):
            self.basic_leave_room(sid, namespace, room)
        self.callbacks.pop(sid, None)
        for waiting in (self.pending_connect, self.pending_disconnect):
            if sid in waiting.get(namespace, ()):
                waiting[namespace].remove(sid)
                if not waiting[namespace]:
                    del waiting[namespace]

    def get_rooms(self, sid: str, namespace: str) -> list[str]:
        """List the socket's rooms."""
        return [room for room in self._rooms_of.get((namespace, sid), ()) if room is not None]


class Engine(engineio.AsyncServer):  # type: ignore[misc] # engineio has no types
    """Keep each socket's ping task, so that a disconnect cancels it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._pings: dict[str, asyncio.Task[Any]] = {}

    def start_background_task(self, target: Any, *args: Any, **kwargs: Any) -> "asyncio.Task[Any]":
        """Start a task, and remember it where it pings a socket, so that `forget` can end it."""
        task: asyncio.Task[Any] = super().start_background_task(target, *args, **kwargs)
        owner = getattr(target, "__self__", None)
        if isinstance(owner, AsyncSocket) and self.sockets.get(owner.sid) is owner:
            self._pings[owner.sid] = task
        return task

    def forget(self, eio_sid: str) -> None:
        """Drop a closed transport and end its ping at once."""
        self.sockets.pop(eio_sid, None)
        ping = self._pings.pop(eio_sid, None)
        if ping and ping is not asyncio.current_task():
            ping.cancel()


class Server(socketio.AsyncServer):  # type: ignore[misc] # socketio has no types
    """A Socket.IO server within `SocketLimits`. Names of sockets: `sid` is Socket.IO's, one a namespace; `eio_sid` is
    the transport's."""

    def __init__(
        self, origins: Callable[..., bool], credentials: bool, limits: SocketLimits, browser: BrowserSessions
    ) -> None:
        super().__init__(
            client_manager=Members(),
            async_mode="asgi",
            async_handlers=False,
            cors_allowed_origins=origins,
            cors_credentials=credentials,
            max_http_buffer_size=limits.packet_bytes,
        )
        Payload.max_decode_packets = limits.packets_a_post  # of the library as a whole, as its documentation sets it
        self.limits = limits
        self._browser = browser
        self._silent = Silent(limits)
        self._deadlines: dict[str, asyncio.TimerHandle] = {}
        self._connects: dict[str, int] = {}
        self._paces: dict[str, Pace] = {}
        self._unsent: dict[str, Unsent] = {}
        self._leaving = BackgroundTasks()

    # What the rest of the hub asks

    @property
    def open(self) -> int:
        """Return how many clients are connected, including those not authenticated yet."""
        return len(self.eio.sockets)

    @property
    def is_full(self) -> bool:
        """Whether as many transports are open as may be."""
        return self.open >= self.limits.open

    @property
    def events(self) -> dict[str, set[str]]:
        """Return the client events by namespace."""
        return {namespace: set(handlers) - RESERVED - {"*"} for namespace, handlers in self.handlers.items()}

    def knows(self, eio_sid: str) -> bool:
        """Whether the transport is still open."""
        return eio_sid in self.eio.sockets

    def address(self, eio_sid: str) -> str | None:
        """Return a socket's client address, as trusted proxies report it; None over a Unix socket."""
        return payloads.address(self.environ.get(eio_sid, {}))

    def is_entering(self, sid: str, namespace: str) -> bool:
        """Whether the socket's connection to the namespace has not been answered yet."""
        return bool(self.manager.is_pre_connected(sid, namespace))

    def is_here(self, sid: str, namespace: str) -> bool:
        """Whether the socket is connected to the namespace."""
        return bool(self.manager.is_connected(sid, namespace))

    def transport_of(self, sid: str, namespace: str) -> str | None:
        """Return the transport's id behind a socket, or None."""
        found: str | None = self.manager.eio_sid_from_sid(sid, namespace)
        return found

    def occupied(self, namespace: str) -> list[str]:
        """Return the rooms that have members."""
        return [name for name, members in self.manager.rooms.get(namespace, {}).items() if name and members]

    def within(self, namespace: str, room: str) -> dict[str, str]:
        """Return a room's members, `eio_sid` by `sid`."""
        members: Mapping[str, str] = self.manager.rooms.get(namespace, {}).get(room, _NOBODY)
        return dict(members)

    def is_in(self, sid: str, namespace: str, room: str) -> bool:
        """Whether the socket is in the room, without a search."""
        return sid in self.manager.rooms.get(namespace, {}).get(room, ())

    def members(self, namespace: str, rooms: Iterable[str]) -> set[str]:
        """Return the transports of the members of any of the rooms, once fully connected."""
        present = self.manager.rooms.get(namespace, {})
        pending = set(self.manager.pending_connect.get(namespace, ()))
        found = (present[room].items() for room in rooms if room in present)
        return {eio_sid for pairs in found for sid, eio_sid in pairs if sid not in pending}

    def enter(self, sid: str, namespace: str, *rooms: str) -> None:
        """Put a socket into rooms, in one step. Raises Conflict if it would be in too many."""
        here = self.manager.get_rooms(sid, namespace)
        if len(here) + len(set(rooms) - set(here)) > self.limits.rooms:
            raise Conflict("too_many_rooms", f"a socket follows at most {self.limits.rooms} conversations and sessions")
        for room in rooms:
            self.manager.basic_enter_room(sid, namespace, room)

    def leave(self, sid: str, namespace: str, room: str) -> None:
        """Take the socket out of the room; nothing happens where it is not in it."""
        self.manager.basic_leave_room(sid, namespace, room)

    def waiting(self, eio_sid: str) -> int:
        """Return how many packets are queued for this socket."""
        socket = self.eio.sockets.get(eio_sid)
        return socket.queue.qsize() if socket else 0

    def waiting_bytes(self, eio_sid: str) -> int:
        """Return the size of what is queued for this socket, in characters."""
        unsent = self._unsent.get(eio_sid)
        return unsent.keep(self.waiting(eio_sid)) if unsent else 0

    def put(self, eio_sid: str, packet: Packet) -> None:
        """Queue a packet without waiting; drop a client that does not read."""
        socket = self.eio.sockets.get(eio_sid)
        if socket is None or socket.closing or socket.closed:
            return
        waiting, held = socket.queue.qsize(), self.waiting_bytes(eio_sid)
        if waiting >= self.limits.waiting_packets or held >= self.limits.waiting_bytes:
            self.drop(eio_sid)
            return
        size = len(packet.data) if isinstance(packet.data, str) else 0
        self._unsent.setdefault(eio_sid, Unsent()).add(size, waiting)
        socket.queue.put_nowait(packet)

    def emit_to(self, sid: str, emission: Emission) -> None:
        """Emit to one socket, in the emission's namespace."""
        if eio_sid := self.transport_of(sid, emission.namespace):
            self.put(eio_sid, packet_of(emission))

    def drop(self, eio_sid: str, farewell: Emission | None = TOO_SLOW) -> None:
        """Discard the queue, say why, and close. A client that resumes with `after` gets what was discarded."""
        socket = self.eio.sockets.get(eio_sid)
        if socket is None or socket.closing or socket.closed:
            return
        if farewell:
            log.warning("socket let go", waiting=socket.queue.qsize(), code=farewell.payload["code"])
        while not socket.queue.empty():
            socket.queue.get_nowait()
            socket.queue.task_done()
        said = [packet_of(farewell)] if farewell else []
        for last in (*said, Packet(CLOSE), None):
            socket.queue.put_nowait(last)
        closing = socket.close(wait=False, abort=True, reason=self.reason.SERVER_DISCONNECT)
        self._leaving.start(closing)

    async def shutdown(self) -> None:
        """Stop, and give sockets that are being closed `CLOSE_WITHIN_S` for it."""
        await super().shutdown()
        await self._leaving.aclose(CLOSE_WITHIN_S)

    def abandon_probe(self, eio_sid: str) -> None:
        """Return to polling after a failed upgrade to WebSocket; the library would send nothing any more."""
        socket = self.eio.sockets.get(eio_sid)
        if socket is not None and not socket.upgraded:
            socket.upgrading = False

    # What the libraries call

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        """Keep only the request's address and a browser's token, and give the client a time to authenticate."""
        client = environ.get("asgi.scope", {}).get("client")
        token = self._browser.of_socket({name: str(environ.get(key, "")) for name, key in _NAMED if key in environ})
        await super()._handle_eio_connect(eio_sid, {"asgi.scope": {"client": client}, payloads.BROWSER: token})
        self._fall_silent(eio_sid)

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        pace = self._paces.setdefault(eio_sid, Pace(self.limits.packets))
        if pace.spend(asyncio.get_running_loop().time()):
            self.drop(eio_sid, TOO_FAST)
        elif self.waiting(eio_sid) >= self.limits.waiting_packets:
            self.drop(eio_sid)
        else:
            await self._decoded(eio_sid, data)

    async def _decoded(self, eio_sid: str, data: str | bytes) -> None:
        """Decode a packet. Handlers catch their own errors; what is raised outside them is the client's fault."""
        try:
            await super()._handle_eio_message(eio_sid, data)
        except (ValueError, TypeError, KeyError, IndexError, RecursionError, AttributeError) as error:
            log.warning("socket packet not read", error=type(error).__name__)
            self.drop(eio_sid, MALFORMED)

    async def _handle_event(self, eio_sid: str, namespace: str | None, id: int | None, data: Any) -> None:
        if not isinstance(data, list) or not data or not isinstance(data[0], str) or data[0] in RESERVED:
            raise ValueError("not an event")
        await super()._handle_event(eio_sid, namespace, id, data)

    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: Any) -> None:
        """Authenticate a socket. Meanwhile it does not count as silent, but its time runs on."""
        self._connects[eio_sid] = self._connects.get(eio_sid, 0) + 1
        if self._connects[eio_sid] > self.limits.connects:
            self.drop(eio_sid, TOO_FAST)
            return
        self._silent.remove(eio_sid)
        try:
            await super()._handle_connect(eio_sid, namespace, data)
        finally:
            if not self.knows(eio_sid):
                await self._forget_late(eio_sid, namespace or NAMESPACE)
            elif self._is_anywhere(eio_sid):
                self._speak(eio_sid)
            else:
                self._count_silent(eio_sid)

    async def _forget_late(self, eio_sid: str, namespace: str) -> None:
        """Remove a socket that was admitted after its transport had ended."""
        if sid := self.manager.sid_from_eio_sid(eio_sid, namespace):
            if self.is_here(sid, namespace):
                await super()._handle_disconnect(eio_sid, namespace, self.reason.TRANSPORT_CLOSE)
            else:
                self.manager.basic_disconnect(sid, namespace)
        self._connects.pop(eio_sid, None)

    async def _handle_disconnect(self, eio_sid: str, namespace: str | None, reason: Any = None) -> None:
        await super()._handle_disconnect(eio_sid, namespace, reason)
        if eio_sid in self.environ and not self._is_anywhere(eio_sid):
            self._fall_silent(eio_sid)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: Any) -> None:
        self._speak(eio_sid)
        environ = self.environ.pop(eio_sid, None)
        await super()._handle_eio_disconnect(eio_sid, reason)
        del environ
        for kept in (self._connects, self._paces, self._unsent, self._binary_packet):
            kept.pop(eio_sid, None)
        self.eio.forget(eio_sid)

    def _is_anywhere(self, eio_sid: str) -> bool:
        return any(self.manager.sid_from_eio_sid(eio_sid, each) for each in self.manager.get_namespaces())

    def _fall_silent(self, eio_sid: str) -> None:
        self._count_silent(eio_sid)
        later = asyncio.get_running_loop().call_later
        self._deadlines[eio_sid] = later(self.limits.silence_s, self._end_silent, eio_sid)

    def _count_silent(self, eio_sid: str) -> None:
        for other in self._silent.add(eio_sid, self.address(eio_sid)):
            self._end_silent(other)

    def _speak(self, eio_sid: str) -> None:
        self._silent.remove(eio_sid)
        if deadline := self._deadlines.pop(eio_sid, None):
            deadline.cancel()

    def _end_silent(self, eio_sid: str) -> None:
        self._speak(eio_sid)
        self.drop(eio_sid, None)
