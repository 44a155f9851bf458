"""The content of a message: a frozen class for each kind, and `Content`, their union.

A new kind joins the union; every translation of it ends with `assert_never`, so that mypy lists what is missing.
Every kind has a `text` (body, caption, or what a phone shows of it in words) and says by which `MessageType` it is
known outside, which several kinds may share.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import MediaId
from whatsapp_hub.domain.messaging.content_parts import NO_CONTEXT as NO_CONTEXT
from whatsapp_hub.domain.messaging.content_parts import NO_SOURCE as NO_SOURCE
from whatsapp_hub.domain.messaging.content_parts import Context as Context
from whatsapp_hub.domain.messaging.content_parts import Kind as Kind
from whatsapp_hub.domain.messaging.content_parts import MediaRef as MediaRef
from whatsapp_hub.domain.messaging.content_parts import MediaSource as MediaSource
from whatsapp_hub.domain.messaging.content_parts import MediaState as MediaState
from whatsapp_hub.domain.messaging.content_parts import MessageType as MessageType
from whatsapp_hub.domain.messaging.content_parts import RemoteMedia as RemoteMedia
from whatsapp_hub.domain.messaging.content_parts import StoredMedia as StoredMedia
from whatsapp_hub.domain.text import is_storable


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Text(Kind):
    """`link` is the address whose preview goes with it."""

    type = MessageType.TEXT
    in_words = True

    link: str | None = None

    @classmethod
    def plain(cls, text: str, limit: int = 4096, field_name: str = "content") -> "Text":
        """Make a text to send. Raises Invalid if empty, over `limit` characters, or not storable."""
        if not text.strip():
            raise Invalid.field(field_name, "must not be empty")
        if len(text) > limit:
            raise Invalid.field(field_name, f"must have at most {limit} characters")
        if not is_storable(text):
            raise Invalid.field(field_name, "must not contain NUL or lone surrogates")
        return cls(text)

    def signed(self, name: str) -> "Text":
        """Return it with the name of who wrote it before it, in bold, once."""
        head = f"*{name.replace('*', '')}*\n"
        return self if self.text.startswith(head) else replace(self, text=head + self.text)


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class _File(Kind):
    """A file, with the caption as `text`. `media` is where the hub gets it, `source` how its provider hands it over."""

    media: MediaRef | None = None
    source: MediaSource = NO_SOURCE
    mime_type: str | None = None
    file_name: str | None = None
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Image(_File):
    """A picture; sizes in pixels, None where the provider does not say."""

    type = MessageType.IMAGE

    width: int | None = None
    height: int | None = None
    view_once: bool | None = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Video(_File):
    """`round`: WhatsApp's video note; `gif`: plays without sound, again and again."""

    type = MessageType.VIDEO

    seconds: int | None = None
    width: int | None = None
    height: int | None = None
    gif: bool | None = None
    round: bool | None = None
    view_once: bool | None = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Audio(_File):
    """`voice`: a voice note, None where nobody said whether it is one."""

    type = MessageType.AUDIO

    seconds: int | None = None
    voice: bool | None = None
    view_once: bool | None = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Document(_File):
    """A file of any other kind."""

    type = MessageType.DOCUMENT

    pages: int | None = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Sticker(_File):
    """A sticker (WebP), still or animated."""

    type = MessageType.STICKER

    width: int | None = None
    height: int | None = None
    animated: bool | None = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Location(Kind):
    """`live`: it moves."""

    type = MessageType.LOCATION

    latitude: float | None = None
    longitude: float | None = None
    name: str | None = None
    address: str | None = None
    url: str | None = None
    live: bool = False


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Contacts(Kind):
    """Cards of people, in Meta's form (`cards`) or as vCards. `text`: their names."""

    type = MessageType.CONTACTS

    cards: tuple[object, ...] = ()
    vcards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Reaction(Kind):
    """`text` is the emoji, empty when it is taken back; `message_id` the provider's id of the message. `from_me`: that
    message is ours."""

    type = MessageType.REACTION
    refers = True

    message_id: str = ""
    from_me: bool = False

    @property
    def target(self) -> str | None:
        """The message that it is about."""
        return self.message_id or None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Revoke(Kind):
    """A message was deleted for everybody."""

    type = MessageType.SYSTEM
    refers = True

    message_id: str = ""
    from_me: bool = False

    @property
    def target(self) -> str | None:
        """The message that was deleted."""
        return self.message_id or None


