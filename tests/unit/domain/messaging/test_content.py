"""What the kinds of content say about themselves, and which one carries a file."""

from datetime import UTC, datetime
from typing import Any, get_args
from uuid import UUID

import pytest

from whatsapp_hub.domain.ids import MediaId, TenantId
from whatsapp_hub.domain.messaging.content import (
    Choice,
    Content,
    Context,
    Document,
    Image,
    Location,
    MessageType,
    Reaction,
    RemoteMedia,
    StoredMedia,
    System,
    Template,
    Text,
    stored_media,
)
from whatsapp_hub.domain.messaging.media import Digest, Media

KINDS: tuple[type[Any], ...] = get_args(Content)
FILE = StoredMedia(MediaId(UUID(int=7)))


def test_every_type_that_is_known_outside_has_a_kind() -> None:
    assert {kind.type for kind in KINDS} == set(MessageType)


def test_only_words_and_choices_are_read_as_an_answer() -> None:
    assert {kind.type for kind in KINDS if kind.in_words} == {
        MessageType.TEXT,
        MessageType.INTERACTIVE,
        MessageType.TEMPLATE,
    }


@pytest.mark.parametrize(
    ("content", "refers"),
    [
        (Reaction("👍", message_id="A"), True),
        (System("changed"), True),
        (Text("better").editing("A"), True),
        (Image().editing(""), True),
        (Text("Oi", context=Context(forwarded=True)), False),
        (Choice("Sim"), False),
    ],
)
def test_a_reaction_an_edit_and_a_notice_are_about_an_earlier_message(content: Content, refers: bool) -> None:
    assert content.is_about_earlier is refers


def test_an_edit_keeps_what_else_is_known() -> None:
    edited = Text("better", context=Context(forwarded=True, mentions=("1@lid",))).editing("A")
    assert edited.context == Context(forwarded=True, mentions=("1@lid",), edits="A")


def test_a_field_that_is_added_later_changes_no_repeated_request() -> None:
    """The digest of an idempotent request is made of this: unset fields must not be in it."""
    assert repr(Text("Oi")) == "Text(text='Oi')"
    assert repr(Image(media=RemoteMedia("https://a.b"))) == "Image(media=RemoteMedia(url='https://a.b'))"
    assert repr(Location(latitude=0.0)) == "Location(latitude=0.0)"
    assert repr(Template(name="hi", components=({"type": "body"},))) == (
        "Template(name='hi', components=({'type': 'body'},))"
    )


def test_a_file_of_the_hub_is_named_by_its_id() -> None:
    assert stored_media(Document(media=FILE)) == FILE.id
    assert stored_media(Document(media=RemoteMedia("https://a.b"))) is None
    assert stored_media(Document()) is None
    assert stored_media(Text("/api/media/7")) is None


@pytest.mark.parametrize(
    ("mime_type", "kind"),
    [
        ("image/png", "IMAGE"),
        ("image/gif", "DOCUMENT"),
        ("audio/ogg", "AUDIO"),
        ("video/mp4", "VIDEO"),
        ("application/pdf", "DOCUMENT"),
    ],
)
def test_a_file_is_carried_by_the_kind_that_shows_it(mime_type: str, kind: str) -> None:
    media = Media.uploaded(TenantId(UUID(int=1)), Digest("ab", 1), mime_type, "a.x", datetime(2026, 1, 1, tzinfo=UTC))
    content = media.message(" veja ")
    assert (content.type, content.text, content.media) == (kind, "veja", StoredMedia(media.id))
    assert (content.mime_type, content.file_name) == (mime_type, "a.x")
