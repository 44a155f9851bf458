"""A WhatsApp provider: a small mandatory port, and every optional feature as a protocol of its own.

A provider is a folder under `adapters/providers/` (or a third party's package behind the entry-point
group `whatsapp_hub.providers`) that exports one `Plugin`.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

from whatsapp_hub.application.ports.provider.events import ProviderEvent, RawUpdate, SessionSeen
from whatsapp_hub.application.ports.provider.settings import TakesPartialSettings
from whatsapp_hub.domain.ids import MessageId, SessionId, TenantId
from whatsapp_hub.domain.messaging.capabilities import Capabilities
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import Content
from whatsapp_hub.domain.messaging.media import Media
from whatsapp_hub.domain.sessions.session import UNREADABLE

UNKNOWN_TIME = datetime(2009, 1, 1, tzinfo=UTC)
"""What `Plugin.translate` gives as the time of an event without one, or with an unreadable one (WhatsApp did not exist
before). The hub takes the time at which it received the update instead."""


@dataclass(frozen=True, slots=True)
class SessionRef:
    """A session as a provider sees it: whose it is, the provider's kind, and its decoded settings. `fence` numbers the
    dials of a session that holds a socket (0: it holds none)."""

    id: SessionId
    tenant_id: TenantId
    key: str
    provider: str
    settings: object
    fence: int = 0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to send. `recipient` are the chat's identities, the one to use first; `reply_to` is a
    provider's message id; `media` is the file where the content names one of ours (`blob`); `own_id` is the id that it
    shall have, of a provider that reserves ids."""

    message_id: MessageId
    chat: str
    recipient: tuple[Identity, ...]
    content: Content
    reply_to: str | None = None
    media: Media | None = None
    own_id: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the message. No id (None) means that receipts cannot be matched to it."""

    provider_message_id: str | None
    identities: tuple[Identity, ...] = ()


class Host(Protocol):
    """What the hub offers to a provider's I/O half."""

    async def receive(self, session: SessionRef, updates: Sequence[RawUpdate]) -> None:
        """Put updates of this session into the inbox; stored durably when it returns. Repeats are dropped
        by their dedupe keys. Raises Unavailable, and then nothing was stored."""
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


@runtime_checkable
class ReservesIds(Protocol):
    """Providers that take a message's id from its sender (`Outgoing.own_id`)."""

    async def new_message_id(self, session: SessionRef, message: Outgoing) -> str | None:
        """Get an id for this message, in the form in which `MessageSeen` and `ReceiptSeen` will name it. None where
        this session, or this kind of content, takes none, and where none is to be had at this moment. Sends nothing;
        takes a few seconds at most. Never raises."""
        ...


@runtime_checkable
class Starts(Protocol):
    """Providers with something to do when a session is started or stopped (subscribe, log in)."""

    async def start(self, session: SessionRef) -> SessionSeen:
        """Bring the session up and tell its state. Idempotent. Raises as `send` does."""
        ...

    async def stop(self, session: SessionRef) -> SessionSeen:
        """Bring it down, keeping credentials. Idempotent. Raises as `send` does."""
        ...


@runtime_checkable
class Unregisters(Protocol):
    """Providers that tell their server where to post what happens (`Starts.start`)."""

    async def unregister(self, session: SessionRef) -> None:
        """Take that back: the session is no longer ours. Idempotent. Raises as `send` does."""
        ...


@runtime_checkable
class ShowsCode(Protocol):
    """Providers that can be asked for the QR code of a session that waits to be scanned (feature `qr_code`). The hub
    asks until a phone is linked, or nobody scanned for WHATSAPP_SESSION_TIMEOUT."""

    async def show_code(self, session: SessionRef) -> SessionSeen:
        """Get the session's state, with the code (raw text) if there is one at this moment. Idempotent. Raises as
        `send` does."""
        ...


@runtime_checkable
class LogsOut(Protocol):
    """Providers that hold the line themselves and link it to a phone."""

    async def log_out(self, session: SessionRef) -> None:
        """Unlink the phone and forget the credentials. Idempotent. Raises as `send` does."""
        ...


@runtime_checkable
class MarksRead(Protocol):
    async def mark_read(self, session: SessionRef, chat: str, provider_message_ids: Sequence[str]) -> None:
        """Show the customer that we read. Idempotent. Raises as `send` does."""
        ...


@runtime_checkable
class ShowsTyping(Protocol):
    async def show_typing(self, session: SessionRef, chat: str, last_inbound_id: str | None) -> None:
        """Show "typing…" to the customer. Raises as `send` does."""
        ...


@runtime_checkable
class HidesTyping(Protocol):
    """Providers that end "typing…" before it ends by itself."""

    async def hide_typing(self, session: SessionRef, chat: str) -> None:
        """Idempotent. Raises as `send` does."""
        ...


