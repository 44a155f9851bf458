"""What is found in a file, on the content of the message that carries it."""

from collections.abc import AsyncIterator
from dataclasses import fields, replace
from typing import Any

from whatsapp_hub.application.media.keep_file import KeepFile
from whatsapp_hub.application.ports.edge.inspection import FileFacts
from whatsapp_hub.application.ports.storage.files import FileStore
from whatsapp_hub.domain.ids import MediaId, TenantId
from whatsapp_hub.domain.messaging.content import File, StoredMedia
from whatsapp_hub.domain.messaging.media import Digest

_FOUND = ("width", "height", "seconds")


def known_of(media_id: MediaId, mime_type: str, size: int, facts: FileFacts) -> dict[str, Any]:
    """Return the attributes of a content whose file is there."""
    there = StoredMedia(media_id, has_thumbnail=facts.thumbnail is not None, waveform=facts.waveform)
    found = {name: value for name in _FOUND if (value := getattr(facts, name)) is not None}
    return {"media": there, "mime_type": mime_type, "size": size, **found}


def described(content: File, known: dict[str, Any]) -> File:
    """Return the content with those of the attributes that its kind has."""
    names = {one.name for one in fields(content)}
    return replace(content, **{name: value for name, value in known.items() if name in names})


async def keep_thumbnail(
    files: FileStore, keep_file: KeepFile, tenant_id: TenantId, thumbnail: bytes | None
) -> Digest | None:
    """Store a small picture, if there is one."""
    if thumbnail is None:
        return None
    async with files.receive(_once(thumbnail), len(thumbnail)) as incoming:
        await keep_file(tenant_id, incoming)
        return incoming.digest


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
