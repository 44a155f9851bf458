"""Secrets at rest: AES-256-GCM, bound to what they belong to, under a key that the cipher text names."""

import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_UNNAMED = b"\x01"
"""Cipher texts from before keys could be changed: version, nonce, text and tag."""
_NAMED = b"\x02"
_ID_BYTES = 8
_NONCE_BYTES = 12
_TAG_BYTES = 16


class AesSecretBox:
    """Implements `KeyRing`. The cipher text is version, key id, nonce, text and tag; the context is authenticated
    but not stored, so a text that is copied to another row does not open there."""

    def __init__(self, key: str, *old: str) -> None:
        """`key` is HUB_SECRET_KEY, `old` are those of HUB_SECRET_KEY_OLD; each should carry 32 random bytes."""
        self._ciphers: dict[bytes, AESGCM] = {}
        for one in (key, *old):
            raw = sha256(b"whatsapp-hub secret box\x00" + one.encode()).digest()
            self._ciphers.setdefault(sha256(b"whatsapp-hub key id\x00" + raw).digest()[:_ID_BYTES], AESGCM(raw))
        self._in_force = next(iter(self._ciphers))

    @property
    def ids(self) -> tuple[str, ...]:
        """The keys' ids in hex: truncated hashes, HUB_SECRET_KEY's first."""
        return tuple(id.hex() for id in self._ciphers)

    @property
    def in_force(self) -> str:
        """The id of the key that seals, in hex."""
        return self._in_force.hex()

    def use(self, key_id: str) -> None:
        """Seal with this key from now on. Raises KeyError for one that is not in the ring."""
        if (id := bytes.fromhex(key_id)) not in self._ciphers:
            raise KeyError(key_id)
        self._in_force = id

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt under the key in force, with its id and a fresh nonce in front."""
        head, nonce = _NAMED + self._in_force, os.urandom(_NONCE_BYTES)
        return head + nonce + self._ciphers[self._in_force].encrypt(nonce, plain, head + context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt with whichever key the text names. Raises ValueError."""
        return self._opened(sealed, context)[1]

    def opens(self, sealed: bytes, context: str) -> str | None:
        """Return the id of the key that decrypts the text; None: no key does."""
        try:
            return self._opened(sealed, context)[0].hex()
        except ValueError:
            return None

    def is_current(self, sealed: bytes) -> bool:
        """Whether the text names the key in force, without decrypting it."""
        return sealed.startswith(_NAMED + self._in_force)

    def _opened(self, sealed: bytes, context: str) -> tuple[bytes, bytes]:
        """Return the key's id and the text. Raises ValueError."""
        if sealed[:1] == _NAMED:
            head, rest = sealed[: 1 + _ID_BYTES], sealed[1 + _ID_BYTES :]
            candidates, bound = [head[1:]] if head[1:] in self._ciphers else [], head + context.encode()
        elif sealed[:1] == _UNNAMED:
            rest, candidates, bound = sealed[1:], list(self._ciphers), context.encode()
        else:
            raise ValueError("not sealed by this hub")
        if len(rest) < _NONCE_BYTES + _TAG_BYTES:
            raise ValueError("not sealed by this hub")
        for id in candidates:
            try:
                return id, self._ciphers[id].decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], bound)
            except InvalidTag:
                continue
        raise ValueError("the text, the key or the context is wrong")
