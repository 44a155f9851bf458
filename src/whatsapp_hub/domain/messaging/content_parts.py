"""What every kind of content has: its type, its context, the file it may carry."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import ClassVar, Self, TypeAlias

from whatsapp_hub.domain.ids import MediaId


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
    POLL = "POLL"
    ORDER = "ORDER"
    EVENT = "EVENT"
    CALL = "CALL"
    UNSUPPORTED = "UNSUPPORTED"


class MediaState(StrEnum):
    """How far a file is. PENDING: it is being fetched from the provider; FAILED: that came to nothing; EXPIRED: the
    provider has it no more; REFUSED: by the company's quota or the virus scanner."""

    PENDING = "PENDING"
    READY = "READY"
    FAILED = "FAILED"
    TOO_LARGE = "TOO_LARGE"
    EXPIRED = "EXPIRED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class StoredMedia:
    """A file that the hub stores, or will. It may be deleted before the message is. `error`: why it is not there, a
    code; `waveform`: how loud a voice note is, 64 values to 100."""

    id: MediaId
    state: MediaState = field(default=MediaState.READY, repr=False)
    error: str | None = field(default=None, repr=False)
    has_thumbnail: bool = field(default=False, repr=False)
    waveform: tuple[int, ...] | None = field(default=None, repr=False)


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
    provider's id of the message that it replaces, empty where the provider names none; `often`: it was forwarded many
    times."""

    forwarded: bool = False
    often: bool = False
    mentions: tuple[str, ...] = ()
    edits: str | None = None
    referral: object = None
    product: object = None


NO_CONTEXT, NO_SOURCE = Context(), MediaSource()


@dataclass(frozen=True, slots=True, repr=False)
class Kind:
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
    def target(self) -> str | None:
        """The provider's id of the message that this only changes (a reaction, an edit); None for one of its own."""
        return self.context.edits or None

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
