"""A provider that tests play: what it translates, answers and fails with is what they put there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from tests.fakes.files import in_pieces
from whatsapp_hub.application.ports.connections.sockets import SocketHealth
from whatsapp_hub.application.ports.provider.events import Malformed, ProviderEvent, RawUpdate, SessionSeen
from whatsapp_hub.application.ports.provider.plugin import (
    Accepted,
    Download,
    Host,
    Outgoing,
    ReadMessage,
    RemoteFile,
    SessionRef,
)
from whatsapp_hub.application.ports.provider.templates import TemplateDraft
from whatsapp_hub.domain.errors import Invalid, Rejected
from whatsapp_hub.domain.ids import SessionId
from whatsapp_hub.domain.messaging.capabilities import Capabilities, Feature, Limit
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import MessageType
from whatsapp_hub.domain.sessions.session import SessionStatus
from whatsapp_hub.domain.templates.template import TemplateNews

AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class FakeLine:
    """The I/O half. `fails`: raised by the next calls, one each. `sent`: what was sent, `shown`: read marks, typing and
    states asked for. `reserves`: it takes our own ids. `code`: shown when it is asked. `stuck`: cannot be closed.
    `files`: customers' files, by the id of their source. `catalogue`: the templates of the account. `uploads`: the ids
    that it gives the files of the next messages, one each."""

    sent: list[Outgoing] = field(default_factory=list)
    shown: list[tuple[object, ...]] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    pages: list[list[RawUpdate]] = field(default_factory=list)
    state: SessionStatus = SessionStatus.CONNECTED
    code: str | None = None
    reserves: bool = False
    files: dict[str, bytes] = field(default_factory=dict)
    catalogue: list[TemplateNews] = field(default_factory=list)
    uploads: list[str | None] = field(default_factory=list)
    says_size: bool = True
    piece_bytes: int = 1000
    open_sessions: dict[SessionId, SessionRef] = field(default_factory=dict)
    stuck: set[SessionId] = field(default_factory=set)
    severed: int = 0

    def _answer(self, *what: object) -> None:
        self.shown.append(what)
        if self.fails:
            raise self.fails.pop(0)

    async def send(self, session: SessionRef, message: Outgoing, deadline_s: float) -> Accepted:
        self._answer("send", message.message_id)
        self.sent.append(message)
        uploaded = self.uploads.pop(0) if message.media and self.uploads else None
        return Accepted(message.own_id or f"line.{len(self.sent)}", uploaded=uploaded)

    @asynccontextmanager
    async def download(self, session: SessionRef, file: RemoteFile, most: int) -> AsyncIterator[Download]:
        self._answer("download", file.provider_message_id)
        content = self.files.get(str(file.content.source.id))
        if content is None:
            raise Rejected("media_expired")
        yield Download(in_pieces(content, self.piece_bytes), len(content) if self.says_size else None)

    async def templates(self, session: SessionRef) -> list[TemplateNews]:
        self._answer("templates", session.key)
        return list(self.catalogue)

    async def create_template(self, session: SessionRef, draft: TemplateDraft) -> TemplateNews:
        self._answer("create_template", draft.name)
        made = TemplateNews(draft.name, draft.language, "t1", "PENDING", draft.category, components=draft.components)
        self.catalogue.append(made)
        return made

    async def delete_template(self, session: SessionRef, name: str, provider_id: str | None) -> None:
        self._answer("delete_template", name, provider_id)

    async def new_message_id(self, session: SessionRef, message: Outgoing) -> str | None:
        return f"own.{uuid4().hex}" if self.reserves else None

    def _seen(self) -> SessionSeen:
        return SessionSeen(self.state, AT, qr_code=self.code)

    async def start(self, session: SessionRef) -> SessionSeen:
        self._answer("start", session.key)
        return self._seen()

    async def stop(self, session: SessionRef) -> SessionSeen:
        self._answer("stop", session.key)
        return SessionSeen(SessionStatus.DISCONNECTED, AT)

    async def show_code(self, session: SessionRef) -> SessionSeen:
        self._answer("show_code", session.key)
        return self._seen()

    async def log_out(self, session: SessionRef | SessionId) -> None:
        self._answer("log_out")

    async def unregister(self, session: SessionRef) -> None:
        self._answer("unregister", session.key)

    async def mark_read(self, session: SessionRef, chat: str, messages: Sequence[ReadMessage]) -> None:
        self._answer("mark_read", chat, *(message.provider_message_id for message in messages))

    async def take_thread(self, session: SessionRef, recipient: tuple[Identity, ...], chat: str) -> None:
        self._answer("take_thread", chat)

    async def block(self, session: SessionRef, identities: Sequence[Identity], *, blocked: bool) -> None:
        self._answer("block" if blocked else "unblock", *(identity.value for identity in identities))

    async def show_typing(self, session: SessionRef, chat: str, last_inbound_id: str | None) -> None:
        self._answer("show_typing", chat)

    async def hide_typing(self, session: SessionRef, chat: str) -> None:
        self._answer("hide_typing", chat)

    async def poll(self, session: SessionRef, since: datetime) -> AsyncIterator[list[RawUpdate]]:
        self._answer("poll", session.key)
        for page in self.pages:
            yield page

    async def open(self, session: SessionRef, *, unclean: bool = False) -> None:
        self._answer("open", session.key, unclean)
        self.open_sessions[session.id] = session

    async def close(self, session_id: SessionId) -> None:
        if session_id in self.stuck:
            await asyncio.Event().wait()
        self.open_sessions.pop(session_id, None)

    def sever(self) -> None:
        self.severed += 1

    async def forget(self, session_id: SessionId) -> None:
        self._answer("forget", session_id)
        self.open_sessions.pop(session_id, None)

    async def pairing_code(self, session_id: SessionId, phone: str) -> str:
        self._answer("pairing_code", phone)
        return "ABCD-EFGH"

    def pulse(self, session_id: SessionId) -> SocketHealth | None:
        return SocketHealth(True, True, 0.0) if session_id in self.open_sessions else None

    async def aclose(self) -> None:
        self.open_sessions.clear()


class FakeWebhooks:
    """A body is a name under which the test stored updates; `x-secret` in the headers signs it."""

    def __init__(self) -> None:
        self.bodies: dict[bytes, list[RawUpdate]] = {}

    def split(self, body: bytes) -> list[RawUpdate]:
        if body not in self.bodies:
            raise Malformed("no such body")
        return self.bodies[body]

    def names(self, body: bytes) -> frozenset[str]:
        return frozenset(route for update in self.bodies.get(body, ()) for route in update.routes)

    def verify(self, settings: object, headers: Mapping[str, str], body: bytes) -> bool:
        return self.secret_of(settings) in ("", headers.get("x-secret"))

    def secret_of(self, settings: object) -> str:
        return str(settings.get("secret", "")) if isinstance(settings, dict) else ""

    def is_signed(self, headers: Mapping[str, str]) -> bool:
        return "x-secret" in headers

    def handshake(self, settings: object, query: Mapping[str, str]) -> str | None:
        return query.get("challenge") if query.get("token") == self.secret_of(settings) else None


class FakePlugin:
    """Its updates are names of events that `sees` stored. Settings are a dictionary; `phone` is a route."""

    def __init__(self, kind: str = "LINE", *, holds_socket: bool = False, features: frozenset[Feature] | None = None):
        self.kind = kind
        every = frozenset(Feature) - ({Feature.QR_CODE, Feature.PAIRING_CODE} if not holds_socket else set())
        shown = every if features is None else features
        sends = {t: Limit(4096) for t in MessageType if t not in (MessageType.SYSTEM, MessageType.UNSUPPORTED)}
        self.capabilities = Capabilities(kind, sends, shown, holds_socket=holds_socket)
        self.webhooks = None if holds_socket else FakeWebhooks()
        self.line = FakeLine()
        self._events: dict[bytes, Sequence[ProviderEvent]] = {}

    def sees(self, chat: str, *events: ProviderEvent, route: str = "") -> RawUpdate:
        """Make an update that translates to these events."""
        name = uuid4().hex
        self._events[name.encode()] = events
        return RawUpdate((route,) if route else (), name, chat, name.encode())

    def decode_settings(self, settings: Mapping[str, object]) -> object:
        if "bad" in settings:
            raise Invalid.field("settings/bad", "is no setting")
        return dict(settings)

    def encode_settings(self, settings: object, *, secrets: bool) -> dict[str, object]:
        given = dict(settings) if isinstance(settings, dict) else {}
        return {name: value for name, value in given.items() if secrets or name != "secret"}

    def routes(self, settings: object) -> tuple[str, ...]:
        phone = settings.get("phone") if isinstance(settings, dict) else None
        return (f"phone:{phone}",) if phone else ()

    def takes_statuses(self, settings: object) -> bool:
        return isinstance(settings, dict) and settings.get("statuses") is True

    def chat_of(self, identity: Identity) -> str:
        return identity.address

    def translate(self, body: bytes) -> list[ProviderEvent]:
        if body not in self._events:
            raise Malformed("no such update")
        return list(self._events[body])

    def connect(self, host: Host) -> FakeLine:
        return self.line
