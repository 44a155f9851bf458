"""Who gets a conversation: one pure decision, with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from whatsapp_hub.domain.ids import ConversationId, UserId
from whatsapp_hub.domain.user import User

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A user and how many ASSIGNED conversations it holds."""

    user: User
    load: int

    @property
    def is_free(self) -> bool:
        return self.user.is_free(self.load)


@dataclass(frozen=True, slots=True)
class Choice:
    user: User
    reason: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """A conversation was a user's from `assigned_at` on."""

    conversation_id: ConversationId
    user_id: UserId
    assigned_at: datetime
    reason: str


def choose(
    candidates: Sequence[Candidate], now: datetime, prefer: UserId | None = None, avoid: UserId | None = None
) -> Choice | None:
    """The preferred user if free, else the free user with the fewest conversations; None if nobody is. `avoid` gets
    nothing, free or not.

    Ties go to whoever waits longest since the last assignment, then to the lowest id (so that two
    processes decide alike). Contract: E.1 and E.3.
    """
    free = [c for c in candidates if c.is_free and c.user.id != avoid]
    if not free:
        return None
    for candidate in free:
        if candidate.user.id == prefer:
            return Choice(candidate.user, f"assigned to {candidate.user.name}: last attendant, free")
    best = min(free, key=lambda c: (c.load, c.user.last_assigned_at or _LONG_AGO, c.user.id))
    return Choice(best.user, f"assigned to {best.user.name}: {_why(best, now)}")


def _why(candidate: Candidate, now: datetime) -> str:
    since = candidate.user.online_since
    online = f", online {int((now - since).total_seconds() // 60)} min" if since else ""
    return f"fewest conversations ({candidate.load}){online}"
