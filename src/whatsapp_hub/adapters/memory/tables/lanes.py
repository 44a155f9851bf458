"""The rows of lanes: each chat's queue, each session's pace."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from whatsapp_hub.adapters.memory.engine.database import Rows, Table
from whatsapp_hub.application.ports.queues.lanes import LaneKey
from whatsapp_hub.domain.ids import MessageId, SessionId

EPOCH = datetime.fromtimestamp(0, UTC)
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Lane:
    """`attempt` is the message whose provider call is under way, until `lease_until`; `awaits` the one whose receipt
    may end the lane's wait early."""

    key: LaneKey
    provider: str
    next_at: datetime
    fence: int = 0
    tries: int = 0
    attempt: MessageId | None = None
    attempt_at: datetime | None = None
    lease_until: datetime = EPOCH
    awaits: MessageId | None = None
    paced_until: datetime = EPOCH
    slot_at: datetime | None = None
    typing_for: UUID | None = None

    def moved(self, provider: str) -> "Lane":
        """Give it to another provider, whose pace begins anew."""
        return replace(self, provider=provider, slot_at=None, paced_until=EPOCH)

    def closed(self, next_at: datetime) -> "Lane":
        """End the attempt."""
        return replace(self, attempt=None, attempt_at=None, lease_until=EPOCH, awaits=None, next_at=next_at)


@dataclass(frozen=True, slots=True)
class Pace:
    """Before `hold_until` no lane of the session is claimed; NEVER while the session cannot send."""

    session_id: SessionId
    provider: str
    hold_until: datetime = EPOCH
    paced_until: datetime = EPOCH
    warm_until: datetime = EPOCH
    strangers_until: datetime = EPOCH

    def on_hold(self, until: datetime = NEVER) -> "Pace":
        return replace(self, hold_until=max(self.hold_until, until))

    def resumed(self) -> "Pace":
        """End the hold of a session that could not send; one for a while goes on."""
        return replace(self, hold_until=EPOCH) if self.hold_until == NEVER else self

    def moved(self, provider: str) -> "Pace":
        return replace(self, provider=provider, paced_until=EPOCH)


@dataclass(frozen=True, slots=True)
class Queued:
    """The place of a message in its lane."""

    message_id: MessageId
    lane: LaneKey
    number: int


LANES: Table[LaneKey, Lane] = Table("lanes")
PACES: Table[SessionId, Pace] = Table("paces")
QUEUED: Table[MessageId, Queued] = Table("queued")


def queue_of(rows: Rows, lane: LaneKey) -> list[Queued]:
    """Return the lane's messages, the head first."""
    return sorted((q for q in rows.each(QUEUED) if q.lane == lane), key=lambda q: q.number)
