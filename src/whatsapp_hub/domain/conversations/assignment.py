"""Choose the agent for a conversation: one pure decision, with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from whatsapp_hub.domain.accounts.user import OnlineStatus, User
from whatsapp_hub.domain.conversations.labels import shared
from whatsapp_hub.domain.conversations.reasons import Reason, RoutingCode, Value, because
from whatsapp_hub.domain.ids import ConversationId, UserId

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A user and how many ASSIGNED conversations they hold; `bound` is their department's, for users without one."""

    user: User
    load: int
    bound: int | None = None

    @property
    def has_room(self) -> bool:
        """Whether one more conversation fits: below the user's own limit, else below the department's; without either,
        always."""
        own = self.user.max_conversations
        return self.load < own if own is not None else self.bound is None or self.load < self.bound

    @property
    def is_free(self) -> bool:
        """Whether the user is online, active and has room."""
        return self.user.is_here and self.has_room


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen user, and why."""

    user: User
    reason: Reason
    unassigned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """A period in which a user had a conversation, from `assigned_at` on."""

    conversation_id: ConversationId
    user_id: UserId
    assigned_at: datetime
    reason: str
    unassigned_at: datetime | None = None


def choose(
    candidates: Sequence[Candidate],
    now: datetime,
    prefer: UserId | None = None,
    avoid: UserId | None = None,
    labels: Sequence[str] = (),
) -> Choice | None:
    """Choose the preferred user if free; else the free user whose skills match most labels, and of those the one with
    the fewest conversations; None if no one is free. `avoid` is never chosen.

    Ties go to the user whose last assignment is the oldest, then to the lowest id (so that two processes decide
    alike). Contract: E.1 and E.3.
    """
    free = [c for c in candidates if c.is_free and c.user.id != avoid]
    if not free:
        return None
    for candidate in free:
        if candidate.user.id == prefer:
            name = candidate.user.name
            why = because(RoutingCode.LAST_ATTENDANT, f"assigned to {name}: last attendant, free", user=name)
            return Choice(candidate.user, why)
    best = min(free, key=lambda c: (-len(shared(labels, c.user.skills)), *_fewest(c)))
    return Choice(best.user, _why(best, now, labels))


def _fewest(candidate: Candidate) -> tuple[int, datetime, UserId]:
    return candidate.load, candidate.user.last_assigned_at or _LONG_AGO, candidate.user.id


def _why(candidate: Candidate, now: datetime, labels: Sequence[str]) -> Reason:
    since, name, load = candidate.user.online_since, candidate.user.name, candidate.load
    minutes = int((now - since).total_seconds() // 60) if since else None
    online = "" if minutes is None else f", online {minutes} min"
    values: dict[str, Value] = {"user": name, "conversations": load, "online_minutes": minutes}
    if known := shared(labels, candidate.user.skills):
        sentence = f"assigned to {name}: knows {', '.join(known)}, {load} conversations{online}"
        return because(RoutingCode.SKILLS, sentence, skills=list(known), **values)
    sentence = f"assigned to {name}: fewest conversations ({load}){online}"
    return because(RoutingCode.FEWEST_CONVERSATIONS, sentence, **values)


def why_none_free(candidates: Sequence[Candidate]) -> Reason:
    """Explain why no one is chosen: `nobody is free (2 at their bound, 1 busy, 3 offline)`."""
    full = sum(c.user.is_here and not c.has_room for c in candidates)
    busy = sum(c.user.online_status is OnlineStatus.BUSY for c in candidates)
    offline = sum(c.user.online_status is OnlineStatus.OFFLINE for c in candidates)
    counted = [f"{n} {what}" for n, what in ((full, "at their bound"), (busy, "busy"), (offline, "offline")) if n]
    sentence = f"nobody is free ({', '.join(counted)})" if counted else "nobody is free"
    return because(RoutingCode.NOBODY_FREE, sentence, full=full, busy=busy, offline=offline)
