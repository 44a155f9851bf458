"""A WhatsApp provider: a small mandatory port, and every optional feature as a protocol of its own.

A provider is a folder under `adapters/providers/` (or a third party's package behind the entry-point
group `whatsapp_hub.providers`) that exports one `Plugin`.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol, runtime_checkable

from whatsapp_hub.application.ports.provider.events import ProviderEvent, RawUpdate, SessionSeen
from whatsapp_hub.application.ports.provider.settings import TakesPartialSettings, TakesStatuses
from whatsapp_hub.domain.conversations.conversation import Conversation
from whatsapp_hub.domain.errors import WindowClosed
from whatsapp_hub.domain.ids import MessageId, SessionId, TenantId
from whatsapp_hub.domain.messaging.capabilities import Capabilities, Feature
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import Content, File
from whatsapp_hub.domain.messaging.window import is_shut, needs_it
from whatsapp_hub.domain.sessions.history import HistoryKind
from whatsapp_hub.domain.sessions.session import UNREADABLE, Session

UNKNOWN_TIME = datetime(2009, 1, 1, tzinfo=UTC)
"""The time that `Plugin.translate` gives an event without a readable one (WhatsApp did not exist before). The hub takes
the time at which it received the update instead."""


@dataclass(frozen=True, slots=True)
class SessionRef:
    """A session as a provider sees it: its tenant, the provider's kind, and its decoded settings. `fence` numbers the
    dials of a session that holds a socket (0: it holds none)."""

    id: SessionId
    tenant_id: TenantId
    key: str
    provider: str
    settings: object
    fence: int = 0

    @classmethod
    def of(cls, session: Session) -> "SessionRef":
        """Show a session, as it is stored, to its provider."""
        return cls(session.id, session.tenant_id, session.key, session.provider, session.settings)


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """The file of a message. Each call of `pieces` yields its bytes anew, a megabyte at most at a time, and raises
    Unavailable or NotFound where the store does not have them. `link` makes an address at the hub that opens it for an
    hour; None: others may not reach the hub. `uploaded`: the provider's id of it, from an earlier message."""

    mime_type: str
    file_name: str
    size: int
    pieces: Callable[[], AsyncIterator[bytes]]
    link: Callable[[], str] | None = None
    uploaded: str | None = None

    async def whole(self) -> bytes:
        """Return all bytes, for libraries that take no less."""
        taken = bytearray()
        async for piece in self.pieces():
            taken += piece
        return bytes(taken)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to send. `recipient` are the chat's identities, the preferred one first; `reply_to` is a
    provider's message id; `media` is the file where the content names one of ours (`StoredMedia`); `own_id` is the id
    to send it under, with a provider that reserves ids."""

    message_id: MessageId
    chat: str
    recipient: tuple[Identity, ...]
    content: Content
    reply_to: str | None = None
    media: OutgoingFile | None = None
    own_id: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider accepted the message. Without an id (None), receipts cannot be matched to it. `uploaded`: its id of
    the file that was uploaded for it."""

    provider_message_id: str | None
    identities: tuple[Identity, ...] = ()
    uploaded: str | None = None


class Host(Protocol):
    """The hub's side of a provider's I/O half."""

    async def receive(self, session: SessionRef, updates: Sequence[RawUpdate]) -> None:
        """Store updates of this session in the inbox; they are durable when it returns. Repeats are dropped by their
        dedupe keys. Raises Unavailable; nothing was stored then."""
        ...

    def record(self, session: SessionRef, kind: HistoryKind, reason: str | None = None, count: int = 1) -> None:
        """Add to the session's history, which administrators read (`GET /api/sessions/{id}/history`). Returns at once,
        from any thread, and never raises; entries are added up and stored within ten seconds, or when PostgreSQL is
        back. `reason`: a code or a few words, never a person's."""
        ...


class Provider(Protocol):
    """The I/O half of a provider: one object a process, shared by all its sessions."""

    async def send(self, session: SessionRef, message: Outgoing, deadline_s: float) -> Accepted:
        """Send one message. Does I/O; not idempotent; gives up after `deadline_s` seconds.

        Raises Rejected, Unsupported, Transient (certainly not sent), OutcomeUnknown (the request was on
        its way when the connection broke or time ran out), CredentialsInvalid. Nothing else.
        """
        ...

    async def aclose(self) -> None:
        """Release connections. Idempotent."""
        ...


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that a provider has: the content that names it (`source`), and the message that carries it."""

    content: File
    chat: str
    provider_message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Download:
    """A file as it comes; `size` is what the provider says, before a byte is read."""

    pieces: AsyncIterator[bytes]
    size: int | None = None


@runtime_checkable
class DownloadsMedia(Protocol):
    """Providers that hand over the files of messages (feature `download`)."""

    def download(self, session: SessionRef, file: RemoteFile, most: int) -> AbstractAsyncContextManager[Download]:
        """Open a file of a message that came; the provider's link is renewed where it has expired. Providers that take
        no less than the whole file raise Rejected (`media_too_large`) for one of more than `most` bytes.

        Raises, also while its pieces are read, Rejected (`media_expired`: the provider has it no more), Transient,
        CredentialsInvalid."""
        ...


@runtime_checkable
class ReservesIds(Protocol):
    """Providers that take a message's id from its sender (`Outgoing.own_id`)."""

    async def new_message_id(self, session: SessionRef, message: Outgoing) -> str | None:
        """Get an id for this message, in the form that `MessageSeen` and `ReceiptSeen` use. None where this session, or
        this kind of content, takes none, or none is available at the moment. Sends nothing; takes a few seconds at
        most. Never raises."""
        ...


