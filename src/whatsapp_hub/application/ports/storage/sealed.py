"""All secrets encrypted at rest, and the key that encrypts them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SealedText:
    """An encrypted secret. `place` locates its row; `context` is what it is bound to."""

    place: str
    context: str
    sealed: bytes


class SealedTexts(Protocol):
    """Across companies. All raise Unavailable."""

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds of secrets, in an operator's terms: `settings of sessions`."""
        ...

    async def page(self, kind: str, after: str, limit: int) -> list[SealedText]:
        """Return the next ones by place, after `after` (empty: from the first)."""
        ...

    async def replace(self, kind: str, text: SealedText, sealed: bytes) -> bool:
        """Replace it with the same text, encrypted anew; False if its place holds another value meanwhile."""
        ...


class KeysInForce(Protocol):
    """The key in force: one for the whole hub, noted in the database. All raise Unavailable."""

    async def noted(self) -> str | None:
        """Return its id; empty: the next process that asks may choose any key. None: not noted yet."""
        ...

    async def note(self, key_id: str, instead_of: str | None) -> bool:
        """Note a key in force; False if another than `instead_of` is noted by now."""
        ...

    async def without(self, key_id: str) -> list[str]:
        """Name the processes, heard within half a minute, that lack this key."""
        ...

    async def not_using(self, key_id: str) -> list[str]:
        """Name those that do not encrypt with it yet."""
        ...
