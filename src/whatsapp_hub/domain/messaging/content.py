"""The content of a message, and its types."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.text import is_storable


class MessageType(StrEnum):
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
class Content:
    """A message's content. `text` is a body or caption; `data` holds what a type needs beyond it
    (a template's name and parameters, a location, the raw update of an UNSUPPORTED message)."""

    type: MessageType
    text: str = ""
    media_url: str | None = None
    data: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def plain(cls, text: str, limit: int = 4096, field_name: str = "content") -> "Content":
        """Make a text to send. Raises Invalid if empty, over `limit` characters, or not storable."""
        if not text.strip():
            raise Invalid.field(field_name, "must not be empty")
        if len(text) > limit:
            raise Invalid.field(field_name, f"must have at most {limit} characters")
        if not is_storable(text):
            raise Invalid.field(field_name, "must not contain NUL or lone surrogates")
        return cls(MessageType.TEXT, text)
