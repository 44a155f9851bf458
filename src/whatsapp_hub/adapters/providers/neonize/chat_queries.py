"""Ask WhatsApp what it does not report by itself: what a group is called, and who types.

Each chat is asked about once a connection, when a message comes from it, `APART_S` apart and a few at a time in the
whole process: no answer is worth a send's delay, or WhatsApp's suspicion. Failures are left alone.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from cachetools import LRUCache

from whatsapp_hub.adapters.providers.lenient import obj, text
from whatsapp_hub.adapters.providers.neonize.dial import SessionDial
from whatsapp_hub.adapters.providers.neonize.native import wire
from whatsapp_hub.adapters.providers.neonize.native.jids import kind_of, shown_in
from whatsapp_hub.adapters.providers.neonize.native.library import Library, answered
from whatsapp_hub.adapters.providers.neonize.native.protobuf import Shape, decode
from whatsapp_hub.adapters.providers.neonize.native.threads import CallTimeout, NotBegun
from whatsapp_hub.adapters.providers.neonize.settings import NeonizeSettings
from whatsapp_hub.adapters.providers.neonize.translate.envelope import StoredEvent
from whatsapp_hub.adapters.providers.own_settings import own
from whatsapp_hub.application.background import BackgroundTasks
from whatsapp_hub.application.ports.provider.events import ChatKind, Malformed

AT_ONCE = 2
APART_S = 1.0
QUERY_S = 15.0
MOST_CHATS = 2_000
WAITING = 200

_ONLY_INFO = Shape({1: ("info", wire.INFO)})

Ask = Callable[..., Awaitable[Any]]

log = structlog.get_logger(__name__)


class ChatQueries:
    """Follow the events of a process's connections. `ask` makes a call of the library with a deadline."""

    def __init__(self, ask: Ask, library: Callable[[], Library]) -> None:
        self._ask = ask
        self._library = library
        self._asked: WeakKeyDictionary[SessionDial, LRUCache[str, bool]] = WeakKeyDictionary()
        self._free = asyncio.Semaphore(AT_ONCE)
        self._tasks = BackgroundTasks()

    def follow(self, line: SessionDial, stored: StoredEvent) -> None:
        """Begin to ask what this event gives reason to. Returns at once."""
        shows_typing = own(NeonizeSettings, line.session.settings).customer_typing
        match stored.event:
            case "Connected" if shows_typing:
                self._begin(line, partial(self._appear_online, line))
            case "Message" if shows_typing or b"g.us" in stored.data[:512]:
                self._of_chat(line, stored, shows_typing=shows_typing)

    async def aclose(self) -> None:
        """Ask nothing more."""
        await self._tasks.aclose()

    def _of_chat(self, line: SessionDial, stored: StoredEvent, *, shows_typing: bool) -> None:
        try:
            source = obj(obj(decode(_ONLY_INFO, stored.data).get("info")).get("messageSource"))
        except Malformed:
            return
        chat = shown_in(source)
        kind, asked = kind_of(chat), self._asked.setdefault(line, LRUCache(MOST_CHATS))
        if not chat or chat in asked or kind not in (ChatKind.GROUP, ChatKind.PERSON):
            return
        asked[chat] = True
        if kind is ChatKind.GROUP:
            self._begin(line, partial(self._name_of, line, chat))
        elif shows_typing:
            self._begin(line, partial(self._watch, line, chat))

    def _begin(self, line: SessionDial, query: Callable[[], Awaitable[None]]) -> None:
        if len(self._tasks) < WAITING:
            self._tasks.start(self._run(line, query))

    async def _run(self, line: SessionDial, query: Callable[[], Awaitable[None]]) -> None:
        async with self._free:
            if line.ending.is_set() or not line.is_logged_in:
                return
            try:
                await query()
            except (CallTimeout, NotBegun, Malformed) as error:
                log.info("neonize.not_told", session_id=str(line.session.id), error=type(error).__name__)
            await asyncio.sleep(APART_S)

    async def _appear_online(self, line: SessionDial) -> None:
        await self._ask(line, QUERY_S, self._library().appear_online)

    async def _watch(self, line: SessionDial, chat: str) -> None:
        await self._ask(line, QUERY_S, self._library().watch, chat)

    async def _name_of(self, line: SessionDial, chat: str) -> None:
        answer = answered("GetGroupInfo", await self._ask(line, QUERY_S, self._library().group_info, chat))
        if name := text(obj(obj(answer.get("groupInfo")).get("groupName")).get("name")):
            line.report("group", name, [chat])
