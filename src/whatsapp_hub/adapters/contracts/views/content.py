"""The content of a message in the form of the API."""

from typing import assert_never

from whatsapp_hub.domain.messaging.content import (
    Audio,
    Buttons,
    Call,
    Choice,
    Contacts,
    Content,
    Document,
    Event,
    EventAnswer,
    Image,
    ListMenu,
    Location,
    MediaRef,
    Order,
    Poll,
    Reaction,
    RemoteMedia,
    Revoke,
    Sticker,
    StoredMedia,
    System,
    Template,
    Text,
    Unsupported,
    Video,
    Vote,
)


def media_url(content: Content) -> str | None:
    """Return the address of the message's file."""
    match content:
        case Text():
            return None
        case Image() | Video() | Audio() | Document() | Sticker():
            return url_of(content.media) if content.media else None
        case Location() | Contacts() | Reaction() | Revoke():
            return None
        case Buttons() | ListMenu() | Choice() | Template() | Poll() | Vote():
            return None
        case Order() | Event() | EventAnswer() | Call() | System() | Unsupported():
            return None
        case _:
            assert_never(content)


def url_of(media: MediaRef) -> str:
    """Return the address of a file: at the hub, where the hub stores it."""
    match media:
        case StoredMedia():
            return f"/api/media/{media.id}"
        case RemoteMedia():
            return media.url
        case _:
            assert_never(media)
