"""Counts of password guesses, shared by all processes."""

from dataclasses import dataclass
from typing import Protocol

from whatsapp_hub.domain.accounts.user import User


@dataclass(frozen=True, slots=True)
class Guess:
    """A guess that may be tried: its count, its number there, and its origin (`is_familiar`: the account was signed in
    to from there before)."""

    count: bytes
    email: str
    address: str | None
    is_familiar: bool
    failures: int


class GuessCounts(Protocol):
    """All raise Unavailable. Unknown e-mail addresses are treated alike."""

    async def begin(self, email: str, address: str | None) -> Guess:
        """Count a guess as failed before it is tried. Raises TooMany: it must wait."""
        ...

    async def take_back(self, guess: Guess) -> None:
        """Uncount a guess that did not fail; a familiar network's count is reset."""
        ...

    async def uncount(self, guess: Guess) -> None:
        """Uncount what was no guess; earlier failures stay counted."""
        ...

    async def failed(self, guess: Guess, user: User | None) -> None:
        """Record a failure at this user's account (None: unknown); some get an entry in the company's audit."""
        ...
