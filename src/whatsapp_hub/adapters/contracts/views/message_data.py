"""What a message says beyond its text: a type for each kind, told apart by `kind`, in the form of contract F."""

from datetime import datetime
from typing import TypeAlias, assert_never

from whatsapp_hub.adapters.contracts.views.cards import CardView, card_in, card_of, fields_of, objects_of, text_in
from whatsapp_hub.adapters.contracts.views.view import View, time
from whatsapp_hub.domain.messaging import content as kinds
from whatsapp_hub.domain.messaging.annotations import Annotations, Author, Mark, MarkKind


class AuthorView(View):
    """Who wrote or did it. `identity`: as the provider writes it; `phone`: digits, null where WhatsApp hides it."""

    name: str | None
    phone: str | None
    identity: str | None

    @classmethod
    def of(cls, author: Author) -> "AuthorView | None":
        """Show a person; None for our own number."""
        return None if author.identity is None else cls(author.name, author.phone, author.identity)


class ReactionView(View):
    """A reaction that holds. `by` null: our own number's."""

    emoji: str
    by: AuthorView | None
    at: datetime

    @classmethod
    def of(cls, mark: Mark) -> "ReactionView":
        """Show a reaction."""
        return cls(mark.values[0], AuthorView.of(mark.by), time(mark.at))


class VoteView(View):
    """What somebody chose in a poll, or answered to an event. `by` null: our own number."""

    by: AuthorView | None
    options: list[str]
    at: datetime

    @classmethod
    def of(cls, mark: Mark) -> "VoteView":
        """Show a vote or an answer."""
        return cls(AuthorView.of(mark.by), list(mark.values), time(mark.at))


class TextData(View, tag_field="kind", tag="text"):
    """A text. `link`: the address whose preview goes with it."""

    link: str | None


class FileData(View):
    """What is known of every file."""

    mime_type: str | None
    file_name: str | None
    size: int | None


class ImageData(FileData, tag_field="kind", tag="image"):
    """A picture; sizes in pixels. `viewOnce`: WhatsApp shows it once."""

    width: int | None
    height: int | None
    view_once: bool


class VideoData(FileData, tag_field="kind", tag="video"):
    """A video. `gif`: plays silently again and again; `round`: a video note."""

    seconds: int | None
    width: int | None
    height: int | None
    gif: bool
    round: bool
    view_once: bool


class AudioData(FileData, tag_field="kind", tag="audio"):
    """A sound. `voice`: a voice note."""

    seconds: int | None
    voice: bool
    view_once: bool


class DocumentData(FileData, tag_field="kind", tag="document"):
    """A file of any other kind."""

    pages: int | None


class StickerData(FileData, tag_field="kind", tag="sticker"):
    """A sticker."""

    width: int | None
    height: int | None
    animated: bool


class LocationData(View, tag_field="kind", tag="location"):
    """A place. `live`: it moves."""

    latitude: float | None
    longitude: float | None
    name: str | None
    address: str | None
    url: str | None
    live: bool


class ContactsData(View, tag_field="kind", tag="contacts"):
    """Cards of people."""

    cards: list[CardView]


class ReactionData(View, tag_field="kind", tag="reaction"):
    """A reaction to the message with this provider's id; an empty emoji removes it."""

    emoji: str
    message_id: str


class ButtonView(View):
    """A quick reply: `id` comes back when it is tapped."""

    id: str
    title: str


class ButtonsData(View, tag_field="kind", tag="buttons"):
    """A question with buttons."""

    buttons: list[ButtonView]


class RowView(View):
    """A line of a list."""

    id: str
    title: str
    description: str | None


class SectionView(View):
    """A part of a list."""

    title: str | None
    rows: list[RowView]


class ListData(View, tag_field="kind", tag="list"):
    """A question with a list behind `button`."""

    button: str
    sections: list[SectionView]


class ReplyData(View, tag_field="kind", tag="reply"):
    """The answer to buttons, a list, a template or a form. `to`: which of them, in the provider's word; `id`: the key
    of what was chosen; `payload`: what a form contains, as JSON."""

    to: str
    id: str
    payload: dict[str, object] | None


class TemplateData(View, tag_field="kind", tag="template"):
    """A message from an approved template."""

    name: str
    language: str
    components: list[object]


class PollData(View, tag_field="kind", tag="poll"):
    """A poll."""

    question: str
    options: list[str]
    several: bool
    votes: list[VoteView]


class VoteData(View, tag_field="kind", tag="vote"):
    """What somebody chose in the poll with this provider's id. `secret`: it is encrypted, and not known."""

    options: list[str]
    message_id: str
    secret: bool


class OrderLineView(View):
    """So many of a product, by the shop's own key, at this price each."""

    product: str
    quantity: int
    price: float | None
    currency: str | None


class OrderData(View, tag_field="kind", tag="order"):
    """A cart."""

    catalog: str | None
    lines: list[OrderLineView]


class EventData(View, tag_field="kind", tag="event"):
    """An appointment. `answers`: what people answered (`GOING`, `NOT_GOING`, `MAYBE`)."""

    name: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    place: str | None
    canceled: bool
    answers: list[VoteView]


