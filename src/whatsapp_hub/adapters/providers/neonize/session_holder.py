"""Hold a connector's sessions: implements `HoldsSockets`.

Nothing is loaded before the first session is opened. A session that goes down by itself reports it and is hung up in
the background; opening it again waits until that is done.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import TypeVar

import structlog

from whatsapp_hub.adapters.providers.lenient import obj, text
from whatsapp_hub.adapters.providers.neonize import errors
from whatsapp_hub.adapters.providers.neonize.chat_queries import ChatQueries
from whatsapp_hub.adapters.providers.neonize.dial import (
    LAST_WORDS_S,
    InProcessLink,
    Link,
    SessionDial,
    unreachable,
)
from whatsapp_hub.adapters.providers.neonize.egress.forward_proxy import ForwardProxy
from whatsapp_hub.adapters.providers.neonize.egress.trial import until_answered
from whatsapp_hub.adapters.providers.neonize.egress.upstream import Unreachable
from whatsapp_hub.adapters.providers.neonize.native import wire
from whatsapp_hub.adapters.providers.neonize.native.library import Library, Missing, answered
from whatsapp_hub.adapters.providers.neonize.native.protobuf import decode, encode
from whatsapp_hub.adapters.providers.neonize.native.store import PREPARING, DeviceStore
from whatsapp_hub.adapters.providers.neonize.native.threads import Calls, CallTimeout, NotBegun, in_thread
from whatsapp_hub.adapters.providers.neonize.pairing.host import PairingHosts, PairingLink
from whatsapp_hub.adapters.providers.neonize.pump import Pump
from whatsapp_hub.adapters.providers.neonize.settings import BROWSERS, NeonizeSettings
from whatsapp_hub.adapters.providers.neonize.translate.envelope import StoredEvent
from whatsapp_hub.adapters.providers.neonize.translate.inbound import session_seen
from whatsapp_hub.adapters.providers.own_settings import own
from whatsapp_hub.application.background import BackgroundTasks
from whatsapp_hub.application.ports.connections.sockets import SocketHealth
from whatsapp_hub.application.ports.provider.plugin import Host, SessionRef
from whatsapp_hub.domain.errors import Conflict, Rejected, Scope, Transient, Unavailable
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.sessions.session import SessionStatus

PROBE_AFTER_S = 30.0
PROBE_S = 10.0
CODE_S = 18.0
LOOK_EVERY_S = 0.05
LOG_OUT_S = 20.0
CLOSE_S = 10.0
STARTS_AT_ONCE = 2
"""The library takes one start at a time; who waits longer for it has not begun its time to answer."""

TRY_FOR_S = 60.0
"""A linked number whose dial found no answer is tried for so long before the hub plans its next dial."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Holder:
    """The sessions that this process holds."""

    def __init__(self, host: Host, storing: Callable[[], DeviceStore], loading: Callable[[], Library]) -> None:
        self.lines: dict[SessionId, SessionDial] = {}
        self.calls = Calls()
        self._host = host
        self._storing = storing
        self._loading = loading
        self._readying = asyncio.Lock()
        self._library: Library | None = None
        self._store: DeviceStore | None = None
        self._pumps: dict[SessionId, Pump] = {}
        self._leaving: dict[SessionId, asyncio.Task[None]] = {}
        self._tasks = BackgroundTasks()
        self._pairing_hosts = PairingHosts()
        self._forward = ForwardProxy()
        self._starting = asyncio.Semaphore(STARTS_AT_ONCE)
        self._unanswered: set[SessionId] = set()
        self._queries = ChatQueries(self.ask, lambda: self.library)
        self._numbers = count(1)

    # -- HoldsSockets

    async def open(self, session: SessionRef) -> None:
        if session.id in self.lines:
            raise Conflict("already_open", "the session is open here")
        uuid = f"{session.id}/{session.fence}/{next(self._numbers)}"
        line = self.lines[session.id] = SessionDial(session, uuid, self._pump(session.id), self._over)
        self._tasks.start(self._begin(line))

    async def close(self, session_id: SessionId) -> None:
        if line := self.lines.get(session_id):
            self._over(line)
        await self._left(session_id)
        pump = self._pumps.get(session_id)
        if pump and session_id not in self.lines and await pump.drained(0):
            self._pumps.pop(session_id, None)

    def sever(self) -> None:
        """Shut the ways to WhatsApp first: what the library then cannot decrypt is not acknowledged."""
        self._forward.shut_all()
        for line in self.lines.values():
            line.ending.set()
        if self._store is not None:
            self._store.shut_accesses()

    async def forget(self, session_id: SessionId) -> None:
        await self.close(session_id)
        await self._devices().forget(session_id)

    async def pairing_code(self, session_id: SessionId, phone: str) -> str:
        digits = phone.strip().removeprefix("+")
        if not (digits.isascii() and digits.isdigit() and 5 <= len(digits) <= 15 and digits[0] != "0"):
            raise Rejected("bad_phone", "a phone number in international form is needed")
        try:
            async with asyncio.timeout(CODE_S):
                line, link = await self._pairing(session_id)
                await line.has_code.wait()
                answer = answered("PairPhone", await link.code(_pair_params(digits, _settings(line.session))))
        except TimeoutError:
            raise errors.not_connected("no connection to WhatsApp yet") from None
        except Unavailable as error:
            raise errors.not_connected(str(error)) from error
        if said := text(answer.get("error")):
            raise errors.of_query(said)
        return text(answer.get("code"))

    async def _pairing(self, session_id: SessionId) -> tuple[SessionDial, PairingLink]:
        """Wait for a session that was just started. Raises Rejected if it is linked already."""
        while True:
            line = self.lines.get(session_id)
            if line and line.jid:
                raise Rejected("already_paired", "the session is linked to a phone already")
            if line and isinstance(line.link, PairingLink):
                return line, line.link
            await asyncio.sleep(LOOK_EVERY_S)

    async def log_out(self, session_id: SessionId) -> None:
        line = self.connected(session_id)
        try:
            error = await self.calls(LOG_OUT_S, self.library.log_out, line.uuid)
        except (CallTimeout, NotBegun):
            raise errors.not_connected("no answer to the log-out") from None
        if error:
            raise errors.of_query(error)
        line.report("left", "requested")

    def pulse(self, session_id: SessionId) -> SocketHealth | None:
        line = self.lines.get(session_id)
        if line is None:
            return None
        if line.is_connected and not line.is_degraded and line.silent_s > PROBE_AFTER_S and line.may_probe():
            self._tasks.start(self._probe(line))
        unstored_s = max(self._pump(session_id).unstored_s, line.store_waits_s)
        return SocketHealth(line.is_connected, line.is_logged_in, line.silent_s, unstored_s, line.unanswered_s)

    # -- for the half that sends

    @property
    def library(self) -> Library:
        if self._library is None:
            raise RuntimeError("the library is loaded by the first dial")
        return self._library

    def connected(self, session_id: SessionId) -> SessionDial:
        """Return the session's dial. Raises Transient unless it is connected, and WhatsApp answers."""
        line = self._line(session_id)
        if not (line.is_logged_in and line.jid):
            raise errors.not_connected("the session is not connected")
        return line

    async def ask(self, line: SessionDial, deadline_s: float, call: Callable[..., T], *arguments: object) -> T:
        """Make a call that WhatsApp answers. Raises CallTimeout, NotBegun."""
        with line.asking():
            return await self.calls(deadline_s, call, line.uuid, *arguments)

    async def aclose(self) -> None:
        for session_id in list(self.lines):
            self._over(self.lines[session_id])
        await asyncio.gather(self._all_left(), self._tasks.aclose(CLOSE_S), self._queries.aclose())
        self._forward.close()
        for pump in self._pumps.values():
            await pump.drained(CLOSE_S / 3)
            await pump.close()
        self._pumps.clear()
        await self._pairing_hosts.aclose()
        if self._store is not None:
            await self._store.aclose()
            self._store = None

    # -- inside

    async def _begin(self, line: SessionDial) -> None:
        """Dial, and report a failure as the session's state. Nobody waits for it: an earlier dial of the same session
        may take its time to end."""
        try:
            await self._dial(line)
        except Missing as error:
            line.report("refused", str(error))
        except Unreachable as error:
            line.report("ended", unreachable(str(error)))
        except (Unavailable, OSError) as error:
            line.report("ended", str(error))
        except BaseException:
            self._over(line)
            raise

    async def _dial(self, line: SessionDial) -> None:
        """Dial in this process, or to pair in another one. Raises Missing, Unreachable, Unavailable, OSError."""
        await self._left(line.session.id)
        library, store = await self._ready()
        line.jid = await store.device_of(line.session.id)
        await self._answering(line)
        if line.jid:
            await self._dial_here(library, store, line)
        else:
            await self._by(line, PairingLink(self._pairing_hosts, store, line))

    async def _dial_here(self, library: Library, store: DeviceStore, line: SessionDial) -> None:
        """Dial in this process, if the device's keys exist: without them Go would end the process."""
        if await store.has(line.jid):
            await self._by(line, InProcessLink(library, store, line))
        else:
            line.report("ended", "bad store: the linked device's keys are not there")

    async def _answering(self, line: SessionDial) -> None:
        """Wait until WhatsApp answers, if the last dial found no answer; a linked number tries again by itself, so that
        it is back soon. Raises Unreachable, OSError."""
        if line.session.id in self._unanswered:
            within_s = TRY_FOR_S if line.jid else 0.0
            await until_answered(_settings(line.session).proxy, within_s, lambda: not line.ending.is_set())

    async def _by(self, line: SessionDial, link: Link) -> None:
        settings = _settings(line.session)
        async with self._starting, line.changing:
            if not line.ending.is_set():
                line.link, line.route = link, await self._forward.route(settings.proxy, line.reaching)
                line.reaching()
                await link.dial(_props(settings), line.route.url)

    async def _ready(self) -> tuple[Library, DeviceStore]:
        async with self._readying:
            store = self._devices()
            if self._library is None:
                library = await in_thread(self._loading)
                access = store.access(PREPARING)
                try:
                    async with store.preparing():
                        error = await in_thread(library.prepare, access.url)
                finally:
                    access.shut()
                if error:
                    raise Unavailable(f"whatsmeow's tables cannot be made: {error}")
                self._library = library
            return self._library, store

    def _devices(self) -> DeviceStore:
        if self._store is None:
            self._store = self._storing()
        return self._store

    def _line(self, session_id: SessionId) -> SessionDial:
        line = self.lines.get(session_id)
        if line is None:
            raise Transient(
                "not_open", "the session is not open here", retry_after_s=2.0, scope=Scope.SESSION, tries=50
            )
        return line

    def _pump(self, session_id: SessionId) -> Pump:
        if session_id not in self._pumps:
            self._pumps[session_id] = Pump(self._host, self._before)
        return self._pumps[session_id]

    async def _before(self, session: SessionRef, stored: StoredEvent) -> None:
        """Save or delete credentials before the state that reports it is stored."""
        if (line := self.lines.get(session.id)) and line.session is session and isinstance(line.link, InProcessLink):
            self._queries.follow(line, stored)
        if stored.event == "PairStatus":
            event = decode(wire.SHAPES["PairStatus"], stored.data)
            if jid := _device_jid(obj(event.get("ID"))) if event.get("status") == wire.PAIRED else "":
                await self._devices().remember(session.id, jid)
                self._paired(session, jid)
            return
        seen = session_seen(stored)
        if seen and seen.status is SessionStatus.LOGGED_OUT:
            await self._devices().forget(session.id)

    def _paired(self, session: SessionRef, jid: str) -> None:
        line = self.lines.get(session.id)
        if line and line.session is session and not line.jid:
            line.jid = jid
            self._tasks.start(self._move_in(line))

    async def _move_in(self, line: SessionDial) -> None:
        """Move a session from the pairing process into this one: the phone has scanned the code."""
        async with line.changing:
            if line.link:
                await line.link.hang_up()
            self._forget_route(line)
            line.moved_in()
        try:
            await self._dial_here(*await self._ready(), line)
        except (Missing, Unavailable, OSError) as error:
            line.report("ended", str(error))

    def _over(self, line: SessionDial) -> None:
        """Remove a dial that has ended, and hang it up in the background."""
        session_id = line.session.id
        if self.lines.get(session_id) is line:
            del self.lines[session_id]
        line.ending.set()
        if line.is_unreachable or (line.route is not None and line.route.has_failed):
            self._unanswered.add(session_id)
        elif line.was_connected or line.has_code.is_set():
            self._unanswered.discard(session_id)
        before = self._leaving.get(session_id)
        task = self._leaving[session_id] = asyncio.create_task(self._hang_up(line, before))
        task.add_done_callback(lambda _: self._leaving.pop(session_id) if self._leaving[session_id] is task else None)

    async def _hang_up(self, line: SessionDial, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        async with line.changing:
            link, line.link = line.link, None
            if link is None:
                return
            try:
                await self._leave(line, link)
            except Exception:
                log.exception("neonize.hang_up_failed", session_id=str(line.session.id))

    async def _leave(self, line: SessionDial, link: Link) -> None:
        """Hang up; what the library still waits for ends with the route: at once if nobody expects a good-bye."""
        leaving = asyncio.ensure_future(link.hang_up())
        if line.was_connected or line.is_paired:
            await asyncio.wait([leaving], timeout=LAST_WORDS_S)
        self._forget_route(line)
        await leaving

    def _forget_route(self, line: SessionDial) -> None:
        route, line.route = line.route, None
        if route is not None:
            self._forward.forget(route)

    async def _all_left(self) -> None:
        if self._leaving:
            await asyncio.wait(self._leaving.values(), timeout=CLOSE_S)

    async def _left(self, session_id: SessionId) -> None:
        if task := self._leaving.get(session_id):
            await asyncio.wait([task])

    async def _probe(self, line: SessionDial) -> None:
        """Probe a silent session: whatsmeow reports unanswered keep-alives, but cannot report that itself hangs."""
        with suppress(CallTimeout, NotBegun):
            if await self.calls(PROBE_S, self.library.is_known, line.uuid) and not line.is_degraded:
                line.touch()


def _settings(session: SessionRef) -> NeonizeSettings:
    return own(NeonizeSettings, session.settings)


def _props(settings: NeonizeSettings) -> bytes:
    platform, _ = BROWSERS[settings.browser]
    return encode(wire.DEVICE_PROPS, {"os": settings.device_name, "platformType": platform})


def _pair_params(phone: str, settings: NeonizeSettings) -> bytes:
    """Encode the parameters of a pairing code; WhatsApp takes the display name in this form only."""
    _, client = BROWSERS[settings.browser]
    name = f"{settings.browser.capitalize()} (Linux)"
    known = {"phone": phone, "showPushNotification": True, "clientType": client, "clientDisplayName": name}
    return encode(wire.PAIR_PHONE, known)


def _device_jid(jid: dict[str, object]) -> str:
    user, device, server = text(jid.get("user")), text(jid.get("device")), text(jid.get("server"))
    device = f":{device}" if device not in ("", "0") else ""
    return f"{user}{device}@{server}" if user and server else ""
