"""neonize without WhatsApp: events as its Go library writes them, and a Go library that is made of Python.

What only the real library can show is shown with it, in tests/integration/whatsapp_web.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from whatsapp_hub.adapters.providers.neonize.native import wire
from whatsapp_hub.adapters.providers.neonize.native.jids import parts
from whatsapp_hub.adapters.providers.neonize.native.library import Dial, Listener
from whatsapp_hub.adapters.providers.neonize.native.protobuf import Kind, Shape, decode, encode
from whatsapp_hub.adapters.providers.neonize.sharing.keys import HeldKeys
from whatsapp_hub.adapters.providers.neonize.translate.envelope import StoredEvent
from whatsapp_hub.application.ports.provider.events import RawUpdate
from whatsapp_hub.application.ports.provider.plugin import SessionRef
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.sessions.history import HistoryKind

PHONE = "5511987650101"
PERSON = f"{PHONE}@s.whatsapp.net"
LID = "84500000000001@lid"
GROUP = "120363000000000001@g.us"
ME = "5511900000001:7@s.whatsapp.net"
AT_MS = 1_780_000_000_000
NOBODY: dict[str, object] = {"user": "", "rawAgent": 0, "device": 0, "integrator": 0, "server": "", "isEmpty": True}
CODES = {name: code for code, name in wire.EVENTS.items()}


def event(name: str, **values: object) -> bytes:
    return encode(wire.SHAPES[name], values)


def source(chat: str, sender: str = "", *, from_me: bool = False, alt: str = "") -> dict[str, object]:
    """`alt`: the other side's other name, by phone or LID."""
    return {
        "chat": parts(chat),
        "sender": parts(ME if from_me else sender or chat),
        "isFromMe": from_me,
        "isGroup": chat.endswith("@g.us"),
        "senderAlt": parts(alt) if alt and not from_me else NOBODY,
        "recipientAlt": parts(alt) if alt and from_me else NOBODY,
        "broadcastListOwner": NOBODY,
    }


def info(id: str, chat: str = PERSON, name: str = "Ana", at_ms: int = AT_MS, **who: Any) -> dict[str, object]:
    return {
        "messageSource": source(chat, **who),
        "ID": id,
        "serverID": 0,
        "type": "text",
        "pushname": name,
        "timestamp": at_ms,
        "category": "",
        "edit": "",
    }


def message(content: dict[str, object], id: str = "3EB0AA", chat: str = PERSON, **more: Any) -> bytes:
    return event("Message", info=info(id, chat, **more), message=content, isEdit=False)


def text(said: str, **more: Any) -> bytes:
    return message({"conversation": said}, **more)