class EventAnswerData(View, tag_field="kind", tag="event_answer"):
    """An answer to the event with this provider's id."""

    answer: str
    message_id: str


class CallData(View, tag_field="kind", tag="call"):
    """A call. `seconds`: how long people spoke."""

    state: kinds.CallState
    video: bool
    seconds: int | None


class EditData(View, tag_field="kind", tag="edit"):
    """A new text for the message with this provider's id."""

    message_id: str


class RevokeData(View, tag_field="kind", tag="revoke"):
    """The message with this provider's id was deleted."""

    message_id: str


class SystemData(View, tag_field="kind", tag="system"):
    """A notice of WhatsApp's own. `notice`: its kind in the provider's word."""

    notice: str | None


class UnsupportedData(View, tag_field="kind", tag="unsupported"):
    """A message of a kind that the hub does not know. `of`: the kinds that the provider names."""

    of: list[str]


MessageData: TypeAlias = (
    TextData
    | ImageData
    | VideoData
    | AudioData
    | DocumentData
    | StickerData
    | LocationData
    | ContactsData
    | ReactionData
    | ButtonsData
    | ListData
    | ReplyData
    | TemplateData
    | PollData
    | VoteData
    | OrderData
    | EventData
    | EventAnswerData
    | CallData
    | EditData
    | RevokeData
    | SystemData
    | UnsupportedData
)


_PLAIN = TextData(None)
"""Of most messages."""


def data_of(content: kinds.Content, since: Annotations) -> MessageData:  # noqa: C901 - one case a kind
    """Show what a message says beyond its text."""
    if type(content) is kinds.Text and content.context is kinds.NO_CONTEXT and content.link is None:
        return _PLAIN
    if content.context.edits:
        return EditData(content.context.edits)
    match content:
        case kinds.Text():
            return TextData(content.link)
        case kinds.Image() as c:
            return ImageData(c.mime_type, c.file_name, c.size, c.width, c.height, bool(c.view_once))
        case kinds.Video() as c:
            shape = (c.seconds, c.width, c.height, bool(c.gif), bool(c.round), bool(c.view_once))
            return VideoData(c.mime_type, c.file_name, c.size, *shape)
        case kinds.Audio() as c:
            return AudioData(c.mime_type, c.file_name, c.size, c.seconds, bool(c.voice), bool(c.view_once))
        case kinds.Document() as c:
            return DocumentData(c.mime_type, c.file_name, c.size, c.pages)
        case kinds.Sticker() as c:
            return StickerData(c.mime_type, c.file_name, c.size, c.width, c.height, bool(c.animated))
        case kinds.Location() as c:
            return LocationData(c.latitude, c.longitude, c.name, c.address, c.url, c.live)
        case kinds.Contacts():
            return ContactsData([*map(card_of, content.cards), *map(card_in, content.vcards)])
        case kinds.Reaction():
            return ReactionData(content.text, content.message_id)
        case kinds.Buttons():
            return ButtonsData([ButtonView(button.id, button.title) for button in content.buttons])
        case kinds.ListMenu():
            return ListData(content.button, [_section(section) for section in content.sections])
        case kinds.Choice():
            return ReplyData(content.kind, content.id, dict(content.extra) or None)
        case kinds.Template():
            return TemplateData(content.name, content.language, list(content.components))
        case kinds.Poll():
            question = content.text.partition("\n")[0]
            return PollData(question, list(content.options), content.several, _marks(since, MarkKind.VOTE))
        case kinds.Vote():
            return VoteData(list(content.options), content.message_id, content.secret)
        case kinds.Order() as c:
            lines = [OrderLineView(one.product, one.quantity, one.price, one.currency) for one in c.lines]
            return OrderData(c.catalog, lines)
        case kinds.Event() as c:
            times = time(c.starts_at), time(c.ends_at)
            return EventData(c.name, *times, c.place, c.canceled, _marks(since, MarkKind.ANSWER))
        case kinds.EventAnswer():
            return EventAnswerData(content.answer, content.message_id)
        case kinds.Call():
            return CallData(content.state, content.video, content.seconds)
        case kinds.Revoke():
            return RevokeData(content.message_id)
        case kinds.System():
            return SystemData(text_in((content.notice or {}).get("type")))
        case kinds.Unsupported():
            return UnsupportedData(_kinds(content.raw))
        case _:
            assert_never(content)


def _marks(since: Annotations, kind: MarkKind) -> list[VoteView]:
    return [VoteView.of(mark) for mark in since.of(kind)]


def _section(section: object) -> SectionView:
    given = fields_of(section)
    rows = [
        RowView(text_in(row.get("id")) or "", text_in(row.get("title")) or "", text_in(row.get("description")))
        for row in objects_of(given.get("rows"))
    ]
    return SectionView(text_in(given.get("title")), rows)


def _kinds(raw: object) -> list[str]:
    """Return the kinds that a provider names for an unknown message."""
    given = fields_of(raw)
    named = given.get("kinds")
    found = named if isinstance(named, list) else [given.get("type")]
    return [kind for kind in found if isinstance(kind, str)]
