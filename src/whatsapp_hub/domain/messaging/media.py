"""A file that the hub stores: what is known of it, and the type of message that carries it."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5

from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.ids import MediaId, TenantId
from whatsapp_hub.domain.messaging.content import Audio, Document, File, Image, StoredMedia, Video
from whatsapp_hub.domain.messaging.file_types import CODECS, MIME
from whatsapp_hub.domain.text import is_storable

_IMAGES = frozenset({"image/jpeg", "image/png"})
_FAMILIES: dict[str, type[Audio | Video]] = {"audio": Audio, "video": Video}
_NAMES = UUID("0b5a8c1e-7d0c-4a55-9f5e-5f6d3b1c9a10")
NAME_LENGTH = 255
_JOINERS = frozenset("\u200c\u200d")
"""Not printable by themselves; they join letters and emoji."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What identifies the bytes of a file: their SHA-256 in hexadecimal digits, and their number."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Media:
    """`id` is derived from tenant, bytes, type and name, so that the same file uploaded twice is one, and a repeated
    request is the same request. `sha256` None: its bytes still stand in the database. `thumbnail`: a small JPEG of
    a picture."""

    id: MediaId
    tenant_id: TenantId
    mime_type: str
    file_name: str
    size: int
    sha256: str | None
    created_at: datetime
    thumbnail: Digest | None = None

    @classmethod
    def uploaded(cls, tenant_id: TenantId, file: Digest, mime_type: str, file_name: str, at: datetime) -> "Media":
        """Check what an upload says of itself. Raises Invalid (`/file`)."""
        plain, _, more = mime_type.lower().partition(";")
        mime_type = plain.strip()
        if not MIME.fullmatch(mime_type):
            raise Invalid.field("file", "must have a content type")
        if codecs := CODECS.fullmatch(more):
            mime_type = f"{mime_type}; codecs={codecs[1]}"
        if not file.size:
            raise Invalid.field("file", "must not be empty")
        name = re.split(r"[\\/]", file_name)[-1].strip()[:NAME_LENGTH] or "file"
        if not is_storable(name) or not name.isprintable():
            raise Invalid.field("file", "must have a name of printable characters")
        id = MediaId(uuid5(_NAMES, f"{tenant_id}/{file.sha256}/{mime_type}/{name}"))
        return cls(id, tenant_id, mime_type, name, file.size, file.sha256, at)

    def message(self, caption: str, *, voice: bool = False) -> File:
        """Make the content of a message that carries it: a document for what WhatsApp does not show as image, audio or
        video. `voice`: sound that goes as a voice note. Limits are the provider's (`Capabilities.require_fits`)."""
        kind = Image if self.mime_type in _IMAGES else _FAMILIES.get(self.mime_type.partition("/")[0], Document)
        media = StoredMedia(self.id)
        content = kind(caption.strip(), media=media, mime_type=self.mime_type, file_name=self.file_name)
        return replace(content, voice=True) if voice and isinstance(content, Audio) else content


def plain_name(name: str) -> str:
    """Return the name of a file that somebody else named: without folders, and without signs that are not seen, which
    could show `gnp.exe` as `exe.png`."""
    last = re.split(r"[\\/]", name)[-1].strip()[:NAME_LENGTH]
    return "".join(sign if sign.isprintable() or sign in _JOINERS else "_" for sign in last)
