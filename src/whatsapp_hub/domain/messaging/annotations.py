"""What happened to a message after it was sent: reactions, votes and answers, edits, its withdrawal.

Each is kept by who did it and when, the latest of a person counts, and nothing is removed: so any order in which they
arrive gives the same message (WhatsApp delivers them in none).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Author:
    """Who did it. `identity`: as the provider writes it, None for our own number; `phone`: digits, where known;
    `is_only_one`: the chat's only other side, who may have several identities."""

    identity: str | None = None
    name: str | None = None
    phone: str | None = None
    is_only_one: bool = False


OURSELVES = Author()


class MarkKind(StrEnum):
    """Of marks, each person has one of each kind."""

    REACTION = "reaction"
    VOTE = "vote"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Mark:
    """A person's latest reaction, vote or answer. `values`: an emoji, options, or an answer; empty when it is taken
    back. `id`: the provider's id of what they sent."""

    kind: MarkKind
    by: Author
    at: datetime
    id: str
    values: tuple[str, ...] = ()

    @property
    def place(self) -> tuple[MarkKind, str | None]:
        """What it replaces: an earlier one of the same kind and person."""
        return self.kind, "" if self.by.is_only_one else self.by.identity

    @property
    def order(self) -> tuple[datetime, str]:
        """Which is the later of two."""
        return self.at, self.id


@dataclass(frozen=True, slots=True)
class Edit:
    """A new text of the message; None where the provider did not say it (an encrypted edit)."""

    at: datetime
    id: str
    text: str | None = None

    @property
    def order(self) -> tuple[datetime, str]:
        """Which is the later of two."""
        return self.at, self.id


@dataclass(frozen=True, slots=True)
class Revocation:
    """Somebody deleted the message for everybody."""

    at: datetime
    id: str
    by: Author = OURSELVES

    @property
    def order(self) -> tuple[datetime, str]:
        """Which is the later of two."""
        return self.at, self.id


@dataclass(frozen=True, slots=True)
class Annotations:
    """All of it. `first_text`: what the message said before its first edit; `edits`: the oldest first."""

    marks: tuple[Mark, ...] = ()
    edits: tuple[Edit, ...] = ()
    revoked: Revocation | None = None
    first_text: str | None = None

    def of(self, kind: MarkKind) -> Iterator[Mark]:
        """Iterate over what holds of a kind, the oldest first: not what was taken back."""
        return (mark for mark in self.marks if mark.kind is kind and mark.values)

    @property
    def edited_at(self) -> datetime | None:
        """When it was edited last."""
        return self.edits[-1].at if self.edits else None

    @property
    def text(self) -> str | None:
        """What it says now, if it was edited and the new text is known."""
        known = (edit.text for edit in reversed(self.edits) if edit.text is not None)
        return next(known, self.first_text)

    def marked(self, mark: Mark) -> "Annotations":
        """Add a mark, in the place of the same person's earlier one."""
        same = next((one for one in self.marks if one.place == mark.place), None)
        if same and mark.order <= same.order:
            return self
        others = [one for one in self.marks if one is not same]
        return replace(self, marks=tuple(sorted((*others, mark), key=lambda one: (one.order, one.place[0]))))

    def edited(self, edit: Edit, text: str) -> "Annotations":
        """Add an edit; `text` is what the message says now."""
        if any(one.id == edit.id for one in self.edits):
            return self
        first = text if self.first_text is None else self.first_text
        return replace(self, first_text=first, edits=tuple(sorted((*self.edits, edit), key=lambda one: one.order)))

    def withdrawn(self, revocation: Revocation) -> "Annotations":
        """Add a revocation: the earliest counts."""
        if self.revoked and self.revoked.order <= revocation.order:
            return self
        return replace(self, revoked=revocation)


NO_ANNOTATIONS = Annotations()
"""Those of most messages."""