@dataclass(frozen=True, slots=True)
class Button:
    """A quick reply. `id` comes back when the customer taps it, `title` is what the customer sees."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Buttons(Kind):
    """A question with buttons."""

    type = MessageType.INTERACTIVE
    in_words = True

    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class ListMenu(Kind):
    """A question with a list behind `button`; `sections` in Meta's form."""

    type = MessageType.INTERACTIVE
    in_words = True

    button: str = ""
    sections: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Choice(Kind):
    """The answer to buttons, a list, a template or a form. `kind`: which of them, in the provider's word; `text`: the
    title of what was chosen; `id`: its key."""

    type = MessageType.INTERACTIVE
    in_words = True

    kind: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Template(Kind):
    """An approved text of Meta's; `components` fill its places, in Meta's form."""

    type = MessageType.TEMPLATE
    in_words = True

    name: str = ""
    language: str = ""
    components: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Poll(Kind):
    """`text`: the question and, a line each, the options. `several`: more than one may be chosen."""

    type = MessageType.POLL

    options: tuple[str, ...] = ()
    several: bool = False


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Vote(Kind):
    """What somebody chose in a poll, all of it; none: the vote was taken back. `text`: the options chosen. `secret`: it
    is encrypted, and what was chosen is unknown."""

    type = MessageType.POLL
    refers = True

    message_id: str = ""
    options: tuple[str, ...] = ()
    secret: bool = False

    @property
    def target(self) -> str | None:
        """The poll."""
        return self.message_id or None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """So many of a product, at this price each."""

    product: str
    quantity: int = 1
    price: float | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Order(Kind):
    """A cart that a customer sent. `text`: what they wrote with it, else what they ordered."""

    type = MessageType.ORDER

    catalog: str | None = None
    lines: tuple[OrderLine, ...] = ()


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Event(Kind):
    """An appointment in a chat, which people answer. `text`: its name and what it says."""

    type = MessageType.EVENT

    name: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    place: str | None = None
    canceled: bool = False


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class EventAnswer(Kind):
    """An answer to an event (`GOING`, `NOT_GOING`, `MAYBE`); empty where it is unknown."""

    type = MessageType.EVENT
    refers = True

    message_id: str = ""
    answer: str = ""

    @property
    def target(self) -> str | None:
        """The event."""
        return self.message_id or None


class CallState(StrEnum):
    """How far a call has come, in this order: one that was accepted was not missed."""

    RINGING = "ringing"
    FAILED = "failed"
    MISSED = "missed"
    REJECTED = "rejected"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Call(Kind):
    """A call. `seconds`: how long people spoke; `text`: the same in words."""

    type = MessageType.CALL

    state: CallState = CallState.RINGING
    video: bool = False
    seconds: int | None = None

    def later(self, other: "Call") -> "Call":
        """Return the same call as both reports together tell it, whichever came first."""
        states = list(CallState)
        state = max(self.state, other.state, key=states.index)
        seconds = max((s for s in (self.seconds, other.seconds) if s is not None), default=None)
        return call(state, self.video or other.video, seconds)


def call(state: CallState, video: bool, seconds: int | None = None) -> Call:
    """Make a call with its text."""
    words = f"{state.value} {'video' if video else 'voice'} call"
    length = f", {seconds // 60}:{seconds % 60:02}" if seconds else ""
    return Call(words.capitalize() + length, state=state, video=video, seconds=seconds)


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class System(Kind):
    """A notice of WhatsApp's own. `notice`: what the provider reported of it; `raw`: the whole message."""

    type = MessageType.SYSTEM
    refers = True

    notice: Mapping[str, object] | None = None
    raw: object = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Unsupported(Kind):
    """A message that the hub does not know, whole in `raw`."""

    type = MessageType.UNSUPPORTED

    raw: object = None


def completes(held: "Content", told: "Content") -> bool:
    """Whether a message that comes again has what was missing: its file, where only its place was told before (Meta
    sends the files of a history later, under the same ids), or a kind that the hub can read."""
    return isinstance(held, Unsupported) and not isinstance(told, Unsupported | System)


File: TypeAlias = Image | Video | Audio | Document | Sticker
"""The kinds that carry a file."""

Content: TypeAlias = (
    Text
    | File
    | Location
    | Contacts
    | Reaction
    | Revoke
    | Buttons
    | ListMenu
    | Choice
    | Template
    | Poll
    | Vote
    | Order
    | Event
    | EventAnswer
    | Call
    | System
    | Unsupported
)


def stored_media(content: Content) -> MediaId | None:
    """Return the file of a message, if the hub stores it."""
    media = content.media if isinstance(content, _File) else None
    return media.id if isinstance(media, StoredMedia) else None
