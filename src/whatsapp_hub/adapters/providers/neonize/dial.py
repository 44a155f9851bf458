"""One dial of a session: its events, and its end.

A paired device is dialled in this process; one that is to be paired, in a pairing process (`pairing/`), and moves into
this one once the phone has scanned its code.
"""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Protocol

import structlog

from whatsapp_hub.adapters.providers.lenient import obj, text
from whatsapp_hub.adapters.providers.neonize.egress.forward_proxy import Route
from whatsapp_hub.adapters.providers.neonize.native import wire
from whatsapp_hub.adapters.providers.neonize.native.jids import formatted
from whatsapp_hub.adapters.providers.neonize.native.library import Dial, Library
from whatsapp_hub.adapters.providers.neonize.native.protobuf import Shape, decode
from whatsapp_hub.adapters.providers.neonize.native.store import DeviceStore
from whatsapp_hub.adapters.providers.neonize.native.threads import in_thread
from whatsapp_hub.adapters.providers.neonize.pump import Pump
from whatsapp_hub.adapters.providers.neonize.sharing.door import StoreAccess
from whatsapp_hub.adapters.providers.neonize.translate.envelope import StoredEvent
from whatsapp_hub.adapters.providers.neonize.translate.inbound import session_seen
from whatsapp_hub.application.measuring import TALLY, UNDECRYPTABLE
from whatsapp_hub.application.ports.connections.sockets import store_name
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.domain.sessions.history import HistoryKind
from whatsapp_hub.domain.sessions.session import SessionStatus
from whatsapp_hub.domain.sessions.status_reason import StatusReason

OVER = frozenset({SessionStatus.DISCONNECTED, SessionStatus.BANNED, SessionStatus.LOGGED_OUT, SessionStatus.FAILED})
"""States after which the provider does not dial again."""

ANSWER_S = 15.0
"""From a dial, or from a connection that the library makes by itself, until WhatsApp has logged the number in, or shown
a code."""

STORING_S = 45.0
"""So much longer it may take where PostgreSQL is slow."""

LOOK_AGAIN_S = 1.0

LAST_WORDS_S = 0.5
"""How long a session that is closed may say good-bye to WhatsApp."""

SETTLE_S = 2.0
"""So long a dial that hangs up may finish what it has read."""

FIRST_CODE_S, LATER_CODE_S = 60, 20
"""How long WhatsApp takes the first code of a dial, and each later one."""

UNEXPLAINED = "error"
EXPLAINED_WITHIN_S = 1.0
"""whatsmeow first says that a pairing failed, and then why."""

PROBE_EVERY_S = 30.0
KEEP_ALIVE_S = (20.0, 40.0)
"""whatsmeow pings every 20 to 30 s, and waits 10 s for an answer."""
_AUTHORS = 2000
_ONLY_INFO = Shape({1: ("info", wire.INFO)})

log = structlog.get_logger(__name__)


class Link(Protocol):
    """How a connection is held: in this process, or in a pairing process."""

    async def dial(self, props: bytes, proxy: str) -> None:
        """Begin to dial, and return at once. Raises Unavailable, OSError."""
        ...

    async def hang_up(self) -> None:
        """End the connection; its threads, descriptors and database connections are gone on return. Idempotent."""
        ...

    @property
    def store_waits_s(self) -> float:
        """For how long its store has waited for PostgreSQL."""
        ...

    @property
    def is_storing(self) -> bool:
        """Whether its store was asked for something within the last second."""
        ...


