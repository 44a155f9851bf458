"""What `POST /api/messages` takes: a struct for each kind of content, told apart by `kind`.

Limits are WhatsApp's own; a provider's are checked where the message is sent (`domain/messaging/capabilities.py`).
"""

from collections.abc import Iterator
from typing import Annotated, Any, TypeAlias, assert_never
from uuid import UUID

import msgspec
from msgspec import Meta

from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import MediaId, MessageId
from whatsapp_hub.domain.messaging import content as kinds
from whatsapp_hub.domain.messaging.content import Content, MediaRef, RemoteMedia, StoredMedia
from whatsapp_hub.domain.text import is_storable

LONGEST_TEXT, LONGEST_QUESTION = 65_536, 1024
COMPONENTS_BYTES, COMPONENTS_DEPTH = 32 * 1024, 16
"""Of a template's components, more than Meta takes: they are stored, and shown in lists by the hundred."""
Text4096: TypeAlias = Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)]
Question: TypeAlias = Annotated[str, Meta(min_length=1, max_length=LONGEST_QUESTION)]
Caption: TypeAlias = Annotated[str, Meta(max_length=LONGEST_QUESTION)]
Url: TypeAlias = Annotated[str, Meta(pattern=r"^https?://\S+$", max_length=2048)]


class _Given(msgspec.Struct, forbid_unknown_fields=True, rename="camel", tag_field="kind"):
    """A kind of content."""


class TextContent(_Given, tag="text"):
    """A text."""

    text: Text4096


class _FileContent(_Given):
    """A file: one that the hub stores (`mediaId`, of a message's file or an upload), or one at an address (`url`)."""

    media_id: UUID | None = None
    url: Url | None = None
    caption: Caption = ""
    file_name: Annotated[str, Meta(min_length=1, max_length=255)] | None = None

    def place(self) -> MediaRef:
        """Return where the file is. Raises Invalid unless exactly one place is given."""
        if (self.media_id is None) == (self.url is None):
            raise Invalid.field("content/mediaId", "either mediaId or url must be given")
        return StoredMedia(MediaId(self.media_id)) if self.media_id else RemoteMedia(self.url or "")


class ImageContent(_FileContent, tag="image"):
    """A picture."""


class VideoContent(_FileContent, tag="video"):
    """A video."""


class AudioContent(_FileContent, tag="audio"):
    """A sound. `voice`: a voice note."""

    voice: bool = False


class DocumentContent(_FileContent, tag="document"):
    """Any other file."""


class StickerContent(_FileContent, tag="sticker"):
    """A sticker (WebP)."""


class LocationContent(_Given, tag="location"):
    """A place."""

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    name: Annotated[str, Meta(max_length=1000)] | None = None
    address: Annotated[str, Meta(max_length=1000)] | None = None


class CardPhone(msgspec.Struct, forbid_unknown_fields=True):
    """A number of a card."""

    phone: Annotated[str, Meta(min_length=1, max_length=64)]


class Card(msgspec.Struct, forbid_unknown_fields=True):
    """A person's card."""

    name: Annotated[str, Meta(min_length=1, max_length=256)]
    phones: Annotated[list[CardPhone], Meta(max_length=20)] = []


class ContactsContent(_Given, tag="contacts"):
    """Cards of people."""

    cards: Annotated[list[Card], Meta(min_length=1, max_length=50)]


class ReactionContent(_Given, tag="reaction"):
    """A reaction to a message of this conversation (`id`); an empty emoji removes it."""

    message_id: UUID
    emoji: Annotated[str, Meta(max_length=32)] = ""


class EditContent(_Given, tag="edit"):
    """A new text for a message of ours (`id`)."""

    message_id: UUID
    text: Text4096


class RevokeContent(_Given, tag="revoke"):
    """Delete a message of ours (`id`) for everybody."""

    message_id: UUID


class ButtonContent(msgspec.Struct, forbid_unknown_fields=True):
    """A quick reply: `id` comes back when it is tapped."""

    id: Annotated[str, Meta(min_length=1, max_length=256)]
    title: Annotated[str, Meta(min_length=1, max_length=20)]


class ButtonsContent(_Given, tag="buttons"):
    """A question with one to three buttons."""

    text: Question
    buttons: Annotated[list[ButtonContent], Meta(min_length=1, max_length=3)]


class RowContent(msgspec.Struct, forbid_unknown_fields=True):
    """A line of a list."""

    id: Annotated[str, Meta(min_length=1, max_length=200)]
    title: Annotated[str, Meta(min_length=1, max_length=24)]
    description: Annotated[str, Meta(max_length=72)] = ""


class SectionContent(msgspec.Struct, forbid_unknown_fields=True):
    """A part of a list."""

    rows: Annotated[list[RowContent], Meta(min_length=1, max_length=10)]
    title: Annotated[str, Meta(max_length=24)] = ""


class ListContent(_Given, tag="list"):
    """A question with a list of up to ten lines behind a button."""

    text: Question
    button: Annotated[str, Meta(min_length=1, max_length=20)]
    sections: Annotated[list[SectionContent], Meta(min_length=1, max_length=10)]


