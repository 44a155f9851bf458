"""The count of guesses at accounts, shared by all processes."""

from dataclasses import dataclass
from typing import Protocol

from whatsapp_hub.domain.accounts.user import User


@dataclass(frozen=True, slots=True)
class Guess:
    """A guess that may be tried: at which count it stands, as which failure, and from where it came (`is_familiar`: the
    account was signed in to from there before)."""

    count: bytes
    email: str
    address: str | None
    is_familiar: bool
    failures: int


class GuessCounts(Protocol):
    """All raise Unavailable. The same for e-mails that nobody has."""

    async def begin(self, email: str, address: str | None) -> Guess:
        """Count a guess as failed, before it is tried. Raises TooMany: it must wait."""
        ...

    async def take_back(self, guess: Guess) -> None:
        """It did not fail: it is not counted, and of a familiar network nothing is."""
        ...

    async def uncount(self, guess: Guess) -> None:
        """It was none: it is not counted, those before it stay."""
        ...

    async def failed(self, guess: Guess, user: User | None) -> None:
        """It failed at this user's account (None: nobody's); some failures get an entry in the company's audit."""
        ...