class SessionDial:
    """One dial. Its callbacks run on threads of Go's (for a pairing process, on the loop), everything else on the loop.
    `uuid` names this dial to Go."""

    def __init__(self, session: SessionRef, uuid: str, pump: Pump, over: Callable[["SessionDial"], None]) -> None:
        self.session, self.uuid, self.jid, self.me = session, uuid, "", ""
        self.is_connected = self.is_logged_in = self.is_paired = False
        self.has_code = asyncio.Event()
        self.changing = asyncio.Lock()
        self.ending = threading.Event()
        self.link: Link | None = None
        self.route: Route | None = None
        self.was_connected = self.is_unreachable = False
        self._has_moved_in = False
        self._connections = 0
        self._asked: list[float] = []
        self._pump = pump
        self._over = over
        self._loop = asyncio.get_running_loop()
        self._active_at = time.monotonic()
        self._pong: float | None = None
        self._probed = 0.0
        self._authors: OrderedDict[str, str] = OrderedDict()  # written by the library's thread: each step is atomic

    @property
    def silent_s(self) -> float:
        """Return the seconds since the last sign of life; unanswered keep-alives count from the last answered one."""
        if self._pong is not None:
            return time.monotonic() - self._pong
        return time.monotonic() - self._active_at

    @property
    def is_degraded(self) -> bool:
        return self._pong is not None

    @property
    def unanswered_s(self) -> float:
        """Return for how long a call has waited while WhatsApp sent nothing at all."""
        if not self._asked or self.route is None:
            return 0.0
        return min(time.monotonic() - min(self._asked), self.route.unanswered_s)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Count a call that waits for WhatsApp's answer."""
        began = time.monotonic()
        self._asked.append(began)
        try:
            yield
        finally:
            self._asked.remove(began)

    def moved_in(self) -> None:
        """Note that it has left the pairing process. It is dialled, and given up, like any linked number now."""
        self.uuid = f"{self.uuid}/paired"
        self.has_code.clear()
        self._has_moved_in = True
        self._connections += 1  # no deadline of a connection that it had there counts any more

    def reaching(self) -> None:
        """Give a connection that is being made ANSWER_S; only the newest counts."""
        self._connections += 1
        until = time.monotonic() + ANSWER_S + STORING_S
        self._loop.call_later(ANSWER_S, self._expire, self._connections, until)

    def _expire(self, connection: int, until: float) -> None:
        """End a connection that nobody answered. A dial is over then; a lost session is the library's to dial again. A
        connection that is busy with its store was answered: a number's first one stores 812 keys."""
        if connection != self._connections or self.ending.is_set() or self.is_connected or self.has_code.is_set():
            return
        if self.route is not None and self.route.is_trying:
            return  # what it then opens has a deadline of its own
        if self.link and self.link.is_storing and time.monotonic() < until:
            self._loop.call_later(LOOK_AGAIN_S, self._expire, connection, until)
            return
        route = self.route
        if self.was_connected and route is not None:
            route.cut()
        elif self._has_moved_in or not self.is_paired:
            self.report(
                "ended", unreachable(f"{route.awaited if route else 'the library'}: none within {ANSWER_S:.0f} s")
            )

    def may_probe(self) -> bool:
        """Whether a probe is due; each call that returns True counts as one."""
        now = time.monotonic()
        if now - self._probed < PROBE_EVERY_S:
            return False
        self._probed = now
        return True

    def touch(self) -> None:
        self._active_at = time.monotonic()

    def author_of(self, id: str) -> str | None:
        return self._authors.get(id)

    @property
    def store_waits_s(self) -> float:
        """Return for how long its store has waited for PostgreSQL."""
        return self.link.store_waits_s if self.link else 0.0

    def event(self, code: int, data: bytes) -> None:
        name = wire.EVENTS.get(code, f"event_{code}")
        if name == "UndecryptableMessage" and not self._counts_undecryptable():
            return
        self._enqueue(StoredEvent(name, _now_ms(), data))

    def qr(self, code: str) -> None:
        self._enqueue(StoredEvent("qr", _now_ms(), text=code))

    def login(self, status: str) -> None:
        self._enqueue(StoredEvent("login", _now_ms(), text=status))

    def ended(self, error: str) -> None:
        if not self.ending.is_set():
            self._enqueue(StoredEvent("ended", _now_ms(), text=error))

    def came_again(self, id: str, sender: str, chat: str) -> None:
        """Note a message that cannot be decrypted again. It is lost if its first copy was not stored."""
        self._enqueue(StoredEvent("again", _now_ms(), text=id, names=[chat, sender, self.me or self.jid]))

    async def receive_event(self, code: int, data: bytes) -> None:
        """Take an event on the loop, passed on by a pairing process; waits for the pump."""
        await self._receive(StoredEvent(wire.EVENTS.get(code, f"event_{code}"), _now_ms(), data))

    async def receive(self, what: str, said: str) -> None:
        lasts = [str(LATER_CODE_S if self.has_code.is_set() else FIRST_CODE_S)] if what == "qr" else []
        await self._receive(StoredEvent(what, _now_ms(), text=said, names=lasts))

    def _unexplained(self) -> None:
        """End a pairing that failed, if the event that explains it has not come."""
        if not (self.ending.is_set() or self.is_paired):
            self.report("login", UNEXPLAINED)

    async def _receive(self, stored: StoredEvent) -> None:
        is_past = self.is_paired or (stored.event == "ended" and self.ending.is_set())
        if is_past and session_seen(stored):
            return  # it moves into this process: its connection in the other no longer matters
        if (stored.event, stored.text) == ("login", UNEXPLAINED):
            self._loop.call_later(EXPLAINED_WITHIN_S, self._unexplained)
            return
        self.is_paired = self.is_paired or _is_pairing(stored)
        self._note(stored)
        await self._pump.put_soon(self.session, stored)
        self._react(stored)

    def store_before_acknowledging(self, access: StoreAccess) -> None:
        """Let nothing out to WhatsApp between a message's decryption and its storing."""

        def holds(is_held: bool) -> None:
            if self.route is not None:
                self.route.hold(is_held=is_held)

        self._pump.stored = access.hold_keys(holds, lambda: self._pump.unstored_s > 0).stored

    def store_failed(self, why: str) -> None:
        """Hang up, since Go would acknowledge messages that it cannot decrypt without its store. On the loop."""
        log.error("neonize.store_failed", session_id=str(self.session.id), why=why)
        self._pump.record(self.session, HistoryKind.STORE_FAILED, why)
        if self.route is not None:
            self.route.shut()
        if not self.ending.is_set():
            self.report("store_failed", why)

    def _counts_undecryptable(self) -> bool:
        """Count a message that cannot be read; False while hanging up, since it was not acknowledged then."""
        if self.ending.is_set():
            return False
        TALLY.add(UNDECRYPTABLE)
        self._pump.record(self.session, HistoryKind.UNDECRYPTABLE)
        log.warning("neonize.undecryptable_message", session_id=str(self.session.id))
        return True

    def report(self, what: str, said: str, names: list[str] | None = None) -> None:
        """Store an event of our own, on the loop."""
        stored = StoredEvent(what, _now_ms(), text=said, names=names or [])
        self._note(stored)
        self._pump.put_now(self.session, stored)
        self._react(stored)

    def _enqueue(self, stored: StoredEvent) -> None:
        self._note(stored)
        self._pump.put(self.session, stored, self.ending)
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._react, stored)

    def _note(self, stored: StoredEvent) -> None:
        stored.me = self.me
        self.touch()
        match stored.event:
            case "Device":
                self.me = formatted(obj(decode(wire.SHAPES["Device"], stored.data).get("JID")))
            case "Message" if b"g.us" in stored.data[:512]:
                self._remember_author(stored)
            case "KeepAliveTimeout":
                self._pong = time.monotonic() - _unanswered_s(decode(wire.SHAPES["KeepAliveTimeout"], stored.data))
            case "Connected" | "KeepAliveRestored":
                self._pong = None
        if seen := session_seen(stored):
            self.is_logged_in = seen.status is SessionStatus.CONNECTED
            self.is_connected = self.is_logged_in or stored.event == "KeepAliveTimeout"
            self.was_connected = self.was_connected or self.is_connected
            if self.is_logged_in and self.route is not None:
                self.route.answered()
            self.is_unreachable = (seen.reason or "").startswith(StatusReason.NO_NETWORK)

    def _remember_author(self, stored: StoredEvent) -> None:
        info = obj(decode(_ONLY_INFO, stored.data).get("info"))
        self._authors[text(info.get("ID"))] = formatted(obj(obj(info.get("messageSource")).get("sender")))
        if len(self._authors) > _AUTHORS:
            self._authors.popitem(last=False)

    def _react(self, stored: StoredEvent) -> None:
        seen = session_seen(stored)
        if stored.event == "qr":
            self.has_code.set()
        if seen and seen.status in OVER and not self.ending.is_set():
            self._over(self)


