"""A recipient: one contact of one campaign, and how far its message has come."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from whatsapp_hub.domain.ids import CampaignId, ContactId, MessageId
from whatsapp_hub.domain.messaging.message import Message, MessageStatus, Outcome


class RecipientState(StrEnum):
    """WAITING: its message is not written yet; QUEUED: written and in its lane; UNKNOWN: a provider call whose result
    is not known; SKIPPED: it gets none. The others are those of the message."""

    WAITING = "WAITING"
    QUEUED = "QUEUED"
    UNKNOWN = "UNKNOWN"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    READ = "READ"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


class Skip(StrEnum):
    """Why a recipient gets no message."""

    OPTED_OUT = "opted_out"
    BLOCKED = "blocked"
    IS_GROUP = "is_group"
    NO_ADDRESS = "no_address"
    MISSING_FIELD = "missing_field"
    NOT_FILLED = "not_filled"
    GONE = "gone"


FURTHEST = (
    RecipientState.SKIPPED,
    RecipientState.WAITING,
    RecipientState.FAILED,
    RecipientState.UNKNOWN,
    RecipientState.QUEUED,
    RecipientState.SENT,
    RecipientState.DELIVERED,
    RecipientState.READ,
)
"""From the least to the furthest: of two recipients that turn out to be one person, the further one stays."""

OPEN = (RecipientState.QUEUED, RecipientState.UNKNOWN, RecipientState.SENT, RecipientState.DELIVERED)
"""States that a receipt may still change."""


def state_of(message: Message) -> RecipientState:
    """Return the recipient's state by its message."""
    if message.status is MessageStatus.PENDING:
        return RecipientState.UNKNOWN if message.outcome is Outcome.UNKNOWN else RecipientState.QUEUED
    return RecipientState(message.status.value)


@dataclass(frozen=True, slots=True)
class Recipient:
    """`reason`: why it was skipped, or the code with which its message failed; `detail`: which field is missing;
    `answered_at`: when its customer first wrote afterwards; `is_billable`: whether WhatsApp charges the message, None
    while nothing was said."""

    campaign_id: CampaignId
    contact_id: ContactId
    state: RecipientState = RecipientState.WAITING
    reason: str | None = None
    detail: str | None = None
    message_id: MessageId | None = None
    queued_at: datetime | None = None
    answered_at: datetime | None = None
    is_billable: bool | None = None


def furthest(one: Recipient, other: Recipient) -> Recipient:
    """Return which of two stays."""
    return max(one, other, key=lambda r: FURTHEST.index(r.state))


class Taken(NamedTuple):
    """What became of a waiting recipient: its message, or why it gets none."""

    contact_id: ContactId
    message_id: MessageId | None = None
    skip: Skip | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """The recipients of a campaign by state, the failed and skipped by reason, and what of it is charged. A message
    that was read was delivered and sent, and counts as each."""

    states: dict[RecipientState, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    answered: int = 0
    billable: int = 0
    free: int = 0

    def of(self, *states: RecipientState) -> int:
        """Return how many are in one of these states."""
        return sum(self.states.get(state, 0) for state in states)

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.states.values())

    @property
    def read(self) -> int:
        return self.of(RecipientState.READ)

    @property
    def delivered(self) -> int:
        return self.of(RecipientState.DELIVERED, RecipientState.READ)

    @property
    def sent(self) -> int:
        return self.of(RecipientState.SENT, RecipientState.DELIVERED, RecipientState.READ)
