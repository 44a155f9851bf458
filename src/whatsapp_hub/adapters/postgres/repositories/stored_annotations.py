"""The stored form of what happened to a message since: column `annotations` (JSON), null for nothing."""

import msgspec

from whatsapp_hub.domain.messaging.annotations import NO_ANNOTATIONS, Annotations

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Annotations).decode


def encode(annotations: Annotations) -> str | None:
    """Encode as the column; None without any."""
    return None if annotations == NO_ANNOTATIONS else _encode(annotations).decode()


def decode(stored: str | None) -> Annotations:
    """Decode the column."""
    return NO_ANNOTATIONS if stored is None else _decode(stored)
