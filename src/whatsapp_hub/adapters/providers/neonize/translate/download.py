"""What whatsmeow needs to download and decrypt a file, from the keys that came with its message. Pure."""

import base64
import binascii
from collections.abc import Mapping
from typing import NamedTuple

from whatsapp_hub.adapters.providers.lenient import text
from whatsapp_hub.adapters.providers.neonize.native.protobuf import Kind, Shape, decode
from whatsapp_hub.domain.errors import ProviderError, Rejected, Scope, Transient
from whatsapp_hub.domain.messaging import content as kinds

ANSWER = Shape({1: ("binary", Kind.RAW), 2: ("error", Kind.TEXT)})
_AGAIN_S = 10.0
_DAMAGED = ("hmac", "hash of media", "file length does not match")
"""`errors.go` of whatsmeow: what comes is not what was said, and never will be."""
_GONE = ("status code 403", "status code 404", "status code 410")


class Wanted(NamedTuple):
    """The arguments of neonize's DownloadMediaWithPath, in its order."""

    direct_path: str
    encrypted_sha256: bytes
    sha256: bytes
    media_key: bytes
    size: int
    kind: int
    mms_type: str


def wanted(content: kinds.File) -> Wanted:
    """Read the keys. Raises Rejected where the message came without them (seen once, or on the phone only)."""
    keys = content.source.keys or {}
    path, media_key = text(keys.get("directPath")), _bytes(keys, "mediaKey")
    if not path.startswith("/") or not media_key:  # it is joined to the name of WhatsApp's host
        raise Rejected("media_unnamed", "WhatsApp gave this device no key of the file")
    hashes = (_bytes(keys, "encryptedSha256"), _bytes(keys, "sha256"))
    return Wanted(path, *hashes, media_key, content.size or 0, *_KINDS[type(content)])


_KINDS: Mapping[type[kinds.File], tuple[int, str]] = {
    kinds.Image: (0, "image"),
    kinds.Sticker: (0, "image"),
    kinds.Video: (1, "video"),
    kinds.Audio: (2, "audio"),
    kinds.Document: (3, "document"),
}


def _bytes(keys: Mapping[str, object], name: str) -> bytes:
    try:
        return base64.b64decode(text(keys.get(name)), validate=True)
    except (binascii.Error, ValueError):
        return b""


def downloaded(data: bytes) -> bytes:
    """Return the file that the library answered with. Raises Rejected, Transient, Malformed."""
    answer = decode(ANSWER, data)
    if said := text(answer.get("error")):
        raise error_of(said)
    found = answer.get("binary")
    return found if isinstance(found, bytes) else b""


def error_of(said: str) -> ProviderError:
    """Map whatsmeow's error: WhatsApp's servers keep a file for some weeks."""
    if any(mark in said for mark in _GONE):
        return Rejected("media_expired", "WhatsApp has the file no more")
    if any(mark in said for mark in _DAMAGED):
        return Rejected("media_damaged", "the file is not the one that was sent")
    return Transient("media_away", said[:200], retry_after_s=_AGAIN_S, scope=Scope.RECIPIENT)
