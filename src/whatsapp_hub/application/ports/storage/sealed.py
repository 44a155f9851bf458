"""Everything that is sealed at rest, wherever it stands, and which key seals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SealedText:
    """`place` finds its row again; `context` is what it is bound to."""

    place: str
    context: str
    sealed: bytes


class SealedTexts(Protocol):
    """Across companies. All raise Unavailable."""

    @property
    def kinds(self) -> Sequence[str]:
        """What is sealed, as an operator calls it: `settings of sessions`."""
        ...

    async def page(self, kind: str, after: str, limit: int) -> list[SealedText]:
        """Return the next in the order of their places, from `after` (empty: the first) on."""
        ...

    async def replace(self, kind: str, text: SealedText, sealed: bytes) -> bool:
        """Put the same text, sealed anew, in its place; False if that holds something else meanwhile."""
        ...


class KeysInForce(Protocol):
    """Which key seals: one for the whole hub, noted in the database. All raise Unavailable."""

    async def noted(self) -> str | None:
        """Return its id; empty: the next process that asks may choose one, whatever it opens. None: not noted yet."""
        ...

    async def note(self, key_id: str, instead_of: str | None) -> bool:
        """False if another is noted than `instead_of` by now."""
        ...

    async def without(self, key_id: str) -> list[str]:
        """Name the processes, heard within half a minute, that do not have this key."""
        ...

    async def not_using(self, key_id: str) -> list[str]:
        """Name those that do not seal with it yet."""
        ...
