"""neonize's Go library, behind the few calls that the hub makes. Loaded by connectors only, with the first session.

The library's own `NewAClient` is not used: it runs every blocking call on asyncio's default threads (the seventh
session would wait for ever), passes events on as detached coroutines (unordered, unbounded, errors lost) and drops the
result of a pairing. Calls into Go and its callbacks are the same.
Go's maps of clients are unlocked, so that no call may read them while another one writes: `Gate`.
"""

import ctypes
import ctypes.util
import importlib
import importlib.util
import logging
import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import msgspec
import structlog

from whatsapp_hub.adapters.providers.lenient import JsonObject
from whatsapp_hub.adapters.providers.neonize.native import wire
from whatsapp_hub.adapters.providers.neonize.native.jids import parts
from whatsapp_hub.adapters.providers.neonize.native.protobuf import Kind, Shape, decode, encode

START_WINDOW_S = 0.1
BEGUN_WITHIN_S = 0.5
"""Until a start has written Go's maps, if the database is slow: others must not wait for longer."""

CLOSED_S = 0.2
STRAGGLERS = 64
"""Stopped clients whose C functions are stored, since Go may still call back: a freed one would end the process."""

_SETTLE_S = 0.02
_NO_CLIENT = "client is nil"
_DOWNLOAD = Shape({2: ("error", Kind.TEXT)})
_LOG_LEVEL = b"WARN"
_AGAIN = re.compile(rb"Ignoring message (\S+) from (\S+?)(?: in (\S+?))?: .*old counter")
"""What whatsmeow logs of a message whose keys were used before, which it acknowledges. No event says so."""

_COMPOSING, _PAUSED = 0, 1
_AVAILABLE = b"available"
_READ = b"read"

HOW_TO_HAVE_NEONIZE = "make setup (in a clone of the hub), or pip install 'whatsapp-hub[server,neonize]'"

log = structlog.get_logger(__name__)


class Missing(Exception):
    """neonize cannot be loaded on this machine; the message says what to do."""


def missing() -> str | None:
    """Return what this machine lacks to load it, without loading anything; None if nothing."""
    if importlib.util.find_spec("neonize") is None:
        return f"neonize is not installed: {HOW_TO_HAVE_NEONIZE}"
    if ctypes.util.find_library("magic") is None:
        return "the system library libmagic is missing: apt-get install libmagic1"
    return None


class Dial(msgspec.Struct, frozen=True):
    """Parameters of a dial. `jid` names the device with its number (`55…:12@s.whatsapp.net`), empty for one to be
    paired. `props` is how it presents itself to the phone."""

    uuid: str
    store: str
    jid: str
    props: bytes
    proxy: str


class Listener(Protocol):
    """Callbacks, on threads of Go's. A slow one delays all further events of its session."""

    def event(self, code: int, data: bytes) -> None: ...

    def qr(self, code: str) -> None: ...

    def login(self, status: str) -> None: ...

    def ended(self, error: str) -> None: ...

    def came_again(self, id: str, sender: str, chat: str) -> None:
        """A message was delivered that had been decrypted before, and cannot be a second time."""
        ...


class Library(Protocol):
    """The calls into Go. All of them block. `uuid` is that of a Dial; after `stop` it must be one that `is_known`."""

    def start(self, dial: Dial, listener: Listener, begun: threading.Event | None = None) -> threading.Thread:
        """Begin to dial, and return after a moment. The thread is the session's own; when the connection has ended for
        good, it passes the error to the listener (not after `stop`) and ends. `begun` is set once
        its first connection is seen: until then, or for START_WINDOW_S, other starts wait."""
        ...

    def stop(self, uuid: str) -> None: ...

    def is_known(self, uuid: str) -> bool: ...

    def disconnect(self, uuid: str) -> None: ...

    def touch_store(self, uuid: str) -> None:
        """Query the client's store for an entry that it does not have, to make Go use its connections."""
        ...

    def prepare(self, store: str) -> str:
        """Create or migrate the store's tables. Returns the error."""
        ...

    def send(self, uuid: str, to: str, message: bytes) -> bytes: ...

    def upload(self, uuid: str, data: bytes, kind: int) -> bytes: ...

    def download(self, uuid: str, file: tuple[str, bytes, bytes, bytes, int, int, str]) -> bytes: ...

    def is_on_whatsapp(self, uuid: str, number: str) -> bytes: ...

    def pair_phone(self, uuid: str, params: bytes) -> bytes: ...

    def log_out(self, uuid: str) -> str: ...

    def typing(self, uuid: str, chat: str, *, is_typing: bool) -> str: ...

    def appear_online(self, uuid: str) -> str:
        """Show the number as online, without which WhatsApp does not tell who types; its phone is silent then."""
        ...

    def group_info(self, uuid: str, group: str) -> bytes: ...

    def block(self, uuid: str, person: str, *, blocked: bool) -> bytes: ...

    def watch(self, uuid: str, person: str) -> str:
        """Ask WhatsApp to tell when this person types. It forgets that with the connection."""
        ...

    def mark_read(self, uuid: str, ids: list[str], chat: str, sender: str, at_s: int) -> str: ...


