"""A webhook subscription: which events are posted, where, in which format, signed with which secrets."""

import base64
import binascii
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.events import EventType
from whatsapp_hub.domain.ids import SessionId, TenantId, WebhookId
from whatsapp_hub.domain.integrations.addresses import is_private_host
from whatsapp_hub.domain.integrations.headers import Headers, basic, merged
from whatsapp_hub.domain.integrations.secret_urls import completed, shown
from whatsapp_hub.domain.text import is_storable

ALL = "*"
SECRET_PREFIX = "whsec_"  # noqa: S105 - a prefix
OLD_SECRET_LIVES = timedelta(hours=24)
_URL_LENGTH = 2048
_SECRET_BYTES = range(24, 65)
_MOST_EVENTS = 50


@dataclass(frozen=True, slots=True)
class Address:
    """Where to post. `url` has no credentials, but may have tokens in its query; `headers` are those that the given URL
    carried."""

    url: str
    headers: Headers = ()

    @property
    def origin(self) -> tuple[str, str | None, int | None]:
        """Scheme, host and port, the default port included: what two addresses of one receiver share."""
        parts = urlsplit(self.url)
        return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


class WebhookFormat(StrEnum):
    """STANDARD is the hub's own body; the others are what clients of gateways expect: contract D's FLAT, contract C's
    INSTANCE, and WAHA's own, so that its clients move over by changing an address."""

    STANDARD = "standard"
    FLAT = "flat"
    INSTANCE = "instance"
    WAHA = "waha"


_ENCODABLE: dict[WebhookFormat, tuple[str, ...]] = {
    WebhookFormat.STANDARD: (),
    WebhookFormat.FLAT: ("message.received",),
    WebhookFormat.INSTANCE: ("message.received",),
    WebhookFormat.WAHA: (
        *("message.received", "message.sent", "message.delivered", "message.read", "message.failed"),
        *("session.started", "session.qr", "session.connected", "session.disconnected", "session.error"),
    ),
}
"""The event types that each format can encode; empty: all."""

BOTS_EVENTS = ("message.received", "conversation.*")
"""Events that a session's bot receives, of rounds in which it has a part."""


@dataclass(frozen=True, slots=True)
class Secret:
    """`until`: it signs until then (None: it is the current one)."""

    value: str
    until: datetime | None = None


@dataclass(slots=True)
class Webhook:
    """`events` are types, `message.*` or `*`; none: all that the format can encode. `session_id` narrows to one
    session; `of_session`: it is that session's own `webhookUrl`, changed through the session; `of_bot`: its bot's.
    `secrets`: the current one first; none: this hub's key does not decrypt them. `headers` are sent with every post and
    never shown; of `url` only `shown_url` is. `moves` counts its addresses. `ended_reason`: why the hub stopped it."""

    id: WebhookId
    tenant_id: TenantId
    url: str
    created_at: datetime
    updated_at: datetime
    secrets: tuple[Secret, ...]
    format: WebhookFormat = WebhookFormat.STANDARD
    events: tuple[str, ...] = ()
    session_id: SessionId | None = None
    of_session: bool = False
    of_bot: bool = False
    is_active: bool = True
    ended_reason: str | None = None
    headers: Headers = ()
    moves: int = 0

    def __post_init__(self) -> None:
        self.events = self.events or _ENCODABLE[self.format]

    @property
    def shown_url(self) -> str:
        """The address as the API shows it, credentials masked."""
        return shown(self.url)

    def move(self, address: Address, format: WebhookFormat, at: datetime) -> None:
        """Change the address or the format; a subscription that had ended is resumed.

        Headers stay with their receiver: another origin gets none of them, or a user who may change the address could
        read them there.
        """
        if format is not self.format:
            self.events, self.format = _ENCODABLE[format], format
        kept = self.headers if address.origin == Address(self.url).origin else ()
        self.headers = merged(kept, address.headers)
        self.moves += address.url != self.url
        self.url, self.updated_at = address.url, at
        self.resume(at)

    def equip(self, headers: Headers, at: datetime) -> None:
        """Replace all static headers."""
        self.headers, self.updated_at = headers, at

    def choose(self, events: tuple[str, ...], at: datetime) -> None:
        """Set the event types. Raises Invalid."""
        check_events(events, self.format)
        self.events, self.updated_at = events or _ENCODABLE[self.format], at

    def rotate(self, secret: str, at: datetime) -> None:
        """Sign with a new secret, and for a day with the old one too."""
        old = tuple(replace(s, until=s.until or at + OLD_SECRET_LIVES) for s in self.valid_secrets(at))
        self.secrets, self.updated_at = (Secret(check_secret(secret)), *old[:2]), at

    def valid_secrets(self, at: datetime) -> tuple[Secret, ...]:
        """Secrets that sign a delivery at `at`: the current one, and replaced ones until they expire."""
        return tuple(s for s in self.secrets if s.until is None or s.until > at)

    def pause(self, at: datetime) -> None:
        """Stop deliveries; events that come meanwhile wait."""
        self.is_active, self.updated_at = False, at

    def resume(self, at: datetime) -> None:
        """Start deliveries again, also of a subscription that its receiver ended."""
        self.is_active, self.ended_reason, self.updated_at = True, None, at


def check_url(url: str, allow_private: bool, field_name: str = "url", kept: str | None = None) -> Address:
    """Check an address, move `user:password@` into a header, and restore masked values from `kept`. Raises Invalid.
    Whether a name resolves to a public address is checked at every delivery."""
    url = completed(url, kept, field_name)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Invalid.field(field_name, "is not an address") from None
    if parts.scheme not in ("http", "https") or not host or len(url) > _URL_LENGTH or not is_storable(url):
        raise Invalid.field(field_name, f"must be an http or https address of at most {_URL_LENGTH} characters")
    if not url.isascii() or any(c.isspace() or ord(c) < 0x20 for c in url):
        raise Invalid.field(field_name, "must be written in ASCII, without spaces")
    if parts.fragment:
        raise Invalid.field(field_name, "must carry no fragment")
    if not allow_private and is_private_host(host):
        raise Invalid.field(field_name, "must be a public address (WEBHOOK_ALLOW_PRIVATE=true allows private ones)")
    return Address(_without_credentials(parts, url), basic(parts))


def _without_credentials(parts: SplitResult, url: str) -> str:
    if "@" not in parts.netloc:
        return url
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def check_secret(secret: str) -> str:
    """Check a secret against the form of Standard Webhooks. Raises Invalid."""
    try:
        size = len(base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if not secret.startswith(SECRET_PREFIX) or size not in _SECRET_BYTES:
        raise Invalid.field("secret", f"must be {SECRET_PREFIX} and 24 to 64 bytes in base64")
    return secret


def check_events(events: tuple[str, ...], format: WebhookFormat) -> None:
    """Raise Invalid for a type that does not exist, or that the format cannot encode."""
    encodable = _ENCODABLE[format] or tuple(EventType)
    groups = {f"{type.partition('.')[0]}.*" for type in encodable}
    if len(events) > _MOST_EVENTS:
        raise Invalid.field("events", f"must have at most {_MOST_EVENTS} entries")
    for place, name in enumerate(events):
        if name not in encodable and name not in groups and name != ALL:
            raise Invalid.field(f"events/{place}", f"{name[:64]!r} is no event of the format {format}")