@runtime_checkable
class Starts(Protocol):
    """Providers that act when a session is started or stopped (subscribe, log in)."""

    async def start(self, session: SessionRef) -> SessionSeen:
        """Start the session and return its state. Idempotent. Raises as `send` does."""
        ...

    async def stop(self, session: SessionRef) -> SessionSeen:
        """Stop it, keeping credentials. Idempotent. Raises as `send` does."""
        ...


@runtime_checkable
class Unregisters(Protocol):
    """Providers that register a webhook at their server (`Starts.start`)."""

    async def unregister(self, session: SessionRef) -> None:
        """Remove that webhook: the session is no longer ours. Idempotent. Raises as `send` does."""
        ...


@runtime_checkable
class ShowsCode(Protocol):
    """Providers that can be asked for the QR code of an unlinked session (feature `qr_code`). The hub asks until a
    phone is linked, or WHATSAPP_SESSION_TIMEOUT has passed."""

    async def show_code(self, session: SessionRef) -> SessionSeen:
        """Get the session's state, with the current code (raw text) if there is one. Idempotent. Raises as `send`
        does."""
        ...


@runtime_checkable
class LogsOut(Protocol):
    """Providers that hold the connection themselves and link it to a phone."""

    async def log_out(self, session: SessionRef) -> None:
        """Unlink the phone and forget the credentials. Idempotent. Raises as `send` does."""
        ...


class ReadMessage(NamedTuple):
    """A customer's message that was read. `author`: the participant of a group who wrote it."""

    provider_message_id: str
    author: str | None = None


@runtime_checkable
class MarksRead(Protocol):
    """A provider that shows customers their messages as read."""

    async def mark_read(self, session: SessionRef, chat: str, messages: Sequence[ReadMessage]) -> None:
        """Send read receipts for these messages of a chat, oldest first, to the customer. Idempotent. Raises as `send`
        does."""
        ...


@runtime_checkable
class ShowsTyping(Protocol):
    """A provider that shows customers that somebody types."""

    async def show_typing(self, session: SessionRef, chat: str, last_inbound_id: str | None) -> None:
        """Show "typing…" to the customer. Raises as `send` does."""
        ...


@runtime_checkable
class HidesTyping(Protocol):
    """Providers that can hide "typing…" before it expires."""

    async def hide_typing(self, session: SessionRef, chat: str) -> None:
        """Hide "typing…". Idempotent. Raises as `send` does."""
        ...


@runtime_checkable
class Polls(Protocol):
    """Providers that can be polled for updates that they should have posted to us (feature `polling`)."""

    def poll(self, session: SessionRef, since: datetime) -> AsyncIterator[list[RawUpdate]]:
        """Yield the session's state and the messages since then, a page at a time, the latest chats first: as updates
        with the dedupe keys that the provider's webhooks give the same messages. Yielded pages are stored even if time
        runs out before the rest. Idempotent. Raises as `send` does."""
        ...


@runtime_checkable
class ReceivesWebhooks(Protocol):
    """The pure half of a provider that posts to us. No method here does I/O."""

    def split(self, body: bytes) -> list[RawUpdate]:
        """Split a body into its updates, without parsing them. Raises Malformed."""
        ...

    def names(self, body: bytes) -> frozenset[str]:
        """Scan an unverified body for routes of its updates: one suffices, extra ones are harmless. Takes a few
        milliseconds whatever the bytes are; parses nothing and raises nothing."""
        ...

    def verify(self, settings: object, headers: Mapping[str, str], body: bytes) -> bool:
        """Verify, in constant time, that this session's own secret signed these bytes. `headers` have lower-case names.
        True as well for settings without a secret, where the provider allows that. A body is signed with one secret at
        most."""
        ...

    def secret_of(self, settings: object) -> str:
        """Return the secret that `verify` uses, empty for none. Settings with the same secret are verified alike."""
        ...

    def is_signed(self, headers: Mapping[str, str]) -> bool:
        """Check for a well-formed signature; without one, no secret ever verifies."""
        ...

    def handshake(self, settings: object, query: Mapping[str, str]) -> str | None:
        """Answer a subscription check (Meta's hub.challenge) with the text to return, None to refuse."""
        ...