class InProcessLink:
    """A connection in this process: one thread of its own, its own access to the store."""

    def __init__(self, library: Library, store: DeviceStore, line: SessionDial) -> None:
        self._library, self._store, self._line = library, store, line
        self._access: StoreAccess | None = None
        self._thread: threading.Thread | None = None

    async def dial(self, props: bytes, proxy: str) -> None:
        self._access = self._store.access(store_name(self._line.session.id), self._line.store_failed)
        self._line.store_before_acknowledging(self._access)
        dial = Dial(self._line.uuid, self._access.url, self._line.jid, props, proxy)
        begun = self._line.route.begun if self._line.route else None
        self._thread = await in_thread(self._library.start, dial, self._line, begun)

    @property
    def store_waits_s(self) -> float:
        return self._access.store_waits_s if self._access else 0.0

    @property
    def is_storing(self) -> bool:
        return self._access is not None and self._access.is_used

    async def hang_up(self) -> None:
        """End the connection. A dial holds Go's lock until its route is cut, or the handshake's 20 s are over."""
        access, thread = self._access, self._thread
        self._access = self._thread = None
        if access is None:
            return
        uuid = self._line.uuid
        known = await in_thread(self._library.is_known, uuid)
        await self._leave(uuid, access, known=known)
        if thread is not None:
            await in_thread(thread.join)
            if not known and await in_thread(self._library.is_known, uuid):
                await self._leave(uuid, access, known=True)  # its client was made only after the first attempt

    async def _leave(self, uuid: str, access: StoreAccess, *, known: bool) -> None:
        if known:
            await in_thread(self._library.disconnect, uuid)
            await access.settle(SETTLE_S)  # what was decrypted is passed on: it would not be decrypted again
        access.shut()
        if known:
            await in_thread(self._library.touch_store, uuid)
        await in_thread(self._library.stop, uuid)


def unreachable(reason: str) -> str:
    """Word a reason of our own as the library words its own: the text of an `ended`."""
    return f'failed to dial "WhatsApp": {reason}'


def _is_pairing(stored: StoredEvent) -> bool:
    if stored.event != "PairStatus":
        return False
    return decode(wire.SHAPES["PairStatus"], stored.data).get("status") == wire.PAIRED


def _unanswered_s(event: Mapping[str, object]) -> float:
    """Return for how long keep-alives were not answered. The library reports a time of this machine's clock, which may
    have been stepped since: one that does not fit the number of errors is ignored."""
    last, errors = event.get("lastSuccess"), event.get("errorCount")
    if not isinstance(last, int) or last <= 0:
        return 0.0
    many = errors if isinstance(errors, int) and errors > 0 else 1
    shortest, longest = many * KEEP_ALIVE_S[0], (many + 1) * KEEP_ALIVE_S[1]
    return min(max(shortest, time.time() - last), longest)


def _now_ms() -> int:
    return int(time.time() * 1000)