@runtime_checkable
class Polls(Protocol):
    """Providers that can be asked for what they should have posted to us (feature `polling`)."""

    def poll(self, session: SessionRef, since: datetime) -> AsyncIterator[list[RawUpdate]]:
        """Yield the session's state and what was written since then, a page at a time, the latest chats first: as
        updates with the keys that the provider's webhooks give the same messages. What was yielded is stored even if
        time runs out before the rest. Idempotent. Raises as `send` does."""
        ...


@runtime_checkable
class ReceivesWebhooks(Protocol):
    """The pure half of a provider that posts to us. No method here does I/O."""

    def split(self, body: bytes) -> list[RawUpdate]:
        """Cut a body into its updates, without understanding them. Raises Malformed."""
        ...

    def names(self, body: bytes) -> frozenset[str]:
        """Scan a body that nobody has verified yet for routes of its updates: one suffices, strange ones do no harm.
        Takes a few milliseconds whatever the bytes are; parses nothing and raises nothing."""
        ...

    def verify(self, settings: object, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether this session's own secret signed these bytes (constant time). `headers` have lower-case
        names. True as well for settings without a secret, where the provider allows that. A body is signed with
        one secret at most."""
        ...

    def secret_of(self, settings: object) -> str:
        """What `verify` checks with, empty if it checks nothing. Settings with one secret are verified alike."""
        ...

    def is_signed(self, headers: Mapping[str, str]) -> bool:
        """Whether there is a signature of the right form; without one, no secret ever verifies."""
        ...

    def handshake(self, settings: object, query: Mapping[str, str]) -> str | None:
        """Answer a subscription check (Meta's hub.challenge) with the text to return, None to refuse."""
        ...


class Plugin(Protocol):
    """What a provider's folder exports."""

    kind: str
    """`META`, `WAHA`, `NEONIZE`, `SANDBOX` or a third party's name: upper case, as in CONTRACTS."""

    capabilities: Capabilities

    webhooks: ReceivesWebhooks | None
    """The pure webhook half, or None for a provider that holds its own socket."""

    def decode_settings(self, settings: Mapping[str, object]) -> object:
        """Check and decode what the API was given (camelCase keys). Raises Invalid with a pointer
        (`/settings/phoneNumberId`) for each bad or unknown field."""
        ...

    def encode_settings(self, settings: object, *, secrets: bool) -> dict[str, object]:
        """The inverse; with `secrets=False`, secret fields are left out (for the API)."""
        ...

    def routes(self, settings: object) -> tuple[str, ...]:
        """The keys under which webhooks name this session (see RawUpdate.routes)."""
        ...

    def chat_of(self, identity: Identity) -> str:
        """The address of the chat with this identity, as `MessageSeen.chat` would spell it. Pure."""
        ...

    def translate(self, body: bytes) -> list[ProviderEvent]:
        """Understand one update's bytes. Pure. Unknown kinds become an UNSUPPORTED message or OtherSeen;
        raises Malformed only for bytes that no version of the provider could have sent."""
        ...

    def connect(self, host: Host) -> Provider:
        """Make the I/O half. Called once a process, inside a running loop."""
        ...


@dataclass(frozen=True, slots=True)
class Providers:
    """The plugins of this hub by kind, and one lazily made I/O half each."""

    plugins: Mapping[str, Plugin]
    host: Host
    _live: dict[str, Provider] = field(default_factory=dict, repr=False, compare=False)

    def plugin(self, kind: str) -> Plugin:
        """Raises KeyError for a kind that this hub does not have."""
        return self.plugins[kind]

    def holds_socket(self, kind: str) -> bool:
        """Whether connectors hold the sessions of this kind; False for one that this hub does not have."""
        plugin = self.plugins.get(kind)
        return plugin is not None and plugin.capabilities.holds_socket

    def decode_stored(self, kind: str, settings: Mapping[str, object]) -> object:
        """Decode what was stored, incomplete settings too. Raises Invalid."""
        plugin = self.plugins[kind]
        if isinstance(plugin, TakesPartialSettings):
            return plugin.decode_partial(settings)
        return plugin.decode_settings(settings)

    def missing(self, kind: str, settings: object) -> Mapping[str, str]:
        """See TakesPartialSettings; empty for a plugin that never takes less than all."""
        if settings is None or settings is UNREADABLE or kind not in self.plugins:
            return {}
        plugin = self.plugins[kind]
        return plugin.missing(settings) if isinstance(plugin, TakesPartialSettings) else {}

    def live(self, kind: str) -> Provider:
        if kind not in self._live:
            self._live[kind] = self.plugins[kind].connect(self.host)
        return self._live[kind]

    async def aclose(self) -> None:
        for provider in self._live.values():
            await provider.aclose()
        self._live.clear()
