"""The content of a message: a frozen class for each kind, and `Content`, their union.

A new kind joins the union; every translation of it ends with `assert_never`, so that mypy lists what is missing.
Every kind has a `text` (body, caption, or what a phone shows of it in words) and says by which `MessageType` it is
known outside, which several kinds may share.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import ClassVar, Self, TypeAlias

from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import MediaId
from whatsapp_hub.domain.text import is_storable


class MessageType(StrEnum):
    """Types of a message as all contracts name them (CONTRACTS G, Types); the finer kind is in the content."""

    TEXT = "TEXT"
    IMAGE = "IMAGE"
    DOCUMENT = "DOCUMENT"
    AUDIO = "AUDIO"
    VIDEO = "VIDEO"
    STICKER = "STICKER"
    LOCATION = "LOCATION"
    CONTACTS = "CONTACTS"
    REACTION = "REACTION"
    INTERACTIVE = "INTERACTIVE"
    TEMPLATE = "TEMPLATE"
    SYSTEM = "SYSTEM"
    UNSUPPORTED = "UNSUPPORTED"


@dataclass(frozen=True, slots=True)
class StoredMedia:
    """A file that the hub stores. It may be deleted before the message is."""

    id: MediaId


@dataclass(frozen=True, slots=True)
class RemoteMedia:
    """A file at an address that anybody may fetch."""

    url: str


MediaRef: TypeAlias = StoredMedia | RemoteMedia


@dataclass(frozen=True, slots=True)
class MediaSource:
    """What a provider needs to hand over the file of a message: its id or URL there, or the `keys` that decrypt it.
    `error`: why it has none."""

    id: str | None = None
    url: str | None = None
    keys: Mapping[str, object] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What a message came from and refers to: another chat, an advertisement, a product, people. `edits`: the
    provider's id of the message that it replaces, empty where the provider names none."""

    forwarded: bool = False
    mentions: tuple[str, ...] = ()
    edits: str | None = None
    referral: object = None
    product: object = None


NO_CONTEXT, NO_SOURCE = Context(), MediaSource()


@dataclass(frozen=True, slots=True, repr=False)
class _Kind:
    """`extra`: what a provider reported besides; it is stored with the message."""

    type: ClassVar[MessageType]
    in_words: ClassVar[bool] = False
    """Whether the bot can read it as an answer."""
    refers: ClassVar[bool] = False
    """Whether it only makes sense with an earlier message."""

    text: str = ""
    context: Context = field(default=NO_CONTEXT, kw_only=True)
    extra: Mapping[str, object] = field(default_factory=dict, kw_only=True)

    @property
    def is_about_earlier(self) -> bool:
        """Whether it refers to an earlier message (reaction, edit, notice): it opens no round, needs no answer."""
        return self.refers or self.context.edits is not None

    def within(self, context: Context) -> Self:
        """Return the same content in this context."""
        return replace(self, context=context)

    def editing(self, message_id: str) -> Self:
        """Return the same content as the replacement of an earlier message's."""
        return self.within(replace(self.context, edits=message_id))

    def __repr__(self) -> str:
        """Show the fields that are set, so that a field added later changes no older content's digest."""
        values = ((f, getattr(self, f.name)) for f in fields(self))
        shown = ", ".join(f"{f.name}={value!r}" for f, value in values if value not in (f.default, {}))
        return f"{type(self).__name__}({shown})"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Text(_Kind):
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


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class _File(_Kind):
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
class Location(_Kind):
    """`live`: it moves."""

    type = MessageType.LOCATION

    latitude: float | None = None
    longitude: float | None = None
    name: str | None = None
    address: str | None = None
    url: str | None = None
    live: bool = False


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Contacts(_Kind):
    """Cards of people, in Meta's form (`cards`) or as vCards. `text`: their names."""

    type = MessageType.CONTACTS

    cards: tuple[object, ...] = ()
    vcards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Reaction(_Kind):
    """`text` is the emoji, empty when it is taken back; `message_id` the provider's id of the message. `from_me`: that
    message is ours."""

    type = MessageType.REACTION
    refers = True

    message_id: str = ""
    from_me: bool = False


@dataclass(frozen=True, slots=True)
class Button:
    """A quick reply. `id` comes back when the customer taps it, `title` is what the customer sees."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Buttons(_Kind):
    """A question with buttons."""

    type = MessageType.INTERACTIVE
    in_words = True

    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class ListMenu(_Kind):
    """A question with a list behind `button`; `sections` in Meta's form."""

    type = MessageType.INTERACTIVE
    in_words = True

    button: str = ""
    sections: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Choice(_Kind):
    """The answer to buttons, a list, a template or a form. `kind`: which of them, in the provider's word; `text`: the
    title of what was chosen; `id`: its key."""

    type = MessageType.INTERACTIVE
    in_words = True

    kind: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Template(_Kind):
    """An approved text of Meta's; `components` fill its places, in Meta's form."""

    type = MessageType.TEMPLATE
    in_words = True

    name: str = ""
    language: str = ""
    components: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Poll(_Kind):
    """`text`: the question and, a line each, the options. Outside it is UNSUPPORTED: nobody can vote here."""

    type = MessageType.UNSUPPORTED

    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class System(_Kind):
    """A notice of WhatsApp's own. `notice`: what the provider reported of it; `raw`: the whole message."""

    type = MessageType.SYSTEM
    refers = True

    notice: Mapping[str, object] | None = None
    raw: object = None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Unsupported(_Kind):
    """A message that the hub does not know, whole in `raw`."""

    type = MessageType.UNSUPPORTED

    raw: object = None


File: TypeAlias = Image | Video | Audio | Document | Sticker
"""The kinds that carry a file."""

Content: TypeAlias = (
    Text | File | Location | Contacts | Reaction | Buttons | ListMenu | Choice | Template | Poll | System | Unsupported
)


def target_of(content: Content) -> str | None:
    """Return the provider's id of the message that this only changes; None for a message of its own."""
    if isinstance(content, Reaction):
        return content.message_id or None
    return content.context.edits or None


def stored_media(content: Content) -> MediaId | None:
    """Return the file of a message, if the hub stores it."""
    media = content.media if isinstance(content, _File) else None
    return media.id if isinstance(media, StoredMedia) else None
