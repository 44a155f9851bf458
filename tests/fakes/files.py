"""Files as tests make them."""

import hashlib
from collections.abc import AsyncIterator
from datetime import datetime

from whatsapp_hub.application.ports.provider.plugin import OutgoingFile
from whatsapp_hub.domain.ids import TenantId
from whatsapp_hub.domain.messaging.media import Digest, Media


def digest_of(content: bytes) -> Digest:
    return Digest(hashlib.sha256(content).hexdigest(), len(content))


def uploaded(tenant_id: TenantId, content: bytes, mime_type: str, file_name: str, at: datetime) -> Media:
    """What is known of a file of these bytes."""
    return Media.uploaded(tenant_id, digest_of(content), mime_type, file_name, at)


async def in_pieces(content: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def outgoing_file(content: bytes, mime_type: str = "image/png", file_name: str = "a.png") -> OutgoingFile:
    return OutgoingFile(mime_type, file_name, len(content), lambda: in_pieces(content))
