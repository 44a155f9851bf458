"""Secrets at rest: AES-256-GCM, bound to what they belong to."""

import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = b"\x01"
_NONCE_BYTES = 12
_LEAST_BYTES = 1 + _NONCE_BYTES + 16


class AesSecretBox:
    """Implements `SecretBox`. The cipher text is version, nonce, text and tag; the context is authenticated
    but not stored, so a text that is copied to another row does not open there."""

    def __init__(self, key: str) -> None:
        """`key` is HUB_SECRET_KEY, of any length; it should carry 32 random bytes."""
        self._cipher = AESGCM(sha256(b"whatsapp-hub secret box\x00" + key.encode()).digest())

    def seal(self, plain: bytes, context: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        if sealed[:1] != _VERSION or len(sealed) < _LEAST_BYTES:
            raise ValueError("not sealed by this hub")
        nonce, text = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, text, context.encode())
        except InvalidTag as error:
            raise ValueError("the text, the key or the context is wrong") from error
