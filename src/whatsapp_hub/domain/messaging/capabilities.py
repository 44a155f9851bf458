"""A provider's capabilities as data: the API shows them and use cases check them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from whatsapp_hub.domain.errors import Invalid, NotSupported
from whatsapp_hub.domain.messaging.contact import IdentityKind
from whatsapp_hub.domain.messaging.content import Content, MessageType, Revoke
from whatsapp_hub.domain.messaging.media import Media
from whatsapp_hub.domain.text import is_storable

MB = 1024 * 1024


class Feature(StrEnum):
    """Optional features; most have a protocol of their own in `application/ports/provider/plugin.py`."""

    QR_CODE = "qr_code"
    PAIRING_CODE = "pairing_code"
    WEBHOOKS = "webhooks"
    TEMPLATES = "templates"
    TYPING = "typing"
    MARK_READ = "mark_read"
    REPLY = "reply"
    DOWNLOAD = "download"
    EDIT = "edit"
    REVOKE = "revoke"
    GROUPS = "groups"
    HISTORY = "history"
    POLLING = "polling"
    THREADS = "threads"
    BLOCK = "block"
    BSUID = "bsuid"
    """Writing to people of whom only Meta's business-scoped id is known."""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most one send every `interval_s` seconds on average, `burst` of them at once."""

    interval_s: float
    burst: int = 1


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many characters of text or caption, and bytes of a file (None: any number)."""

    characters: int
    file_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """One provider's abilities and limits. `sends`: the types that it sends, each with its limit.

    `session_rate` and `chat_rate` are the provider's own limits (None: none known); `holds_socket`: a connector
    process must hold the session; `reply_window_h`: hours after a customer's message in which free text may be sent;
    `addresses`: under which identities it reaches a person; `id_prefix`: how the ids of all its messages begin (empty:
    in no way of their own).
    """

    provider: str
    sends: Mapping[MessageType, Limit]
    features: frozenset[Feature] = frozenset()
    session_rate: Rate | None = None
    chat_rate: Rate | None = None
    reply_window_h: int | None = None
    holds_socket: bool = False
    promises: tuple[str, ...] = field(default=())
    addresses: frozenset[IdentityKind] = frozenset({IdentityKind.PHONE})
    id_prefix: str = ""

    @property
    def text_limit(self) -> int:
        """The longest text that it sends."""
        limit = self.sends.get(MessageType.TEXT)
        return limit.characters if limit else 0

    def require_type(self, kind: MessageType) -> None:
        """Raise NotSupported unless the provider sends this type."""
        if kind not in self.sends:
            raise NotSupported(self.provider, f"sending {kind}")

    def require_content(self, content: Content) -> None:
        """Raise NotSupported unless the provider sends such content: edits and deletions are features."""
        if isinstance(content, Revoke):
            self.require(Feature.REVOKE)
            return
        if content.context.edits is not None:
            self.require(Feature.EDIT)
        self.require_type(content.type)

    def require_fits(self, content: Content, media: Media | None = None) -> None:
        """Raise NotSupported unless the provider sends this type, Invalid (`/content`, or `/file` and `/caption` of an
        upload) where the content is over its limits."""
        self.require_content(content)
        if isinstance(content, Revoke):
            return
        limit = self.sends[content.type]
        if media is None:
            if len(content.text) > limit.characters:
                raise Invalid.field("content", f"must have at most {limit.characters} characters")
            return
        if limit.file_bytes is not None and media.size > limit.file_bytes:
            raise Invalid.field("file", f"must have at most {limit.file_bytes // MB} MB")
        if len(content.text) > limit.characters or not is_storable(content.text):
            raise Invalid.field("caption", f"must have at most {limit.characters} characters, without NUL")

    def require(self, feature: Feature) -> None:
        """Raise NotSupported unless the provider has the feature."""
        if feature not in self.features:
            raise NotSupported(self.provider, feature)