class TemplateContent(_Given, tag="template"):
    """An approved template; `components` fill its places, in Meta's form."""

    name: Annotated[str, Meta(min_length=1, max_length=512)]
    language: Annotated[str, Meta(min_length=2, max_length=16)]
    components: list[dict[str, Any]] = []


class PollContent(_Given, tag="poll"):
    """A poll. `several`: more than one option may be chosen."""

    question: Annotated[str, Meta(min_length=1, max_length=255)]
    options: Annotated[list[Annotated[str, Meta(min_length=1, max_length=100)]], Meta(min_length=2, max_length=12)]
    several: bool = False


GivenContent: TypeAlias = (
    TextContent
    | ImageContent
    | VideoContent
    | AudioContent
    | DocumentContent
    | StickerContent
    | LocationContent
    | ContactsContent
    | ReactionContent
    | EditContent
    | RevokeContent
    | ButtonsContent
    | ListContent
    | TemplateContent
    | PollContent
)


def content_of(given: GivenContent) -> tuple[Content, MessageId | None]:
    """Return the content, and the message that it changes. Raises Invalid."""
    if isinstance(given, TemplateContent):
        check_components(given.components, "content/components")
    if not all(map(is_storable, _texts(msgspec.to_builtins(given)))):
        raise Invalid.field("content", "must not contain NUL or lone surrogates")
    changed = getattr(given, "message_id", None)
    return _content(given), None if changed is None else MessageId(changed)


def _content(given: GivenContent) -> Content:  # noqa: C901 - one case a kind
    match given:
        case TextContent():
            return kinds.Text.plain(given.text, LONGEST_TEXT, "content/text")
        case ImageContent():
            return kinds.Image(given.caption, media=given.place(), file_name=given.file_name)
        case VideoContent():
            return kinds.Video(given.caption, media=given.place(), file_name=given.file_name)
        case AudioContent():
            voice = True if given.voice else None
            return kinds.Audio(given.caption, media=given.place(), file_name=given.file_name, voice=voice)
        case DocumentContent():
            return kinds.Document(given.caption, media=given.place(), file_name=given.file_name)
        case StickerContent():
            return kinds.Sticker(given.caption, media=given.place(), file_name=given.file_name)
        case LocationContent():
            return _location(given)
        case ContactsContent():
            return _contacts(given)
        case ReactionContent():
            return kinds.Reaction(given.emoji)
        case EditContent():
            return kinds.Text.plain(given.text, LONGEST_TEXT, "content/text")
        case RevokeContent():
            return kinds.Revoke()
        case ButtonsContent():
            buttons = tuple(kinds.Button(button.id, button.title) for button in given.buttons)
            return kinds.Buttons(given.text, buttons=buttons)
        case ListContent():
            return _list(given)
        case TemplateContent():
            return kinds.Template(name=given.name, language=given.language, components=tuple(given.components))
        case PollContent():
            return _poll(given)
        case _:
            assert_never(given)


def _location(given: LocationContent) -> Content:
    said = ", ".join(word for word in (given.name, given.address) if word)
    return kinds.Location(
        said, latitude=given.latitude, longitude=given.longitude, name=given.name, address=given.address
    )


def _contacts(given: ContactsContent) -> Content:
    """Make cards in Meta's form."""
    cards = tuple(
        {
            "name": {"formatted_name": card.name, "first_name": card.name},
            "phones": [{"phone": one.phone} for one in card.phones],
        }
        for card in given.cards
    )
    return kinds.Contacts(", ".join(card.name for card in given.cards), cards=cards)


def _list(given: ListContent) -> Content:
    """Make a list in Meta's form. Raises Invalid."""
    rows = [row.id for section in given.sections for row in section.rows]
    if len(rows) > 10:
        raise Invalid.field("content/sections", "must have at most 10 rows in all")
    if len(set(rows)) < len(rows):
        raise Invalid.field("content/sections", "must have rows with different ids")
    if len(given.sections) > 1 and not all(section.title for section in given.sections):
        raise Invalid.field("content/sections", "must have titles where there are several")
    sections = tuple(msgspec.to_builtins(section) for section in given.sections)
    return kinds.ListMenu(given.text, button=given.button, sections=sections)


def _poll(given: PollContent) -> Content:
    if len(set(given.options)) < len(given.options):
        raise Invalid.field("content/options", "must differ")
    text = "\n".join([given.question, *given.options])
    return kinds.Poll(text, options=tuple(given.options), several=given.several)


def check_components(components: list[dict[str, Any]], at: str) -> None:
    """Bound what has no form of our own, and stands at this field. Raises Invalid."""
    depth, level = 0, list[object](components)
    while level:
        depth += 1
        if depth > COMPONENTS_DEPTH:
            raise Invalid.field(at, f"must not be nested deeper than {COMPONENTS_DEPTH}")
        level = [inner for outer in level for inner in _inside(outer)]
    if len(msgspec.json.encode(components)) > COMPONENTS_BYTES:
        raise Invalid.field(at, f"must have at most {COMPONENTS_BYTES // 1024} kB")


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts(list(value.items()))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
