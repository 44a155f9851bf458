"""Passwords as argon2id; bcrypt hashes of imported users verify, and are replaced at their first login."""

import asyncio

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

_BCRYPT_BYTES = 72


class Argon2Passwords:
    """Implements `Passwords`. A hash takes tens of milliseconds and 64 MiB: at most `at_once` of them run,
    in threads, so that a burst of logins neither stops the loop nor eats the memory."""

    def __init__(self, at_once: int = 2) -> None:
        self._scheme = PasswordHash((Argon2Hasher(), BcryptHasher()))
        self._slots = asyncio.Semaphore(at_once)

    async def hash(self, password: str) -> str:
        """Hash on a thread; a few at once, since each takes memory."""
        async with self._slots:
            return await asyncio.to_thread(self._scheme.hash, password)

    async def verify(self, password: str, hashed: str) -> tuple[bool, str | None]:
        """Verify on a thread; a new hash is returned for bcrypt and for outdated parameters."""
        async with self._slots:
            return await asyncio.to_thread(self._verify, password, hashed)

    def _verify(self, password: str, hashed: str) -> tuple[bool, str | None]:
        given: str | bytes = password
        if hashed.startswith("$2"):  # bcrypt never saw more than its first 72 bytes
            given = password.encode()[:_BCRYPT_BYTES]
        try:
            matches, renewed = self._scheme.verify_and_update(given, hashed)
        except (UnknownHashError, ValueError):
            return False, None
        return matches, self._scheme.hash(password) if renewed else None