def receipt(type: int, *ids: str, chat: str = PERSON, at_s: int = AT_MS // 1000, **who: Any) -> bytes:
    return event("Receipt", messageSource=source(chat, **who), messageIDs=list(ids), timestamp=at_s, type=type)


def heard(name: str, data: bytes = b"", text: str = "", me: str = "") -> StoredEvent:
    return StoredEvent(name, AT_MS, data, text, me)


@dataclass
class Inbox:
    """A `Host` that keeps what it is given, and may be away."""

    rows: list[tuple[SessionRef, RawUpdate]] = field(default_factory=list)
    away: Exception | None = None
    history: list[tuple[SessionId, HistoryKind, str | None, int]] = field(default_factory=list)

    def record(self, session: SessionRef, kind: HistoryKind, reason: str | None = None, count: int = 1) -> None:
        self.history.append((session.id, kind, reason, count))

    async def receive(self, session: SessionRef, updates: Sequence[RawUpdate]) -> None:
        if self.away:
            raise self.away
        self.rows.extend((session, update) for update in updates)


@dataclass
class FakeStore:
    """Devices in memory."""

    devices: dict[UUID, str] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    away: Exception | None = None

    class Door:
        url = "postgres:///fake"
        is_shut = False

        store_waits_s = 0.0
        is_used = False
        keys: Any = None

        async def settle(self, within_s: float) -> None:
            pass

        def hold_keys(self, holds: object, is_unstored: object) -> Any:
            self.keys = HeldKeys(lambda batches, done: done(), cast("Any", holds), cast("Any", is_unstored))
            return self.keys

        def shut(self) -> None:
            self.is_shut = True

    doors: list[Door] = field(default_factory=list)
    on_failure: dict[str, Callable[[str], None]] = field(default_factory=dict)

    def access(self, application_name: str, on_failure: Callable[[str], None] | None = None) -> Door:
        if on_failure:
            self.on_failure[application_name] = on_failure
        self.doors.append(self.Door())
        return self.doors[-1]

    def shut_accesses(self) -> None:
        for door in self.doors:
            door.shut()

    @asynccontextmanager
    async def preparing(self) -> AsyncIterator[None]:
        self._here()
        yield

    async def device_of(self, session_id: UUID) -> str:
        self._here()
        return self.devices.get(session_id, "")

    async def has(self, jid: str) -> bool:
        self._here()
        return jid in self.keys

    async def remember(self, session_id: UUID, jid: str) -> None:
        self._here()
        self.devices[session_id] = jid
        self.keys.add(jid)

    async def forget(self, session_id: UUID) -> None:
        self._here()
        self.keys.discard(self.devices.pop(session_id, ""))

    async def aclose(self) -> None:
        pass

    def _here(self) -> None:
        if self.away:
            raise self.away


@dataclass
class FakeLibrary:
    """Go, as far as the hub calls it. A paired client connects at once; `fail_next` and `hang` spoil the next sends."""

    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    fail_next: list[str] = field(default_factory=list)
    hang: threading.Event | None = None
    on_whatsapp: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    downloading: Callable[[], object] = lambda: None
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    listeners: dict[str, Listener] = field(default_factory=dict)
    dials: list[Dial] = field(default_factory=list)
    dial_error: str = ""
    log_out_error: str = ""
    block_error: str = ""
    connects: bool = True

    def __post_init__(self) -> None:
        self._stops: dict[str, threading.Event] = {}
        self._ids = itertools.count(1)

    @property
    def listener(self) -> Listener:
        return list(self.listeners.values())[-1]

    def start(self, dial: Dial, listener: Listener, begun: threading.Event | None = None) -> threading.Thread:
        self.dials.append(dial)
        self.listeners[dial.uuid] = listener
        self._stops[dial.uuid] = threading.Event()
        thread = threading.Thread(target=self._run, args=(dial, listener), daemon=True)
        thread.start()
        return thread

    def _run(self, dial: Dial, listener: Listener) -> None:
        if self.dial_error:
            listener.ended(self.dial_error)
            return
        if self.connects:
            listener.event(CODES["Device"], event("Device", JID=parts(dial.jid), LID=NOBODY, pushName="Shop"))
            listener.event(CODES["Connected"], event("Connected", status=True))
        self._stops[dial.uuid].wait()
        listener.ended("")

    def stop(self, uuid: str) -> None:
        self.listeners.pop(uuid, None)
        if stopped := self._stops.get(uuid):
            stopped.set()

    def is_known(self, uuid: str) -> bool:
        return uuid in self.listeners

    def disconnect(self, uuid: str) -> None:
        self.calls.append(("disconnect", uuid))

    def touch_store(self, uuid: str) -> None:
        self.calls.append(("touch_store", uuid))

    def prepare(self, store: str) -> str:
        return ""

    def send(self, uuid: str, to: str, message: bytes) -> bytes:
        hang, self.hang = self.hang, None
        if hang:
            hang.wait(30)
        if self.fail_next:
            return encode(wire.ANSWERS["SendMessage"], {"error": self.fail_next.pop(0)})
        self.sent.append((to, decode(wire.MESSAGE, message)))
        answer = {"timestamp": AT_MS // 1000, "ID": f"3EB0{next(self._ids):08X}"}
        return encode(wire.ANSWERS["SendMessage"], {"response": answer})

    def upload(self, uuid: str, data: bytes, kind: int) -> bytes:
        self.calls.append(("upload", len(data), kind))
        told = {"URL": "https://mmg.example/f", "directPath": "/f", "mediaKey": b"k", "fileLength": len(data)}
        hashes = {"fileEncSHA256": b"e", "fileSHA256": b"s"}
        return encode(wire.ANSWERS["Upload"], {"response": told | hashes})

    def download(self, uuid: str, file: tuple[str, bytes, bytes, bytes, int, int, str]) -> bytes:
        self.calls.append(("download", *file))
        self.downloading()
        found = self.files.get(file[0])
        shape = Shape({1: ("binary", Kind.RAW), 2: ("error", Kind.TEXT)})
        return encode(shape, {"error": "download failed with status code 404"} if found is None else {"binary": found})

    def is_on_whatsapp(self, uuid: str, number: str) -> bytes:
        self.calls.append(("is_on_whatsapp", number))
        jid = self.on_whatsapp.get(number, f"{number.removeprefix('+')}@s.whatsapp.net")
        found = {"query": number, "JID": parts(jid or PERSON), "isIn": bool(jid)}
        return encode(wire.ANSWERS["IsOnWhatsApp"], {"response": [found]})

    def pair_phone(self, uuid: str, params: bytes) -> bytes:
        return encode(wire.ANSWERS["PairPhone"], {"code": "ABCD-1234"})

    def log_out(self, uuid: str) -> str:
        return self.log_out_error

    def typing(self, uuid: str, chat: str, *, is_typing: bool) -> str:
        self.calls.append(("typing" if is_typing else "paused", chat))
        return ""

    def appear_online(self, uuid: str) -> str:
        self.calls.append(("appear_online",))
        return ""

    def watch(self, uuid: str, person: str) -> str:
        self.calls.append(("watch", person))
        return ""

    def group_info(self, uuid: str, group: str) -> bytes:
        self.calls.append(("group_info", group))
        if group not in self.groups:
            return encode(wire.ANSWERS["GetGroupInfo"], {"error": "item-not-found"})
        info = {"JID": parts(group), "groupName": {"name": self.groups[group]}}
        return encode(wire.ANSWERS["GetGroupInfo"], {"groupInfo": info})

    def block(self, uuid: str, person: str, *, blocked: bool) -> bytes:
        self.calls.append(("block" if blocked else "unblock", person))
        return encode(wire.ANSWERS["UpdateBlocklist"], {"error": self.block_error})

    def mark_read(self, uuid: str, ids: list[str], chat: str, sender: str, at_s: int) -> str:
        self.calls.append(("mark_read", ids, chat, sender))
        return ""
