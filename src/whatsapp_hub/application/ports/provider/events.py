"""A provider's events: messages, receipts, states, and the raw updates that contain them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from whatsapp_hub.domain.ids import MessageId
from whatsapp_hub.domain.messaging.contact import Identity
from whatsapp_hub.domain.messaging.content import Content
from whatsapp_hub.domain.messaging.failure import Failure
from whatsapp_hub.domain.messaging.message import MessageStatus
from whatsapp_hub.domain.sessions.session import AlertKind, SessionStatus, Severity
from whatsapp_hub.domain.templates.template import TemplateNews


class ChatKind(StrEnum):
    """What a chat is. Only PERSON is answered; the others are stored."""

    PERSON = "person"
    GROUP = "group"
    BROADCAST = "broadcast"
    STATUS = "status"
    NEWSLETTER = "newsletter"


class Origin(StrEnum):
    """LIVE: just written. HISTORY: from the past; the hub never answers it."""

    LIVE = "live"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class ThreadSeen:
    """Which program may write in the chat, as the provider says beside a message. `holder`: its role (`ai_agent`,
    `escalation`; `another_app` where it is not said), None: we may. `is_passed`: it was given to us, for people."""

    holder: str | None
    is_passed: bool = False


@dataclass(frozen=True, slots=True)
class MessageSeen:
    """A message in a chat of the session, from the other side or (`from_me`) from our own number.

    `chat` is the provider's address of the chat, in a form that `Outgoing.chat` takes back. `chat_names`
    are the identities of the chat's other side: a person's phone, LID and BSUID as far as known, or one
    CHAT identity; `author` is the participant of a group, `author_phone` their number where they have a hidden id;
    `name` is how the author calls themselves. `via_api` marks an echo of a message that some
    API client (perhaps we) sent. `thread`: the message tells who has the chat's thread; one that another program has
    it, is only watched. `username` is the person's, where WhatsApp shows it.
    """

    provider_message_id: str
    chat: str
    kind: ChatKind
    chat_names: tuple[Identity, ...]
    content: Content
    at: datetime
    from_me: bool = False
    via_api: bool = False
    origin: Origin = Origin.LIVE
    name: str | None = None
    author: str | None = None
    reply_to: str | None = None
    author_phone: str | None = None
    thread: ThreadSeen | None = None
    username: str | None = None


class Price(NamedTuple):
    """How the provider charges a message: its category (`marketing`), its kind (`regular`), and the receiver's number,
    by whose country it is priced. Amounts are not known."""

    category: str
    kind: str | None
    is_billable: bool
    receiver: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptSeen:
    """The status of a message that we sent: SENT, DELIVERED, READ or FAILED (with `error`). `is_file_lost`: it failed
    for its file, which the provider must get anew; `is_undelivered`: and nothing of it will arrive, so that the message
    may be sent once more."""

    provider_message_id: str
    status: MessageStatus
    at: datetime
    error: Failure | None = None
    sent_as: MessageId | None = None
    price: Price | None = None
    is_file_lost: bool = False
    is_undelivered: bool = False


@dataclass(frozen=True, slots=True)
class SessionSeen:
    """The session's own state, as the provider reports it. `until` is when a ban ends. `ports/connections/sockets.py`
    defines the states of a session that holds a socket."""

    status: SessionStatus
    at: datetime
    reason: str | None = None
    phone_number: str | None = None
    qr_code: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class IdentitySeen:
    """These identities are one contact, as the provider reports (a LID was mapped)."""

    identities: tuple[Identity, ...]
    at: datetime
    username: str | None = None


@dataclass(frozen=True, slots=True)
class NumberChanged:
    """A customer has the identities `taken` instead of those in `left`, which may belong to another person from then
    on. Where the provider reports it in a message, this comes before that message."""

    left: tuple[Identity, ...]
    taken: tuple[Identity, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class ChatNamed:
    """A group has this name."""

    chat_names: tuple[Identity, ...]
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TypingSeen:
    """Somebody types in a chat of the session, or stopped. It is shown and forgotten."""

    chat_names: tuple[Identity, ...]
    is_typing: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class RedeliveredSeen:
    """A message came again that had been decrypted before, and cannot be a second time. It is lost if its first copy,
    the update with this `dedupe_key`, is not stored."""

    dedupe_key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AlarmSeen:
    """Something about the account, the number or its templates that administrators should know; `detail` is a sentence
    for people. `daily_limit`: how many people a day the number may write to first now (0: any number; None: it says
    nothing of that)."""

    kind: AlertKind
    severity: Severity
    detail: str
    at: datetime
    daily_limit: int | None = None


@dataclass(frozen=True, slots=True)
class PreferenceSeen:
    """A customer stopped marketing messages of the business at WhatsApp, or takes them again."""

    identities: tuple[Identity, ...]
    takes: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class TemplateSeen:
    """Something of a message template changed at the provider."""

    news: TemplateNews
    at: datetime


@dataclass(frozen=True, slots=True)
class OtherSeen:
    """An event that is kept raw and not handled yet."""

    kind: str
    at: datetime | None = None


ProviderEvent = (
    MessageSeen
    | ReceiptSeen
    | SessionSeen
    | IdentitySeen
    | NumberChanged
    | ChatNamed
    | TypingSeen
    | RedeliveredSeen
    | AlarmSeen
    | PreferenceSeen
    | TemplateSeen
    | OtherSeen
)


class RawUpdate(NamedTuple):
    """One update of a webhook body, split off but not yet parsed.

    `routes` name the session in the provider's own keys, the most exact first (`phone:1065…`, `waba:4195…`,
    `name:default`); `dedupe_key` is at most 300 characters of printable ASCII and the same each time this
    update is delivered (message: its id; status: id, status and recipient; else a hash of the update);
    `chat` orders processing (updates of one chat are processed one after the other) and is at most 200
    characters; `body` is the update alone, as bytes that `Plugin.translate` takes.
    """

    routes: tuple[str, ...]
    dedupe_key: str
    chat: str
    body: bytes


class Malformed(Exception):
    """The bytes are not in this provider's format; they are quarantined."""