class Gate:
    """A lock that lets starts and stops enter Go one at a time, while nothing else does. Other calls look their client
    up in their first microseconds: only then must they wait. Starts and stops that follow each other share one wait for
    those microseconds; calls get their turn at least every CLOSED_S."""

    def __init__(self) -> None:
        self._counting, self._turn = threading.Lock(), threading.Lock()
        self._open = threading.Event()
        self._open.set()
        self._queued = 0
        self._closed_at = 0.0

    @contextmanager
    def alone(self) -> Iterator[None]:
        self._count(1)
        with self._turn:
            self._count(-1)
            if self._open.is_set():
                self._open.clear()
                self._closed_at = time.monotonic()
                time.sleep(_SETTLE_S)
            try:
                yield
            finally:
                if not self._queued or time.monotonic() - self._closed_at > CLOSED_S:
                    self._open.set()

    def pass_through(self) -> None:
        self._open.wait()

    def _count(self, more: int) -> None:
        with self._counting:
            self._queued += more


def load() -> "GoLibrary":
    """Load the library, which takes a second or more. Standard output goes to /dev/null from then on, since Go prints
    recipients there; logs go to standard error. Raises Missing."""
    if lack := missing():
        raise Missing(lack)
    os.environ.setdefault("NEONIZE_BOT_TAG", "off")
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        binder = importlib.import_module("neonize._binder")
    except (ImportError, OSError, RuntimeError) as error:
        raise Missing(f"neonize cannot be loaded: {error}") from error
    finally:  # importing it configures the root logger
        root.handlers[:] = handlers
        root.setLevel(level)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    return GoLibrary(binder)


