"""A session's history: what happened to its connection within a week, for the people who look after it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from whatsapp_hub.domain.text import storable

KEPT = timedelta(days=7)
ADDED_UP_WITHIN = timedelta(hours=1)
REASON_LENGTH = 200


class HistoryKind(StrEnum):
    """What an entry is about. `count` says how many: losses, dials, messages."""

    STATUS = "status"
    """The session has another status, or another reason for it."""
    DIALLED = "dialled"
    DIAL_FAILED = "dial_failed"
    """A dial came to nothing; it is dialled again."""
    LOST = "lost"
    """Connections that were lost while a storm is on, which changes no status."""
    TAKEN_OVER = "taken_over"
    """Its connector ended without closing it, and another one dials."""
    STORE_FAILED = "store_failed"
    """The store of its keys failed."""
    UNDECRYPTABLE = "undecryptable"
    """Messages that could not be decrypted; their senders are asked again."""
    NOT_STORED = "not_stored"
    """Messages that came and could not be stored."""
    MOVED = "moved"
    """It has another provider since."""
    LOST_MESSAGES = "lost_messages"
    """Messages that came again after their connector had died: their keys are used up, and no copy was stored."""

    @property
    def adds_up(self) -> bool:
        """Whether entries of an hour that say the same are one."""
        return self not in (HistoryKind.STATUS, HistoryKind.TAKEN_OVER, HistoryKind.MOVED)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """What happened `count` times from `at` to `until`. `status`: the new one (SessionStatus), of STATUS alone."""

    kind: HistoryKind
    at: datetime
    until: datetime
    reason: str | None = None
    status: str | None = None
    count: int = 1

    @classmethod
    def of(
        cls, kind: HistoryKind, at: datetime, reason: str | None = None, status: str | None = None, count: int = 1
    ) -> "HistoryEntry":
        """Make the entry of one moment; a reason is cut to what is worth reading."""
        text = storable(reason)[:REASON_LENGTH] if reason else None
        return cls(kind, at, at, text, status, count)

    def adds_to(self, earlier: "HistoryEntry") -> bool:
        """Whether it says the same as an earlier one, within an hour of that one's beginning."""
        is_same = (self.kind, self.reason) == (earlier.kind, earlier.reason)
        return self.kind.adds_up and is_same and self.at - earlier.at < ADDED_UP_WITHIN

    def added_to(self, other: "HistoryEntry") -> "HistoryEntry":
        """Return two that say the same as one."""
        moments = min(self.at, other.at), max(self.until, other.until)
        return replace(other, at=moments[0], until=moments[1], count=self.count + other.count)
