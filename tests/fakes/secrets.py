"""Passwords, tokens and seals that hide nothing and cost no time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from whatsapp_hub.application.ports.edge.security import Caller
from whatsapp_hub.domain.errors import Unauthenticated


class PlainPasswords:
    """A hash is the password behind `hashed:`; one behind `old:` is of an outdated scheme."""

    async def hash(self, password: str) -> str:
        return f"hashed:{password}"

    async def verify(self, password: str, hashed: str) -> tuple[bool, str | None]:
        scheme, _, known = hashed.partition(":")
        matches = known == password
        return matches, f"hashed:{password}" if matches and scheme == "old" else None

    async def all(self) -> Collection[str]:
        return frozenset({"password1234"})


class FakeTokens:
    """A token is a number of those that were issued."""

    lifetime = timedelta(days=7)

    def __init__(self) -> None:
        self._issued: dict[str, Caller] = {}

    def issue(self, caller: Caller, lifetime: timedelta | None = None) -> str:
        token = f"token-{len(self._issued)}"
        self._issued[token] = caller
        return token

    def read(self, token: str) -> Caller:
        if token not in self._issued:
            raise Unauthenticated("no such token")
        return self._issued[token]


class PlainBox:
    """A secret box that seals by naming the context."""

    def seal(self, plain: bytes, context: str) -> bytes:
        return context.encode() + b"\n" + plain[::-1]

    def open(self, sealed: bytes, context: str) -> bytes:
        bound_to, _, rest = sealed.partition(b"\n")
        if bound_to != context.encode():
            raise ValueError("sealed for something else")
        return rest[::-1]
