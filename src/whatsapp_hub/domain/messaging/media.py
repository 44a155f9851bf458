"""A file to send: its bytes, and the type of message that carries it."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import MediaId, TenantId
from whatsapp_hub.domain.messaging.content import Content, MessageType
from whatsapp_hub.domain.text import is_storable

_MIME = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_IMAGES = frozenset({"image/jpeg", "image/png"})
_NAMES = UUID("0b5a8c1e-7d0c-4a55-9f5e-5f6d3b1c9a10")
_MB = 1024 * 1024
LIMITS = {
    MessageType.IMAGE: 5 * _MB,
    MessageType.AUDIO: 16 * _MB,
    MessageType.VIDEO: 16 * _MB,
    MessageType.DOCUMENT: 16 * _MB,
}
"""WhatsApp's own limits for images, audio and video; documents may be larger there."""

CAPTION_LENGTH = 1024
NAME_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Media:
    """`id` is derived from tenant, bytes, type and name, so that the same file uploaded twice is one, and a repeated
    request is the same request."""

    id: MediaId
    tenant_id: TenantId
    mime_type: str
    file_name: str
    content: bytes
    created_at: datetime

    @classmethod
    def uploaded(cls, tenant_id: TenantId, content: bytes, mime_type: str, file_name: str, at: datetime) -> "Media":
        """Check an uploaded file. Raises Invalid (`/file`)."""
        mime_type = mime_type.partition(";")[0].strip().lower()
        if not _MIME.fullmatch(mime_type):
            raise Invalid.field("file", "must have a content type")
        if not content:
            raise Invalid.field("file", "must not be empty")
        limit = LIMITS[kind_of(mime_type)]
        if len(content) > limit:
            raise Invalid.field("file", f"must have at most {limit // _MB} MB")
        name = re.split(r"[\\/]", file_name)[-1].strip()[:NAME_LENGTH] or "file"
        if not is_storable(name) or not name.isprintable():
            raise Invalid.field("file", "must have a name of printable characters")
        digest = hashlib.sha256(content).hexdigest()
        id = MediaId(uuid5(_NAMES, f"{tenant_id}/{digest}/{mime_type}/{name}"))
        return cls(id, tenant_id, mime_type, name, content, at)

    def message(self, caption: str) -> Content:
        """Make the content of a message that carries it. Raises Invalid (`/caption`)."""
        if len(caption) > CAPTION_LENGTH or not is_storable(caption):
            raise Invalid.field("caption", f"must have at most {CAPTION_LENGTH} characters, without NUL")
        data = {"blob": str(self.id), "mimeType": self.mime_type, "fileName": self.file_name}
        return Content(kind_of(self.mime_type), caption.strip(), f"/api/media/{self.id}", data)


def kind_of(mime_type: str) -> MessageType:
    """Choose the message type: a document for what WhatsApp does not show as image, audio or video."""
    if mime_type in _IMAGES:
        return MessageType.IMAGE
    family = mime_type.partition("/")[0]
    return {"audio": MessageType.AUDIO, "video": MessageType.VIDEO}.get(family, MessageType.DOCUMENT)


def blob_of(content: Content) -> MediaId | None:
    """Return the stored file that a message carries, if it is one of ours."""
    blob = content.data.get("blob")
    return MediaId(UUID(blob)) if isinstance(blob, str) else None