class GoLibrary:
    """The loaded library. `callbacks` makes the C functions that Go calls for a listener."""

    def __init__(self, binder: Any) -> None:
        self._binder = binder
        self._go = binder.gocode
        self._gate = Gate()
        self._alive: set[str] = set()
        self._quiet = binder.func_callback_bytes2(lambda _text, _size: None)
        self._loggers: list[object] = []
        self._heard: dict[str, object] = {}
        self._unheard: deque[object] = deque(maxlen=STRAGGLERS)

    def callbacks(self, listener: Listener) -> tuple[Any, Any, Any]:
        """Make the callbacks for QR codes, login statuses and events. They never raise into Go."""

        def event(_uuid: bytes, data: int, size: int, code: int) -> None:
            guarded(lambda: listener.event(code, ctypes.string_at(data, size)))

        def qr(_uuid: int, text: int) -> None:
            guarded(lambda: listener.qr(ctypes.string_at(text).decode("utf-8", "replace")))

        def login(_uuid: int, text: int) -> None:
            guarded(lambda: listener.login(ctypes.string_at(text).decode("utf-8", "replace")))

        binder = self._binder
        return binder.func_string(qr), binder.func_string(login), binder.func_callback_bytes(event)

    def logger(self, listener: Listener) -> Any:
        """Make the callback for what the library logs, which is kept for good: a client whose dial failed, not yet
        stopped, logs at each call."""

        def logged(entry: int, size: int) -> None:
            if found := _AGAIN.search(ctypes.string_at(entry, size)):
                id, sender, chat = (part.decode("utf-8", "replace") for part in found.groups(found[2]))
                guarded(lambda: listener.came_again(id, sender, chat))

        callback = self._binder.func_callback_bytes2(logged)
        self._loggers.append(callback)
        return callback

    def start(self, dial: Dial, listener: Listener, begun: threading.Event | None = None) -> threading.Thread:
        window_s, written = (BEGUN_WITHIN_S, begun) if begun else (START_WINDOW_S, threading.Event())
        with self._gate.alone():
            self._alive.add(dial.uuid)
            thread = threading.Thread(target=self._dial, args=(dial, listener, written), daemon=True, name="neonize")
            thread.start()
            written.wait(window_s)
        return thread

    def _dial(self, dial: Dial, listener: Listener, written: threading.Event) -> None:
        qr, login, event = self._heard[dial.uuid] = self.callbacks(listener)
        logger = self.logger(listener)
        jid = encode(wire.JID, parts(dial.jid)) if dial.jid else b""
        proxy = self._binder.ProxySettings(proxy_address=dial.proxy)._to_c_struct() if dial.proxy else None
        codes = bytearray(wire.EVENTS)
        subscribed = (ctypes.c_char * len(codes)).from_buffer(codes)
        error = self._go.Neonize(
            *(
                dial.store.encode(),
                dial.uuid.encode(),
                jid,
                len(jid),
                int(not jid),
                _LOG_LEVEL,
                qr,
                login,
                event,
                logger,
            ),
            *(subscribed, len(codes), dial.props, len(dial.props), b"", 0, ctypes.byref(proxy) if proxy else None),
        )
        written.set()
        guarded(lambda: listener.ended(text_of(error)))

    def stop(self, uuid: str) -> None:
        self._alive.discard(uuid)
        with self._gate.alone():
            self._go.Stop(uuid.encode())
        self._unheard.append(self._heard.pop(uuid, None))

    def _enter(self, uuid: str) -> bool:
        """Whether this client may be passed to Go: for a stopped one it would read through a nil pointer."""
        self._gate.pass_through()
        return uuid in self._alive

    def is_known(self, uuid: str) -> bool:
        self._gate.pass_through()
        return not text_of(self._go.SetProxyAddress(uuid.encode(), None))

    def disconnect(self, uuid: str) -> None:
        self._gate.pass_through()
        self._go.Disconnect(uuid.encode())

    def touch_store(self, uuid: str) -> None:
        unknown = encode(wire.JID, parts("1@s.whatsapp.net"))
        self._gate.pass_through()
        self._go.GetContact(uuid.encode(), unknown, len(unknown))

    def prepare(self, store: str) -> str:
        listed = text_of(self._go.GetAllDevices(store.encode(), self._quiet))
        return listed.removeprefix("error: ") if listed.startswith("error: ") else ""

    def send(self, uuid: str, to: str, message: bytes) -> bytes:
        jid = encode(wire.JID, parts(to))
        if not self._enter(uuid):
            return encode(wire.ANSWERS["SendMessage"], {"error": _NO_CLIENT})
        return bytes(self._go.SendMessage(uuid.encode(), jid, len(jid), message, len(message)))

    def upload(self, uuid: str, data: bytes, kind: int) -> bytes:
        if not self._enter(uuid):
            return encode(wire.ANSWERS["Upload"], {"error": _NO_CLIENT})
        return bytes(self._go.Upload(uuid.encode(), data, len(data), kind))

    def download(self, uuid: str, file: tuple[str, bytes, bytes, bytes, int, int, str]) -> bytes:
        path, encrypted, plain, key, size, kind, mms_type = file
        if not self._enter(uuid):
            return encode(_DOWNLOAD, {"error": _NO_CLIENT})
        hashes = (encrypted, len(encrypted), plain, len(plain), key, len(key))
        named = (path.encode(), *hashes, size, kind, mms_type.encode())
        return bytes(self._go.DownloadMediaWithPath(uuid.encode(), *named))

    def is_on_whatsapp(self, uuid: str, number: str) -> bytes:
        if not self._enter(uuid):
            return encode(wire.ANSWERS["IsOnWhatsApp"], {"error": _NO_CLIENT})
        return bytes(self._go.IsOnWhatsApp(uuid.encode(), number.encode()))

    def pair_phone(self, uuid: str, params: bytes) -> bytes:
        if not self._enter(uuid):
            return encode(wire.ANSWERS["PairPhone"], {"error": _NO_CLIENT})
        return bytes(self._go.PairPhone(uuid.encode(), params, len(params)))

    def log_out(self, uuid: str) -> str:
        return text_of(self._go.Logout(uuid.encode())) if self._enter(uuid) else _NO_CLIENT

    def typing(self, uuid: str, chat: str, *, is_typing: bool) -> str:
        jid, state = encode(wire.JID, parts(chat)), _COMPOSING if is_typing else _PAUSED
        if not self._enter(uuid):
            return _NO_CLIENT
        return text_of(self._go.SendChatPresence(uuid.encode(), jid, len(jid), state, 0))

    def appear_online(self, uuid: str) -> str:
        return text_of(self._go.SendPresence(uuid.encode(), _AVAILABLE)) if self._enter(uuid) else _NO_CLIENT

    def group_info(self, uuid: str, group: str) -> bytes:
        jid = encode(wire.JID, parts(group))
        if not self._enter(uuid):
            return encode(wire.ANSWERS["GetGroupInfo"], {"error": _NO_CLIENT})
        return bytes(self._go.GetGroupInfo(uuid.encode(), jid, len(jid)))

    def block(self, uuid: str, person: str, *, blocked: bool) -> bytes:
        jid, action = encode(wire.JID, parts(person)), b"block" if blocked else b"unblock"
        if not self._enter(uuid):
            return encode(wire.ANSWERS["UpdateBlocklist"], {"error": _NO_CLIENT})
        return bytes(self._go.UpdateBlocklist(uuid.encode(), jid, len(jid), action))

    def watch(self, uuid: str, person: str) -> str:
        jid = encode(wire.JID, parts(person))
        if not self._enter(uuid):
            return _NO_CLIENT
        return text_of(self._go.SubscribePresence(uuid.encode(), jid, len(jid)))

    def mark_read(self, uuid: str, ids: list[str], chat: str, sender: str, at_s: int) -> str:
        to, by = encode(wire.JID, parts(chat)), encode(wire.JID, parts(sender))
        if not self._enter(uuid):
            return _NO_CLIENT
        said = self._go.MarkRead(uuid.encode(), " ".join(ids).encode(), at_s, to, len(to), by, len(by), _READ)
        return text_of(said)


def guarded(notify: Callable[[], None]) -> None:
    """Log what a callback raises; ctypes would only print it, and the event would be lost without a trace."""
    try:
        notify()
    except Exception:
        log.exception("neonize.callback_failed")


def text_of(answer: object) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else ""


def answered(name: str, data: bytes) -> JsonObject:
    """Decode what one of the calls returned. Raises Malformed."""
    return decode(wire.ANSWERS[name], data)