class Plugin(Protocol):
    """The object that a provider's folder exports."""

    @property
    def kind(self) -> str:
        """`META`, `WAHA`, `NEONIZE`, `SANDBOX` or a third party's name: upper case, as in the contracts."""
        ...

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def webhooks(self) -> ReceivesWebhooks | None:
        """The pure webhook half, or None for a provider that holds its own socket."""
        ...

    def decode_settings(self, settings: Mapping[str, object]) -> object:
        """Validate and decode settings from the API (camelCase keys). Raises Invalid with a pointer
        (`/settings/phoneNumberId`) for each bad or unknown field."""
        ...

    def encode_settings(self, settings: object, *, secrets: bool) -> dict[str, object]:
        """Encode settings; with `secrets=False`, secret fields are left out (for the API)."""
        ...

    def routes(self, settings: object) -> tuple[str, ...]:
        """Return the keys under which webhooks name this session (see RawUpdate.routes)."""
        ...

    def chat_of(self, identity: Identity) -> str:
        """Return the address of the chat with this identity, in the form of `MessageSeen.chat`. Pure."""
        ...

    def translate(self, body: bytes) -> list[ProviderEvent]:
        """Parse one update's bytes. Pure. Unknown kinds become an UNSUPPORTED message or OtherSeen; raises Malformed
        only for bytes that no version of the provider could have sent."""
        ...

    def connect(self, host: Host) -> Provider:
        """Create the I/O half. Called once a process, inside a running loop."""
        ...


@dataclass(frozen=True, slots=True)
class Providers:
    """The plugins of this hub by kind, and one lazily created I/O half each."""

    plugins: Mapping[str, Plugin]
    host: Host
    _live: dict[str, Provider] = field(default_factory=dict, repr=False, compare=False)

    def plugin(self, kind: str) -> Plugin:
        """Return a plugin. Raises KeyError for a kind that this hub does not have."""
        return self.plugins[kind]

    def holds_socket(self, kind: str) -> bool:
        """Return whether connectors hold the sessions of this kind; False for one that this hub does not have."""
        plugin = self.plugins.get(kind)
        return plugin is not None and plugin.capabilities.holds_socket

    def window_of(self, kind: str) -> timedelta | None:
        """Return for how long after a customer's message this kind takes free text; None: at any time."""
        plugin = self.plugins.get(kind)
        hours = plugin.capabilities.reply_window_h if plugin else None
        return None if hours is None else timedelta(hours=hours)

    def require_window(self, kind: str, conversation: Conversation, content: Content, now: datetime) -> None:
        """Raise WindowClosed for what this kind takes inside the window only, where it is over."""
        closes_at = conversation.window_closes_at
        if closes_at and needs_it(content) and is_shut(closes_at, now, self.window_of(kind)):
            raise WindowClosed(closes_at)

    def hands_over_files(self, kind: str) -> bool:
        """Return whether the files of messages can be fetched from it."""
        plugin = self.plugins.get(kind)
        return plugin is not None and Feature.DOWNLOAD in plugin.capabilities.features

    def takes_statuses(self, kind: str, settings: object) -> bool:
        """Return whether a session takes in its contacts' status updates."""
        plugin: object = self.plugins.get(kind)
        if settings is None or settings is UNREADABLE or not isinstance(plugin, TakesStatuses):
            return False
        return plugin.takes_statuses(settings)

    def decode_stored(self, kind: str, settings: Mapping[str, object]) -> object:
        """Decode stored settings, even incomplete ones. Raises Invalid."""
        plugin = self.plugins[kind]
        if isinstance(plugin, TakesPartialSettings):
            return plugin.decode_partial(settings)
        return plugin.decode_settings(settings)

    def missing(self, kind: str, settings: object) -> Mapping[str, str]:
        """Return the missing settings (TakesPartialSettings); empty for a plugin that needs all of them."""
        if settings is None or settings is UNREADABLE or kind not in self.plugins:
            return {}
        plugin = self.plugins[kind]
        return plugin.missing(settings) if isinstance(plugin, TakesPartialSettings) else {}

    def live(self, kind: str) -> Provider:
        """Return the provider of this kind, connected at its first use. Raises KeyError for a kind without plugin."""
        if kind not in self._live:
            self._live[kind] = self.plugins[kind].connect(self.host)
        return self._live[kind]

    async def aclose(self) -> None:
        """Close every provider that was used."""
        for provider in self._live.values():
            await provider.aclose()
        self._live.clear()
